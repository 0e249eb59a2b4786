#!/usr/bin/env bash
# test_contained.sh -- what runs the fuzzers leaves nothing behind, however it ends.
#
# The fuzzers' place is taken by a program that starts another one in a session of its own, as AFL++ does. Both have a
# lock, which so tells whether one is left, and wait for ever.
set -euo pipefail

contained=$(cd "$(dirname "${BASH_SOURCE[0]}")/../fuzz" && pwd)/contained.sh
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-contained.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
test_name=setup

fail() {
    echo "not ok - $test_name: $*"
    exit 1
}

cat >engine <<'PROGRAM'
exec 9>held
flock -s 9
"$@"
mkdir -p "$FUZZ_DIR/closed/below"
chmod 0 "$FUZZ_DIR/closed"
setsid sh -c 'echo "$FUZZ_DIR" >up; echo >ready; exec sleep infinity' &
read -r <ready # or who ends at once has it killed before it has said anything
[ "$*" = : ] || wait
PROGRAM

# start COMMAND... -- a contained engine that runs this first; it is there now, and has the directory `dir`.
start() {
    mkfifo up ready
    # Otherwise bash would have it ignore SIGINT, which nothing that it starts could change.
    env --default-signal=INT setsid "$contained" bash ../engine "$@" &
    pid=$!
    read -r dir <up
    [[ -d $dir ]] || fail "the directory '$dir' is not there"
}

# ends STATUS -- it ends so, and nothing is left.
ends() {
    local status=0
    wait "$pid" || status=$?
    [[ $status -eq $1 ]] || fail "its status is $status, not $1"
    flock -n held true || fail "a process is left"
    [[ ! -e $dir ]] || fail "its directory is left"
}

contained__by_a_signal_ends_what_it_started() {
    local number
    for number in 1 2 15; do
        start true
        kill -s "$number" "$pid"
        ends $((128 + number))
        rm up ready
    done
}

# As a terminal does, and timeout(1): what was started may have ended before contained.sh looks.
contained__by_a_signal_to_all_leaves_nothing() {
    local number
    for number in 1 2 15; do
        start true
        kill -s "$number" -- "-$pid"
        ends $((128 + number))
        rm up ready
    done
}

contained__ends_what_does_not_heed() {
    start trap '' TERM
    kill "$pid"
    ends 143
}

contained__that_ends_leaves_no_process() {
    start :
    ends 0
}

contained__has_the_status_of_the_command() {
    local status=0
    "$contained" sh -c 'exit 7' || status=$?
    [[ $status -eq 7 ]] || fail "it is $status"
}

mapfile -t tests < <(declare -F | awk '$3 ~ /__/ { print $3 }')
for test_name in "${tests[@]}"; do
    rm -rf "${base:?}/work"
    mkdir work
    (cd work && "$test_name") || exit 1
    echo "ok - $test_name"
done
