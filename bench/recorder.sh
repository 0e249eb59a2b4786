#!/usr/bin/env bash
# recorder.sh -- what it costs a program to be recorded by cairn-torture: each kind of call, plain and recorded, in turns.
#
#   bench/recorder.sh BIN_DIR [ROUNDS [CALLS]]
#
# Both run on one processor, so that none has to be woken. A line is the median over the rounds of a round's median call,
# in microseconds, and the lowest and highest round.
set -euo pipefail

bin=$(cd "${1:?usage: bench/recorder.sh BIN_DIR [ROUNDS [CALLS]]}" && pwd)
rounds=${2:-15}
calls=${3:-200}
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-bench-recorder.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

last=$(taskset -cp $$ | sed 's/.*[ ,-]//')
for ((round = 0; round < rounds; round++)); do
    rm -rf dir trace
    mkdir dir
    taskset -c "$last" "$bin/cairn-bench-recorder" dir "$calls" 2>said || { cat said >&2; exit 1; }
    sed -n 's/^cost /plain /p' said >>all
    rm -rf dir
    mkdir dir
    taskset -c "$last" "$bin/cairn-torture" record --dir dir --trace trace -- "$bin/cairn-bench-recorder" dir "$calls" >said 2>&1 ||
        { cat said >&2; exit 1; }
    sed -n 's/^cost /recorded /p' said >>all
done

printf '%-12s %22s %26s %8s\n' "call, us" plain recorded more
awk '{ print $2 }' all | awk '!seen[$0]++' | while read -r kind; do
    for how in plain recorded; do
        awk -v how="$how" -v kind="$kind" '$1 == how && $2 == kind { print $3 }' all | sort -n |
            awk -v name="$how" '{ v[NR] = $1 } END { printf "%s %.1f %.1f %.1f ", name, v[int((NR + 1) / 2)] / 1e3, v[1] / 1e3, v[NR] / 1e3 }'
    done | awk -v kind="$kind" '{ printf "%-12s %8.1f (%5.1f to %5.1f) %8.1f (%6.1f to %6.1f) %8.1f\n", kind, $2, $3, $4, $6, $7, $8, $6 - $2 }'
done
