/* test_torture_source.c -- a stack is gone through when it shows a chain of calls for the first time, and
 * then no more. What is told of it is in test_torture_source.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <alloca.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/source.h"

#define CALLS 100

static int append_line;

__attribute__((noinline)) static void append(int fd, size_t size)
{
    volatile char *more = alloca(size); /* the frame is never the same */
    more[0] = 1;
    append_line = __LINE__ + 1;
    if (write(fd, "x", 1) != 1)
        _exit(1);
    more[0] = 2;
}

static _Noreturn void work(void)
{
    const int fd = open("/dev/null", O_WRONLY);

    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (size_t i = 0; i < CALLS; i++)
        append(fd, i * 50 + 1);
    _exit(0);
}

static pid_t start(void)
{
    int status;
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        work();
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSTOPPED(status));
    assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
    return child;
}

/* next_write -- the child is at its next write(); false if it has ended. */
static bool next_write(pid_t child)
{
    struct __ptrace_syscall_info info;
    int status;

    for (;;) {
        assert_int_equal(ptrace(PTRACE_SYSCALL, child, 0, 0), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status)) {
            assert_int_equal(status, 0);
            return false;
        }
        assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0);
        if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_write)
            return true;
    }
}

static void source__is_asked_for_once_for_each_chain_of_calls(void **state)
{
    struct sources *sources = sources_new();
    char wanted[64];
    unsigned calls = 0;

    (void)state;
    const pid_t child = start();
    append(open("/dev/null", O_WRONLY), 1); /* for the line */
    snprintf(wanted, sizeof(wanted), "test_torture_source.c:%d append < test_torture_source.c:", append_line);
    for (; next_write(child); calls++) {
        const char *source = source_of(sources, child);
        if (sources_walks(sources) == 0) {
            kill(child, SIGKILL);
            waitpid(child, NULL, 0);
            sources_release(sources);
            print_message("SKIP: this was built without libdw\n");
            skip();
        }
        if (strstr(source, wanted) == NULL)
            fail_msg("it is told '%s', and not '%s'", source, wanted);
    }
    assert_int_equal(calls, CALLS);
#if defined(__x86_64__)
    assert_int_equal(sources_walks(sources), 1);
#endif
    sources_release(sources);
}

static void source__of_a_thread_that_is_gone_is_not_known(void **state)
{
    struct sources *sources = sources_new();

    (void)state;
    const pid_t child = start();
    assert_true(next_write(child));
    source_of(sources, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_string_equal(source_of(sources, child), "");
    source_ended(sources, child);
    assert_string_equal(source_of(sources, child), "");
    sources_release(sources);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(source__is_asked_for_once_for_each_chain_of_calls),
        cmocka_unit_test(source__of_a_thread_that_is_gone_is_not_known),
    };

    return cmocka_run_group_tests_name("torture_source", tests, NULL, NULL);
}
