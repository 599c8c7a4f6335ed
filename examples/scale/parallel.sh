#!/bin/sh
# parallel.sh N COMMAND [ARGS...]: makes N parts with GNU parallel, as many at once as there are cores, and merges them.
#
#   ./parallel.sh 8 explore --policy xe --triples >triples.json
#   HOSTS=ada,bob,: ./parallel.sh 24 explore --policy xe --triples --workers 1 >triples.json
#
# HOSTS are machines for ssh, which see this folder under the same path; `:` is this one. Each takes as many parts at once
# as it has cores. Ends as merge does: with 1 if an exploration has found something.
set -eu
[ $# -ge 2 ] || {
  echo "usage: $0 N COMMAND [ARGS...]" >&2
  exit 2
}
of=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
# The commands are sh's, whatever shell calls parallel.
export PARALLEL_SHELL="${PARALLEL_SHELL:-/bin/sh}"
export PARTS="${PARTS:-parts}" GPUVM_BENCH="${GPUVM_BENCH:-npx gpuvm-bench}"
seq "$of" | parallel --halt now,fail=1 --quote --sshlogin "${HOSTS:-:}" --workdir "$PWD" --env PARTS --env GPUVM_BENCH \
  sh "$here/part.sh" {} "$of" "$@"
# shellcheck disable=SC2046,SC2086 # several words
$GPUVM_BENCH merge $(seq -f "$PARTS/part-%g.json" "$of")
