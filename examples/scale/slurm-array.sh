#!/bin/sh
# A Slurm array: each task makes one part. In a folder that all nodes see:
#
#   jobid=$(sbatch --parsable --array=1-32 slurm-array.sh explore --policy xe --triples)
#   sbatch --dependency=afterok:$jobid --wrap 'npx gpuvm-bench merge parts/part-*.json -o triples.json'
#
# With --array=1-32%8 no more than eight run at once. One part that failed is made again, of as many as there were:
#
#   sbatch --array=7 --export=ALL,PARTS_IN_ALL=32 slurm-array.sh explore --policy xe --triples
#SBATCH --job-name=gpuvm
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G
#SBATCH --time=02:00:00
#SBATCH --output=parts-%A-%a.log
set -eu
# Slurm runs a copy of this file: part.sh is looked for where sbatch was called.
folder=${SLURM_SUBMIT_DIR:-$(dirname "$0")}
exec sh "$folder/part.sh" "$SLURM_ARRAY_TASK_ID" "${PARTS_IN_ALL:-$SLURM_ARRAY_TASK_COUNT}" "$@"
