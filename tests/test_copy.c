/* test_copy.c -- `cairn copy` from a journal to a directory and back to a journal: killed at random moments,
 * and run again until it ends, it leaves the same checkpoints with the same labels in the same order.
 *
 * CAIRN_COPY_COUNT is how many checkpoints there are, 300 if it is not set.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "refuse.h"
#include "scratch.h"

#define KILLS 5

static struct {
    char base[SCRATCH_PATH_SIZE];
    char from[SCRATCH_PATH_SIZE], between[SCRATCH_PATH_SIZE + 8], to[SCRATCH_PATH_SIZE];
    char cairn[1024];
    unsigned count;
} at;

static void label_of(char label[64], unsigned i)
{
    if (i % 7 == 0)
        *label = '\0';
    else
        snprintf(label, 64, "step %u", i);
}

/* text_of -- the data, of 0 to 999 bytes. */
static size_t text_of(char text[1024], unsigned i)
{
    const size_t size = (size_t)i * 37 % 1000;

    memset(text, 'a' + (int)(i % 26), size);
    if (size >= 16)
        snprintf(text, 16, "%u", i);
    return size;
}

static int setup(void **state)
{
    const char *wanted = getenv("CAIRN_COPY_COUNT"), *programs = getenv("CAIRN_BIN_DIR");
    struct cairn_op *op;
    char label[64], text[1024], path[SCRATCH_PATH_SIZE];

    (void)state;
    at.count = wanted && *wanted ? (unsigned)strtoul(wanted, NULL, 10) : 300;
    snprintf(at.cairn, sizeof(at.cairn), "%s/cairn", programs ? programs : "build/release/bin");
    scratch_make(at.base, false);
    scratch_join(at.from, at.base, "from");
    scratch_join(at.to, at.base, "to");
    snprintf(at.between, sizeof(at.between), "dir:%s", scratch_join(path, at.base, "between"));
    if (cairn_open(&op, NULL, at.from, 0) != 0)
        return -1;
    for (unsigned i = 0; i < at.count; i++) {
        size_t size = text_of(text, i);
        label_of(label, i);
        if (cairn_checkpoint(op, NULL, label, text, size, NULL) != 0)
            return -1;
    }
    cairn_close(op);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(at.base);
    return 0;
}

/* copy -- runs the command: its exit status, or -1 if it was killed, as it is after `kill_ns`, if that is not
 * 0. */
static int copy(const char *from, const char *to, long kill_ns)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        execl(at.cairn, at.cairn, "copy", from, to, (char *)NULL);
        perror(at.cairn);
        _exit(99);
    }
    if (kill_ns) {
        nanosleep(&(struct timespec){kill_ns / 1000000000, kill_ns % 1000000000}, NULL);
        kill(pid, SIGKILL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct checking {
    struct cairn_op *op;
    unsigned next;
};

static int check_one(void *arg, const struct cairn_entry *entry)
{
    struct checking *checking = arg;
    char label[64], text[1024];
    void *data;
    size_t size;

    label_of(label, checking->next);
    assert_string_equal(entry->label, label);
    assert_int_equal(entry->size, text_of(text, checking->next));
    assert_int_equal(entry->error, 0);
    ASSERT_DONE(cairn_load(checking->op, NULL, entry->id, &data, &size));
    assert_int_equal(size, entry->size);
    assert_memory_equal(data, text, size);
    cairn_free(data);
    checking->next++;
    return 0;
}

static void check(const char *url)
{
    struct checking checking = {0};

    ASSERT_DONE(cairn_open(&checking.op, NULL, url, CAIRN_READONLY));
    ASSERT_DONE(cairn_list(checking.op, NULL, check_one, &checking));
    assert_int_equal(checking.next, at.count);
    ASSERT_DONE(cairn_verify(checking.op, NULL, NULL));
    cairn_close(checking.op);
}

/* copy_with_kills -- it is killed so often, and then ends by itself. Each time it is let live for some part
 * of `limit_ns`, and for less if that was enough to end. */
static void copy_with_kills(const char *from, const char *to)
{
    long limit_ns = 20000000 + (long)at.count * 40000;
    int ended = 0;

    srand((unsigned)time(NULL));
    for (int killed = 0; killed < KILLS;) {
        int status = copy(from, to, 1 + rand() % 1000 * (limit_ns / 1000));
        assert_true(status == -1 || status == 0);
        if (status == -1) {
            killed++;
        } else {
            ended++;
            limit_ns /= 2;
        }
    }
    assert_int_equal(copy(from, to, 0), 0);
    assert_int_equal(copy(from, to, 0), 0);
    print_message("%d kills; it had ended %d times before\n", KILLS, ended);
    check(to);
}

static void copy__that_is_killed_is_run_again(void **state)
{
    (void)state;
    copy_with_kills(at.from, at.between);
    copy_with_kills(at.between, at.to);
    check(at.from);
}

static void copy__does_not_mix_two_operations(void **state)
{
    struct cairn_op *op;
    char other[SCRATCH_PATH_SIZE];

    (void)state;
    ASSERT_DONE(cairn_open(&op, NULL, scratch_join(other, at.base, "other"), 0));
    ASSERT_DONE(cairn_checkpoint(op, NULL, "step 0", "something else", 14, NULL));
    assert_int_equal(copy(at.from, other, 0), 2);
    assert_int_equal(copy(at.from, "dir:", 0), 2);
    scratch_join(other, at.base, "absent");
    assert_int_equal(copy(other, at.to, 0), 1);
    assert_int_not_equal(access(other, F_OK), 0);
    struct cairn_stat stat;
    ASSERT_DONE(cairn_stat(op, NULL, &stat));
    assert_int_equal(stat.count, 1); /* as it was */
    cairn_close(op);
}

/* start -- a copy, in a process of its own. */
static pid_t start(const char *from, const char *to)
{
    const pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        execl(at.cairn, at.cairn, "copy", from, to, (char *)NULL);
        _exit(99);
    }
    return pid;
}

static void copy__two_at_once_do_not_mix(void **state)
{
    char url[SCRATCH_PATH_SIZE + 8], path[SCRATCH_PATH_SIZE];
    int status[3];
    pid_t pids[3];

    (void)state;
    snprintf(url, sizeof(url), "dir:%s", scratch_join(path, at.base, "crowded"));
    for (int i = 0; i < 3; i++)
        pids[i] = start(at.from, url);
    for (int i = 0; i < 3; i++)
        assert_int_equal(waitpid(pids[i], &status[i], 0), pids[i]);
    for (int i = 0; i < 3; i++)
        assert_int_equal(status[i], 0);
    check(url);
}

/* Somebody else records in the second one: that is noticed at the next checkpoint, and nothing is copied
 * behind it. */
static void copy__stops_when_somebody_else_records_there(void **state)
{
    char url[SCRATCH_PATH_SIZE + 8], path[SCRATCH_PATH_SIZE];
    struct cairn_stat before, after;
    struct cairn_op *op;
    int status;

    (void)state;
    snprintf(url, sizeof(url), "dir:%s", scratch_join(path, at.base, "disturbed"));
    ASSERT_DONE(cairn_open(&op, NULL, url, 0));
    const pid_t pid = start(at.from, url);
    do {
        ASSERT_DONE(cairn_stat(op, NULL, &before));
    } while (before.count < 10);
    ASSERT_DONE(cairn_checkpoint(op, NULL, "foreign", "foreign", 7, NULL));
    ASSERT_DONE(cairn_stat(op, NULL, &before));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    ASSERT_DONE(cairn_stat(op, NULL, &after));
    if (before.count <= at.count) { /* or else it had ended before */
        assert_int_equal(WEXITSTATUS(status), 5);
        assert_true(after.count <= before.count + 1);
    }
    cairn_close(op);
}

static void copy__tells_that_bytes_differ(void **state)
{
    struct cairn_op *op;
    char other[SCRATCH_PATH_SIZE], label[64], text[1024];

    (void)state;
    ASSERT_DONE(cairn_open(&op, NULL, scratch_join(other, at.base, "almost"), 0));
    label_of(label, 0);
    size_t size = text_of(text, 0);
    ASSERT_DONE(cairn_checkpoint(op, NULL, label, text, size, NULL));
    label_of(label, 1);
    size = text_of(text, 1);
    text[size - 1] ^= 1;
    ASSERT_DONE(cairn_checkpoint(op, NULL, label, text, size, NULL));
    cairn_close(op);
    assert_int_equal(copy(at.from, other, 0), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy__that_is_killed_is_run_again),
        cmocka_unit_test(copy__does_not_mix_two_operations),
        cmocka_unit_test(copy__two_at_once_do_not_mix),
        cmocka_unit_test(copy__stops_when_somebody_else_records_there),
        cmocka_unit_test(copy__tells_that_bytes_differ),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
