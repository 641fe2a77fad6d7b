#!/usr/bin/env bash
# Trains bert-mlm-l4-h384 under four conditions with the settings of the recorded PyTorch runs, and scores the best
# model of each.
# usage: [SEEDS="1 2 3"] training-curves.sh DATA OUT [ESIMCSE]
# Resumable: a finished run is left as it is, an interrupted one continues from its checkpoint.
set -euo pipefail
data=$1
out=$2
esimcse=${3:-esimcse}
mkdir -p "$out"
for seed in ${SEEDS:-1 2 3}; do
  for condition in none repetition queue both; do
    case $condition in
      none) options=(--repetition none --queue-size 0) ;;
      repetition) options=(--queue-size 0) ;;
      queue) options=(--repetition none) ;;
      both) options=() ;;
    esac
    run=$out/$condition-$seed
    "$esimcse" train "$data/models/bert-mlm-l4-h384" --data "$data/corpus/wikipedia-en-10k.txt" \
      --output "$run" --resume \
      --max-steps 150 --learning-rate 3e-4 --repetition-formula paper "${options[@]}" --seed "$seed" \
      --eval-data "$data/sts" --eval-every 25 --save-every 50
    if [ ! -s "$run/scores.json" ]; then
      "$esimcse" eval "$run" --data "$data/sts" --sets stsb-dev,stsb-test,sick --json > "$run/scores.json"
    fi
  done
done
