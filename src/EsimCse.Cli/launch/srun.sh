#!/usr/bin/env bash
# Embeds texts with the tasks of one Slurm job, each with a share of the parts, and joins them:
#
#   sbatch --ntasks=8 srun.sh MODEL OUTPUT INPUT...      or, in an allocation: bash srun.sh MODEL OUTPUT INPUT...
#
set -euo pipefail
model=$1 output=$2
shift 2
srun esimcse embed "$model" "$@" --output "$output/" --format npy --chunk-rows "${CHUNK_ROWS:-100000}" --shard auto
esimcse merge "$output" --output "$output.npy"
