/* test_wait.c -- calls that wait for somebody else: a deadline or a cancellation ends the wait, and nothing
 * has been changed then; when the other lets go, they go through. What is done beside a call, or at the last
 * close, is left undone after a while, and done later.
 *
 * Another process holds what they need: the gate (a flock on the directory, attach.h), which one that
 * recovers the journal has; or a lock in the control page (control.h), which one that writes has. To
 * those who wait it is the same whether that one is slow, asleep or stopped. A call that does not come back
 * is ended by an alarm.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
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
#include "journal/attach.h"
#include "journal/journal.h"
#include "journal/maintain.h"
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

static bool map_control(const struct waiting *waiting)
{
    int dir = open(waiting->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir >= 0 && control_map(&child_control, dir, waiting->dir, true, false) == 0;
}

static int take_append(void *arg)
{
    return !map_control(arg) || control_lock(&child_control->append, NULL) != 0;
}

static void give_append(void *arg)
{
    (void)arg;
    control_unlock(&child_control->append);
}

static int take_house(void *arg)
{
    return !map_control(arg) || control_lock(&child_control->house, NULL) != 0;
}

static void give_house(void *arg)
{
    (void)arg;
    control_unlock(&child_control->house);
}

static int take_sync(void *arg)
{
    return !map_control(arg) || control_lock(&child_control->sync, NULL) != 0;
}

static void give_sync(void *arg)
{
    (void)arg;
    control_unlock(&child_control->sync);
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

static int do_repair(struct waiting *waiting, const struct cairn_ctx *ctx)
{
    return cairn_repair(waiting->op, ctx, NULL);
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

/* --- the house lock ----------------------------------------------------------------------------------- */

/* The context that is to end when the call has done its own part and begins with what is done beside it; NULL
 * for none. With `cancel` it is cancelled, else its deadline has passed. */
static struct {
    struct cairn_ctx *ctx;
    bool cancel;
} then_ends;

/* Whether a wait with an end of its own has none: only the caller's context ends it then. */
static bool no_end;

static void begin_beside(void)
{
    if (then_ends.ctx && then_ends.cancel)
        cairn_ctx_cancel(then_ends.ctx);
    else if (then_ends.ctx)
        then_ends.ctx->deadline_ns = 1;
}

void __real_maintain_retire(struct journal *journal, const struct cairn_ctx *ctx);
void __real_maintain_save_index(struct journal *journal, const struct cairn_ctx *ctx);
void __real_cairn_ctx_with_timeout(struct cairn_ctx *ctx, int64_t timeout_ns);
void __wrap_maintain_retire(struct journal *journal, const struct cairn_ctx *ctx);
void __wrap_maintain_save_index(struct journal *journal, const struct cairn_ctx *ctx);
void __wrap_cairn_ctx_with_timeout(struct cairn_ctx *ctx, int64_t timeout_ns);

void __wrap_maintain_retire(struct journal *journal, const struct cairn_ctx *ctx)
{
    begin_beside();
    __real_maintain_retire(journal, ctx);
}

void __wrap_maintain_save_index(struct journal *journal, const struct cairn_ctx *ctx)
{
    begin_beside();
    __real_maintain_save_index(journal, ctx);
}

void __wrap_cairn_ctx_with_timeout(struct cairn_ctx *ctx, int64_t timeout_ns)
{
    if (no_end)
        *ctx = (struct cairn_ctx)CAIRN_CTX_INIT;
    else
        __real_cairn_ctx_with_timeout(ctx, timeout_ns);
}

/* is_there -- whether the journal has a file of that name. */
static bool is_there(const struct waiting *waiting, const char *name)
{
    char path[SCRATCH_PATH_SIZE];

    return access(scratch_join(path, waiting->dir, name), F_OK) == 0;
}

/* write_until -- checkpoints until there is a segment of that name. */
static void write_until(struct waiting *waiting, const char *segment)
{
    static const char data[100000];

    while (!is_there(waiting, segment))
        ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", data, sizeof(data), NULL));
}

static uint64_t count(struct waiting *waiting)
{
    struct cairn_stat stat;

    ASSERT_DONE(cairn_stat(waiting->reader, NULL, &stat));
    return stat.count;
}

static uint64_t index_lag(struct waiting *waiting)
{
    struct cairn_stat stat;

    ASSERT_DONE(cairn_stat(waiting->reader, NULL, &stat));
    return stat.index_lag;
}

static void reopen(struct waiting *waiting, unsigned flags)
{
    cairn_close(waiting->op);
    ASSERT_DONE(cairn_open(&waiting->op, NULL, waiting->dir, flags));
}

/* leave_a_segment -- a Clear that could not have house, and so has left segment 1. */
static void leave_a_segment(struct waiting *waiting)
{
    struct child child;

    write_until(waiting, "seg-00000002");
    assert_int_equal(child_hold(&child, take_house, give_house, waiting), 0);
    ASSERT_DONE(cairn_clear(waiting->op, NULL));
    assert_true(is_there(waiting, "seg-00000001"));
    child_release(&child);
    assert_int_equal(count(waiting), 0);
    assert_true(is_there(waiting, "seg-00000001"));
}

static void *clear(void *arg)
{
    return (void *)(intptr_t)do_clear(arg, NULL);
}

/* The journal of which the next spare is made while a Clear waits for sync; NULL for none. */
static struct waiting *clears_meanwhile;

int __real_maintain_make_spare(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room);
int __wrap_maintain_make_spare(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room);

int __wrap_maintain_make_spare(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room)
{
    struct waiting *waiting = clears_meanwhile;
    struct child child;
    struct tail tail;
    pthread_t thread;
    void *result;

    if (waiting == NULL)
        return __real_maintain_make_spare(journal, ctx, room);
    clears_meanwhile = NULL;
    assert_int_equal(child_hold(&child, take_sync, give_sync, waiting), 0);
    assert_int_equal(pthread_create(&thread, NULL, clear, waiting), 0);
    do {
        sched_yield();
        control_tail(journal->control, &tail);
    } while (tail.horizon_position == 0); /* until it is written */
    int error = __real_maintain_make_spare(journal, ctx, room);
    assert_true(is_there(waiting, "seg-00000001"));
    child_release(&child);
    pthread_join(thread, &result);
    assert_null(result);
    return error;
}

/* wait__of_a_removal_for_its_sync_keeps_what_it_removes -- who needs space meanwhile does not get that. */
static void wait__of_a_removal_for_its_sync_keeps_what_it_removes(void **state)
{
    static char data[2000000];
    struct waiting *waiting = *state;

    write_until(waiting, "seg-00000002");
    clears_meanwhile = waiting;
    ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", data, sizeof(data), NULL));
    assert_null(clears_meanwhile);
    assert_false(is_there(waiting, "seg-00000001"));
    assert_int_equal(count(waiting), 1);
    goes_on(waiting);
}

static void wait__for_house_to_go_on_to_the_next_segment_ends(void **state)
{
    static char data[2000000];
    struct waiting *waiting = *state;
    struct cairn_ctx ctx;
    struct child child;

    assert_int_equal(child_hold(&child, take_house, give_house, waiting), 0);
    cairn_ctx_with_timeout(&ctx, SHORT_NS);
    ASSERT_REFUSED(cairn_checkpoint(waiting->op, &ctx, "", data, sizeof(data), NULL), CAIRN_ETIMEDOUT, "");
    assert_int_equal(count(waiting), 1);
    child_release(&child);
    ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", data, sizeof(data), NULL));
    assert_int_equal(count(waiting), 2);
}

/* wait__for_house_beside_a_removal_is_given_up -- the removal has been done, and says so. */
static void wait__for_house_beside_a_removal_is_given_up(void **state)
{
    static call *const calls[] = {do_compact, do_clear, do_complete};
    struct waiting *waiting = *state;
    struct child child;

    write_until(waiting, "seg-00000002");
    assert_int_equal(child_hold(&child, take_house, give_house, waiting), 0);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        ASSERT_DONE(calls[i](waiting, NULL));
        assert_int_equal(count(waiting), calls[i] == do_compact ? 1 : 0);
        ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", "more", 4, NULL));
    }
    child_release(&child);
    goes_on(waiting);
}

/* wait__for_house_beside_a_call_ends_with_its_context -- and not only after a while. */
static void wait__for_house_beside_a_call_ends_with_its_context(void **state)
{
    static call *const calls[] = {do_compact, do_clear, do_complete, do_repair};
    struct waiting *waiting = *state;
    struct child child;

    assert_int_equal(child_hold(&child, take_house, give_house, waiting), 0);
    no_end = true;
    for (size_t i = 0; i < 2 * sizeof(calls) / sizeof(calls[0]); i++) {
        struct cairn_ctx ctx = CAIRN_CTX_INIT;
        then_ends.ctx = &ctx;
        then_ends.cancel = i % 2;
        ASSERT_DONE(calls[i / 2](waiting, &ctx));
        assert_int_not_equal(cairn_ctx_check(&ctx), 0);
        then_ends.ctx = NULL;
        ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", "more", 4, NULL));
    }
    no_end = false;
    child_release(&child);
    goes_on(waiting);
}

static void wait__for_house_after_a_repair_is_given_up(void **state)
{
    struct waiting *waiting = *state;
    struct child child;

    assert_int_equal(child_hold(&child, take_house, give_house, waiting), 0);
    ASSERT_DONE(do_repair(waiting, NULL));
    child_release(&child);
    goes_on(waiting);
}

/* closes -- the last writer closes while the child holds what the index needs; it is committed when another
 * one does. */
static void closes(struct waiting *waiting, int (*take)(void *arg), void (*let_go)(void *arg))
{
    struct child child;

    assert_int_equal(index_lag(waiting), 1); /* and so the reader needs the gate no more */
    assert_int_equal(child_hold(&child, take, let_go, waiting), 0);
    cairn_close(waiting->op);
    waiting->op = NULL;
    assert_int_equal(index_lag(waiting), 1);
    child_release(&child);
    reopen(waiting, CAIRN_NO_THREAD);
    reopen(waiting, CAIRN_NO_THREAD);
    assert_int_equal(index_lag(waiting), 0);
    goes_on(waiting);
}

static void wait__for_house_to_close_is_given_up(void **state)
{
    closes(*state, take_house, give_house);
}

static void wait__for_the_gate_to_close_is_given_up(void **state)
{
    struct waiting *waiting = *state;

    closes(waiting, take_gate, NULL);
    /* And one that has not read anything yet, and needs the gate for that, too. */
    reopen(waiting, CAIRN_NO_THREAD);
    ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", "third", 5, NULL));
    closes(waiting, take_gate, NULL);
}

static void wait__given_up_leaves_segments_to_the_next_removal(void **state)
{
    struct waiting *waiting = *state;

    leave_a_segment(waiting);
    ASSERT_DONE(cairn_clear(waiting->op, NULL));
    assert_false(is_there(waiting, "seg-00000001"));
    goes_on(waiting);
}

/* wait__given_up_leaves_segments_to_who_needs_space -- it goes before space is asked of the disk. */
static void wait__given_up_leaves_segments_to_who_needs_space(void **state)
{
    struct waiting *waiting = *state;

    leave_a_segment(waiting);
    write_until(waiting, "seg-00000003");
    assert_false(is_there(waiting, "seg-00000001"));
    goes_on(waiting);
}

/* wait__given_up_leaves_segments_to_the_thread_of_who_appends -- it need not be who removed. */
static void wait__given_up_leaves_segments_to_the_thread_of_who_appends(void **state)
{
    struct waiting *waiting = *state;

    leave_a_segment(waiting);
    reopen(waiting, 0);
    assert_true(is_there(waiting, "seg-00000001")); /* the reader was there all the time: no recovery */
    ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", "more", 4, NULL));
    while (is_there(waiting, "seg-00000001"))
        sched_yield();
    goes_on(waiting);
}

static void wait__given_up_leaves_segments_to_the_next_opening(void **state)
{
    struct waiting *waiting = *state;

    leave_a_segment(waiting);
    cairn_close(waiting->reader);
    reopen(waiting, CAIRN_NO_THREAD);
    assert_false(is_there(waiting, "seg-00000001"));
    ASSERT_DONE(cairn_open(&waiting->reader, NULL, waiting->dir, CAIRN_READONLY));
    goes_on(waiting);
}

/* wait__for_append_after_a_death_with_house_is_given_up -- what that one was making is removed under append,
 * which a third one has. It is removed when that can be had. */
static void wait__for_append_after_a_death_with_house_is_given_up(void **state)
{
    struct waiting *waiting = *state;
    char stray[SCRATCH_PATH_SIZE];
    struct child dead, other;

    scratch_join(stray, waiting->dir, "spare-00000099");
    assert_int_equal(child_hold(&dead, take_house, give_house, waiting), 0);
    scratch_write(stray, "what it was making", 18);
    child_kill(&dead);
    assert_int_equal(child_hold(&other, take_append, give_append, waiting), 0);
    cairn_close(waiting->op);
    waiting->op = NULL;
    assert_int_equal(index_lag(waiting), 0); /* for which append was not needed */
    assert_true(is_there(waiting, "spare-00000099"));
    child_release(&other);
    reopen(waiting, CAIRN_NO_THREAD);
    ASSERT_DONE(cairn_clear(waiting->op, NULL));
    assert_false(is_there(waiting, "spare-00000099"));
    goes_on(waiting);
}

/* --- in one process ----------------------------------------------------------------------------------- */

/* Posted when a thread is about to wait for the gate. */
static sem_t at_gate;

int __real_attach_lock_gate(int dir, const char *path, const struct cairn_ctx *ctx, int *gate);
int __wrap_attach_lock_gate(int dir, const char *path, const struct cairn_ctx *ctx, int *gate);

int __wrap_attach_lock_gate(int dir, const char *path, const struct cairn_ctx *ctx, int *gate)
{
    if (ctx == NULL)
        sem_post(&at_gate);
    return __real_attach_lock_gate(dir, path, ctx, gate);
}

static void *latest(void *arg)
{
    struct waiting *waiting = arg;
    struct waiting writer = {.reader = waiting->op};

    return (void *)(intptr_t)do_latest(&writer, NULL);
}

/* wait__of_a_reading_thread_holds_up_no_writing_one -- it has the map, which the index would need, too. */
static void wait__of_a_reading_thread_holds_up_no_writing_one(void **state)
{
    static const char data[100000];
    struct waiting *waiting = *state;
    struct child child;
    pthread_t thread;
    void *result;

    reopen(waiting, CAIRN_NO_THREAD); /* so that it has read nothing yet */
    assert_int_equal(child_hold(&child, take_gate, NULL, waiting), 0);
    sem_init(&at_gate, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, latest, waiting), 0);
    sem_wait(&at_gate);
    for (int i = 0; i < 60; i++) /* enough to have the index committed on the way */
        ASSERT_DONE(cairn_checkpoint(waiting->op, NULL, "", data, sizeof(data), NULL));
    child_release(&child);
    pthread_join(thread, &result);
    assert_null(result);
    goes_on(waiting);
}

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
        TEST(wait__for_house_to_go_on_to_the_next_segment_ends),
        TEST(wait__for_house_beside_a_removal_is_given_up),
        TEST(wait__for_house_beside_a_call_ends_with_its_context),
        TEST(wait__for_house_after_a_repair_is_given_up),
        TEST(wait__for_house_to_close_is_given_up),
        TEST(wait__for_the_gate_to_close_is_given_up),
        TEST(wait__given_up_leaves_segments_to_the_next_removal),
        TEST(wait__given_up_leaves_segments_to_who_needs_space),
        TEST(wait__given_up_leaves_segments_to_the_thread_of_who_appends),
        TEST(wait__given_up_leaves_segments_to_the_next_opening),
        TEST(wait__for_append_after_a_death_with_house_is_given_up),
        TEST(wait__of_a_removal_for_its_sync_keeps_what_it_removes),
        TEST(wait__of_a_reading_thread_holds_up_no_writing_one),
        TEST(wait__of_one_thread_holds_up_no_other),
    };

    return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
