#!/usr/bin/env bash
# Embeds texts with the tasks of a Slurm array, each with a share of the parts:
#
#   sbatch --array=0-7 slurm-array.sh MODEL OUTPUT INPUT...
#
# A task that was killed or requeued goes on where it stopped. When all are done:
#
#   esimcse merge OUTPUT --output vectors.npy
#
#SBATCH --job-name=embed
#SBATCH --cpus-per-task=1
#SBATCH --requeue
set -euo pipefail
model=$1 output=$2
shift 2
exec esimcse embed "$model" "$@" --output "$output/" --format npy --chunk-rows "${CHUNK_ROWS:-100000}" --shard auto
