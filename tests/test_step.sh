#!/usr/bin/env bash
# test_step.sh -- `cairn step`: a command is run until it has succeeded, and then no more.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-step.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
export cairn
test_name=setup

fail() {
    echo "not ok - $test_name: $*"
    exit 1
}

# run STATUS COMMAND... -- its output goes to "out" and "err", and its exit status must be that.
run() {
    local wanted=$1 status=0
    shift
    "$@" >out 2>err || status=$?
    [[ $status -eq $wanted ]] || fail "$* exits with $status, not $wanted: $(cat err)"
}

out_is() {
    [[ $(cat out) == "$1" ]] || fail "it prints '$(cat out)', not '$1'"
}

step__is_run_once_and_prints_the_same_again() {
    local url
    for url in j dir:d; do
        run 0 "$cairn" step -l one "$url" -- sh -c 'echo run >>runs; echo data; echo word >&2'
        out_is data
        [[ $(cat err) == word ]] || fail "the command's stderr is not ours"
        run 0 "$cairn" step -l one "$url" -- sh -c 'echo run >>runs; echo other'
        out_is data
        [[ $(wc -l <runs) -eq 1 ]] || fail "it was run again"
        run 0 "$cairn" step -l two "$url" -- true
        out_is ''
        run 0 "$cairn" step -l two "$url" -- false
        rm runs
    done
}

step__that_fails_is_run_again_and_its_status_passed_on() {
    run 7 "$cairn" step -l one j -- sh -c 'echo part; exit 7'
    out_is part
    run 143 "$cairn" step -l one j -- sh -c 'kill -TERM $$'
    run 127 "$cairn" step -l one j -- ./absent
    run 126 "$cairn" step -l one j -- /
    run 0 "$cairn" list j
    out_is ''
    run 0 "$cairn" step -l one j -- echo well
    out_is well
}

step__takes_input_and_keeps_every_byte() {
    head -c 300000 /dev/urandom >bytes
    "$cairn" step -l one j -- cat <bytes >copy
    cmp bytes copy || fail "the bytes are not the same"
    "$cairn" step -l one j -- false >copy
    cmp bytes copy || fail "the bytes are not the same again"
}

step__needs_a_label_and_a_command() {
    run 2 "$cairn" step j -- true
    run 2 "$cairn" step -l one j
    [[ ! -e j ]] || fail "a journal was made"
}

# Two fifos tell that the command is at it, and let it go on.
step__at_once_with_the_same_label_runs_once() {
    mkfifo begun go
    "$cairn" step -l one j -- sh -c 'echo run >>runs; echo >begun; read -r _ <go; echo data' >first &
    local first=$!
    read -r _ <begun
    "$cairn" step -l one j -- sh -c 'echo run >>runs; echo other' >second &
    local second=$!
    run 5 "$cairn" step --timeout 0.1 -l one j -- sh -c 'echo run >>runs'
    run 0 "$cairn" step -l another j -- echo beside
    echo >go
    wait "$first" "$second" || fail "one of them failed"
    [[ $(cat first) == data && $(cat second) == data ]] || fail "they print different things"
    [[ $(wc -l <runs) -eq 1 ]] || fail "it was run twice"
}

step__passes_signals_on() {
    mkfifo begun
    # shellcheck disable=SC2016 # for the inner shell
    "$cairn" step -l one j -- sh -c 'trap "echo got it; exit 9" TERM; echo >begun; while :; do sleep 0.01; done' >out &
    local pid=$! status=0
    read -r _ <begun
    kill -TERM "$pid"
    wait "$pid" || status=$?
    [[ $status -eq 9 ]] || fail "the status is $status"
    out_is 'got it'
}

# What the command leaves running is not waited for, though it has the output open.
step__does_not_wait_for_what_is_left_running() {
    local url
    for url in j dir:d; do
        # shellcheck disable=SC2016 # for the inner shell
        run 0 "$cairn" step -l one "$url" -- sh -c 'sleep 1000 & echo $! >left; echo out'
        kill "$(cat left)" || fail "nothing was left running"
        out_is out
        run 0 "$cairn" step -l one "$url" -- false
        out_is out
    done
}

step__whose_label_cannot_be_recorded_is_not_run() {
    run 2 "$cairn" step -l a/b dir:d -- touch ran
    run 2 "$cairn" step -l "$(printf '%0244d' 0)" dir:d -- touch ran
    [[ ! -e ran ]] || fail "the command was run"
    run 0 "$cairn" step -l "$(printf '%0243d' 0)" dir:d -- touch ran
    run 0 "$cairn" step -l a/b j -- true
    if [[ $(id -u) -ne 0 ]]; then
        chmod a-w d j
        run 4 "$cairn" step -l two dir:d -- touch ran2
        run 4 "$cairn" step -l two j -- touch ran2
        chmod u+w d j
        [[ ! -e ran2 ]] || fail "the command was run where nothing can be recorded"
    fi
}

# A script of twenty steps. Each appends to a file of its own when it begins, and when it is done.
step__script_that_is_killed_anywhere_ends() {
    # shellcheck disable=SC2016 # for the inner shell
    for i in $(seq 20); do
        printf '"$cairn" step -l "step %d" "$1" -- sh -c "echo begun >>log.%d; echo done >>log.%d; echo out %d" || exit\n' \
            "$i" "$i" "$i" "$i"
    done >script
    local url kills=0 wanted=0 again=0 i
    for url in j dir:d; do
        rm -f log.*
        wanted=$((wanted + 50))
        while [[ $kills -lt $wanted ]]; do
            # In a group of its own, which is killed as a whole.
            setsid sh script "$url" >/dev/null 2>&1 &
            i=$!
            sleep "0.0$((RANDOM % 90 + 10))"
            kill -KILL -- "-$i" 2>/dev/null && kills=$((kills + 1))
            wait "$i" 2>/dev/null || true
            # From time to time it has come to the end.
            if [[ $("$cairn" list "$url" 2>/dev/null | wc -l) -gt 20 ]]; then
                check_script "$url"
                "$cairn" clear "$url"
                rm -f log.*
            fi
        done
        sh script "$url" >out 2>err || fail "it does not end: $(cat err)"
        check_script "$url"
        for i in $(seq 20); do
            again=$((again + $(grep -c 'done' "log.$i") - 1))
        done
    done
    echo "$kills kills; $again steps were done and then stopped before that was recorded"
}

# Each step is recorded once, in its place, with what it printed; and has been done.
check_script() {
    local i
    "$cairn" list --json "$1" >listed
    [[ $(wc -l <listed) -eq 20 ]] || fail "$(wc -l <listed) steps are recorded"
    for i in $(seq 20); do
        grep -q "\"label\":\"step $i\"" <<<"$(sed -n "${i}p" listed)" || fail "step $i is not in its place"
        [[ $("$cairn" step -l "step $i" "$1" -- false) == "out $i" ]] || fail "step $i printed something else"
        grep -q 'done' "log.$i" || fail "step $i is recorded, and was not done"
    done
}

mapfile -t tests < <(declare -F | awk '$3 ~ /__/ { print $3 }')
for test_name in "${tests[@]}"; do
    rm -rf "${base:?}/work"
    mkdir work
    (cd work && "$test_name") || exit 1
    echo "ok - $test_name"
done
