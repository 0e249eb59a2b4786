#!/usr/bin/env bash
# test_torture.sh -- cairn-torture on programs of which it is known how they lose data, and on such as do not: each wrong
# one is found wrong in the way that it is, and no right one is.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
corpus=$(cd "$(dirname "${BASH_SOURCE[0]}")/../torture/corpus" && pwd)
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-torture.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
test_name=setup

skip() {
    echo "SKIP: $*"
    exit 77
}

fail() {
    echo "not ok - $test_name: $*"
    [[ ! -s out ]] || sed 's/^/# /' out
    exit 1
}

[[ ${CAIRN_SANITIZE:-} != *thread* ]] || skip "what is tried here has one thread"
unshare --user --mount --pid --fork true 2>/dev/null || [[ $(id -u) -eq 0 ]] ||
    skip "namespaces are not permitted here, and there is no root"
export ASAN_OPTIONS=${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}detect_leaks=0

# torture STATUS CHECK COMMAND... -- runs it on a directory that `prepare` has filled; what it says is in ./out.
torture() {
    local wanted=$1 check=$2 status=0
    shift 2
    rm -rf torture.out
    "$programs/cairn-torture" run --dir dir --check "$check" --samples 4 --failures 4 "${more[@]}" -- "$@" \
        >out 2>&1 || status=$?
    [[ $status -eq $wanted ]] || fail "the exit status is $status, not $wanted"
}

# replays_all -- each failure that was found can be seen again.
replays_all() {
    local file status
    for file in torture.out/*.repro; do
        status=0
        "$programs/cairn-torture" replay "$file" >again 2>&1 || status=$?
        [[ $status -eq 1 ]] || fail "$file: $status: $(cat again)"
        ! grep -q otherwise again || fail "$file: $(cat again)"
    done
}

prepare() {
    rm -rf dir
    mkdir dir
    more=()
}

# passed PROFILE..., failed PROFILE... -- the verdicts.
verdict() {
    local word=$1 profile
    shift
    for profile in "$@"; do
        grep -qE "^$profile +$word" out || fail "under $profile it has not $word"
    done
}

says() {
    grep -qE "^ +\| .*$1" out || fail "no check said '$1'"
}

never_says() {
    ! grep -qE "^ +\| .*$1" out || fail "a check said '$1'"
}

file_is() {
    prepare
    torture "$1" "$programs/torture_corpus_file $2 check dir" "$programs/torture_corpus_file" "$2" work dir
}

red__inplace_writer_is_torn() {
    file_is 1 inplace
    verdict FAILED strict ext4 xfs btrfs
    says garbage
    says lost
}

red__inplace_writer_with_fsync_is_torn_but_durable() {
    file_is 1 inplace-sync
    verdict FAILED strict ext4 xfs btrfs
    says garbage
    never_says lost
}

red__rename_without_fsync() {
    file_is 1 rename
    verdict FAILED strict ext4 xfs btrfs
    verdict passed kill
    says garbage
    says lost
}

red__rename_without_a_sync_of_the_directory_loses_the_last_only() {
    file_is 1 rename-fsync
    verdict FAILED strict ext4 xfs btrfs
    verdict passed kill
    says lost
    never_says garbage
    grep -q 'nothing syncs it: the directory wants an fsync' out || fail "the remedy is not told"
}

red__log_without_fsync_loses_its_end_only() {
    file_is 1 append-unsynced
    verdict FAILED strict ext4 xfs btrfs
    says lost
    never_says garbage
}

red__checkpointer_of_the_go_package() {
    file_is 1 go
    verdict FAILED kill strict ext4 xfs btrfs
    says garbage
    says lost
}

green__rename_that_is_right() {
    file_is 0 rename-right
    verdict passed kill strict ext4 xfs btrfs
}

green__log_that_is_right() {
    file_is 0 append
    verdict passed kill strict ext4 xfs btrfs
}

lmdb_is() {
    torture "$1" "$programs/torture_corpus_lmdb $2 check dir" "$programs/torture_corpus_lmdb" "$2" work dir
}

red__lmdb_nosync() {
    prepare
    "$programs/torture_corpus_lmdb" nosync make dir
    lmdb_is 1 nosync
    verdict FAILED strict ext4 xfs btrfs
}

red__lmdb_whose_file_is_new() {
    prepare
    lmdb_is 1 default
    says 'not an LMDB file'
}

green__lmdb() {
    prepare
    "$programs/torture_corpus_lmdb" default make dir
    lmdb_is 0 default
    verdict passed kill strict ext4 xfs btrfs
}

sqlite_is() {
    [[ -x $programs/torture_corpus_sqlite ]] || { echo "SKIP: there is no SQLite"; return 0; }
    prepare
    torture "$1" "$programs/torture_corpus_sqlite $2 $3 check dir" "$programs/torture_corpus_sqlite" "$2" "$3" work dir
    "$4"
}

fails_without_power() {
    verdict passed kill
    verdict FAILED strict ext4 xfs btrfs
}

loses_the_last_only() {
    fails_without_power
    says lost
    never_says 'malformed|integrity'
}

passes_always() {
    verdict passed kill strict ext4 xfs btrfs
}

red__sqlite_off() {
    sqlite_is 1 delete off fails_without_power
    sqlite_is 1 wal off fails_without_power
}

# SQLite's manual says so of EXTRA: without it the removal of the journal may be lost, and with it the last commit.
red__sqlite_full_with_a_rollback_journal_loses_the_last_only() {
    sqlite_is 1 delete full loses_the_last_only
}

green__sqlite() {
    sqlite_is 0 wal full passes_always
    sqlite_is 0 delete extra passes_always
}

red__sort_into_itself() {
    prepare
    torture 1 "$corpus/sort.sh check dir" "$corpus/sort.sh" work dir
    verdict FAILED kill strict ext4 xfs btrfs
    says garbage
}

git_is() {
    command -v git >/dev/null || { echo "SKIP: there is no git"; return 0; }
    prepare
    more=(--faults power --profile ext4 --samples 0)
    torture "$1" "$corpus/git.sh check dir" "$corpus/git.sh" "$2" dir "${@:3}"
}

red__git_as_it_is() {
    git_is 1 work
}

# It syncs no directory: the last commit may be lost, and nothing else.
red__git_that_syncs_all_loses_the_last_only() {
    git_is 1 work -c core.fsync=all
    says lost
    never_says garbage
}

green__git_that_syncs_all_and_its_directory() {
    git_is 0 work-synced -c core.fsync=all
}

# The sums of the records find what has rotted, and there is nothing to mend it with; a check that knows of the
# fault may take that for well.
red__rot_loses_what_it_hits() {
    prepare
    more=(--faults rot)
    torture 1 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append work dir
    verdict FAILED rot
    says lost
    never_says garbage
    replays_all
}

green__rot_that_is_known_of() {
    prepare
    more=(--faults rot)
    # shellcheck disable=SC2016 # for the check's shell
    torture 0 '[ "$TORTURE_FAULT" = rot ]' "$programs/torture_corpus_file" append work dir
    verdict passed rot
}

# The kernel tells of a failed write-back once, and then takes the pages for written.
red__fsync_that_is_tried_again() {
    file_is 0 append-retry
    prepare
    more=(--faults errors)
    torture 1 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append-retry work dir
    says lost
    grep -q 'with call [0-9]*, fsync, fails: ' out || fail "the call is not told"
    replays_all
}

green__program_that_stops_at_an_error() {
    local how
    for how in append rename-right; do
        prepare
        more=(--faults errors)
        torture 0 "$programs/torture_corpus_file $how check dir" "$programs/torture_corpus_file" "$how" work dir
        verdict passed errors
    done
}

allocations_are_seen() {
    [[ -z ${CAIRN_SANITIZE:-} ]] || { echo "SKIP: $test_name: a sanitizer has the allocator"; return 1; }
}

red__record_that_there_is_no_memory_for() {
    allocations_are_seen || return 0
    prepare
    more=(--faults errors --allocations 0)
    torture 0 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append-skips work dir
    grep -q '; allocations were not tried$' out || fail "it is not told that none was tried"
    prepare
    more=(--faults errors)
    torture 1 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append-skips work dir
    says lost
    grep -q 'with allocation [0-9]*, malloc, fails: Cannot allocate memory' out || fail "the allocation is not told"
    replays_all
}

red__calls_and_allocations_are_told_apart() {
    allocations_are_seen || return 0
    prepare
    more=(--faults errors --failures 1000)
    # shellcheck disable=SC2016 # for the check's shell
    torture 1 '[ "$(stat -c %s dir/log)" = 36048 ]' "$programs/torture_corpus_file" append-skips work dir
    grep -q 'with call ' out || fail "no call is told"
    grep -q 'with allocation ' out || fail "no allocation is told"
}

red__wait_for_memory_that_does_not_come() {
    allocations_are_seen || return 0
    prepare
    more=(--faults errors --timeout 1 --failures 1)
    torture 1 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append-waits work dir
    grep -q 'with allocation [0-9]*, malloc, fails: Cannot allocate memory; and all after it' out ||
        fail "the allocation is not told"
    grep -q 'the workload itself did not end in 1 seconds' out || fail "the hang is not told"
    ! grep -q 'the workload crashed' out || fail "what was killed for its hang is told as a crash"
}

# All that there are, in each of the workers; and fewer, from the first to the last.
green__program_that_stops_when_there_is_no_memory() {
    local all
    allocations_are_seen || return 0
    prepare
    more=(--faults errors --jobs 3 --allocations 1000 --json json)
    torture 0 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append work dir
    all=$(sed -nE 's/^errors .*; ([0-9]+) allocations, \1 of them made to fail$/\1/p' out)
    [[ ${all:-0} -ge 5 ]] || fail "not all allocations were tried, or these are too few"
    grep -q "\"allocations\":$all,\"allocations_failed\":$all," json || fail "the JSON is: $(cat json)"
    prepare
    more=(--faults errors --jobs 2 --allocations 3)
    torture 0 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append work dir
    grep -q "; $all allocations, 3 of them made to fail\$" out || fail "it is not told how many were tried"
}

green__program_that_crashes_when_there_is_no_memory() {
    allocations_are_seen || return 0
    prepare
    more=(--faults errors)
    torture 0 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append-aborts work dir
    grep -qE '; ([0-9]+) allocations, \1 of them made to fail, and the workload crashed in [0-9]+ runs$' out ||
        fail "it is not told that it crashed"
}

# What is preloaded into the workload already stays so, and the check has none of ours.
allocations__go_by_the_environment() {
    allocations_are_seen || return 0
    prepare
    more=(--faults errors --allocations 2)
    # shellcheck disable=SC2016 # for the shells that it starts
    LD_PRELOAD=libdl.so.2 torture 0 '[ "$LD_PRELOAD$TORTURE_ALLOCATIONS" = libdl.so.2 ]' \
        sh -c 'case $LD_PRELOAD in libdl.so.2 | */allocations.so:libdl.so.2) echo x >dir/x ;; *) sleep 1000 ;; esac'
    grep -q 'allocations, 2 of them made to fail' out || fail "no allocation was tried"
}

allocations__of_a_static_program_are_not_seen() {
    prepare
    echo 'int main(int argc, char **argv) { (void)argc; return mkdir(argv[1], 0777); }' |
        "${CAIRN_CC:-cc}" -include sys/stat.h -x c -static -o static - 2>/dev/null ||
        { echo "SKIP: $test_name: nothing can be linked statically"; return 0; }
    more=(--faults errors)
    torture 0 true ./static dir/x
    grep -q '; no allocation was seen: ' out || fail "it is not told"
}

# A linker that allocates while it looks for the next allocator: what it gets is of use, and not counted.
allocations__of_the_linker_are_served() {
    local all
    allocations_are_seen || return 0
    prepare
    cat >linker.c <<'END'
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static char *kept;

__attribute__((destructor)) static void end(void)
{
    free(kept);
}

void *dlsym(void *handle, const char *name)
{
    char *block = malloc(10), *zeros = calloc(3, 5);

    (void)handle;
    strcpy(block, "mine");
    block = realloc(block, 1000);
    for (int i = 0; i < 15; i++)
        if (zeros[i])
            abort();
    if (strcmp(block, "mine"))
        abort();
    free(block);
    kept = zeros;
    return dlvsym(RTLD_NEXT, name, "GLIBC_2.2.5");
}
END
    "${CAIRN_CC:-cc}" -D_GNU_SOURCE -fno-builtin -shared -fPIC -o linker.so linker.c 2>cc.err ||
        { echo "SKIP: $test_name: $(head -n 1 cc.err)"; return 0; }
    more=(--faults errors)
    torture 0 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append work dir
    all=$(grep -o '; [0-9]* allocations, .*' out)
    prepare
    more=(--faults errors)
    LD_PRELOAD=$base/linker.so \
        torture 0 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append work dir
    grep -qF "$all" out || fail "it was otherwise without: $all"
}

allocations__that_cannot_be_counted_are_told() {
    allocations_are_seen || return 0
    prepare
    more=(--faults errors --json json)
    # shellcheck disable=SC2016 # for the workload's shell
    torture 0 true sh -c 'echo x >dir/x; [ -z "$TORTURE_ALLOCATIONS" ]'
    grep -q '; allocations were not tried: the workload ends otherwise' out || fail "it is not told"
    grep -q '"allocations_failed":0,' json || fail "they were tried"
}

# Each kill by itself does no harm; but what is appended behind a torn record is never found.
red__log_that_goes_on_behind_a_torn_record() {
    prepare
    torture 0 "$programs/torture_corpus_file resume-torn check dir" "$programs/torture_corpus_file" resume-torn work dir
    prepare
    more=(--rounds 60)
    torture 1 "$programs/torture_corpus_file resume-torn check dir" "$programs/torture_corpus_file" resume-torn work dir
    verdict passed kill strict
    verdict FAILED rounds
    says lost
    grep -q 'with round [0-9]*: ' out || fail "the round is not told"
    replays_all
}

green__log_that_cuts_off_a_torn_record() {
    prepare
    more=(--rounds 60)
    torture 0 "$programs/torture_corpus_file resume check dir" "$programs/torture_corpus_file" resume work dir
    grep -qE '^rounds +passed: 60 rounds' out || fail "there were not 60 rounds"
    prepare
    more=(--rounds 40 --faults kill)
    # shellcheck disable=SC2016 # for the workload's shell
    torture 0 true sh -c 'mkdir dir/x && sleep 0.02'
    grep -qE '^rounds .*; in [0-9]+ the workload could not go on' out || fail "it is not told that it could not go on"
}

# --- the command ---------------------------------------------------------------------------------------

replay__shows_the_same_again() {
    local file status
    file_is 1 rename
    for file in torture.out/*.repro; do
        status=0
        "$programs/cairn-torture" replay "$file" >again 2>&1 || status=$?
        [[ $status -eq 1 ]] || fail "the exit status of $file is $status: $(cat again)"
        ! grep -q 'otherwise' again || fail "$file ends otherwise: $(cat again)"
        cp "$file" cut
        truncate -s -1 cut
        status=0
        "$programs/cairn-torture" replay cut >again 2>&1 || status=$?
        [[ $status -eq 2 ]] || fail "a cut file's exit status is $status: $(cat again)"
    done
}

run__with_the_same_seed_is_the_same() {
    file_is 1 rename
    sed -E 's/ +[0-9]+ (open|write|rename)/ \1/' out >first
    file_is 1 rename
    sed -E 's/ +[0-9]+ (open|write|rename)/ \1/' out >second
    cmp -s first second || fail "two runs differ: $(diff first second)"
}

run__tells_programs_what_it_found() {
    prepare
    more=(--tap tap --junit junit --json json)
    torture 1 "$programs/torture_corpus_file rename-fsync check dir" "$programs/torture_corpus_file" rename-fsync work dir
    [[ $(grep -cE '^ok ' tap) -eq 1 && $(grep -cE '^not ok ' tap) -eq 4 && $(tail -n 1 tap) == 1..5 ]] ||
        fail "the TAP is: $(cat tap)"
    [[ $(grep -c '<testcase ' junit) -eq 5 && $(grep -c '<failure ' junit) -eq 4 ]] || fail "the JUnit is: $(cat junit)"
    [[ $(grep -o '"verdict":"failed"' json | wc -l) -eq 4 ]] || fail "the JSON is: $(cat json)"
    if command -v jq >/dev/null; then
        [[ $(jq -r '.profiles[1].failures[0].lost[0]' json) == *'rename '*'tmp -> state' ]] ||
            fail "the JSON is: $(cat json)"
    fi
    if command -v xmllint >/dev/null; then
        xmllint --noout junit || fail "the JUnit is none"
    fi
}

run__leaves_the_directory_alone() {
    prepare
    echo mine >dir/mine
    torture 0 true sh -c 'echo two >>dir/mine; echo other >dir/other'
    [[ $(cat dir/mine dir/other) == $'mine\ntwo\nother' ]] || fail "the directory has something else: $(ls dir)"
}

run__that_cannot_be_followed_is_incomplete() {
    prepare
    command -v setfattr >/dev/null || { echo "SKIP: there is no setfattr"; return 0; }
    touch dir/x
    setfattr -n user.x -v y dir/x 2>/dev/null || { echo "SKIP: no extended attributes here"; return 0; }
    torture 3 true setfattr -n user.x -v z dir/x
    grep -q INCOMPLETE out || fail "it does not say so"
}

run__misuse_is_told() {
    local status
    for arguments in '' 'run' 'run --dir . -- true' 'run --dir . --check true' 'run --profile no --dir . --check true -- true' \
        'replay' 'replay nothing' 'show nothing' 'nonsense'; do
        status=0
        # shellcheck disable=SC2086 # words
        "$programs/cairn-torture" $arguments >out 2>&1 || status=$?
        [[ $status -eq 2 ]] || fail "'$arguments' exits with $status"
    done
}

check__that_hangs_or_crashes_is_a_failure() {
    prepare
    more=(--timeout 1 --faults kill --failures 1)
    torture 1 'sleep 1000' sh -c 'echo x >dir/x'
    grep -q 'did not end in time' out || fail "the hang is not told"
    prepare
    # shellcheck disable=SC2016 # for the check's shell
    torture 1 'kill -SEGV $$' sh -c 'echo x >dir/x'
    grep -q 'killed by signal 11' out || fail "the crash is not told"
}

# Killed while it records and while it checks, it leaves nothing running and nothing mounted.
run__that_is_killed_leaves_nothing() {
    local mark pid left
    for what in record check; do
        prepare
        mark=1000.$$$RANDOM # seconds, which nobody else sleeps
        mkfifo going
        # shellcheck disable=SC2016 # for the shells that it starts
        if [[ $what == record ]]; then
            "$programs/cairn-torture" run --dir dir --check true -- \
                sh -c 'echo x >dir/x; sleep "$0" & echo >going; exec sleep "$0"' "$mark" >out 2>&1 &
        else
            "$programs/cairn-torture" run --dir dir --jobs 2 --check "sleep $mark & echo >going; sleep $mark" -- \
                sh -c 'echo x >dir/x' >out 2>&1 &
        fi
        pid=$!
        read -r _ <going
        kill -KILL "$pid"
        wait "$pid" 2>/dev/null || true
        rm going
        # The kernel ends them one after the other; each of them is waited for, if there is any.
        left=1
        while [[ $left -ne 0 ]]; do
            left=$(pgrep -c -f "$mark" || true)
        done
        ! grep -q "$base/dir " /proc/mounts || fail "$what: something is mounted"
    done
}

# What the check leaves running is gone with it, and it sees another boot after a power cut, and none after a kill.
check__has_the_world_after_a_crash() {
    prepare
    cat >check <<'END'
#!/bin/sh
sleep 1000 &
echo $! >>dir/pids
[ "$TORTURE_DIR" = "$(pwd)/dir" ] || exit 1
boot=$(cat /proc/sys/kernel/random/boot_id)
case $TORTURE_FAULT in
kill) [ "$boot" = "$BOOT" ] ;;
power) [ "$boot" != "$BOOT" ] ;;
esac
END
    chmod +x check
    BOOT=$(cat /proc/sys/kernel/random/boot_id)
    export BOOT
    torture 0 ./check sh -c 'echo x >dir/x'
    ! pgrep -f '^sleep 1000$' >/dev/null || fail "something is left running"
}

mapfile -t tests < <(declare -F | awk '$3 ~ /__/ { print $3 }')
for test_name in "${tests[@]}"; do
    "$test_name"
    echo "ok - $test_name"
done
echo "${#tests[@]} tests"
