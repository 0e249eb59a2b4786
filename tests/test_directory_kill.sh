#!/usr/bin/env bash
# test_directory_kill.sh -- SIGKILL before each system call of Checkpoint, Compact and Clear in a directory.
#
# strace makes a list of the calls from the opening of the directory on, and then kills the command at each in
# turn. Whatever the moment, `latest` then gives the old or the new, whole; the next checkpoint gets a number that
# is higher than any.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn

skip() {
    echo "SKIP: $*"
    exit 77
}

[[ -z ${CAIRN_SANITIZE:-} ]] || skip "a sanitizer makes system calls of its own"
command -v strace >/dev/null || skip "there is no strace"
strace -f -o /dev/null true 2>/dev/null || skip "strace may not trace here"

base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-kill.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
export LC_ALL=C
kills=0
failed=0

fail() {
    echo "not ok - $what, killed at $call $nth: $*"
    ls d
    failed=1
}

# A directory with three checkpoints, of which the one in the middle is by somebody who left no memo.
prepare() {
    rm -rf d
    printf one | "$cairn" checkpoint -l a dir:d >/dev/null
    printf two >d/00000001b.chk
    printf three | "$cairn" checkpoint -l c dir:d >/dev/null
}

# What `latest` says, or NONE.
latest() {
    local status=0
    "$cairn" latest dir:d 2>&1 || status=$?
    case $status in
    0) ;;
    1) echo NONE ;;
    *) echo "ERROR $status" ;;
    esac
}

# Kills the command "$@" at each call, and calls `check` with what `latest` says each time.
kill_at_each() {
    local name first=$kills
    prepare
    strace -f -o trace "$cairn" "$@" </dev/null >out 2>/dev/null
    # From the opening of the directory on, each call by its name and how many of that name came before.
    awk '{ sub(/^[0-9]+ +/, ""); name = $0; sub(/\(.*/, "", name) }
        /^[+-]/ || name !~ /^[a-z0-9_]+$/ { next }
        { n[name]++ }
        name == "openat" && /"d"/ { begun = 1 }
        begun && name != "exit_group" { print name, n[name] }' trace >calls
    while read -r call nth; do
        prepare
        { # where the shell, too, says that somebody was killed
            strace -f -o /dev/null -e trace="$call" -e inject="$call":signal=KILL:when="$nth" \
                "$cairn" "$@" </dev/null >out && fail "it was not killed"
        } 2>/dev/null
        kills=$((kills + 1))
        check "$(latest)"
        number=$(printf x | "$cairn" checkpoint -l next dir:d) || fail "checkpoint does not work"
        [[ $(latest) == x ]] || fail "latest is $(latest)"
        highest=$(cd d && printf '%s\n' ????????*.chk | tail -n 1)
        [[ $number == "$highest" ]] || fail "$number was given, and $highest is there"
        [[ $(printf '%s\n' d/*.chk | sed -E 's,^d/(.{8}).*,\1,' | sort | uniq -d) == '' ]] ||
            fail "a number was given twice"
        "$cairn" verify dir:d >/dev/null 2>&1 || fail "verify complains"
        for name in d/*; do
            [[ $name == d/lock || $name == d/????????*.chk ]] || fail "$name was left"
        done
    done <calls
    echo "ok - $what: killed at each of $((kills - first)) calls"
}

printf 'new' >new

what=checkpoint
check() {
    [[ $1 == three || $1 == new ]] || fail "latest is $1"
    [[ ! -s out || $1 == new ]] || fail "the id is out, and latest is $1"
    [[ $("$cairn" load dir:d 00000000a.chk) == one && $("$cairn" load dir:d 00000001b.chk) == two ]] ||
        fail "an older one is gone"
}
kill_at_each checkpoint -l n dir:d new

what=compact
check() {
    [[ $1 == three ]] || fail "latest is $1"
}
kill_at_each compact -l n dir:d

what=clear
check() {
    [[ $1 == three || $1 == *NONE ]] || fail "latest is $1"
}
kill_at_each clear dir:d

echo "$kills kills"
[[ $kills -gt 60 ]] || { echo "not ok - too few"; exit 1; }
exit $failed
