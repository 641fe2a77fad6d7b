#!/usr/bin/env bash
# Runs embedding and training over small data and prints one line a result: its name and the SHA-256 of its bytes.
# usage: fingerprint.sh ESIMCSE DEVICE WORK-FOLDER        ESIMCSE: the tool's binary; DEVICE: cpu or cuda
# Two versions of the engine that print the same lines compute the same bits.
set -euo pipefail
tool=$(realpath "$1")
device=$2
work=$(realpath -m "$3")
rm -rf "$work"
mkdir -p "$work"
cd "$work"
export NO_COLOR=1

esimcse() {
  "$tool" "$@" > log.txt 2>&1 || { echo "esimcse $*: $(tail -n 3 log.txt)" >&2; return 1; }
}

# Prints the hash of a file, without the rates of a metrics file.
fingerprint() {
  echo "$1: $2 $(sed 's/,"sentences_per_second":[^,}]*//' "$2" | sha256sum | cut -d ' ' -f 1)"
}

make_inputs() {
  esimcse demo --short --steps 1 --device cpu --threads 2 --output demo
  local text=demo/text
  head -n 300 "$text/corpus.txt" > corpus.txt
  # Lines of three lengths: a sentence, about 40 and about 100 tokens, so that each path of attention is taken.
  {
    head -n 40 corpus.txt
    head -n 60 corpus.txt | paste -d ' ' - - - -
    head -n 99 corpus.txt | paste -d ' ' - - - - - - - - - - -
  } > lines.txt
  mkdir -p dev/stsb
  head -n 60 "$text/stsb/sts-dev.csv" > dev/stsb/sts-dev.csv
  for heads in 2 4; do
    mkdir -p "tokenizer-$heads"
    cp "$text/vocab.txt" "tokenizer-$heads/"
    sed -e "s/\"num_attention_heads\":4/\"num_attention_heads\":$heads/" \
      -e 's/"max_position_embeddings":64/"max_position_embeddings":128/' \
      "$text/config.json" > "tokenizer-$heads/config.json"
  done
}

# train NAME HEADS OPTION...: six steps from random weights.
train() {
  local name=$1 heads=$2
  shift 2
  esimcse train --from-scratch "tokenizer-$heads/config.json" --vocabulary "tokenizer-$heads" --data corpus.txt \
    --output "$name" --max-steps 6 --batch-size 12 --learning-rate 1e-3 --eval-data dev --eval-every 3 \
    --save-every 3 --device "$device" "$@"
  find "$name" -type f -not -path '*/checkpoints/*' | LC_ALL=C sort > files.txt
  while read -r file; do fingerprint "$name" "$file"; done < files.txt
}

# Takes the end of a finished run away and resumes it from the checkpoint before.
resume() {
  local name=$1 heads=$2
  rm "$name"/checkpoints/step-00000006.safetensors "$name"/model.safetensors
  train "$@" --resume
}

embed() {
  local model=$1 name=$2
  shift 2
  esimcse embed "$model" lines.txt --output "$name.npy" --device "$device" "$@"
  fingerprint "embed $model" "$name.npy"
}

make_inputs
train both-subword 4
resume both-subword 4
for kind in none word insert mask stopword delete; do train "queue-$kind" 4 --repetition "$kind" --queue-size 30; done
for kind in none subword word; do train "alone-$kind" 4 --repetition "$kind" --repetition-draw step --queue-size 0; done
train paper-avg 2 --pooler avg --repetition-formula paper --momentum-init random --queue-reset never --weight-decay 0.01
train avg_top2 2 --pooler avg_top2 --mlp-only-train false --dropout 0
train avg_first_last 2 --pooler avg_first_last --shuffle false --seed 7
train head-kept 2 --mlp-only-train false
train before-pooler 2 --pooler cls_before_pooler
for pooler in cls cls_before_pooler avg avg_top2 avg_first_last; do
  embed both-subword "$pooler" --pooler "$pooler"
  embed head-kept "$pooler-mma" --pooler "$pooler"
done
embed head-kept folder
embed paper-avg short --max-length 12
if [ "$device" = cuda ]; then
  train fp32 2 --precision fp32
  train fp32-portable 4 --precision fp32
  embed head-kept fp32 --precision fp32
  embed head-kept bf16 --precision bf16
fi
