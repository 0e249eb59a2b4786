/* queue.h -- the threads of one process that have a checkpoint to append: the first of them leads, and writes
 * for all who have come by then.
 *
 * Who leads takes a batch when it can write, so whoever comes until then is in it, and whoever does not want
 * to wait so long can leave until then. It leads until the batch is over, that is durable, while the next one
 * gathers. Then it wakes the first of those to lead, and after that all who were in its batch: two calls of
 * the system however many they are, and none if there is nobody.
 *
 * Threads that append again and again come back a moment after their batch is over. Who leads the next one
 * waits that moment for them, since one flush for all takes hardly longer than one for half of them. Where
 * they do not come back in time it soon waits no longer, and tries again only now and then.
 *
 * It knows nothing of what is appended. Other processes have queues of their own.
 */
#ifndef JOURNAL_QUEUE_H
#define JOURNAL_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <cairn/context.h>

/* A thread that waits; it lies on its stack. */
struct waiter {
    struct waiter *next; /* in the queue, or in its batch; NULL for the last */
    bool taken;          /* into a batch, and */
    unsigned batch;      /* into which */
    _Atomic bool over;   /* that batch is over */
};

struct queue {
    pthread_mutex_t lock; /* guards all up to `turn`, and what waiters there are in the queue */
    struct waiter *first;
    struct waiter **end;      /* where the next one is to stand */
    unsigned count;           /* how many are in the queue */
    bool led;                 /* somebody leads */
    bool sleeps;              /* who leads sleeps until more come */
    unsigned open;            /* the number of the batch that is taken next */
    int64_t took_ns;          /* when the last one was taken, */
    unsigned took;            /* and how many it has; 0: no more would have fitted */
    unsigned expected;        /* how many are worth a moment's wait, who leads included */
    int64_t patience_ns;      /* how long that is */
    int64_t crowded_until_ns; /* others want the processor, and who leads sleeps while it waits */
    unsigned pass, passes;    /* so many batches are not waited for; as many were, after the last wait */
    _Atomic uint32_t turn;    /* futex: who stands first waits here to lead, and who leads for more to come */
    _Atomic uint32_t event[2]; /* futex: the others, by whether their batch has an even number */
};

void queue_init(struct queue *queue);
void queue_release(struct queue *queue);

/* queue_enter -- waits until it is the turn of `waiter`, or its batch is over. QUEUE_LEADS: it leads, and
 * stands first; queue_leave() ends that. QUEUE_OVER: another one took it. Else the context's error: it has
 * left the queue, and nobody took it. */
enum { QUEUE_LEADS = 0, QUEUE_OVER = 1 };
int queue_enter(struct queue *queue, struct waiter *waiter, const struct cairn_ctx *ctx);

/* queue_take -- who leads takes a batch: itself, and those behind it up to the first that `fits` says no to.
 * They are linked behind it then. */
void queue_take(struct queue *queue, struct waiter *leader,
                bool (*fits)(void *arg, const struct waiter *waiter), void *arg);

/* queue_leave -- the leader's batch is over; or it has taken none, and only leaves. Somebody else leads. */
void queue_leave(struct queue *queue, struct waiter *leader);

#endif
