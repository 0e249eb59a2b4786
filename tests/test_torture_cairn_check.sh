#!/usr/bin/env bash
# test_torture_cairn_check.sh -- the check of torture/cairn/ by itself: it passes on what a workload has left, and fails
# when that is told otherwise.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
if [[ -n ${CAIRN_SANITIZE:-} ]]; then
    echo "SKIP: the check is for the release build"
    exit 77
fi
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-torture.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"

fail() {
    echo "not ok - $*"
    exit 1
}

# told URL SCENARIO -- what that leaves, in `left`, and what it said, in `acked`.
told() {
    url=$1
    rm -rf left dir
    mkdir dir
    "$programs/torture_cairn_workload" "$url" "$2" 1 >acked || fail "the workload $*"
    mv dir left
}

# check EXPECTED [OPTION] -- what the check says, on a copy; `` if it passes.
check() {
    local out
    rm -rf dir
    cp -a left dir
    out=$(TORTURE_ACKED=$base/acked TORTURE_DIR=$base/dir TORTURE_FAULT=power "$programs/torture_cairn_check" "$url" \
        "${@:2}" 2>&1) || [[ -n $1 ]] || fail "a true story: $out"
    [[ -z $1 || $out == *"$1"* ]] || fail "not '$1', but '$out'"
    cp acked.true acked
}

# story URL SCENARIO -- one that is true.
story() {
    told "$@"
    cp acked acked.true
    check ""
}

record__what_was_told_must_be_there() {
    story "$1" record
    echo "begin checkpoint 7 50" >>acked
    check ""
    printf 'begin checkpoint 7 50\ndone checkpoint 7 50 %s\n' "$2" >>acked
    check "1 of 2"
    sed -i d acked
    check "none that was recorded"
    sed -i 's/checkpoint 0 20/checkpoint 1 20/' acked
    check "none that was recorded"
    sed -i 's/^done checkpoint 0 20 0/&1/' acked
    check "has another id"
    printf 'begin clear\n' >>acked
    check ""
    printf 'begin clear\ndone clear\n' >>acked
    check "is there that was removed"
    printf 'begin compact\ndone compact\n' >>acked
    check ""
}

removal__is_one_step_and_in_order() {
    local in_steps
    story "$1" rolls
    { sed -n '3,4p' acked.true && sed -n '1,2p' acked.true; } >acked # the second is told first
    check "not in the order"
    for in_steps in "" in-steps; do # one that is not there, and older than the others
        { printf 'begin checkpoint 9 50\ndone checkpoint 9 50 %s\n' "$2" && cat acked.true && echo "begin clear"; } >acked
        [[ -n $in_steps ]] || check "removed some"
        [[ -z $in_steps ]] || check "" in-steps
    done
    printf 'begin checkpoint 9 50\ndone checkpoint 9 50 %s\nbegin clear\n' "$2" >>acked
    check "the latest is gone" in-steps
    printf 'begin compact\n' >>acked
    check ""
}

damage__is_named_and_repaired_and_takes_nothing_along() {
    local at
    story dir/j repair
    rm left/j/damaged-*
    check "not in the copy"

    told dir/j rolls
    at=$(grep -obUa 'seed 1' left/j/seg-* | sed -n 1p | cut -d: -f1)
    printf 'x' | dd of="$(echo left/j/seg-*)" bs=1 seek=$((at + 10)) conv=notrunc status=none
    cp acked acked.true
    check "a checkpoint is lost"
    printf 'begin damage 1 50\n' >>acked
    check ""
    printf 'begin damage 0 700000\n' >>acked
    check "acknowledged checkpoints are not there"
    printf 'begin damage 1 50\nbegin repair\ndone repair\n' >>acked
    check "the latest"
}

record__what_was_told_must_be_there dir/j 00000001@1
record__what_was_told_must_be_there dir:dir/d "00000001seed 7.chk"
removal__is_one_step_and_in_order dir/j 00000009@1
removal__is_one_step_and_in_order dir:dir/d "00000009seed 9.chk"
damage__is_named_and_repaired_and_takes_nothing_along
echo "ok - a true story passes, and one that is not does not"
