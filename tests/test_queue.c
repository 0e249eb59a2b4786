/* test_queue.c -- threads that append: one leads, those who came in time are in its batch and wake when that
 * is over, and the others have their turn in order. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <cairn/error.h>

#include "journal/queue.h"
#include "system/system.h"

#define THREADS 8u
#define ROUNDS  5000u

static struct queue queue;

/* A thread that enters the queue; if it is to lead, it takes `room` and leaves. */
struct thread {
    pthread_t id;
    struct waiter waiter;
    struct cairn_ctx *ctx;
    unsigned room;
    int result;
    unsigned took;           /* how many were in the batch that it led, */
    unsigned expected;       /* and how many it waited for */
    _Atomic unsigned *order; /* of those that lead */
    unsigned place;
};

static unsigned in_queue(void)
{
    unsigned count = 0;

    pthread_mutex_lock(&queue.lock);
    for (const struct waiter *at = queue.first; at; at = at->next)
        count++;
    assert_int_equal(count, queue.count);
    pthread_mutex_unlock(&queue.lock);
    return count;
}

static void until_in_queue(unsigned count)
{
    while (in_queue() != count)
        sched_yield();
}

static bool fits(void *arg, const struct waiter *waiter)
{
    unsigned *room = arg;

    (void)waiter;
    return *room > 0 && (*room)--;
}

static unsigned take(struct waiter *leader, unsigned room)
{
    unsigned left = room;
    queue_take(&queue, leader, fits, &left);
    return room - left;
}

static void *thread_main(void *arg)
{
    struct thread *thread = arg;

    thread->result = queue_enter(&queue, &thread->waiter, thread->ctx);
    if (thread->result == QUEUE_LEADS) {
        thread->place = atomic_fetch_add(thread->order, 1);
        thread->expected = queue.expected;
        if (thread->room)
            thread->took = take(&thread->waiter, thread->room);
        queue_leave(&queue, &thread->waiter);
    }
    return NULL;
}

static _Atomic unsigned order;

static void start(struct thread *thread, unsigned room, struct cairn_ctx *ctx)
{
    const unsigned before = in_queue();

    *thread = (struct thread){.room = room, .ctx = ctx, .order = &order};
    assert_int_equal(pthread_create(&thread->id, NULL, thread_main, thread), 0);
    until_in_queue(before + 1);
}

static void join(struct thread *threads, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i].id, NULL);
    assert_int_equal(in_queue(), 0);
}

static int set_up(void **state)
{
    (void)state;
    order = 0;
    queue_init(&queue);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    queue_release(&queue);
    return 0;
}

static void queue__who_is_alone_leads(void **state)
{
    struct waiter waiter;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
        assert_int_equal(take(&waiter, 10), 1);
        assert_null(waiter.next);
        queue_leave(&queue, &waiter);
    }
}

static void queue__who_came_in_time_is_in_the_batch(void **state)
{
    struct thread threads[3];
    struct waiter waiter;

    (void)state;
    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    for (int i = 0; i < 3; i++)
        start(&threads[i], 1, NULL);
    assert_int_equal(take(&waiter, 10), 4);
    assert_ptr_equal(waiter.next, &threads[0].waiter);
    assert_ptr_equal(threads[0].waiter.next, &threads[1].waiter);
    assert_ptr_equal(threads[1].waiter.next, &threads[2].waiter);
    assert_null(threads[2].waiter.next);
    queue_leave(&queue, &waiter);
    join(threads, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(threads[i].result, QUEUE_OVER);
}

static void queue__for_whom_there_is_no_room_leads_next(void **state)
{
    struct thread threads[4];
    struct waiter waiter;

    (void)state;
    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    for (int i = 0; i < 3; i++)
        start(&threads[i], 10, NULL);
    assert_int_equal(take(&waiter, 2), 2);
    start(&threads[3], 10, NULL); /* behind those that are left */
    queue_leave(&queue, &waiter);
    join(threads, 4);
    assert_int_equal(threads[0].result, QUEUE_OVER);
    assert_int_equal(threads[1].result, QUEUE_LEADS);
    assert_int_equal(threads[1].took, 3);
    assert_int_equal(threads[2].result, QUEUE_OVER);
    assert_int_equal(threads[3].result, QUEUE_OVER);
}

static void queue__who_takes_nothing_leaves_it_to_the_next(void **state)
{
    struct thread threads[3];
    struct waiter waiter;

    (void)state;
    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    for (int i = 0; i < 3; i++)
        start(&threads[i], 0, NULL);
    queue_leave(&queue, &waiter);
    join(threads, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(threads[i].result, QUEUE_LEADS);
        assert_int_equal(threads[i].place, i);
    }
}

/* The first behind the leader, one in the middle, and the last. */
static void queue__who_does_not_wait_longer_leaves(void **state)
{
    (void)state;
    for (unsigned gone = 0; gone < 3; gone++) {
        struct thread threads[4];
        struct waiter waiter;
        struct cairn_ctx ctx = {0};
        order = 0;
        assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
        for (unsigned i = 0; i < 3; i++)
            start(&threads[i], 0, i == gone ? &ctx : NULL);
        cairn_ctx_cancel(&ctx);
        until_in_queue(3);
        start(&threads[3], 0, NULL);
        queue_leave(&queue, &waiter);
        join(threads, 4);
        for (unsigned i = 0, place = 0; i < 4; i++) {
            assert_int_equal(threads[i].result, i == gone ? CAIRN_ECANCELED : QUEUE_LEADS);
            if (i != gone)
                assert_int_equal(threads[i].place, place++);
        }
    }
}

static void queue__who_is_taken_waits_to_the_end(void **state)
{
    struct thread threads[1];
    struct waiter waiter;
    struct cairn_ctx ctx = {0};

    (void)state;
    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    start(&threads[0], 0, &ctx);
    assert_int_equal(take(&waiter, 10), 2);
    cairn_ctx_cancel(&ctx);
    queue_leave(&queue, &waiter);
    join(threads, 1);
    assert_int_equal(threads[0].result, QUEUE_OVER);
}

/* come_and_go -- a batch of `count`, of which the first is led here, comes and goes. */
static void come_and_go(struct thread *threads, unsigned count)
{
    struct waiter waiter;

    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    for (unsigned i = 1; i < count; i++)
        start(&threads[i], count, NULL);
    assert_int_equal(take(&waiter, count), count);
    queue_leave(&queue, &waiter);
    for (unsigned i = 1; i < count; i++)
        pthread_join(threads[i].id, NULL);
}

/* lead -- a batch of one. */
static void lead(void)
{
    struct waiter waiter;

    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    assert_int_equal(take(&waiter, 10), 1);
    queue_leave(&queue, &waiter);
}

/* run -- a thread that may be in the queue later, or has gone through it. */
static void run(struct thread *thread)
{
    *thread = (struct thread){.room = 10, .order = &order};
    assert_int_equal(pthread_create(&thread->id, NULL, thread_main, thread), 0);
}

#define LONG_NS 3600000000000 /* an hour: as good as for ever */

static void queue__who_leads_waits_for_those_of_the_batch_before(void **state)
{
    struct thread threads[3];

    (void)state;
    come_and_go(threads, 3);
    assert_int_equal(queue.expected, 3);
    assert_true(queue.patience_ns <= 50000);
    queue.patience_ns = LONG_NS;
    for (unsigned i = 0; i < 3; i++)
        run(&threads[i]);
    join(threads, 3);
    assert_int_equal(order, 1);
    assert_int_equal(threads[0].took + threads[1].took + threads[2].took, 3);
}

static void queue__of_a_crowd_an_eighth_is_not_waited_for(void **state)
{
    struct thread threads[THREADS];

    (void)state;
    come_and_go(threads, THREADS);
    assert_int_equal(queue.expected, THREADS - THREADS / 8);
}

static _Atomic unsigned yields;
static _Atomic bool yields_long;

/* In place of the C library's. */
int sched_yield(void)
{
    const struct timespec slice = {.tv_nsec = yields_long ? 1000000 : 0};

    yields++;
    return nanosleep(&slice, NULL);
}

/* Where others want the processor, who leads sleeps, and the one that makes them complete wakes it. */
static void queue__who_leads_sleeps_until_all_are_there(void **state)
{
    struct thread threads[3];

    (void)state;
    queue.crowded_until_ns = INT64_MAX;
    queue.expected = 3;
    queue.patience_ns = LONG_NS;
    yields = 0;
    for (unsigned i = 0; i < 3; i++)
        run(&threads[i]);
    join(threads, 3);
    assert_int_equal(order, 1);
    assert_int_equal(yields, 0);
}

static void queue__after_a_long_yield_who_leads_sleeps(void **state)
{
    (void)state;
    queue.expected = 2;
    queue.patience_ns = 1;
    yields = 0;
    yields_long = true;
    lead();
    yields_long = false;
    assert_int_equal(yields, 1);
    assert_true(queue.crowded_until_ns >= system_monotonic_ns() + 100000000);
    queue.pass = 0;
    queue.expected = 2;
    queue.patience_ns = 1000;
    lead();
    assert_int_equal(yields, 1);
}

static void queue__who_came_meanwhile_is_expected_again_too(void **state)
{
    struct thread threads[2];
    struct waiter waiter;

    (void)state;
    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    assert_int_equal(take(&waiter, 10), 1);
    for (unsigned i = 0; i < 2; i++)
        start(&threads[i], 10, NULL);
    queue_leave(&queue, &waiter);
    join(threads, 2);
    assert_int_equal(threads[0].expected, 3);
    assert_int_equal(threads[0].took, 2);
    assert_int_equal(queue.expected, 2);
}

/* What did not fit leads by itself; nobody waits for more. */
static void queue__where_no_more_would_fit_nobody_is_waited_for(void **state)
{
    struct thread threads[2];
    struct waiter waiter;

    (void)state;
    assert_int_equal(queue_enter(&queue, &waiter, NULL), QUEUE_LEADS);
    for (unsigned i = 0; i < 2; i++)
        start(&threads[i], 10, NULL);
    assert_int_equal(take(&waiter, 2), 2);
    queue_leave(&queue, &waiter);
    join(threads, 2);
    assert_int_equal(threads[1].expected, 0);
    assert_int_equal(threads[1].took, 1);
}

static void queue__who_waited_in_vain_soon_waits_no_longer(void **state)
{
    (void)state;
    for (unsigned passes = 1; passes <= 127; passes = 2 * passes + 1) {
        queue.expected = 3;
        queue.patience_ns = 0;
        lead(); /* in vain */
        const unsigned limited = passes < 63 ? passes : 63;
        assert_int_equal(queue.passes, limited);
        for (unsigned i = 0; i < limited; i++) {
            assert_int_equal(queue.pass, limited - i);
            queue.expected = 3;
            queue.patience_ns = LONG_NS;
            lead(); /* and would not come back here if it waited */
        }
        assert_int_equal(queue.pass, 0);
    }

    /* Half of those who are missing are worth it. */
    struct thread threads[2];
    queue.expected = 2;
    queue.patience_ns = LONG_NS;
    for (unsigned i = 0; i < 2; i++)
        run(&threads[i]);
    join(threads, 2);
    assert_int_equal(threads[0].took + threads[1].took, 2);
    assert_int_equal(queue.passes, 0);
}

/* One of two who are missing comes: made up here, in time, before the one that leads has waited enough. */
static void queue__half_of_those_who_are_missing_are_worth_the_wait(void **state)
{
    struct thread thread;
    bool in_time;

    (void)state;
    do {
        queue.crowded_until_ns = INT64_MAX;
        queue.passes = 7;
        queue.pass = 0;
        queue.expected = 3;
        queue.patience_ns = LONG_NS / 36000; /* a tenth of a second */
        run(&thread);
        do {
            pthread_mutex_lock(&queue.lock);
            in_time = queue.sleeps;
            queue.count += in_time;
            const bool late = !in_time && queue.open > 0;
            pthread_mutex_unlock(&queue.lock);
            if (late)
                break;
        } while (!in_time);
        pthread_join(thread.id, NULL);
        queue.count -= in_time;
        assert_int_equal(queue.passes, in_time ? 0 : 15);
        queue.open = 0;
    } while (!in_time);
}

static unsigned led, counted; /* by those who lead */

static void *crowd_main(void *arg)
{
    unsigned *state = arg;
    struct cairn_ctx over = {.deadline_ns = 1};
    unsigned done = 0;

    while (done < ROUNDS) {
        struct waiter waiter;
        *state = *state * 1103515245 + 12345;
        const unsigned what = *state >> 16;
        const int result = queue_enter(&queue, &waiter, what % 13 == 0 ? &over : NULL);
        if (result < 0)
            continue;
        done++;
        if (result == QUEUE_OVER)
            continue;
        led++;
        if (what % 7 == 0)
            counted++; /* does it by itself */
        else
            counted += take(&waiter, 1 + what % THREADS);
        queue_leave(&queue, &waiter);
    }
    return NULL;
}

static void queue__in_a_crowd_each_is_counted_once(void **state)
{
    pthread_t threads[THREADS];
    unsigned states[THREADS];

    (void)state;
    led = counted = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        states[i] = i + 1;
        assert_int_equal(pthread_create(&threads[i], NULL, crowd_main, &states[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(counted, THREADS * ROUNDS);
    assert_in_range(led, 1, THREADS * ROUNDS);
    assert_int_equal(in_queue(), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(queue__who_is_alone_leads),
        TEST(queue__who_came_in_time_is_in_the_batch),
        TEST(queue__for_whom_there_is_no_room_leads_next),
        TEST(queue__who_takes_nothing_leaves_it_to_the_next),
        TEST(queue__who_does_not_wait_longer_leaves),
        TEST(queue__who_is_taken_waits_to_the_end),
        TEST(queue__who_leads_waits_for_those_of_the_batch_before),
        TEST(queue__of_a_crowd_an_eighth_is_not_waited_for),
        TEST(queue__who_leads_sleeps_until_all_are_there),
        TEST(queue__after_a_long_yield_who_leads_sleeps),
        TEST(queue__who_came_meanwhile_is_expected_again_too),
        TEST(queue__where_no_more_would_fit_nobody_is_waited_for),
        TEST(queue__who_waited_in_vain_soon_waits_no_longer),
        TEST(queue__half_of_those_who_are_missing_are_worth_the_wait),
        TEST(queue__in_a_crowd_each_is_counted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
