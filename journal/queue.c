/* queue.c -- see queue.h.
 *
 * Each word that is waited on is changed under the lock, or when all that it tells is said already, and is
 * read under the lock before the waiter sleeps; so none is missed.
 */
#include "journal/queue.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "system/system.h"

#define LOOK_AGAIN_NS     10000000 /* whoever has a context looks at it so often */
#define PATIENCE_NS       50000 /* who leads waits for others so long at most, and half of what a batch takes */
#define LONG_YIELD_NS     100000 /* then somebody else had the processor, */
#define LONG_YIELD_COUNTS 200    /* and for so many times its length nobody yields */
#define PASSES_MOST       63     /* so many batches are not waited for after waits that were in vain */

void queue_init(struct queue *queue)
{
    *queue = (struct queue){.end = &queue->first};
    pthread_mutex_init(&queue->lock, NULL);
}

void queue_release(struct queue *queue)
{
    pthread_mutex_destroy(&queue->lock);
}

/* wait_for -- sleeps until the word is not `seen` any more, or so long; 0: for ever. */
static void wait_for(_Atomic uint32_t *word, uint32_t seen, int64_t ns)
{
    struct timespec timeout = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, ns ? &timeout : NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int count)
{
    atomic_fetch_add(word, 1);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}

/* wake_queue -- who stands first has changed, or will not be in the batch that it waits for: all look again.
 */
static void wake_queue(struct queue *queue)
{
    wake(&queue->turn, 1);
    wake(&queue->event[0], INT_MAX);
    wake(&queue->event[1], INT_MAX);
}

/* take_out -- one that nobody has taken leaves the queue. The caller has the lock. */
static void take_out(struct queue *queue, struct waiter *waiter)
{
    struct waiter **at = &queue->first;

    while (*at != waiter)
        at = &(*at)->next;
    *at = waiter->next;
    if (waiter->next == NULL)
        queue->end = at;
    queue->count--;
    wake_queue(queue);
}

/* pause_for -- for so long at most, without the lock. Returns what time it is then. To yield finds those who
 * come back sooner than to sleep, for the processor stays awake; but where others want it, it gives them a
 * slice. After a yield that took long, pauses are sleeps for so much longer that it does not count. */
static int64_t pause_for(struct queue *queue, int64_t now, int64_t ns)
{
    const bool sleeps = now < queue->crowded_until_ns;
    const uint32_t seen = atomic_load(&queue->turn);

    queue->sleeps = sleeps;
    pthread_mutex_unlock(&queue->lock);
    if (sleeps)
        wait_for(&queue->turn, seen, ns);
    else
        sched_yield();
    const int64_t then = system_monotonic_ns();
    pthread_mutex_lock(&queue->lock);
    queue->sleeps = false;
    if (!sleeps && then - now > LONG_YIELD_NS)
        queue->crowded_until_ns = then + LONG_YIELD_COUNTS * (then - now);
    return then;
}

/* gather -- waits a moment for those who are expected, if that is worth it. It is worth it if half of those
 * come who were not there yet. The caller leads, and has the lock. */
static void gather(struct queue *queue)
{
    const unsigned expected = queue->expected, there = queue->count;

    if (there >= expected)
        return;
    if (queue->pass > 0) {
        queue->pass--;
        return;
    }
    int64_t now = system_monotonic_ns();
    const int64_t end = now + queue->patience_ns;
    while (queue->count < expected && now < end)
        now = pause_for(queue, now, end - now);
    if (queue->count >= there + (expected - there + 1) / 2)
        queue->passes = 0;
    else if (queue->passes < PASSES_MOST)
        queue->passes = 2 * queue->passes + 1;
    queue->pass = queue->passes;
}

int queue_enter(struct queue *queue, struct waiter *waiter, const struct cairn_ctx *ctx)
{
    int result = QUEUE_OVER;

    *waiter = (struct waiter){0};
    pthread_mutex_lock(&queue->lock);
    *queue->end = waiter;
    queue->end = &waiter->next;
    queue->count++;
    if (queue->sleeps && queue->count == queue->expected)
        wake(&queue->turn, 1);
    while (!atomic_load(&waiter->over)) {
        const bool first = queue->first == waiter;
        if (first && !queue->led) {
            queue->led = true;
            gather(queue);
            result = QUEUE_LEADS;
            break;
        }
        if (!waiter->taken && (result = cairn_ctx_check(ctx)) != 0) {
            take_out(queue, waiter);
            break;
        }
        result = QUEUE_OVER;
        const unsigned batch = waiter->taken ? waiter->batch : queue->open;
        _Atomic uint32_t *word = first ? &queue->turn : &queue->event[batch % 2];
        const uint32_t seen = atomic_load(word);
        pthread_mutex_unlock(&queue->lock);
        wait_for(word, seen, ctx ? LOOK_AGAIN_NS : 0);
        if (atomic_load(&waiter->over))
            return QUEUE_OVER;
        pthread_mutex_lock(&queue->lock);
    }
    pthread_mutex_unlock(&queue->lock);
    return result;
}

void queue_take(struct queue *queue, struct waiter *leader,
                bool (*fits)(void *arg, const struct waiter *waiter), void *arg)
{
    struct waiter *last = leader;
    unsigned took = 0;

    pthread_mutex_lock(&queue->lock);
    assert(queue->led && queue->first == leader && !leader->taken);
    for (struct waiter *at = leader; at && fits(arg, at); at = at->next) {
        at->taken = true;
        at->batch = queue->open;
        last = at;
        took++;
    }
    assert(leader->taken);
    queue->first = last->next;
    last->next = NULL;
    queue->open++;
    queue->count -= took;
    queue->took = queue->first ? 0 : took;
    queue->took_ns = system_monotonic_ns();
    if (queue->first)
        wake_queue(queue);
    else
        queue->end = &queue->first;
    pthread_mutex_unlock(&queue->lock);
}

/* expect -- a batch is over: those who were in it are about to come back, or all but an eighth of a crowd.
 * The caller has the lock. */
static void expect(struct queue *queue)
{
    const int64_t half = (system_monotonic_ns() - queue->took_ns) / 2;
    const unsigned all = queue->took + queue->count;

    queue->expected = queue->took ? all - all / 8 : 0;
    queue->patience_ns = half < PATIENCE_NS ? half : PATIENCE_NS;
}

void queue_leave(struct queue *queue, struct waiter *leader)
{
    pthread_mutex_lock(&queue->lock);
    assert(queue->led);
    queue->led = false;
    if (leader->taken)
        expect(queue);
    else
        take_out(queue, leader);
    const bool next = queue->first != NULL;
    pthread_mutex_unlock(&queue->lock);
    if (next)
        wake(&queue->turn, 1);
    if (!leader->taken || leader->next == NULL)
        return;
    for (struct waiter *at = leader->next; at;) {
        struct waiter *follower = at;
        at = at->next; /* before it is gone */
        atomic_store(&follower->over, true);
    }
    wake(&queue->event[leader->batch % 2], INT_MAX);
}
