#!/usr/bin/env bash
# test_conformance.sh -- the conformance suite: green on the implementations of the library, and red on those of
# tests/broken/broken.c, each of which does one thing wrong.
set -euo pipefail

suite=$CAIRN_BIN_DIR/cairn-conformance
plugin=$CAIRN_BIN_DIR/../lib/broken.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
tests=0

# Says whether test $2 went well: `$1` is 0 if so.
report() {
    tests=$((tests + 1))
    if [[ $1 -eq 0 ]]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failed=1
    fi
}

# Runs the suite on the rest of the arguments, in a new place; its result is `status`, its output in $work/out.
run() {
    rm -rf "$work/place"
    status=0
    "$suite" "$@" "$work/place" >"$work/out" 2>&1 || status=$?
}

green() {
    local name=$1
    shift
    run "$@"
    if [[ $status -ne 0 ]]; then cat "$work/out"; fi
    report "$status" "$name"
}

green "the journal conforms, and gives no id twice" --ids-once journal
green "the directory conforms" dir
green "the journal behind a plugin conforms" --ids-once --plugin "$plugin" broken

run --ids-once dir
report $((status != 1)) "a directory's ids come again, which --ids-once does not allow"

broken=(none-is-empty empty-is-none latest-is-remembered init-clears existing-creates reader-writes label-is-cut
    data-is-cut id-beside-an-error id-given-twice ids-come-again unknown-is-none compact-clears
    compact-loses-the-label compact-does-nothing clear-compacts complete-does-nothing list-counts-from-one
    stat-counts-wrong since-shows-all since-does-not-move since-skips-behind-a-stop
    long-label-is-cut junk-behind-an-id clear-completes list-has-a-thousand generation-stands-still)
for what in "${broken[@]}"; do
    export CAIRN_BROKEN=$what
    run --ids-once --plugin "$plugin" broken
    red=$(sed -nE 's/^not ok [0-9]+ - //p' "$work/out" | sed -n 1p)
    report $((status != 1)) "$what is found: ${red:-it is not}"
done
unset CAIRN_BROKEN

run nonsense
report $((status != 2)) "a scheme that is none is misuse"
run --plugin "$work/none.so" broken
report $((status != 2)) "a plugin that is none is misuse"
status=0
"$suite" >"$work/out" 2>&1 || status=$?
report $((status != 2)) "no arguments are misuse"

echo "$tests tests"
exit $failed
