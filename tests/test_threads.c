/* test_threads.c -- threads of one process that do everything at once with one journal: for ThreadSanitizer
 * above all, which tests/tsan.txt makes run this; without it the results are looked at as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "scratch.h"

#define ROUNDS 150

static char base[SCRATCH_PATH_SIZE];
static char journal[SCRATCH_PATH_SIZE];

/* What the threads of a test share. */
static struct cairn_op *shared;
static bool removals;         /* somebody compacts, clears and completes */
static _Atomic uint32_t tags; /* each checkpoint has one of its own */
static _Atomic unsigned busy; /* writers that are not done */
static char wrong[1024];      /* what was wrong first; under the lock */
static pthread_mutex_t wrong_lock = PTHREAD_MUTEX_INITIALIZER;

static void blame(const char *what, int error)
{
    pthread_mutex_lock(&wrong_lock);
    if (wrong[0] == '\0')
        snprintf(wrong, sizeof(wrong), "%s: %d: %s", what, error, cairn_message());
    pthread_mutex_unlock(&wrong_lock);
}

/* --- what is recorded ---------------------------------------------------------------------------- */

static size_t tag_size(uint32_t tag)
{
    return tag % 50 == 7 ? 200000 + tag % 1000 : 8 + tag % 500;
}

static bool tag_is_whole(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint32_t tag;

    if (size < sizeof(tag))
        return false;
    memcpy(&tag, data, sizeof(tag));
    if (size != tag_size(tag))
        return false;
    for (size_t i = sizeof(tag); i < size; i++) {
        if (bytes[i] != (unsigned char)(tag + i))
            return false;
    }
    return true;
}

static int record(struct cairn_op *op, const struct cairn_ctx *ctx, struct cairn_id *id)
{
    const uint32_t tag = atomic_fetch_add(&tags, 1);
    const size_t size = tag_size(tag);
    unsigned char *data = malloc(size);

    if (data == NULL)
        abort();
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(tag + i);
    memcpy(data, &tag, sizeof(tag));
    int error = cairn_checkpoint(op, ctx, "label", data, size, id);
    free(data);
    return error;
}

/* check_data -- what a call has given, by pointers, so that the call comes first. */
static void check_data(const char *what, int error, void **data, const size_t *size)
{
    if (error == 0) {
        if (!tag_is_whole(*data, *size))
            blame(what, 4711);
        cairn_free(*data);
    } else if (error != CAIRN_ENONE && !(error == CAIRN_ENOTFOUND && removals)) {
        blame(what, error);
    }
}

/* --- what the threads do ------------------------------------------------------------------------- */

static void *write_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct cairn_id id;
        void *data = NULL;
        size_t size = 0;
        int error = record(shared, NULL, &id);
        if (error)
            blame("checkpoint", error);
        else if (i % 3 == 0)
            check_data("load", cairn_load(shared, NULL, id.text, &data, &size), &data, &size);
    }
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

/* write_hurried -- under contexts that expire or are cancelled now and then. */
static void *write_hurried(void *arg)
{
    struct cairn_ctx ctx;

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        cairn_ctx_with_timeout(&ctx, i % 5 * 100000);
        if (i % 7 == 0)
            cairn_ctx_cancel(&ctx);
        int error = record(shared, &ctx, NULL);
        if (error && error != CAIRN_ETIMEDOUT && error != CAIRN_ECANCELED)
            blame("checkpoint", error);
    }
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

static void *remove_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS / 4; i++) {
        int error = i % 4 == 0   ? cairn_clear(shared, NULL)
                    : i % 4 == 1 ? cairn_complete(shared, NULL)
                                 : cairn_compact(shared, NULL, "kept");
        if (error)
            blame("a removal", error);
        error = record(shared, NULL, NULL);
        if (error)
            blame("checkpoint", error);
    }
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

static int see(void *arg, const struct cairn_entry *entry)
{
    if (entry->error)
        blame(entry->reason, entry->error);
    if (entry->number != *(uint64_t *)arg)
        blame("list leaves one out", 0);
    ++*(uint64_t *)arg;
    return 0;
}

static void look(struct cairn_op *op, unsigned i)
{
    void *data = NULL;
    size_t size = 0;
    struct cairn_stat stat;
    struct cairn_id id;
    uint64_t count = 0;
    int error = 0;

    check_data("latest", cairn_latest(op, NULL, &data, &size), &data, &size);
    check_data("latest_intact", cairn_latest_intact(op, NULL, &id, &data, &size), &data, &size);
    if (i % 4 == 0)
        error = cairn_list(op, NULL, see, &count);
    else if (i % 4 == 1)
        error = cairn_stat(op, NULL, &stat);
    else if (i % 16 == 2)
        error = cairn_verify(op, NULL, NULL);
    if (error && !(error == CAIRN_EBUSY && removals))
        blame("list, stat or verify", error);
}

static void *look_around(void *arg)
{
    for (unsigned i = 0; atomic_load(&busy) > 0; i++)
        look(arg ? arg : shared, i);
    return NULL;
}

static void *repair_some(void *arg)
{
    (void)arg;
    while (atomic_load(&busy) > 0) {
        int error = cairn_repair(shared, NULL, NULL);
        if (error && !(error == CAIRN_EBUSY && removals))
            blame("repair", error);
    }
    return NULL;
}

/* come_and_go -- opens and closes handles of its own. */
static void *come_and_go(void *arg)
{
    static const unsigned flags[] = {0, CAIRN_READONLY, CAIRN_NO_THREAD};

    (void)arg;
    for (unsigned i = 0; atomic_load(&busy) > 0; i++) {
        struct cairn_op *op;
        int error = cairn_open(&op, NULL, journal, flags[i % 3]);
        if (error) {
            blame("open", error);
            break;
        }
        look(op, i);
        if (i % 3 != 1 && (error = record(op, NULL, NULL)) != 0)
            blame("checkpoint", error);
        cairn_close(op);
    }
    return NULL;
}

/* own_writer -- is the only one who writes, and closes the journal after each checkpoint. */
static void *own_writer(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS / 3; i++) {
        struct cairn_op *op;
        int error = cairn_open(&op, NULL, journal, i % 2 ? CAIRN_NO_THREAD : 0);
        if (error == 0) {
            error = record(op, NULL, NULL);
            if (error == 0 && i % 10 == 9)
                error = cairn_compact(op, NULL, "kept");
            cairn_close(op);
        }
        if (error)
            blame("a writer that comes and goes", error);
    }
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

/* read_large -- the latest, whatever it is: long reads. */
static void *read_large(void *arg)
{
    (void)arg;
    while (atomic_load(&busy) > 0) {
        void *data = NULL;
        size_t size = 0;
        int error = cairn_latest(shared, NULL, &data, &size);
        if (error == 0)
            cairn_free(data);
        else if (error != CAIRN_ENONE)
            blame("latest", error);
    }
    return NULL;
}

static void *clear_large(void *arg)
{
    const size_t size = 48u << 20;
    struct cairn_stat stat;
    void *data = calloc(1, size);

    (void)arg;
    if (data == NULL)
        abort();
    for (int i = 0; i < 6; i++) {
        int error = 0;
        for (int k = 0; k < 3 && error == 0; k++)
            error = cairn_checkpoint(shared, NULL, "large", data, size, NULL);
        if (error == 0)
            error = cairn_clear(shared, NULL);
        if (error == 0)
            error = cairn_stat(shared, NULL, &stat);
        if (error)
            blame("checkpoint, clear or stat", error);
        else if (stat.segments != 1)
            blame("segments that were removed are there still", 0);
    }
    free(data);
    atomic_fetch_sub(&busy, 1);
    return NULL;
}

/* --- the tests ----------------------------------------------------------------------------------- */

struct job {
    void *(*work)(void *);
    unsigned count;
    bool writes;
};

static void run(const struct job *jobs, size_t count, void *arg)
{
    pthread_t threads[64];
    size_t started = 0;

    wrong[0] = '\0';
    for (size_t i = 0; i < count; i++)
        atomic_fetch_add(&busy, jobs[i].writes ? jobs[i].count : 0);
    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < jobs[i].count; k++)
            assert_int_equal(pthread_create(&threads[started++], NULL, jobs[i].work, arg), 0);
    }
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (wrong[0])
        fail_msg("%s", wrong);
}

static void check_whole(uint64_t least)
{
    struct cairn_stat stat;
    struct cairn_op *op;

    assert_int_equal(cairn_open(&op, NULL, journal, 0), 0);
    assert_int_equal(cairn_verify(op, NULL, NULL), 0);
    assert_int_equal(cairn_stat(op, NULL, &stat), 0);
    assert_true(stat.count >= least);
    cairn_close(op);
}

static int set_up(void **state)
{
    (void)state;
    scratch_make(base, true);
    scratch_join(journal, base, "journal");
    atomic_store(&tags, 0);
    return cairn_open(&shared, NULL, journal, 0);
}

static int tear_down(void **state)
{
    (void)state;
    scratch_remove(base);
    return 0;
}

static void threads__record_and_read_at_once(void **state)
{
    static const struct job jobs[] = {
        {write_some, 6, true}, {write_hurried, 2, true}, {look_around, 2, false}, {repair_some, 1, false}};

    (void)state;
    removals = false;
    run(jobs, sizeof(jobs) / sizeof(jobs[0]), NULL);
    cairn_close(shared);
    check_whole(6 * ROUNDS);
}

static void threads__remove_beneath_those_who_read(void **state)
{
    static const struct job jobs[] = {
        {write_some, 4, true}, {remove_some, 2, true}, {look_around, 3, false}, {repair_some, 1, false}};

    (void)state;
    removals = true;
    run(jobs, sizeof(jobs) / sizeof(jobs[0]), NULL);
    cairn_close(shared);
    check_whole(0);
}

static void threads__open_and_close_beside_those_who_work(void **state)
{
    static const struct job jobs[] = {{write_some, 3, true},
                                      {write_hurried, 1, true},
                                      {remove_some, 1, true},
                                      {look_around, 1, false},
                                      {come_and_go, 3, false}};

    (void)state;
    removals = true;
    run(jobs, sizeof(jobs) / sizeof(jobs[0]), NULL);
    cairn_close(shared);
    check_whole(0);
}

static void threads__readers_without_a_writer_are_joined_by_one(void **state)
{
    static const struct job jobs[] = {{own_writer, 1, true}, {look_around, 4, false}};
    struct cairn_op *reader;

    (void)state;
    removals = true;
    assert_int_equal(record(shared, NULL, NULL), 0);
    cairn_close(shared);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(cairn_open(&reader, NULL, journal, CAIRN_READONLY), 0);
        run(jobs, sizeof(jobs) / sizeof(jobs[0]), reader);
        cairn_close(reader);
    }
    check_whole(1);
}

static void threads__long_reads_keep_no_removed_segment(void **state)
{
    static const struct job jobs[] = {{clear_large, 1, true}, {read_large, 4, false}};

    (void)state;
    removals = true;
    run(jobs, sizeof(jobs) / sizeof(jobs[0]), NULL);
    cairn_close(shared);
    check_whole(0);
}

static _Atomic unsigned done_by_cancelled, recorded_by_cancelled;

/* work_until_cancelled -- records, or reads the latest, or counts. */
static void *work_until_cancelled(void *arg)
{
    const int what = *(const int *)arg;

    for (;;) {
        struct cairn_stat stat;
        void *data = NULL;
        size_t size;
        int error = what == 0   ? cairn_checkpoint(shared, NULL, "", "doomed", 6, NULL)
                    : what == 1 ? cairn_latest(shared, NULL, &data, &size)
                                : cairn_stat(shared, NULL, &stat);
        if (error)
            blame("a call of a thread that is to be cancelled", error);
        cairn_free(data);
        atomic_fetch_add(&recorded_by_cancelled, what == 0);
        atomic_fetch_add(&done_by_cancelled, 1);
        pthread_testcancel();
    }
    return NULL;
}

/* A thread that is cancelled while others wait for it, or it for others, is first done with that. */
static void threads__that_are_cancelled_hold_up_nobody(void **state)
{
    static const int what[] = {0, 1, 2, 0, 1, 0};
    const int count = sizeof(what) / sizeof(what[0]);
    struct cairn_stat stat;

    (void)state;
    assert_int_equal(cairn_checkpoint(shared, NULL, "", "first", 5, NULL), 0);
    for (int round = 0; round < 10; round++) {
        pthread_t threads[sizeof(what) / sizeof(what[0])];
        void *result;
        for (int i = 0; i < count; i++)
            assert_int_equal(
                pthread_create(&threads[i], NULL, work_until_cancelled, (void *)(uintptr_t)&what[i]), 0);
        for (int i = 0; i < count; i++) {
            const unsigned before = done_by_cancelled;
            while (done_by_cancelled < before + 20)
                sched_yield();
            assert_int_equal(pthread_cancel(threads[i]), 0);
            assert_int_equal(pthread_join(threads[i], &result), 0);
            assert_ptr_equal(result, PTHREAD_CANCELED);
        }
    }
    assert_string_equal(wrong, "");
    assert_int_equal(cairn_checkpoint(shared, NULL, "", "last", 4, NULL), 0);
    assert_int_equal(cairn_verify(shared, NULL, NULL), 0);
    assert_int_equal(cairn_stat(shared, NULL, &stat), 0);
    assert_int_equal(stat.count, recorded_by_cancelled + 2);
    cairn_close(shared);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(threads__record_and_read_at_once),
        TEST(threads__remove_beneath_those_who_read),
        TEST(threads__open_and_close_beside_those_who_work),
        TEST(threads__readers_without_a_writer_are_joined_by_one),
        TEST(threads__long_reads_keep_no_removed_segment),
        TEST(threads__that_are_cancelled_hold_up_nobody),
    };
    alarm(800); /* a guard against a hang */
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
