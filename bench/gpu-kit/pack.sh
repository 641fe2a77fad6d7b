#!/usr/bin/env bash
# Packs what a bare GPU machine needs into one file: the tool, the tests, the benchmark, the runtime, a small model.
# usage: pack.sh FILE.tar.gz
# In the environment, both optional:
#   DATA   the folder of real data, of which models/bert-random-l2-h32 is packed
#   PEER   a folder with gpu-baseline.py
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$(realpath -m "$1")
kit=$(mktemp -d)/gpu-kit
trap 'rm -rf "$(dirname "$kit")"' EXIT
mkdir -p "$kit/bin" "$kit/data/models"
for project in tests/EsimCse.Tests src/EsimCse.Cli bench/EsimCse.Bench; do
  dotnet publish "$root/$project" -c Release -r linux-x64 --self-contained -p:DebugType=none -p:DebugSymbols=false \
    -o "$kit/bin" --nologo -v q
done
# Nothing loads these: the runtime's debugging libraries, Visual Basic and symbols.
(
  cd "$kit/bin"
  rm -f libmscordaccore.so libmscordbi.so libclrgcexp.so libcoreclrtraceptprovider.so Microsoft.VisualBasic.Core.dll
  rm -f ./*.pdb ./*.xml
)
if [ -n "${DATA:-}" ]; then cp -rL "$DATA/models/bert-random-l2-h32" "$kit/data/models/"; fi
if [ -n "${PEER:-}" ]; then cp -rL "$PEER" "$kit/peer"; fi
cp "$here/run.sh" "$here/../same-results/fingerprint.sh" "$kit/"
(cd "$root" && git log -1 --format='%h %s' > "$kit/commit")
mkdir -p "$(dirname "$target")"
tar -C "$(dirname "$kit")" -cf - gpu-kit | gzip -9 > "$target.partial"
mv "$target.partial" "$target"
bytes=$(stat -c %s "$target")
echo "$target: $((bytes >> 20)) MiB"
[ "$bytes" -lt 60000000 ] || { echo "more than 60 MB"; exit 1; }
