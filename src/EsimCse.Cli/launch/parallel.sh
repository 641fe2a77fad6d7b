#!/usr/bin/env bash
# Embeds the lines of standard input with one process a core by GNU parallel; each line gives a JSON array, in order:
#
#   parallel.sh MODEL < texts.txt > vectors.jsonl
#
set -euo pipefail
exec parallel --quote --pipe --keep-order --block "${BLOCK:-10M}" esimcse embed "$1" - --threads 1
