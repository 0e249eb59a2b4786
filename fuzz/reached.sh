#!/usr/bin/env bash
# reached.sh -- which lines and branches of journal/ and directory/ the fuzz corpora reach; `./dev fuzz --coverage` has
# built the replayers, with gcc's counters, in build/coverage.
#
#   fuzz/reached.sh [NAME...]   all targets, or these
#
# Each target is replayed on its seeds and its regression inputs, and on what the fuzzers have kept in build/fuzz/corpus,
# if that is there. A table has each file's lines and branches and their totals; then follow the lines with a branch that
# was never taken, as FILE:LINE. Branches of assertions do not count: they guard what must hold, and no input is to take them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/coverage
base=/dev/shm
[ -w "$base" ] || base=${TMPDIR:-/tmp}
FUZZ_DIR=$(mktemp -d "$base/cairn-fuzz.XXXXXX")
export FUZZ_DIR TMPDIR=$FUZZ_DIR CAIRN_BIN_DIR=$PWD/$build/bin
trap 'rm -rf "$FUZZ_DIR"' EXIT

[ $# -gt 0 ] || {
    for source in fuzz/fuzz_*.c; do
        source=${source#fuzz/fuzz_}
        set -- "$@" "${source%.c}"
    done
}

# What was counted by an earlier run is not this run's.
find "$build" -name '*.gcda' -delete
result=0
for noun in "$@"; do
    "$build/bin/replay_$noun" "fuzz/corpus/$noun" "fuzz/regressions/$noun" "build/fuzz/corpus/$noun" \
        >"$FUZZ_DIR/$noun.log" 2>&1 || {
        tail -5 "$FUZZ_DIR/$noun.log"
        echo "reached: replay_$noun failed"
        result=1
    }
done

report=$FUZZ_DIR/report.json
gcovr --root . --filter journal/ --filter directory/ --exclude-branches-by-pattern '.*\bassert\(.*' \
    --json "$report" "$build/CMakeFiles/cairn_objects.dir"
gcovr --root . --add-tracefile "$report" --csv | awk -F , '
    NR == 1 { printf "%-28s %14s %7s %14s %7s\n", "file", "lines", "", "branches", ""; next }
    function row(name, lines, of_lines, taken, of_taken) {
        printf "%-28s %6d of %4d %5.1f %% %6d of %4d %5.1f %%\n", name, lines, of_lines,
            of_lines ? 100 * lines / of_lines : 100, taken, of_taken, of_taken ? 100 * taken / of_taken : 100
    }
    { row($1, $3, $2, $6, $5); sum[2] += $2; sum[3] += $3; sum[5] += $5; sum[6] += $6 }
    END { row("all", sum[3], sum[2], sum[6], sum[5]) }'
echo
echo "lines with a branch that was not taken:"
gcovr --root . --add-tracefile "$report" --branches --txt | awk '
    /^(journal|directory)\// && NF > 4 {
        count = split($5, lines, ",")
        for (i = 1; i <= count; i++) print $1 ":" lines[i]
    }'
exit "$result"
