#!/usr/bin/env bash
# Packs what a bare GPU machine needs into one file: the tool, the tests, the benchmark, the runtime, the peers, text.
# usage: pack.sh FILE.tar.xz
# In the environment: DATA, the folder of real data: corpus/, vocab/, sts/ and models/bert-random-l2-h32 are used.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=$(realpath -m "$1")
kit=$(mktemp -d)/gpu-kit
trap 'rm -rf "$(dirname "$kit")"' EXIT
mkdir -p "$kit/bin" "$kit/torchsharp" "$kit/text/stsb" "$kit/pytorch"

publish() {
  dotnet publish "$root/$1" -c Release -r linux-x64 --self-contained "$3" -p:DebugType=none -p:DebugSymbols=false \
    -o "$2" --nologo -v q
}

for project in tests/EsimCse.Tests src/EsimCse.Cli bench/EsimCse.Bench; do publish $project "$kit/bin" true; done
# The peer takes the runtime of the others: its own files are few.
publish bench/peers/torchsharp-gpu "$kit/torchsharp" true
(
  cd "$kit/torchsharp"
  for file in *; do
    if cmp -s "$file" "../bin/$file"; then ln -sf "../bin/$file" "$file"; fi
  done
)
# Nothing loads these: the runtime's debugging libraries, Visual Basic, most of ASP.NET Core and symbols.
for folder in bin torchsharp; do
  (
    cd "$kit/$folder"
    rm -f libmscordaccore.so libmscordbi.so libclrgcexp.so libcoreclrtraceptprovider.so Microsoft.VisualBasic.Core.dll
    rm -f Microsoft.AspNetCore.{Components,Cryptography,DataProtection,Diagnostics,Html,Identity,Mvc,Razor,SignalR}*.dll
    rm -f Microsoft.AspNetCore.Server.{HttpSys,IIS}*.dll
    rm -f ./*.pdb ./*.xml
  )
done
shape() {
  printf '{"model_type": "bert", "architectures": ["BertModel"], "vocab_size": 30522, "hidden_size": %d, %s}\n' "$1" \
    "\"num_hidden_layers\": $2, \"num_attention_heads\": $3, \"intermediate_size\": $4, \"hidden_act\": \"gelu\", \
\"max_position_embeddings\": 512, \"type_vocab_size\": 2, \"layer_norm_eps\": 1e-12, \
\"hidden_dropout_prob\": 0.1, \"attention_probs_dropout_prob\": 0.1"
}
shape 768 12 12 3072 > "$kit/text/base.json"
shape 384 6 12 1536 > "$kit/text/mini.json"
shape 64 2 2 128 > "$kit/text/small.json"
if [ -n "${DATA:-}" ]; then
  mkdir -p "$kit/data/models"
  cp -rL "$DATA/models/bert-random-l2-h32" "$kit/data/models/"
  cp -L "$DATA/corpus/wikipedia-en-10k.txt" "$kit/text/text.txt"
  cp -L "$DATA/corpus/wikipedia-en.txt.br" "$kit/text/corpus.txt.br"
  cp -L "$DATA/vocab/bert-base-uncased/vocab.txt" "$kit/text/"
  cp -L "$DATA/sts/stsb/sts-dev.csv" "$kit/text/stsb/"
fi
cp "$here"/{run.sh,phases.sh,report.py,results.py,kernels.py} "$here/../same-results/fingerprint.sh" "$kit/"
cp "$root"/bench/peers/pytorch/*.py "$kit/pytorch/"
chmod -R u+w "$kit"
(cd "$root" && git log -1 --format='%h %s' > "$kit/commit")
mkdir -p "$(dirname "$target")"
tar -C "$(dirname "$kit")" -cf - gpu-kit | xz -9 > "$target.partial"
mv "$target.partial" "$target"
bytes=$(stat -c %s "$target")
echo "$target: $((bytes >> 20)) MiB"
# With the repository, 5 MB, it must stay under 64 MiB.
[ "$bytes" -lt 61500000 ] || { echo "more than 61.5 MB"; exit 1; }
