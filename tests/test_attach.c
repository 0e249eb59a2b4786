/* test_attach.c -- processes that end while they get in.
 *
 * The kernel takes a killed process apart piece by piece, and may let go of the gate while it still holds on
 * to what says that the process is alive. A forked child that holds the descriptors stretches that moment
 * here: its parent is killed the moment it has said that it is alive, and the child lets go only when it is
 * told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "refuse.h"
#include "scratch.h"

static bool armed;    /* the next one who says that it is alive is killed */
static int lets_go;   /* the read end of a pipe: at its end, what is left of that process goes, too */
static int held_open; /* the write end, which only the test holds */

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list args;

    va_start(args, command);
    void *argument = va_arg(args, void *);
    va_end(args);
    int result = __real_fcntl(fd, command, argument);
    if (!armed || result != 0 || command != F_OFD_SETLK || ((struct flock *)argument)->l_type != F_RDLCK)
        return result;
    if (fork() == 0) {
        char byte;
        /* The gate is gone, as it is first of all when a process ends. */
        for (int other = 3; other < 64; other++) {
            if (other != fd && other != lets_go)
                close(other);
        }
        ssize_t n = read(lets_go, &byte, 1);
        _exit(n == 0 ? 0 : 1);
    }
    kill(getpid(), SIGKILL);
    return result;
}

static void attach__a_process_that_ends_while_it_gets_in_keeps_nobody_out(void **state)
{
    char base[SCRATCH_PATH_SIZE], dir[SCRATCH_PATH_SIZE], page[SCRATCH_PATH_SIZE];
    struct cairn_op *op;
    struct cairn_id id;
    int ends[2], status;
    void *data;
    size_t size;

    (void)state;
    scratch_make(base, true);
    scratch_join(dir, base, "journal");
    ASSERT_DONE(cairn_open(&op, NULL, dir, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", "one", 3, NULL));
    cairn_close(op);
    assert_int_equal(unlink(scratch_join(page, dir, "journal.ctl")),
                     0); /* what is there was made by that one */

    assert_int_equal(pipe(ends), 0);
    lets_go = ends[0];
    held_open = ends[1];
    pid_t pid = fork();
    if (pid == 0) {
        close(held_open);
        armed = true;
        _exit(cairn_open(&op, NULL, dir, CAIRN_NO_THREAD) == 0 ? 1 : 2);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    ASSERT_DONE(cairn_open(&op, NULL, dir, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_latest(op, NULL, &data, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(data, "one", 3);
    cairn_free(data);
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", "two", 3, &id));
    assert_string_equal(id.text, "00000001@1");
    cairn_close(op);
    close(held_open);
    close(lets_go);
    scratch_remove(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attach__a_process_that_ends_while_it_gets_in_keeps_nobody_out),
    };
    return cmocka_run_group_tests_name("attach", tests, NULL, NULL);
}
