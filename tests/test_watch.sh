#!/usr/bin/env bash
# test_watch.sh -- `cairn watch`: each new checkpoint is a line, once, and as soon as it is durable.
#
# What a watch prints goes to a fifo, and is read line by line: each test waits for the next line, and for
# nothing else.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-watch.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
test_name=setup

fail() {
    echo "not ok - $test_name: $*"
    [[ ! -s err ]] || sed 's/^/# stderr: /' err
    exit 1
}

# begin ARGUMENT... -- a watch, whose lines come from descriptor 3, whose words are in err, and which is $watch.
begin() {
    rm -f lines
    mkfifo lines
    "$cairn" watch "$@" >lines 2>err &
    watch=$!
    exec 3<lines
}

# The watch ends with status $1 when it gets the signal $2, if there is one.
ends() {
    local status=0
    [[ -z ${2-} ]] || kill "-$2" "$watch"
    wait "$watch" || status=$?
    [[ $status -eq $1 ]] || fail "the exit status is $status, not $1"
    exec 3<&-
}

# Wants the next line to be of the checkpoint labelled so.
line_is() {
    local line
    read -r -u 3 line || fail "it ends where there should be $1"
    [[ $line == *"\"label\":\"$1\""* ]] || fail "the line is not of $1: $line"
}

record() {
    "$cairn" checkpoint -l "$2" "$1" <<<data >id
}

watch__prints_each_once_and_in_order() {
    local url i
    for url in j dir:d; do
        record "$url" before
        begin --all --json "$url"
        line_is before
        for i in 1 2 3; do
            record "$url" "one $i"
            line_is "one $i"
        done
        for i in $(seq 20); do record "$url" "more $i"; done
        for i in $(seq 20); do line_is "more $i"; done
        ends 143 TERM
    done
}

# It is recorded until one is seen; from there on each is.
watch__begins_with_what_is_new() {
    local url i line
    for url in j dir:d; do
        record "$url" before
        begin --json "$url"
        for ((i = 0;; i++)); do
            record "$url" "new $i"
            if read -r -t 0.2 -u 3 line; then break; fi
        done
        [[ $line != *before* && $line =~ new\ ([0-9]+) ]] || fail "the line is $line"
        for i in $(seq $((BASH_REMATCH[1] + 1)) "$i"); do line_is "new $i"; done
        ends 143 TERM
    done
}

watch__goes_on_behind_compact_clear_and_complete() {
    local url
    for url in j dir:d; do
        begin --all --json "$url"
        record "$url" one
        line_is one
        "$cairn" compact -l 'one again' "$url"
        record "$url" two
        line_is two
        "$cairn" clear "$url"
        record "$url" three
        line_is three
        "$cairn" complete "$url"
        record "$url" four
        line_is four
        ends 143 TERM
    done
}

watch__waits_for_a_place_that_is_not_there_yet() {
    local url lines
    for url in new/j dir:new/d; do
        begin --json "$url"
        until grep -q 'waiting until there is' err; do kill -0 "$watch" || fail "it has ended"; done
        record "$url" first
        line_is first
        ends 143 TERM
        lines=$(wc -l <err)
        [[ $lines -eq 1 ]] || fail "it says so $lines times"
    done
}

watch__beside_writers_shows_each_once() {
    local url i writers
    for url in j dir:d; do
        begin --all --json "$url"
        writers=()
        for i in 1 2 3; do
            (for _ in $(seq 50); do "$cairn" checkpoint "$url" <<<"$i" || exit; done) >ids.$i &
            writers+=($!)
        done
        for _ in $(seq 150); do
            read -r -u 3 line || fail "it has ended"
            echo "$line"
        done >shown
        for i in "${writers[@]}"; do wait "$i"; done
        ends 143 TERM
        "$cairn" list --json "$url" | cmp - shown || fail "$url: what was shown is not what there is"
    done
}

# Nothing more is recorded, so it sees by the pipe alone that nobody reads it.
watch__ends_with_its_reader() {
    local status=0
    record j one
    "$cairn" watch --all j 2>err | head -n 2 >out || status=$?
    [[ $status -eq 141 ]] || fail "the exit status is $status"
    [[ $(wc -l <out) -eq 2 ]] || fail "it printed $(cat out)"
    (trap '' PIPE && exec "$cairn" watch --all j 2>err) | head -n 2 >out || status=$?
    [[ $status -eq 4 ]] || fail "with SIGPIPE ignored the exit status is $status"
    status=0
    "$cairn" watch --all j >/dev/full 2>err || status=$?
    [[ $status -eq 4 ]] || fail "with a full disk behind it the exit status is $status"
}

watch__goes_on_in_a_place_that_is_made_anew() {
    local url place
    for url in j dir:d; do
        place=${url#dir:}
        record "$url" one
        begin --all --json "$url"
        line_is one
        rm -r "$place"
        record "$url" two
        line_is two
        mv "$place" moved
        record "$url" three
        line_is three
        record "${url%"$place"}moved" elsewhere
        rm -r moved "$place"
        until grep -q 'waiting until there is' err; do kill -0 "$watch" || fail "it has ended"; done
        record "$url" four
        line_is four
        ends 143 TERM
    done
}

watch__ends_in_time() {
    local status=0
    record j one
    "$cairn" watch --timeout 0.3 --all j >out 2>err || status=$?
    [[ $status -eq 5 ]] || fail "the exit status is $status"
    grep -q one out || fail "it printed $(cat out)"
    status=0
    "$cairn" watch --timeout 0.3 absent >out 2>err || status=$?
    [[ $status -eq 5 && ! -e absent ]] || fail "the exit status is $status, or something was made"
    status=0
    "$cairn" watch "$base/work/id" >out 2>err || status=$?
    [[ $status -eq 2 ]] || fail "a file is watched: $status"
}

# A stranger puts a file there, by the name alone and without a sync. What is durable is the watch's to see to.
watch__makes_a_strangers_file_durable_first() {
    if ! strace -o /dev/null true 2>/dev/null; then
        echo "SKIP: strace cannot trace here"
        return
    fi
    "$cairn" checkpoint -l mine dir:d </dev/null >id
    mkfifo lines
    strace -f -o trace -e trace=openat,fsync,write "$cairn" watch --all --json dir:d >lines 2>err &
    watch=$!
    exec 3<lines
    line_is mine
    flock d/lock sh -c 'echo foreign >d/00000001-go.chk'
    line_is -go
    kill "$(pgrep -P "$watch")"
    ends 143
    awk '/openat\(.*"00000001-go\.chk"/ { opened = NR; fd = $NF }
        opened && $0 ~ "fsync\\(" fd "\\) += 0" { synced = NR }
        synced && /write\(1, .*-go/ { shown = NR }
        END { exit !shown }' trace || fail "it was not synced before it was shown: $(grep -A5 00000001 trace)"
}

# However many there are, a look that finds nothing new does not read the directory, and not the log.
watch__that_finds_nothing_costs_nothing() {
    if ! strace -o /dev/null true 2>/dev/null; then
        echo "SKIP: strace cannot trace here"
        return
    fi
    local url
    for url in j dir:d; do
        for i in 1 2 3; do record "$url" "$i"; done
        strace -f -o trace "$cairn" watch --timeout 1 "$url" >out 2>err || true
        # From the third rest on.
        awk '/poll\(/ { rests++ }
            rests >= 3 && /getdents64\(|fsync\(/ { reading++ }
            rests >= 3 && /pread64\(/ { if (match($0, /, [0-9]+, [0-9]+\) = /)) reads++ }
            END { if (rests < 5 || reading || reads > 2 * rests) { print rests, reading, reads; exit 1 } }' trace >counts ||
            fail "$url: rests, directories read, reads: $(cat counts)"
    done
}

mapfile -t tests < <(declare -F | awk '$3 ~ /__/ { print $3 }')
for test_name in "${tests[@]}"; do
    rm -rf "${base:?}/work"
    mkdir work
    (cd work && "$test_name") || exit 1
    echo "ok - $test_name"
done
