#!/usr/bin/env bash
# Packs everything that a bare GPU machine needs - the tool, the tests, the benchmark, the runtime, a small model - into one file: pack.sh FILE.tar.gz
# DATA in the environment: the folder of real data, of which models/bert-random-l2-h32 goes along; PEER: a folder with gpu-baseline.py to run beside. Both may be unset.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$(realpath -m "$1")
kit=$(mktemp -d)/gpu-kit
trap 'rm -rf "$(dirname "$kit")"' EXIT
mkdir -p "$kit/bin" "$kit/data/models"
for project in tests/EsimCse.Tests src/EsimCse.Cli bench/EsimCse.Bench; do
  dotnet publish "$root/$project" -c Release -r linux-x64 --self-contained -p:DebugType=none -p:DebugSymbols=false -o "$kit/bin" --nologo -v q
done
# Nothing loads these: debugging of the runtime, another language's and the desktop's libraries.
(cd "$kit/bin" && rm -f libmscordaccore.so libmscordbi.so libclrgcexp.so libcoreclrtraceptprovider.so Microsoft.VisualBasic.Core.dll ./*.pdb ./*.xml)
if [ -n "${DATA:-}" ]; then cp -rL "$DATA/models/bert-random-l2-h32" "$kit/data/models/"; fi
if [ -n "${PEER:-}" ]; then cp -rL "$PEER" "$kit/peer"; fi
cp "$here/run.sh" "$kit/"
(cd "$root" && git log -1 --format='%h %s' > "$kit/commit")
mkdir -p "$(dirname "$target")"
tar -C "$(dirname "$kit")" -cf - gpu-kit | gzip -9 > "$target.partial"
mv "$target.partial" "$target"
bytes=$(stat -c %s "$target")
echo "$target: $((bytes >> 20)) MiB"
[ "$bytes" -lt 60000000 ] || { echo "more than 60 MB"; exit 1; }
