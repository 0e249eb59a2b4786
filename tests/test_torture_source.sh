#!/usr/bin/env bash
# test_torture_source.sh -- cairn-torture tells where in its source a program made a call, and of what it cannot know
# it says nothing: no program is too strange to be recorded.
#
# Each program is compiled here. A line of it that is to be told has a name at its end, "// @name".
set -euo pipefail
# It does not work beneath ptrace.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}${ASAN_OPTIONS:+:}detect_leaks=0

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
torture=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn-torture
corpus=$(cd "$CAIRN_BIN_DIR" && pwd)/torture_corpus_file
compiler=${CAIRN_CC:-cc}
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-torture-source.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"
test_name=setup

skip() {
    echo "SKIP: $*"
    exit 77
}

fail() {
    echo "not ok - $test_name: $*"
    exit 1
}

[[ ${CAIRN_SANITIZE:-} != *thread* ]] || skip "what is tried here has one thread"
[[ $(ldd "$torture") == *libdw* ]] || skip "cairn-torture was built without libdw"

# compile OUTPUT FILE [OPTION]...
compile() {
    "$compiler" -Wno-unused-result -o "$1" "$2" "${@:3}" 2>messages || fail "$(cat messages)"
}

# line FILE NAME -- "FILE:LINE", where the name stands.
line() {
    local number
    number=$(grep -n "// @$2\$" "$1" | cut -d: -f1)
    [[ -n $number ]] || fail "$1 has no line @$2"
    echo "$1:$number"
}

# record COMMAND... -- in the empty directory dir; what it did is in ./shown, and for each operation where that was in
# ./sources, without the directory's own.
record() {
    local status=0
    rm -rf dir
    mkdir dir
    "$torture" record --dir dir --trace trace -- "$@" 2>said || status=$?
    [[ $status -eq 0 ]] || fail "recording $* ended with $status: $(cat said)"
    "$torture" show trace >shown
    # Behind the directory, the command and how the directory was.
    sed '1,3d' shown | sed -E 's/^.*  at ([^ ]+( [^ ]+)*)$/\1/; t; s/.*//' >sources
}

# told SOURCE... -- these, in this order, and no more.
told() {
    printf '%s\n' "$@" >wanted
    diff wanted sources >difference || fail "it is told otherwise:"$'\n'"$(cat difference)"
}

# --- the programs ---------------------------------------------------------------------------------------

head_of() {
    cat <<'END'
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#define NOT_INLINED __attribute__((noinline, noclone))
#define INLINED static inline __attribute__((always_inline))
END
}

{
    head_of
    cat <<'END'
static int fd;
NOT_INLINED void append(void)
{
    write(fd, "x", 1); // @write
    __asm__("");
}
INLINED void twice(void)
{
    append(); // @twice
}
int main(void)
{
    fd = open("dir/a", O_CREAT | O_WRONLY, 0600); // @open
    append(); // @first
    twice(); // @second
    fsync(fd); // @sync
    return 0;
}
END
} >work.c

work_is_told() {
    told "$(line work.c open) main" \
        "$(line work.c write) append < $(line work.c first) main" \
        "$(line work.c write) append < $(line work.c twice) twice < $(line work.c second) main" \
        "$(line work.c sync) main"
}

line__is_right() {
    local options
    for options in "-g -O0" "-g -O2" "-g -O2 -fomit-frame-pointer" "-g -O1 -fno-pie -no-pie" "-g -O2 -static" \
        "-gdwarf-4 -O2" "-g -O2 -fno-asynchronous-unwind-tables"; do
        # shellcheck disable=SC2086 # words
        compile work work.c $options
        record ./work
        work_is_told
    done
}

line__is_right_as_another_compiler_has_it() {
    local other
    for other in gcc clang; do
        command -v "$other" >/dev/null || continue
        compiler=$other compile work work.c -g -O2
        record ./work
        work_is_told
    done
}

line__is_found_in_a_file_of_its_own() {
    compile work work.c -g -O2
    objcopy --only-keep-debug work work.debug
    strip work
    objcopy --add-gnu-debuglink=work.debug work
    record ./work
    work_is_told
    rm work.debug
}

# Some of the calls are made by way of the same lines, on stacks that still have the addresses of those before.
line__is_that_of_each_call() {
    {
        head_of
        cat <<'END'
static int fd;
NOT_INLINED void append(void)
{
    write(fd, "x", 1); // @write
    __asm__("");
}
NOT_INLINED void some(size_t size)
{
    volatile char *more = alloca(size);
    more[0] = 1;
    append(); // @some
    more[0] = 2;
}
NOT_INLINED void by_one(size_t size)
{
    some(size); // @one
    __asm__("");
}
NOT_INLINED void by_two(size_t size)
{
    char unset[512];
    __asm__ volatile("" : : "r"(unset) : "memory");
    some(size); // @two
    __asm__("");
}
int main(void)
{
    fd = open("dir/a", O_CREAT | O_WRONLY, 0600); // @open
    for (size_t i = 0; i < 60; i++) {
        (i % 2 ? by_one : by_two)(i / 4 * 100 + 1);
        append(); // @main
    }
    return 0;
}
END
    } >each.c
    local options i wanted
    for options in -O0 -O2; do
        compile each each.c -g "$options"
        record ./each
        wanted=("$(line each.c open) main")
        for ((i = 0; i < 60; i++)); do
            wanted+=("$(line each.c write) append < $(line each.c some) some < $(
                [[ $((i % 2)) -eq 1 ]] && echo "$(line each.c one) by_one" || echo "$(line each.c two) by_two"
            )" "$(line each.c write) append < $(line each.c main) main")
        done
        told "${wanted[@]}"
    done
}

line__in_a_library_that_is_loaded_later() {
    {
        head_of
        cat <<'END'
void append(int fd)
{
    write(fd, "x", 1); // @write
    __asm__("");
}
END
    } >later.c
    {
        head_of
        cat <<'END'
int main(int argc, char **argv)
{
    int fd = open("dir/a", O_CREAT | O_WRONLY, 0600); // @open
    void *library = dlopen(argv[argc - 1], RTLD_NOW);
    void (*append)(int) = (void (*)(int))dlsym(library, "append");
    append(fd); // @call
    return 0;
}
END
    } >loads.c
    compile later.so later.c -g -O2 -shared -fPIC
    compile loads loads.c -g -O2 -ldl
    record ./loads ./later.so
    told "$(line loads.c open) main" "$(line later.c write) append < $(line loads.c call) main"
    # What has a name of the C library's is taken for that, and is none of the program's.
    mv later.so libc-2.0.so
    record ./loads ./libc-2.0.so
    told "$(line loads.c open) main" "$(line loads.c call) main"
}

line__in_threads() {
    {
        head_of
        cat <<'END'
static int fd;
NOT_INLINED void append(void)
{
    write(fd, "x", 1); // @write
    __asm__("");
}
static void *work(void *arg)
{
    append(); // @thread
    return arg;
}
int main(void)
{
    pthread_t thread;
    fd = open("dir/a", O_CREAT | O_WRONLY, 0600); // @open
    for (int i = 0; i < 3; i++) {
        pthread_create(&thread, NULL, work, NULL);
        pthread_join(thread, NULL);
    }
    return 0;
}
END
    } >threads.c
    compile threads threads.c -g -O2 -pthread
    record ./threads
    local one
    one="$(line threads.c write) append < $(line threads.c thread) work"
    told "$(line threads.c open) main" "$one" "$one" "$one"
}

becomes() {
    head_of
    [[ $1 == first ]] || echo
    cat <<'END'
static int fd;
NOT_INLINED void append(void)
{
    write(fd, "x", 1); // @write
    __asm__("");
}
int main(int argc, char **argv)
{
    fd = open("dir/a", O_CREAT | O_WRONLY | O_APPEND, 0600); // @open
    append(); // @before
    if (argc > 1) {
        if (fork() == 0) {
            append(); // @child
            execl(argv[1], argv[1], (char *)NULL);
        }
        wait(NULL);
        execl(argv[1], argv[1], (char *)NULL);
    }
    return 0;
}
END
}

# The second program has other lines at the same addresses.
line__in_children_and_in_what_they_become() {
    local program write before second
    for program in first second; do
        becomes "$program" >"$program.c"
        compile "$program" "$program.c" -g -O1 -static -fno-pie -no-pie
    done
    record ./first ./second
    write="$(line first.c write) append"
    before="$(line first.c before) main"
    second="$(line second.c write) append < $(line second.c before) main"
    told "$(line first.c open) main" "$write < $before" "$write < $(line first.c child) main" "$second" "$second"
}

# More programs than are remembered: each has another address.
line__in_many_programs() {
    local i wanted=()
    compile work work.c -g -O2
    record sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do ./work; rm dir/a; done'
    for ((i = 0; i < 20; i++)); do
        wanted+=("$(line work.c open) main"
            "$(line work.c write) append < $(line work.c first) main"
            "$(line work.c write) append < $(line work.c twice) twice < $(line work.c second) main"
            "$(line work.c sync) main" "")
    done
    told "${wanted[@]}"
}

# --- what there is nothing to say of --------------------------------------------------------------------

symbols__are_told_where_there_are_no_lines() {
    compile work work.c -O1 -g0 -fno-inline
    record ./work
    told main "append < main" "append < main" main
}

# More chains of calls than are remembered.
symbols__are_those_of_each_call() {
    {
        head_of
        cat <<'END'
static int fd;
NOT_INLINED void one(unsigned bits, int depth);
NOT_INLINED void two(unsigned bits, int depth)
{
    if (depth == 0)
        write(fd, "x", 1);
    else
        (bits % 2 ? one : two)(bits / 2, depth - 1);
    __asm__("");
}
NOT_INLINED void one(unsigned bits, int depth)
{
    if (depth == 0)
        write(fd, "x", 1);
    else
        (bits % 2 ? one : two)(bits / 2, depth - 1);
    __asm__("");
}
int main(void)
{
    fd = open("dir/a", O_CREAT | O_WRONLY, 0600);
    for (unsigned i = 0; i < 3000; i++)
        one(i * 2048 + i, 22);
    return 0;
}
END
    } >many.c
    compile many many.c -O1 -g0
    record ./many
    awk 'BEGIN {
        print "main"
        for (i = 0; i < 3000; i++) {
            bits = i * 2048 + i
            for (depth = 0; depth < 22; depth++) {
                name[depth] = bits % 2 ? "one" : "two"
                bits = int(bits / 2)
            }
            print name[21] " < " name[20] " < " name[19]
        }
    }' >expected
    mapfile -t lines <expected
    told "${lines[@]}"
}

stripped__says_nothing() {
    compile work work.c -O2 -g -rdynamic
    strip work
    record ./work
    told '' '' '' ''
    ! grep -q '  at ' shown || fail "it says something: $(cat shown)"
}

shell__says_nothing() {
    record sh -c 'echo x >dir/a; echo y >>dir/a; mv dir/a dir/b'
    ! grep -q '\.c:' shown || fail "it says something: $(cat shown)"
}

# libdw would ask there for the symbols of a program that has none.
network__is_not_asked() {
    command -v strace >/dev/null || { echo "SKIP: there is no strace"; return 0; }
    compile work work.c -g -O2 -Wl,--build-id
    strip work
    rm -rf dir
    mkdir dir
    DEBUGINFOD_URLS=http://127.0.0.1:9 \
        strace -o calls -e trace=socket,connect "$torture" record --dir dir --trace trace -- ./work ||
        fail "recording it ended with $?"
    ! grep -qE '^(socket|connect)\(' calls || fail "it does: $(cat calls)"
}

# --- what is strange ------------------------------------------------------------------------------------

strange__executable_that_was_removed() {
    compile work work.c -g -O2
    cp work gone
    record sh -c 'exec 3<./gone; rm gone; exec /proc/self/fd/3'
    work_is_told
}

# Its stack has nothing but rubbish, and it cannot return.
strange__stack_that_is_overwritten() {
    {
        head_of
        cat <<'END'
NOT_INLINED int wreck(int fd, int with)
{
    char *at = __builtin_frame_address(0);
    memset(at, with, 256);
    syscall(SYS_write, fd, "x", 1); // @write
    syscall(SYS_exit_group, 0);
    return with;
}
int main(int argc, char **argv)
{
    return argv[0][argc + wreck(open("dir/a", O_CREAT | O_WRONLY, 0600), atoi(argv[1]))];
}
END
    } >wreck.c
    local with options
    for options in -O0 -O2; do
        compile wreck wreck.c -g "$options" -fno-stack-protector
        for with in 0 65 255; do
            record ./wreck "$with"
            grep -q 'write     a at 0, 1 bytes' shown || fail "the write is not told: $(cat shown)"
        done
    done
}

# A frame that is its own caller: there is no end to it.
strange__stack_that_goes_round() {
    {
        head_of
        cat <<'END'
NOT_INLINED int round(int fd)
{
    void **frame = __builtin_frame_address(0);
    void *old = frame[0];
    frame[0] = frame;
    syscall(SYS_write, fd, "x", 1);
    frame[0] = old;
    return fd;
}
int main(void)
{
    return round(open("dir/a", O_CREAT | O_WRONLY, 0600)) < 0;
}
END
    } >round.c
    compile round round.c -O0 -g0 -fno-asynchronous-unwind-tables -fno-omit-frame-pointer
    record ./round
    grep -q 'write     a at 0, 1 bytes' shown || fail "the write is not told: $(cat shown)"
}

strange__stacks_of_coroutines_and_signals() {
    {
        head_of
        cat <<'END'
static int fd;
static ucontext_t home, other;
NOT_INLINED void append(void)
{
    write(fd, "x", 1); // @write
    __asm__("");
}
static void coroutine(void)
{
    append(); // @coroutine
    swapcontext(&other, &home);
}
static void handle(int number)
{
    append(); // @handler
    __asm__("" : : "r"(number));
}
int main(void)
{
    static char stacks[2][65536];
    const stack_t stack = {.ss_sp = stacks[0], .ss_size = sizeof(stacks[0])};
    const struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
    fd = open("dir/a", O_CREAT | O_WRONLY, 0600); // @open
    getcontext(&other);
    other.uc_stack = (stack_t){.ss_sp = stacks[1], .ss_size = sizeof(stacks[1])};
    makecontext(&other, coroutine, 0);
    swapcontext(&home, &other);
    sigaltstack(&stack, NULL);
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 2; i++)
        raise(SIGUSR1); // @raise
    return 0;
}
END
    } >stacks.c
    compile stacks stacks.c -g -O2
    record ./stacks
    local handler
    handler="$(line stacks.c write) append < $(line stacks.c handler) handle < $(line stacks.c raise) main"
    told "$(line stacks.c open) main" "$(line stacks.c write) append < $(line stacks.c coroutine) coroutine" \
        "$handler" "$handler"
}

# Each is killed by the other while it writes.
strange__threads_that_are_killed() {
    {
        head_of
        cat <<'END'
int main(void)
{
    for (int i = 0; i < 100; i++) {
        const pid_t child = fork();
        if (child == 0) {
            int fd = open("dir/a", O_CREAT | O_WRONLY, 0600);
            const pid_t parent = getpid();
            if (fork() == 0) {
                for (int k = 0; k < i % 10; k++)
                    pwrite(fd, "y", 1, 0);
                kill(parent, SIGKILL);
                _exit(0);
            }
            for (;;)
                pwrite(fd, "x", 1, 0);
        }
        waitpid(child, NULL, 0);
    }
    return 0;
}
END
    } >killed.c
    compile killed killed.c -g -O2
    record ./killed
    [[ $(grep -c 'killed.c:' sources) -gt 100 ]] || fail "too little is told: $(cat sources)"
}

# --- what is told ---------------------------------------------------------------------------------------

file__of_another_version_is_refused() {
    local status=0
    compile work work.c -g -O2
    record ./work
    printf '\1' | dd of=trace bs=1 seek=8 conv=notrunc status=none
    "$torture" show trace >shown 2>said || status=$?
    [[ $status -eq 2 && $(cat said) == *'another version wrote this'* ]] || fail "$status: $(cat said)"
}

# run STATUS HOW [OPTION]... -- the corpus's program that works in that way.
run() {
    local expected=$1 how=$2 status=0
    rm -rf dir torture.out
    mkdir dir
    "$torture" run --dir dir --check "$corpus $how check dir" --failures 4 "${@:3}" -- "$corpus" "$how" work dir \
        >out 2>&1 || status=$?
    [[ $status -eq $expected ]] || fail "the exit status is $status, not $expected: $(cat out)"
}

namespaces() {
    unshare --user --mount --pid --fork true 2>/dev/null || [[ $(id -u) -eq 0 ]] ||
        { echo "SKIP: namespaces are not permitted here, and there is no root"; return 1; }
}

failure__tells_where_its_calls_were_made() {
    local status=0
    namespaces || return 0
    run 1 rename-fsync --profile strict --json json
    grep -qE 'crash after: .*  at file\.c:[0-9]+ work < ' out || fail "the crash point's is not told: $(cat out)"
    grep -qE 'lost: .* -- the name  at file\.c:[0-9]+ work < file\.c:[0-9]+ main$' out ||
        fail "the loss's is not told: $(cat out)"
    [[ $(grep -c 'states\? like this one' out) -eq 1 ]] || fail "it is told more than once: $(cat out)"
    [[ $(cat json) == *'"lost_at":["file.c:'*'"crash_at":"file.c:'* ]] || fail "the JSON is $(cat json)"
    "$torture" replay torture.out/1-strict.repro >again 2>&1 || status=$?
    [[ $status -eq 1 ]] || fail "$status: $(cat again)"
    grep -qE 'lost: .*  at file\.c:[0-9]+ work < ' again || fail "it is not told again: $(cat again)"
}

failure__tells_where_the_failed_call_was_made() {
    namespaces || return 0
    run 1 append-retry --faults errors
    grep -qE 'with call [0-9]+, fsync, fails: [^,]*, at file\.c:[0-9]+ ' out || fail "it is not told: $(cat out)"
}

# Two of one file, which are two lines of the program.
syncs__are_told_by_where_they_were_made() {
    local name
    namespaces || return 0
    {
        head_of
        cat <<'END'
int main(void)
{
    int fd = open("dir/a", O_CREAT | O_WRONLY, 0600);
    for (int i = 0; i < 4; i++) {
        write(fd, "x", 1);
        if (i % 2)
            fsync(fd); // @one
        else
            fsync(fd); // @other
    }
    return 0;
}
END
    } >syncs.c
    compile syncs syncs.c -g -O0
    rm -rf dir
    mkdir dir
    "$torture" run --dir dir --check true --profile strict --samples 2 --drop-syncs -- ./syncs >out 2>&1 ||
        fail "it ended with $?: $(cat out)"
    for name in one other; do
        grep -qE "^  NOT MISSED 0 of 2: fsync +SYNC +a  at $(line syncs.c "$name") main\$" out ||
            fail "it is not told: $(cat out)"
    done
}

mapfile -t tests < <(declare -F | awk '$3 ~ /__/ { print $3 }')
for test_name in "${tests[@]}"; do
    "$test_name"
    echo "ok - $test_name"
done
echo "${#tests[@]} tests"
