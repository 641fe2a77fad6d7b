#!/usr/bin/env bash
# Shows that the working tree computes the same bits as an earlier commit, on the CPU and on SoftCuda.
# usage: compare.sh COMMIT
# In the environment, optional: ESIMCSE_KERNEL_REPORT, the program with which kernels.py compares the machine code.
# Exit code 1 where a result differs, or a kernel needs more registers or spills more.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
commit=$(git -C "$root" rev-parse --verify "$1^{commit}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
git -C "$root" archive "$commit" | tar -x -C "$work/source"

# results NAME SOURCE-TREE: builds the tool and SoftCuda of a tree and prints the hashes of what they compute.
results() {
  local name=$1 tree=$2 device
  dotnet publish "$tree/src/EsimCse.Cli" -c Release -o "$work/$name" --nologo -v q >&2
  bash "$tree/tests/SoftCuda/build.sh" "$work/softcuda-$name" >&2
  for device in cpu cuda; do
    ESIMCSE_CUDA="$work/softcuda-$name" "$here/fingerprint.sh" "$work/$name/esimcse" $device "$work/run" | sed "s/^/$device /"
  done
}

results before "$work/source" > "$work/before.txt"
results after "$root" > "$work/after.txt"
status=0
if diff "$work/before.txt" "$work/after.txt"; then
  echo "$(wc -l < "$work/after.txt") files are the same, byte for byte"
else
  status=1
fi
if [ -n "${ESIMCSE_KERNEL_REPORT:-}" ]; then
  python3 "$here/kernels.py" "$work/source/kernels" "$root/kernels" --compiler "$ESIMCSE_KERNEL_REPORT" || status=1
else
  echo "machine code not compared: ESIMCSE_KERNEL_REPORT is not set"
fi
exit $status
