#!/usr/bin/env bash
# On a GPU machine, without network or .NET: tar xzf KIT && gpu-kit/run.sh [FOLDER]   writes what it finds to FOLDER, the short table last on stdout.
# PHASES="doctor tests sanitizer bench peer" by default; SIZE=base|small of the benchmark; ESIMCSE_CUDA as everywhere.
set -uo pipefail
kit=$(cd "$(dirname "$0")" && pwd)
out=$(realpath -m "${1:-gpu-kit-results}")
mkdir -p "$out"
export ESIMCSE_DATA=$kit/data XDG_CACHE_HOME=$out/cache DOTNET_CLI_TELEMETRY_OPTOUT=1
command -v icu-config >/dev/null || ls /usr/lib/*/libicuuc.so* >/dev/null 2>&1 || export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
[ -d "$ESIMCSE_DATA/models/bert-random-l2-h32" ] || unset ESIMCSE_DATA
suites=(-class 'EsimCse.Tests.Operations.*' -class 'EsimCse.Tests.Cuda.*' -class 'EsimCse.Tests.Training.*' -class '*.ReferenceModelTests')
table=()

note() { table+=("$(printf '%-12s %-8s %s' "$1" "$2" "$3")"); }

summary() { sed 's/\x1b\[[0-9;]*m//g' "$1" | sed -n 's/.*\(Total: .*\)/\1/p' | tail -n 1; }

doctor() {
  if "$kit/bin/esimcse" doctor > "$out/doctor.txt" 2>&1; then note doctor ok "$(grep -m 1 -i '^cuda' "$out/doctor.txt")"; else note doctor FAILED "see doctor.txt"; fi
  command -v nvidia-smi >/dev/null && nvidia-smi > "$out/nvidia-smi.txt" 2>&1
  "$kit/bin/esimcse" similarity --help > /dev/null
}

tests() {
  "$kit/bin/EsimCse.Tests" "${suites[@]}" > "$out/tests.txt" 2>&1
  local status=$?
  note tests "$([ $status = 0 ] && echo ok || echo FAILED)" "$(summary "$out/tests.txt")"
}

sanitizer() {
  local tool
  tool=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -n 1)
  if [ -z "$tool" ]; then note sanitizer absent "no compute-sanitizer on this machine"; return; fi
  for check in memcheck racecheck; do
    timeout "${SANITIZER_SECONDS:-240}" "$tool" --tool $check --error-exitcode 9 --target-processes all "$kit/bin/EsimCse.Tests" -class '*.KernelAgreementTests' -class '*.AdamWTests' -class '*.ContrastiveTests' > "$out/$check.txt" 2>&1
    local status=$?
    case $status in 0) note $check ok "$(summary "$out/$check.txt")" ;; 124) note $check "cut off" "after ${SANITIZER_SECONDS:-240} s" ;; *) note $check FAILED "$(grep -m 1 'ERROR SUMMARY\|Device not supported' "$out/$check.txt")" ;; esac
  done
}

bench() {
  for precision in bf16 fp16 fp32; do
    if "$kit/bin/EsimCse.Bench" cuda $precision "${SIZE:-base}" > "$out/bench-$precision.md" 2> "$out/bench-$precision.log"; then
      while IFS='|' read -r _ what _ time rate _; do note bench ok "$precision:$what:$time ms:$rate"; done < <(grep '^| ' "$out/bench-$precision.md" | grep -v '^| what\|^| ---')
    else note bench FAILED "$precision: $(tail -n 1 "$out/bench-$precision.log")"; fi
  done
}

peer() {
  [ -f "$kit/peer/gpu-baseline.py" ] || { note peer absent "none was packed"; return; }
  python3 -c 'import torch' 2>/dev/null || { note peer absent "no Python with torch"; return; }
  (cd "$kit/peer" && timeout "${PEER_SECONDS:-300}" python3 gpu-baseline.py --minutes "${PEER_MINUTES:-4}" > "$out/peer.txt" 2>&1) && note peer ok "see peer.txt" || note peer FAILED "$(tail -n 1 "$out/peer.txt")"
}

for phase in ${PHASES:-doctor tests sanitizer bench peer}; do $phase; done
echo "commit $(cat "$kit/commit")" | tee "$out/table.txt"
printf '%s\n' "${table[@]}" | tee -a "$out/table.txt"
! printf '%s\n' "${table[@]}" | grep -q ' FAILED '
