#!/usr/bin/env bash
# test_torture.sh -- cairn-torture on programs of which it is known how they lose data, and on such as do not: each wrong
# one is found wrong in the way that it is, and no right one is.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
corpus=$(cd "$(dirname "${BASH_SOURCE[0]}")/../torture/corpus" && pwd)
library=$(echo "$programs"/../lib/*torture_corpus_check.so)
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-torture.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
test_name=setup

skip() {
    echo "SKIP: $*"
    exit 77
}

# left_out REASON -- the case that is under way cannot be tried here; it is counted as skipped.
left_out() {
    echo "SKIP: $*"
    echo "[  SKIPPED ] $test_name"
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
    local wanted=$1 check=(--check "$2") status=0
    [[ $2 != --* ]] || read -ra check <<<"$2"
    shift 2
    rm -rf torture.out
    "$programs/cairn-torture" run --dir dir "${check[@]}" --samples 4 --failures 4 "${more[@]}" -- "$@" \
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
    [[ -x $programs/torture_corpus_sqlite ]] || { left_out "there is no SQLite"; return 0; }
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
    command -v git >/dev/null || { left_out "there is no git"; return 0; }
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
    [[ -z ${CAIRN_SANITIZE:-} ]] || { left_out "a sanitizer has the allocator"; return 1; }
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
    ! grep -q 'ended the workload' out || fail "what was killed for its hang is told as a crash"
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
    grep -qE '; ([0-9]+) allocations, \1 of them made to fail, and a signal ended the workload in [0-9]+ runs, which is no failure$' out ||
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
        { left_out "nothing can be linked statically"; return 0; }
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
        { left_out "$(head -n 1 cc.err)"; return 0; }
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
    more=(--rounds 2 --drop-syncs --faults 'kill,power' --profile strict)
    torture 0 "$programs/torture_corpus_file resume check dir" "$programs/torture_corpus_file" resume work dir
    [[ $(grep -c 'syncs left out' out) -eq 1 ]] || fail "rounds are taken for a profile of power cuts"
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

# is_whole FILE -- it is well-formed: every element that begins ends, in order, and an ampersand is none by itself; and
# nothing in it is fetched from elsewhere.
is_whole() {
    local wrong
    wrong=$(tr '\n' ' ' <"$1" | sed 's/<[^>]*>/\n&\n/g' | awk '
        /^<[!?]/ || /\/>$/ { next }
        /^<\// {
            name = substr($0, 3, length($0) - 3)
            if (!depth || open[depth--] != name) print "</" name "> ends nothing"
            next
        }
        /^</ {
            if (!match($0, /^<[a-z][a-z0-9]*/)) print "no element: " $0
            open[++depth] = substr($0, 2, RLENGTH - 1)
            next
        }
        {
            gsub(/&(lt|gt|amp|quot|#[0-9]+);/, "")
            if (/[&<>]/ && open[depth] != "style") print "bare: " $0
        }
        END { if (depth) print "<" open[depth] "> does not end" }')
    [[ -z $wrong ]] || fail "$1 is not whole: $wrong"
    iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || fail "$1 is no UTF-8"
    if command -v xmllint >/dev/null; then
        xmllint --noout "$1" || fail "$1 is not well-formed"
    fi
    wrong=$(sed 's#http://www.w3.org/2000/svg##g' "$1" |
        grep -oE 'https?://.*|src=.*|href=.*|@import.*|url\(.*|<(script|link|iframe|object|embed|img).*') || true
    [[ -z $wrong ]] || fail "$1 wants something from elsewhere: $wrong"
}

run__tells_people_what_it_found() {
    prepare
    more=(--html page.html)
    torture 1 "$programs/torture_corpus_file rename-fsync check dir" "$programs/torture_corpus_file" rename-fsync work dir
    is_whole page.html
    [[ $(grep -c '<tr>.*verdict good">passed<' page.html) -eq 1 && $(grep -c '<tr>.*verdict bad">FAILED<' page.html) -eq 4 ]] ||
        fail "the verdicts are not told"
    [[ $(grep -c '<section ' page.html) -eq $(grep -cE 'states? like this one' out) ]] || fail "not all failures are told"
    grep -qE 'class="lost".*<title>LOST \(1\): .* rename +rename +tmp -&gt; state[^<]*<.*class="x"' page.html ||
        fail "the rename is not crossed out"
    grep -q 'Should have been synced:</strong> the directory <code>.</code>' page.html || fail "the remedy is not told"
    grep -q 'cairn-torture replay torture.out/1-strict.repro' page.html || fail "the file is not told"
    grep -q -- '--faults kill,power --profile strict,ext4,xfs,btrfs --seed 1 --samples 4' page.html ||
        fail "it does not say how to run it again"
}

run__tells_people_of_names_that_are_hostile() {
    local wanted
    prepare
    more=(--html page.html --profile strict)
    cat >work <<'END'
#!/bin/bash
cd dir
for name in '<script>alert(1)<' '"x"' 'a&amp;b&' $'two\nlines' $'\xff\xfe\x80' $'\xe2\x80\xae' "'"; do
    echo x >"$name"
done
echo $'<b>&"\xff'
END
    chmod +x work
    # It fails where all of them are there.
    # shellcheck disable=SC2016 # for the check's shell
    torture 1 'printf "</pre><script>\"&\377\001"; test "$(cat dir/* | wc -l)" -lt 7' ./work '<i>' $'\xff\n'
    is_whole page.html
    for wanted in '&lt;script&gt;alert(1)&lt;' '&quot;x&quot;' 'a&amp;amp;b&amp;' 'two\n' '\xff\xfe\x80' '\xe2\x80\xae' \
        '&lt;/pre&gt;&lt;script&gt;&quot;&amp;\xff\x01' "&#39;&lt;i&gt;&#39; \$&#39;\\377\\012&#39;"; do
        grep -qF -- "$wanted" page.html || fail "it does not have '$wanted'"
    done
    ! grep -qE '<(script|b|i)>' page.html || fail "a string has become an element"
}

run__tells_people_of_rot_and_of_calls_that_fail() {
    prepare
    more=(--html page.html --faults 'rot,errors')
    torture 1 "$programs/torture_corpus_file append check dir" "$programs/torture_corpus_file" append-retry work dir
    is_whole page.html
    grep -q 'Rotten:</strong> <code>log: ' page.html || fail "the rot is not told"
    grep -qE 'run again with <strong>call [0-9]+, fsync, fails: ' page.html || fail "the call is not told"
    grep -q 'its sync failed' page.html || fail "the sync is not told"
}

# A recovery that removes the old state before the new one is in its place.
run__tells_people_of_a_check_that_was_crashed() {
    prepare
    more=(--html page.html --deep 1 --faults kill)
    echo old >dir/old
    torture 1 'test -e dir/old || test -e dir/new || exit 1; rm -f dir/old dir/new; echo >dir/new; echo done' \
        sh -c 'echo x >dir/old'
    is_whole page.html
    grep -q 'The ticks and the picture are of the check' page.html || fail "whose picture it is is not told"
    grep -q '>printed by the check<' page.html || fail "what the check prints is taken for a promise"
}

run__tells_people_of_a_long_run_in_a_few_words() {
    prepare
    more=(--html page.html --faults kill --failures 1)
    torture 1 false dd if=/dev/zero of=dir/x bs=1 count=10000 status=none
    is_whole page.html
    [[ $(stat -c %s page.html) -lt 100000 ]] || fail "the page is too large: $(stat -c %s page.html)"
    grep -qE 'Drawn: [0-9]+ of the 100[0-9]{2} operations, ' page.html || fail "what is left out is not told"
}

run__that_cannot_write_its_page_says_so() {
    local status=0
    prepare
    "$programs/cairn-torture" run --dir dir --check true --html nowhere/page.html -- true >out 2>&1 || status=$?
    [[ $status -eq 2 ]] || fail "it exits with $status"
    grep -q 'nowhere/page.html: No such file' out || fail "it does not say so"
}

# compiled NAME -- a program of what is on standard input, with what these programs have in common.
compiled() {
    {
        cat <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
static int dir_synced(void)
{
    return fsync(open("dir", O_RDONLY));
}
END
        cat
    } >"$1.c"
    ${CAIRN_CC:-cc} -o "$1" "$1.c"
}

# A store to a mapping is there when the next call begins: the sync covers it, and a kill does not undo it.
green__stores_to_a_mapping() {
    local sync
    compiled mapped <<'END'
int main(int argc, char **argv)
{
    int f = open("dir/f", O_RDWR | O_CREAT, 0644);
    if (ftruncate(f, 8192) != 0 || fsync(f) != 0 || dir_synced() != 0)
        return 1;
    char *m = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0);
    m[4096] = 'x';
    m[0] = 'x';
    if (argc > 1 && (strcmp(argv[1], "msync") == 0 ? msync(m, 8192, MS_SYNC) : fsync(f)) != 0)
        return 1;
    close(open("dir/marker", O_RDWR | O_CREAT, 0644));
    if (argc > 1)
        puts("1");
    return 0;
}
END
    compiled has_x <<'END'
int main(void)
{
    char c = 0, d = 0, acked[4] = "";
    int f = open("dir/f", O_RDONLY), a = open(getenv("TORTURE_ACKED"), O_RDONLY);
    int marked = access("dir/marker", F_OK) == 0 && strcmp(getenv("TORTURE_FAULT"), "kill") == 0;
    pread(f, &c, 1, 0);
    pread(f, &d, 1, 4096);
    if (c == 'x' && d != 'x' && strcmp(getenv("TORTURE_FAULT"), "kill") == 0)
        return 3;
    return (marked || read(a, acked, 1) == 1) && (c != 'x' || d != 'x');
}
END
    for sync in msync fsync ''; do
        prepare
        # shellcheck disable=SC2086 # a word, or none
        torture 0 ./has_x ./mapped $sync
    done
}

# An fsync that was interrupted has failed to write nothing.
green__fsync_that_is_interrupted_and_tried_again() {
    compiled retries <<'END'
#include <errno.h>
#define RETRY(call) do r = (call); while (r < 0 && errno == EINTR); if (r < 0) return 1
int main(void)
{
    int f, r;
    RETRY(f = open("dir/f", O_RDWR | O_CREAT, 0644));
    RETRY((int)write(f, "x", 1));
    RETRY(fsync(f));
    RETRY(dir_synced());
    puts("1");
    return 0;
}
END
    prepare
    more=(--faults errors --allocations 0)
    torture 0 "[ ! -s \"\$TORTURE_ACKED\" ] || [ -s dir/f ]" ./retries
}

# What cannot be opened, or read, is not what is not there.
red__program_that_takes_an_error_for_an_end() {
    compiled counts <<'END'
static int value(void)
{
    char c = '0';
    int f = open("dir/f", O_RDONLY);
    if (f >= 0 && read(f, &c, 1) < 0)
        c = '0';
    close(f);
    return c - '0';
}
int main(void)
{
    char c;
    for (int i = 0; i < 3; i++) {
        int f = open("dir/tmp", O_WRONLY | O_CREAT | O_TRUNC, 0644);
        c = (char)('1' + value());
        if (f < 0 || write(f, &c, 1) != 1 || fsync(f) != 0 || close(f) != 0 || rename("dir/tmp", "dir/f") != 0 ||
            dir_synced() != 0)
            return 1;
        printf("%c\n", c);
        fflush(stdout);
    }
    return 0;
}
END
    prepare
    more=(--faults 'kill,power,errors' --allocations 0)
    # shellcheck disable=SC2016 # for the check's shell
    torture 1 'a=$(sort -n "$TORTURE_ACKED" | tail -n 1); [ -z "$a" ] || [ "$(cat dir/f)" -ge "$a" ]' ./counts
    verdict passed kill strict ext4
    grep -qE 'with call [0-9]+, (read|openat|open), fails' out || fail "it is not the reading that fails"
}

red__socket_that_a_kill_leaves() {
    compiled binds <<'END'
int main(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = "dir/socket"};
    int s = socket(AF_UNIX, SOCK_STREAM, 0);
    return bind(s, (struct sockaddr *)&name, sizeof(name)) != 0 || unlink("dir/socket") != 0;
}
END
    prepare
    torture 1 '! test -e dir/socket' ./binds
    verdict FAILED kill
}

# A line that is not seen must not make a run green.
run__that_opens_its_output_anew_is_incomplete() {
    prepare
    torture 3 true sh -c 'echo start; echo x >dir/x; echo 1 >/dev/stdout'
    grep -q 'INCOMPLETE: .*opened anew' out || fail "it is not told"
}

run__of_a_workload_that_fails_is_not_green() {
    prepare
    torture 4 true ./nothing
    prepare
    torture 3 true sh -c 'exit 3'
    grep -q 'INCOMPLETE: the workload did not end well: exit status 3' out || fail "it is not told"
}

run__with_closed_streams_says_the_same() {
    local status=0
    prepare
    "$programs/cairn-torture" run --dir dir --json json --check "$programs/torture_corpus_file rename check dir" -- \
        "$programs/torture_corpus_file" rename work dir <&- >&- 2>&- || status=$?
    [[ $status -eq 1 ]] || fail "the exit status is $status"
    [[ $(head -c 13 json) == '{"profiles":[' && $(grep -c 'distinct states' json) -eq 0 ]] || fail "the JSON is: $(cat json)"
    status=0
    "$programs/cairn-torture" run --dir dir --check true -- true >/dev/full 2>out || status=$?
    [[ $status -eq 4 ]] || fail "with a full output the exit status is $status"
}

# What the workload leaves running has its time, and is ended then.
run__does_not_wait_for_ever() {
    prepare
    more=(--timeout 1 --faults 'kill,errors' --allocations 0)
    torture 0 true sh -c 'echo x >dir/x; setsid sleep 1002 >/dev/null & echo 1'
    grep -q 'what it left running is ended' out || fail "it is not told"
    [[ $(pgrep -c -x -f 'sleep 1002' || true) -eq 0 ]] || fail "it is left running"
}

run__in_a_directory_of_dev_shm() {
    local shm
    shm=$(mktemp -d /dev/shm/cairn-test-torture.XXXXXX)
    "$programs/cairn-torture" run --dir "$shm" --check "test -d $shm" -- sh -c "echo x >$shm/x" >out 2>&1 ||
        { rm -rf "$shm"; fail "it fails"; }
    rm -rf "$shm"
}

# Not by accident, at least.
check__that_unmounts_its_directory_finds_not_ours() {
    [[ $(id -u) -eq 0 ]] || { left_out "only root can unmount it"; return 0; }
    prepare
    torture 4 'umount -l dir; echo hit >>dir/x; true' sh -c 'echo mine >dir/x'
    [[ $(cat dir/x) == mine ]] || fail "the directory has been written to"
}

check__that_is_a_library_fails_by_any_number() {
    local code
    for code in 'return 256' 'exit(0)'; do
        printf '#include <stdlib.h>\nint torture_check(const char *d, const char *a) { (void)d, (void)a; %s; }\n' "$code" >lib.c
        ${CAIRN_CC:-cc} -shared -fPIC -o lib.so lib.c
        prepare
        torture 1 "--check-lib lib.so" sh -c 'echo x >dir/x'
    done
}

run__leaves_the_directory_alone() {
    prepare
    echo mine >dir/mine
    torture 0 true sh -c 'echo two >>dir/mine; echo other >dir/other'
    [[ $(cat dir/mine dir/other) == $'mine\ntwo\nother' ]] || fail "the directory has something else: $(ls dir)"
}

run__that_cannot_be_followed_is_incomplete() {
    prepare
    command -v setfattr >/dev/null || { left_out "there is no setfattr"; return 0; }
    touch dir/x
    setfattr -n user.x -v y dir/x 2>/dev/null || { left_out "no extended attributes here"; return 0; }
    torture 3 true setfattr -n user.x -v z dir/x
    grep -q INCOMPLETE out || fail "it does not say so"
}

run__misuse_is_told() {
    local status
    for arguments in '' 'run' 'run --dir .' 'run --dir . --check true' 'run --profile no --dir . --check true -- true' \
        'replay' 'replay nothing' 'show nothing' 'nonsense' 'run --faults , --dir . --check true -- true' \
        'run --profile strict,,ext4 --dir . --check true -- true' 'run --dir nothing --check true -- true' \
        'run --dir / --check true -- true' 'run --dir . --json ./x --check true -- true' \
        'run --dir /usr --json x --tap x --check true -- true' 'run --dir . --out . --check true -- true'; do
        status=0
        # shellcheck disable=SC2086 # words
        "$programs/cairn-torture" $arguments >out 2>&1 || status=$?
        [[ $status -eq 2 ]] || fail "'$arguments' exits with $status"
    done
}

check__may_be_a_library() {
    export CORPUS_HOW=rename-fsync
    prepare
    torture 1 "--check-lib $library" "$programs/torture_corpus_file" rename-fsync work dir
    verdict FAILED strict ext4 xfs btrfs
    verdict passed kill
    says lost
    replays_all
    grep -q '^ *| .*lost' again || fail "the library was not called: $(cat again)"
    export CORPUS_HOW=rename-right
    prepare
    more=(--deep 2 --faults 'kill,power,errors')
    torture 0 "--check-lib $library" "$programs/torture_corpus_file" rename-right work dir
    verdict passed kill strict ext4 xfs btrfs errors
    grep -q 'of them crashed again' out || fail "no check was crashed"
    unset CORPUS_HOW # what is called then crashes
    prepare
    more=(--faults kill)
    torture 1 "--check-lib $library" "$programs/torture_corpus_file" rename-right work dir
    grep -q 'killed by signal 6' out || fail "the crash is not told"
}

# What it has started is gone when it is called again, and if it hangs another process is there for the next.
check__that_is_a_library_leaves_nothing() {
    prepare
    cat >lib.c <<'END'
#include <stdlib.h>
#include <unistd.h>
int torture_check(const char *dir, const char *acked)
{
    (void)dir, (void)acked;
    if (system("! pgrep -x -f 'sleep 1001' >/dev/null") != 0)
        return 1;
    if (fork() == 0) {
        setsid();
        execlp("sleep", "sleep", "1001", (char *)0);
    }
    if (access("dir/hang", F_OK) == 0)
        pause();
    return 0;
}
END
    ${CAIRN_CC:-cc} -shared -fPIC -o lib.so lib.c
    # shellcheck disable=SC2016 # for the workload's shell
    torture 0 "--check-lib lib.so" sh -c 'for i in 1 2 3 4; do echo "$i" >>dir/x; done'
    prepare
    more=(--faults kill --timeout 1)
    torture 1 "--check-lib lib.so" sh -c 'echo x >dir/x; echo x >dir/hang; rm dir/hang; echo y >dir/x'
    grep -qE '^kill .* 6 distinct states, 6 checks' out || fail "not all were tried"
    grep -q 'did not end in time' out || fail "the hang is not told"
    prepare
    torture 4 "--check-lib $corpus/file.c" sh -c 'echo x >dir/x'
    torture 2 "--check-lib nothing" sh -c 'echo x >dir/x'
}

# files_are STATUS HOW [--recover] -- the same without a check: by the files as they are, or by what can be read.
files_are() {
    local oracle=""
    prepare
    [[ $# -lt 3 ]] || oracle="--recover"
    [[ -z $oracle ]] || more=(--recover "$programs/torture_corpus_file $2 read dir")
    torture "$1" --deep=16 "$programs/torture_corpus_file" "$2" work dir
    [[ $1 -eq 0 ]] || replays_all
}

no_check__files_are_compared_as_they_are() {
    local fault
    files_are 1 inplace
    says garbage
    files_are 1 rename
    verdict passed kill
    says garbage
    says lost
    files_are 1 rename-fsync
    verdict passed kill
    says lost
    never_says garbage
    files_are 1 append-unsynced
    verdict passed kill
    says old
    files_are 1 go
    files_are 0 rename-right
    files_are 0 append
    files_are 0 resume
    grep -q '^no check: ' out || fail "it is not told that there is none"
    for fault in errors rot; do
        prepare
        torture 2 "--faults $fault" true
    done
}

no_check__what_recovers_must_read_the_same() {
    local command
    files_are 1 inplace --recover
    says 'it exits with 1, as it does not'
    files_are 1 rename --recover
    verdict passed kill
    says 'lost: .* acknowledged'
    files_are 1 append-unsynced --recover
    verdict passed kill
    files_are 1 go --recover
    verdict FAILED kill
    files_are 0 rename-right --recover
    files_are 0 append --recover
    grep -q 'crashed again' out || fail "nothing was crashed while it recovered"
    prepare
    more=(--recover 'cat dir/x; echo x >>dir/y')
    torture 1 --deep=0 sh -c 'echo x >dir/x'
    says 'changes the directory again'
    prepare
    more=(--recover 'cat dir/x dir/y; echo x >>dir/y')
    torture 1 --deep=0 sh -c 'echo x >dir/x'
    says 'says something else'
    prepare
    more=(--recover 'cat dir/x' --profile strict)
    torture 1 --deep=0 sh -c 'printf "one\ntwo\n" >dir/x'
    says 'garbage: '
    for command in nothing false true; do # the latter two tell nothing
        prepare
        more=(--recover "$command")
        torture 4 --deep=0 sh -c 'echo x >dir/x'
    done
    prepare
    more=(--recover 'cat dir/x' --profile ext4)
    torture 0 --deep=0 sh -c 'echo x >dir/x; sync dir/x dir; echo 1'
    grep -q '^no acknowledged line is one that' out || fail "it is not told that no promise is tried"
    torture 2 '--check true' true
}

check__that_cannot_be_run_is_no_failure() {
    local command
    for command in ./nothing 'nothing | true; nothing' /etc/passwd; do
        prepare
        torture 4 "$command" sh -c 'echo x >dir/x'
        grep -q 'the check could not be run' out || fail "it is not told"
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

# last_is_kept -- a check in ./kept: dir/c holds the last number that was acknowledged, or a later one.
last_is_kept() {
    cat >kept <<'END'
#!/bin/sh
a=$(tail -n 1 "$TORTURE_ACKED")
[ -z "$a" ] && exit 0
c=$(tr -d '\0' <dir/c) || exit 1
[ "${c:-0}" -ge "$a" ] || { echo "there is '$c', and '$a' was promised"; exit 1; }
END
    chmod +x kept
}

red__sync_of_another_file_system() {
    prepare
    last_is_kept
    torture 1 ./kept sh -c 'echo 1 >dir/c; sync -f /proc; echo 1'
    verdict FAILED strict ext4 xfs btrfs
    prepare
    torture 0 ./kept sh -c 'echo 1 >dir/c; sync -f dir; echo 1'
}

# The shell takes a file that cannot be looked at for one that is not there.
red__look_that_fails_is_taken_for_nothing_there() {
    prepare
    last_is_kept
    cat >work <<'END'
cd dir || exit
echo 5 >t && sync t && mv t c && sync . && echo 5
[ -f c ] || { echo 1 >t && sync t && mv t c && sync .; }
END
    more=(--faults errors --allocations 0)
    torture 1 ./kept sh -e work
    grep -q 'with call [0-9]*, \(fstatat\|stat\), fails' out || fail "no stat() was made to fail"
}

green__write_that_syncs_itself_takes_its_name_along() {
    local flag profiles=ext4,xfs,btrfs
    for flag in sync dsync; do
        prepare
        last_is_kept
        more=(--profile "$profiles")
        torture 0 ./kept sh -c "echo 1 | dd of=dir/c oflag=$flag status=none; echo 1"
    done
    prepare
    more=(--profile strict)
    torture 1 ./kept sh -c 'echo 1 | dd of=dir/c oflag=sync status=none; echo 1'
}

red__rename_with_a_sync_of_the_old_directory_only() {
    local moves='mkdir dir/d dir/e; echo 1 >dir/d/x; sync dir/d/x dir/d dir/e dir; mv dir/d/x dir/e/x'
    prepare
    cat >there <<'END'
#!/bin/sh
[ ! -s "$TORTURE_ACKED" ] || test -s dir/e/x
END
    chmod +x there
    torture 1 ./there sh -c "$moves; sync dir/d; echo 1"
    verdict FAILED strict
    verdict passed ext4 xfs
    prepare
    torture 0 ./there sh -c "$moves; sync dir/e; echo 1"
}

# What a file has been made durable for outside, it is inside, too; and what it has not, not.
green__file_that_was_synced_before_it_is_moved_in() {
    prepare
    last_is_kept
    torture 0 ./kept sh -c 'echo 1 >apart; sync apart; mv apart dir/c; sync dir; echo 1'
    prepare
    rm -f apart
    torture 0 ./kept sh -c 'echo 1 | dd of=apart oflag=sync status=none; ln apart dir/c; sync dir; echo 1'
    prepare
    torture 1 ./kept sh -c 'echo 1 >apart; mv apart dir/c; sync dir; echo 1'
    verdict FAILED strict ext4 xfs btrfs
    prepare
    torture 1 ./kept sh -c 'echo 0 >apart; sync apart; echo 1 >apart; mv apart dir/c; sync dir; echo 1'
    verdict FAILED strict ext4 xfs btrfs
}

# It has its bytes when it has its name: before it was moved in it was elsewhere.
green__file_that_is_moved_in_is_whole() {
    prepare
    torture 0 "sh -c '[ ! -e dir/f ] || [ -s dir/f ]'" sh -c 'echo X >apart; sync apart; mv apart dir/f'
    prepare
    more=(--profile ext4)
    last_is_kept
    torture 0 ./kept sh -c 'echo 1 >dir/c; sync dir/c dir; echo 2 >apart; mv apart dir/c; echo 1'
}

green__socket_is_a_socket() {
    command -v python3 >/dev/null || { left_out "there is no python3"; return; }
    prepare
    torture 0 "sh -c '[ ! -s \"\$TORTURE_ACKED\" ] || [ -S dir/s ]'" python3 -c '
import os, socket
socket.socket(socket.AF_UNIX).bind("dir/s")
os.fsync(os.open("dir", 0))
os.write(1, b"1\n")'
}

# What is done on the way is not what was done in the recording: what comes behind it was not tried.
run__that_ends_otherwise_on_a_tmpfs_is_incomplete() {
    prepare
    more=(--faults errors)
    rm -rf apart && mkdir apart && echo G >apart/g
    torture 3 true sh -c 'set -e; ln apart/g dir/g 2>/dev/null; echo 1 >dir/x'
    grep -q '^errors  INCOMPLETE.*run again, the workload ends otherwise' out || fail "it is not told"
    grep -q 'INCOMPLETE: errors: on a tmpfs' out || fail "it is not told at the end"
}

run__whose_failures_cannot_be_written_is_broken() {
    prepare
    more=(--profile strict --out /proc/torture)
    torture 4 false sh -c 'echo 1 >dir/x'
}

green__fifo_in_the_directory() {
    prepare
    last_is_kept
    cat >work <<'END'
mkfifo dir/p
(echo x >dir/p) &
read -r x <dir/p
wait
echo 1 >dir/c && sync dir/c dir && echo 1
END
    torture 0 ./kept sh work
}

# Somebody else changes the directory meanwhile: what fails proves nothing.
run__of_what_was_not_seen_is_not_a_failure() {
    prepare
    rm -f go
    mkfifo go
    (read -r _ <go && echo z >dir/z) &
    torture 3 false sh -c 'echo x >dir/x; echo >go; until [ -s dir/z ]; do :; done'
    grep -q 'what failed may have failed for that' out || fail "it is not told"
}

record__of_a_workload_that_fails_says_so() {
    local status=0
    prepare
    "$programs/cairn-torture" record --dir dir --trace trace -- sh -c 'echo x >dir/x; exit 7' >out 2>&1 || status=$?
    [[ $status -eq 3 ]] || fail "the exit status is $status"
    grep -q 'did not end well: exit status 7' out || fail "it is not told"
    "$programs/cairn-torture" show trace >out 2>&1 || status=$?
    grep -q 'did not end well: exit status 7' out || fail "it is not kept"
}

# What a check or the workload prints is not for the terminal to obey, nor for TAP.
run__shows_control_characters_as_such() {
    prepare
    cat >check <<'END'
#!/bin/sh
[ -s "$TORTURE_ACKED" ] || exit 0
printf 'a\033[2Jb \377 \303\251\n'
exit 1
END
    chmod +x check
    more=(--tap tap)
    torture 1 ./check sh -c 'echo x >dir/x; printf "p\001\033[2Jq\n"'
    ! grep -q "$(printf '[\001\033]')" out tap || fail "a control character is told as it is"
    says 'a\\x1b\[2Jb \\xff é'
    grep -q 'last of them "p\\x01\\x1b\[2Jq"' out || fail "the acknowledged line is told otherwise"
}

# Half of what is spliced in, or less than nothing of what is read by it.
red__splice_that_is_cut_short_or_fails() {
    command -v python3 >/dev/null || { left_out "there is no python3"; return; }
    prepare
    more=(--faults errors --allocations 0)
    torture 1 "sh -c '[ ! -s \"\$TORTURE_ACKED\" ] || grep -q X dir/f'" python3 -c '
import os
fd = os.open("dir/f", os.O_RDWR | os.O_CREAT)
ends = os.pipe()
os.write(ends[1], b"A" * 99 + b"X")
os.splice(ends[0], fd, 100)
os.fsync(fd)
os.fsync(os.open("dir", 0))
os.write(1, b"1\n")'
    grep -q 'splice, does half' out || fail "no splice() was cut short"
    prepare
    echo X >dir/f
    more=(--faults errors --allocations 0)
    torture 1 'grep -q X dir/f' python3 -c '
import os
ends = os.pipe()
fd = os.open("dir/f", os.O_RDWR)
try:
    os.splice(fd, ends[1], 100)
except OSError:
    os.ftruncate(fd, 0)'
    grep -q 'splice, fails' out || fail "no splice() was made to fail"
}

# The time is up behind the first state; a profile that had time enough has passed.
run__ends_when_the_time_is_up() {
    prepare
    cat >check <<'END'
#!/bin/sh
[ "$TORTURE_FAULT" = kill ] || sleep 1.1
END
    chmod +x check
    more=(--seconds 1 --jobs 1 --profile ext4 --json json --tap tap)
    torture 3 ./check sh -c 'echo 1 >dir/x; echo 2 >dir/x'
    grep -q '^kill .*passed' out || fail "the kills have not passed"
    grep -q '^ext4 .*INCOMPLETE: .* 1 checks.*stopped after 1 seconds' out || fail "ext4 is not incomplete"
    grep -q 'INCOMPLETE: ext4: not all states were tested in 1 seconds' out || fail "it is not told at the end"
    grep -q '"profile":"ext4","verdict":"incomplete"' json || fail "json: $(cat json)"
    grep -q '^not ok 2 - ext4' tap || fail "tap: $(cat tap)"
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
