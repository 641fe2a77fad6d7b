#!/usr/bin/env bash
# On a GPU machine, without network or .NET: tar xzf KIT && gpu-kit/run.sh [FOLDER]
# Writes the results to FOLDER; a short table comes last on stdout.
# In the environment:
#   PHASES                 default "doctor results tests sanitizer bench peer"
#   SIZE                   base or small: the benchmark's model
#   TESTS_SECONDS, RESULTS_SECONDS, SANITIZER_SECONDS, BENCH_SECONDS, PEER_SECONDS   limit of a phase
#   ESIMCSE_CUDA           as everywhere
set -uo pipefail
kit=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:-gpu-kit-results}")
mkdir -p "$out"
export ESIMCSE_DATA=$kit/data XDG_CACHE_HOME=$out/cache DOTNET_CLI_TELEMETRY_OPTOUT=1
if ! command -v icu-config >/dev/null && ! ls /usr/lib/*/libicuuc.so* >/dev/null 2>&1; then
  export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
fi
[ -d "$ESIMCSE_DATA/models/bert-random-l2-h32" ] || unset ESIMCSE_DATA
suites=(
  -class 'EsimCse.Tests.Operations.*'
  -class 'EsimCse.Tests.Cuda.*'
  -class 'EsimCse.Tests.Training.*'
  -class '*.ReferenceModelTests'
)
table=()

note() { table+=("$(printf '%-12s %-8s %s' "$1" "$2" "$3")"); }

# The last line of totals that a test run printed.
summary() { sed 's/\x1b\[[0-9;]*m//g' "$1" | sed -n 's/.*\(Total: .*\)/\1/p' | tail -n 1; }

# note_status NAME STATUS TEXT: 124 is a phase that ran past its limit.
note_status() {
  case $2 in
    0) note "$1" ok "$3" ;;
    124) note "$1" "cut off" "$3" ;;
    *) note "$1" FAILED "$3" ;;
  esac
}

doctor() {
  timeout 60 "$kit/bin/esimcse" doctor > "$out/doctor.txt" 2>&1
  note_status doctor $? "$(grep -m 1 -i '^cuda' "$out/doctor.txt")"
  command -v nvidia-smi >/dev/null && nvidia-smi > "$out/nvidia-smi.txt" 2>&1
}

# Hashes of what training and embedding give: another version of the engine must give the same on this device.
results() {
  timeout "${RESULTS_SECONDS:-120}" "$kit/fingerprint.sh" "$kit/bin/esimcse" cuda "$(mktemp -d)" \
    > "$out/fingerprints.txt" 2> "$out/fingerprints.log"
  local status=$?
  local hash
  hash=$(sha256sum "$out/fingerprints.txt" | cut -c 1-16)
  note_status results $status "$(wc -l < "$out/fingerprints.txt") files, sha256 $hash"
}

tests() {
  timeout "${TESTS_SECONDS:-240}" "$kit/bin/EsimCse.Tests" "${suites[@]}" > "$out/tests.txt" 2>&1
  note_status tests $? "$(summary "$out/tests.txt")"
}

sanitizer() {
  local tool check status errors
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
  if [ -z "$tool" ]; then
    note sanitizer absent "no compute-sanitizer on this machine"
    return
  fi
  for check in memcheck racecheck; do
    timeout "${SANITIZER_SECONDS:-240}" "$tool" --tool $check --error-exitcode 9 --target-processes all \
      "$kit/bin/EsimCse.Tests" -class '*.KernelAgreementTests' -class '*.AdamWTests' -class '*.ContrastiveTests' \
      > "$out/$check.txt" 2>&1
    status=$?
    errors=$(grep -m 1 'ERROR SUMMARY\|Device not supported' "$out/$check.txt")
    note_status $check $status "$errors $(summary "$out/$check.txt")"
  done
}

bench() {
  local precision status what time rate
  for precision in bf16 fp16 fp32; do
    timeout "${BENCH_SECONDS:-120}" "$kit/bin/EsimCse.Bench" cuda $precision "${SIZE:-base}" \
      > "$out/bench-$precision.md" 2> "$out/bench-$precision.log"
    status=$?
    if [ $status != 0 ]; then
      note_status bench $status "$precision: $(tail -n 1 "$out/bench-$precision.log")"
      continue
    fi
    while IFS='|' read -r _ what _ time rate _; do
      note bench ok "$precision:$what:$time ms:$rate"
    done < <(grep '^| ' "$out/bench-$precision.md" | grep -v '^| operation\|^| ---')
  done
}

peer() {
  if [ ! -f "$kit/peer/gpu-baseline.py" ]; then
    note peer absent "none was packed"
    return
  fi
  if ! python3 -c 'import torch' 2>/dev/null; then
    note peer absent "no Python with torch"
    return
  fi
  (cd "$kit/peer" && timeout "${PEER_SECONDS:-300}" python3 gpu-baseline.py --minutes "${PEER_MINUTES:-4}") \
    > "$out/peer.txt" 2>&1
  note_status peer $? "see peer.txt"
}

for phase in ${PHASES:-doctor results tests sanitizer bench peer}; do $phase; done
echo "commit $(cat "$kit/commit")" | tee "$out/table.txt"
printf '%s\n' "${table[@]}" | tee -a "$out/table.txt"
! printf '%s\n' "${table[@]}" | grep -q ' FAILED '
