#!/usr/bin/env bash
# Checks and measures the engine and its peers on a GPU machine, without network or .NET, in under 8 minutes:
#   tar xJf KIT && gpu-kit/run.sh [--dry-run] [FOLDER]          # without xz: python3 -m tarfile -e KIT
# Writes to FOLDER: results.jsonl (every result, as it comes), CARD.md (the report), table.txt, logs.tar.gz.
# --dry-run does everything in small sizes, on the device that is there, to find mistakes before a GPU is used.
# In the environment:
#   PHASES         the phases to run; the default is all of them, in the order below
#   TOTAL_SECONDS  the limit of the whole, 470; each phase has its own limit too, below
#   ESIMCSE_CUDA   as everywhere
#   PYTHON         a Python with torch and transformers, python3 by default
set -uo pipefail
kit=$(cd "$(dirname "$0")" && pwd)
command="run.sh $*"
dry=no
patience=1
total=470
if [ "${1:-}" = --dry-run ]; then
  dry=yes
  # A slow machine shall come to the end of each phase.
  patience=5
  total=7200
  shift
fi
out=$(realpath -m "${1:-gpu-kit-results}")
work=$(mktemp -d)
logs=$work/logs
deadline=${TOTAL_SECONDS:-$total}
python=${PYTHON:-python3}
mkdir -p "$out" "$logs"
trap 'rm -rf "$work"' EXIT
results=$out/results.jsonl
: > "$results"
. "$kit/phases.sh"

# name:seconds. Those between + run at the same time, since they measure no times. Correctness comes first, then the
# engine and its peers, then details.
default="facts:10 doctor:15 models:40 first:30
+tests:110 memcheck:110 racecheck:110 fingerprints:110 compile:110+
check:40 ceilings:20 steps:70 torch_steps:90 embedding:50 torch_embedding:45 command_line:70 torchsharp:45
operations:60 text:40 kernels:50"

# Runs a command for as long as the phase and the whole may still take.
limited() {
  local left=$((phase_end - SECONDS))
  [ $left -gt 0 ] || return 124
  timeout -k 5 $left "$@"
}

# Writes text as a JSON string.
quote() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037\\' | sed 's/"/\\"/g')"; }

# run_phase NAME SECONDS: a phase prints a note and returns 0, 124 where it was cut off, 77 where something is missing.
run_phase() {
  local began=$SECONDS note status
  phase_end=$((began + $2 < deadline ? began + $2 : deadline))
  if [ $phase_end -le $began ]; then
    note="no time was left"
    status=124
  else
    note=$("$1" 2>> "$logs/$1.txt")
    status=$?
  fi
  note=$(printf '%s' "$note" | tr '\n' ' ')
  case $status in
    0) status=ok ;;
    77) status=absent ;;
    124 | 137) status="cut off" ;;
    *) status=failed ;;
  esac
  printf '{"part":"phase","name":"%s","status":"%s","seconds":%d,"limit":%d,"note":%s}\n' \
    "$1" "$status" $((SECONDS - began)) "$2" "$(quote "$note")" >> "$results"
  printf '%-16s %-8s %4d s  %s\n' "$1" "$status" $((SECONDS - began)) "$note" | tee -a "$work/table.txt"
}

# wanted NAME: whether PHASES names it.
wanted() { [ -z "${PHASES:-}" ] || [[ " $PHASES " == *" $1 "* ]]; }

run_all() {
  local entry name limit group=no
  for entry in $default; do
    [[ $entry == +* ]] && group=yes
    name=${entry#+}
    name=${name%:*}
    limit=${entry##*:}
    limit=$((patience * ${limit%+}))
    if wanted "$name"; then
      if [ $group = yes ]; then run_phase "$name" $limit & else run_phase "$name" $limit; fi
    fi
    if [[ $entry == *+ ]]; then
      group=no
      wait
    fi
  done
}

run_all
cp "$work/table.txt" "$out/table.txt"
tar -C "$work" -czf "$out/logs.tar.gz" logs
"$python" "$kit/report.py" "$results" --output "$out" || echo "no report: report.py can make it from results.jsonl"
echo "commit $(cat "$kit/commit"), $SECONDS s"
! grep -q ' failed ' "$work/table.txt"
