#!/usr/bin/env bash
# Embeds N short sentences with a tiny model to one .npy file and to parts of .parquet, and writes a page with the
# resident memory of the process at every tenth of the work.
#
#   embed-rows.sh ESIMCSE VOCABULARY WORK [N] > page.md
#
# ESIMCSE is the tool, VOCABULARY a folder with a tokenizer of BERT, WORK an empty folder.
set -euo pipefail
esimcse=$1 vocabulary=$2 work=$3 rows=${4:-10000000}
dimension=16 chunk=$((rows / 20))
mkdir -p "$work"
cat > "$work/config.json" <<JSON
{"model_type":"bert","vocab_size":30522,"hidden_size":$dimension,"num_hidden_layers":1,"num_attention_heads":2,
"intermediate_size":16,"max_position_embeddings":32,"type_vocab_size":2,"hidden_act":"gelu","layer_norm_eps":1e-12,
"pad_token_id":0}
JSON
awk -v n="$rows" 'BEGIN { split("a cat|the old dog|rain again|we saw a tree|no|good morning", w, "|")
  for (i = 0; i < n; i++) print w[i % 6 + 1] " " i % 1000 }' > "$work/texts.txt"
head -n 2000 "$work/texts.txt" > "$work/few.txt"
"$esimcse" train --from-scratch "$work/config.json" --vocabulary "$vocabulary" --data "$work/few.txt" \
  --output "$work/model" --max-steps 2 --device cpu > "$work/train.log" 2>&1

# watch PID TARGET: prints the tenths of the work that are done, by the bytes in TARGET, each with the memory in MiB.
watch() {
  local pid=$1 target=$2 expected=$((rows * dimension * 4)) tenth=1 bytes
  while kill -0 "$pid" 2>/dev/null; do
    bytes=$({ du -sb "$target"* 2>/dev/null || true; } | awk '{ sum += $1 } END { print sum + 0 }')
    if [ "$bytes" -ge $((expected / 10 * tenth)) ] && [ "$tenth" -lt 10 ]; then
      awk -v tenth="$tenth" '/^VmRSS/ { printf " %d |", $2 / 1024 }' "/proc/$pid/status" 2>/dev/null || true
      tenth=$((tenth + 1))
    fi
    sleep 0.2
  done
}

# run NAME TARGET OPTION...: a row of the table.
run() {
  local name=$1 target=$2
  shift 2
  "$esimcse" embed "$work/model" "$work/texts.txt" --device cpu "$@" 2> "$work/$name.log" &
  local pid=$!
  printf '| %s |' "$name"
  watch "$pid" "$target"
  wait "$pid"
  printf ' %s |\n' "$(tail -n 1 "$work/$name.log")"
}

echo "# Memory of embed over $rows rows"
echo
echo "\`bench/scale/embed-rows.sh\`; one layer of $dimension, resident MiB at every tenth of the output."
echo
echo '| output | 10 % | 20 % | 30 % | 40 % | 50 % | 60 % | 70 % | 80 % | 90 % | end |'
echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |'
run npy "$work/v.npy" --output "$work/v.npy"
run parquet "$work/parts/part" --output "$work/parts/" --format parquet --chunk-rows "$chunk"

header=$(head -c 128 "$work/v.npy" | tr -d '\0')
lines=$(wc -l < "$work/texts.txt")
parts=$(awk -F': ' '/"rows"/ { gsub(",", "", $2); sum += $2 } END { print sum }' "$work/parts/manifest.json")
grep -q "($lines, $dimension)" <<< "$header" || { echo "the .npy file does not have $lines rows: $header" >&2; exit 1; }
# The manifest states the rows of all inputs and those of each part.
[ "$parts" -eq $((2 * lines)) ] || { echo "the parts do not have $lines rows" >&2; exit 1; }
echo
echo "Lines: $lines; rows of both outputs: $lines."
