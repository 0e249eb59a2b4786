/* test_wait.c -- calls that wait for somebody else: a deadline or a cancellation ends the wait, and nothing
 * has been changed then; when the other lets go, they go through.
 *
 * Another process holds what they need: the gate (a flock on the directory, attach.h), which one that
 * recovers the journal has; or a lock in the control page (control.h), which one that writes has. A call that
 * does not come back is ended by an alarm.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "child.h"
#include "journal/control.h"
#include "refuse.h"
#include "scratch.h"

#define HANG_SECONDS 120
#define SHORT_NS     30000000

struct waiting {
    char base[SCRATCH_PATH_SIZE];
    char dir[SCRATCH_PATH_SIZE];
    struct cairn_op *op;     /* a writer */
    struct cairn_op *reader; /* which has seen nothing yet */
    struct scratch_tree tree;
};

static int setup(void **state)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));

    scratch_make(waiting->base, true);
    scratch_join(waiting->dir, waiting->base, "journal");
    alarm(HANG_SECONDS);
    *state = waiting;
    if (cairn_open(&waiting->op, NULL, waiting->dir, CAIRN_NO_THREAD) != 0 ||
        cairn_checkpoint(waiting->op, NULL, "", "first", 5, NULL) != 0 ||
        cairn_open(&waiting->reader, NULL, waiting->dir, CAIRN_READONLY) != 0)
        return -1;
    scratch_tree_take(&waiting->tree, waiting->dir);
    return 0;
}

static int teardown(void **state)
{
    struct waiting *waiting = *state;

    cairn_close(waiting->reader);
    cairn_close(waiting->op);
    alarm(0);
    scratch_tree_release(&waiting->tree);
    scratch_remove(waiting->base);
    free(waiting);
    return 0;
}

/* --- what the child holds ----------------------------------------------------------------------------- */

static int take_gate(void *arg)
{
    struct waiting *waiting = arg;

    int fd = open(waiting->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 || flock(fd, LOCK_EX) != 0;
}

static struct control *child_control;

static int take_append(void *arg)
{
    struct waiting *waiting = arg;

    int dir = open(waiting->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 || control_map(&child_control, dir, waiting->dir, true, false) != 0 ||
           control_lock(&child_control->append, NULL) != 0;
}

static void give_append(void *arg)
{
    (void)arg;
    control_unlock(&child_control->append);
}

/* --- how a wait ends ---------------------------------------------------------------------------------- */

typedef int call(struct waiting *waiting, const struct cairn_ctx *ctx);

struct canceller {
    struct cairn_ctx ctx;
    pthread_t thread;
};

/* cancel_soon -- the moment does not matter: the call is still waiting, or not waiting yet. */
static void *cancel_soon(void *arg)
{
    struct canceller *canceller = arg;

    cairn_ctx_cancel(&canceller->ctx);
    return NULL;
}

/* ends -- the call waits for what the child holds, until its context says no. */
static void ends(struct waiting *waiting, call *wait)
{
    struct canceller canceller = {.ctx = CAIRN_CTX_INIT};
    struct cairn_ctx ctx;

    cairn_ctx_with_timeout(&ctx, SHORT_NS);
    ASSERT_REFUSED(wait(waiting, &ctx), CAIRN_ETIMEDOUT, "");
    assert_int_equal(pthread_create(&canceller.thread, NULL, cancel_soon, &canceller), 0);
    ASSERT_REFUSED(wait(waiting, &canceller.ctx), CAIRN_ECANCELED, "");
    pthread_join(canceller.thread, NULL);
    assert_null(scratch_tree_differs(&waiting->tree, waiting->dir));
}

/* goes_on -- after the child has let go. */
static void goes_on(struct waiting *waiting)
{
    void *data;
    size_t size;

    ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", "second", 6, NULL));
    ASSERT_DONE(cairn_latest(waiting->reader, NULL, &data, &size));
    assert_int_equal(size, 6);
    assert_memory_equal(data, "second", 6);
    cairn_free(data);
}

static int do_open(struct waiting *waiting, const struct cairn_ctx *ctx, unsigned flags, const char *dir)
{
    struct cairn_op *op = waiting->op;
    int error = cairn_open(&op, ctx, dir, flags);

    if (error == 0)
        cairn_close(op);
    else
        assert_null(op);
    return error;
}

static int do_open_reader_elsewhere(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    char other[SCRATCH_PATH_SIZE];

    return do_open(waiting, ctx, CAIRN_READONLY, scratch_join(other, waiting->base, "other"));
}

static int do_open_writer_elsewhere(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    char other[SCRATCH_PATH_SIZE];

    return do_open(waiting, ctx, 0, scratch_join(other, waiting->base, "other"));
}

static int do_checkpoint(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    return cairn_checkpoint(waiting->op, ctx, "", "never", 5, NULL);
}

static int do_compact(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    return cairn_compact(waiting->op, ctx, "never");
}

static int do_clear(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    return cairn_clear(waiting->op, ctx);
}

static int do_complete(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    return cairn_complete(waiting->op, ctx);
}

static int do_latest(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    void *data;
    size_t size;

    int error = cairn_latest(waiting->reader, ctx, &data, &size);
    if (error == 0)
        cairn_free(data);
    return error;
}

static int do_load(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    void *data;
    size_t size;

    int error = cairn_load(waiting->reader, ctx, "00000000@1", &data, &size);
    if (error == 0)
        cairn_free(data);
    return error;
}

static int do_stat(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    struct cairn_stat stat;

    return cairn_stat(waiting->reader, ctx, &stat);
}

static int do_verify(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    return cairn_verify(waiting->reader, ctx, NULL);
}

/* --- the gate ----------------------------------------------------------------------------------------- */

static void wait__for_the_gate_to_open_a_journal_ends(void **state)
{
    struct waiting *waiting = *state;
    struct waiting other = *waiting;
    struct cairn_op *op;
    struct child child;

    /* One that is there already, and is not open here. */
    scratch_join(other.dir, waiting->base, "other");
    ASSERT_DONE(cairn_open(&op, NULL, other.dir, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", "x", 1, NULL));
    cairn_close(op);
    scratch_tree_take(&other.tree, other.dir);
    assert_int_equal(child_hold(&child, take_gate, NULL, &other), 0);
    ends(&other, do_open_reader_elsewhere);
    ends(&other, do_open_writer_elsewhere);
    child_release(&child);
    ASSERT_DONE(do_open_reader_elsewhere(&other, NULL));
    assert_null(scratch_tree_differs(&other.tree, other.dir));
    ASSERT_DONE(do_open_writer_elsewhere(&other, NULL));
    scratch_tree_release(&other.tree);
}

static void wait__for_the_gate_to_read_the_first_time_ends(void **state)
{
    struct waiting *waiting = *state;
    struct child child;

    assert_int_equal(child_hold(&child, take_gate, NULL, waiting), 0);
    ends(waiting, do_latest);
    ends(waiting, do_load);
    ends(waiting, do_stat);
    ends(waiting, do_verify);
    child_release(&child);
    goes_on(waiting);
}

/* wait__for_the_gate_is_not_needed_to_write -- the writer has all it needs. */
static void wait__for_the_gate_is_not_needed_to_write(void **state)
{
    struct waiting *waiting = *state;
    struct cairn_ctx ctx = CAIRN_CTX_INIT;
    struct child child;
    static const char data[100000];

    assert_int_equal(child_hold(&child, take_gate, NULL, waiting), 0);
    for (int i = 0; i < 60; i++) /* enough to have the index committed on the way */
        ASSERT_DONE(cairn_checkpoint(waiting->op, &ctx, "", data, sizeof(data), NULL));
    ASSERT_DONE(cairn_compact(waiting->op, &ctx, ""));
    ASSERT_DONE(cairn_clear(waiting->op, &ctx));
    child_release(&child);
    goes_on(waiting);
}

/* --- the append lock ---------------------------------------------------------------------------------- */

static void wait__for_another_writer_ends(void **state)
{
    static call *const calls[] = {do_checkpoint, do_compact, do_clear, do_complete};
    struct waiting *waiting = *state;
    struct child child;

    assert_int_equal(child_hold(&child, take_append, give_append, waiting), 0);
    scratch_tree_release(&waiting->tree);
    scratch_tree_take(&waiting->tree, waiting->dir); /* the lock stands in the page */
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        struct canceller canceller = {.ctx = CAIRN_CTX_INIT};
        struct cairn_ctx ctx;
        cairn_ctx_with_timeout(&ctx, SHORT_NS);
        ASSERT_REFUSED(calls[i](waiting, &ctx), CAIRN_ETIMEDOUT, "");
        assert_int_equal(pthread_create(&canceller.thread, NULL, cancel_soon, &canceller), 0);
        ASSERT_REFUSED(calls[i](waiting, &canceller.ctx), CAIRN_ECANCELED, "");
        pthread_join(canceller.thread, NULL);
        /* But for the lock itself, which says that somebody waits. */
        const char *differs = scratch_tree_differs(&waiting->tree, waiting->dir);
        assert_true(differs == NULL || strcmp(differs, CONTROL_NAME) == 0);
    }
    ASSERT_DONE(do_latest(waiting, NULL)); /* a reader does not wait for writers */
    child_release(&child);
    goes_on(waiting);
}

static void wait__for_a_writer_that_is_killed_goes_through(void **state)
{
    struct waiting *waiting = *state;
    struct child child;

    assert_int_equal(child_hold(&child, take_append, give_append, waiting), 0);
    child_kill(&child);
    goes_on(waiting);
}

/* --- in one process ----------------------------------------------------------------------------------- */

static int do_nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void *open_other(void *arg)
{
    struct waiting *waiting = arg;

    return (void *)(intptr_t)do_open_writer_elsewhere(waiting, NULL);
}

/* wait__of_one_thread_holds_up_no_other -- while one thread waits for one journal, the others go on with
 * theirs: they open, close and fork. */
static void wait__of_one_thread_holds_up_no_other(void **state)
{
    struct waiting *waiting = *state;
    struct waiting other = *waiting;
    struct cairn_op *op;
    struct child child;
    pthread_t thread;
    void *result;

    scratch_join(other.dir, waiting->base, "other");
    ASSERT_DONE(cairn_open(&op, NULL, other.dir, CAIRN_NO_THREAD));
    cairn_close(op);
    assert_int_equal(child_hold(&child, take_gate, NULL, &other), 0);
    assert_int_equal(pthread_create(&thread, NULL, open_other, &other), 0);
    for (int i = 0; i < 200; i++) {
        ASSERT_DONE(cairn_open(&op, NULL, waiting->dir, CAIRN_NO_THREAD));
        cairn_close(op);
        assert_int_equal(child_run(do_nothing, NULL), 0); /* the thread will be waiting at some of them */
    }
    child_release(&child);
    pthread_join(thread, &result);
    assert_null(result);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(wait__for_the_gate_to_open_a_journal_ends),
        TEST(wait__for_the_gate_to_read_the_first_time_ends),
        TEST(wait__for_the_gate_is_not_needed_to_write),
        TEST(wait__for_another_writer_ends),
        TEST(wait__for_a_writer_that_is_killed_goes_through),
        TEST(wait__of_one_thread_holds_up_no_other),
    };

    return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
