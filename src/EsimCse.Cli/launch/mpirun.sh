#!/usr/bin/env bash
# Embeds texts with N processes of Open MPI, each with a share of the parts, and joins them:
#
#   mpirun.sh N MODEL OUTPUT INPUT...
#
set -euo pipefail
processes=$1 model=$2 output=$3
shift 3
mpirun -n "$processes" \
  esimcse embed "$model" "$@" --output "$output/" --format npy --chunk-rows "${CHUNK_ROWS:-100000}" --shard auto
esimcse merge "$output" --output "$output.npy"
