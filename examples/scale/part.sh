#!/bin/sh
# part.sh I N COMMAND [ARGS...]: makes part I of N of `gpuvm-bench COMMAND ARGS`, and writes it to parts/part-I.json.
#
#   GPUVM_BENCH  how the command is called; default: npx gpuvm-bench
#   PARTS        the folder of the parts; default: parts
#
# Ends as the command does, but with 0 where a part of explore or bugs ends with 1: merge tells that of the whole.
set -eu
[ $# -ge 3 ] || {
  echo "usage: $0 I N COMMAND [ARGS...]" >&2
  exit 2
}
index=$1 of=$2 command=$3
shift 2
case $command in
  explore | bugs) set -- "$@" --json ;;
  run) set -- "$@" --format json ;;
  *)
    echo "$0: $command: explore, bugs and run have parts that merge" >&2
    exit 2
    ;;
esac
out=${PARTS:-parts}/part-$index.json
mkdir -p "${PARTS:-parts}"
trap 'rm -f "$out.new"' EXIT
status=0
# shellcheck disable=SC2086 # several words
${GPUVM_BENCH:-npx gpuvm-bench} "$@" --shard "$index/$of" >"$out.new" || status=$?
[ "$status" -gt 1 ] || mv "$out.new" "$out"
[ "$command" = run ] || [ "$status" -ne 1 ] || status=0
exit "$status"
