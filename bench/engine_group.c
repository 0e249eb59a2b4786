/* engine_group.c -- the floor for many threads: a queue, a leader, one pwritev and one fdatasync for all who
 * wait.
 *
 * A batch is open to whoever comes until its leader takes it, and its leader is whoever came first. The
 * leader waits until the batch before is durable, takes what has come by then, writes it into written space
 * and syncs it. Then it wakes the leader of the next batch, and after that its own followers. */
#include "engine_floor.h"
#include "must.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define GROUP_MAX 256u /* threads; below IOV_MAX */

struct group {
    int fd;
    bool unsynced;
    size_t slots, next; /* of written space; the batch's leader has them */
    pthread_mutex_t mutex;
    struct iovec queue[2][GROUP_MAX]; /* under the mutex; of the open batch, and of the one that is written */
    unsigned queued;                  /* under the mutex */
    uint32_t open;                    /* under the mutex: the number of the open batch, from 1 */
    _Atomic uint32_t durable;         /* the number of the last durable batch: the next leader waits here */
    _Atomic bool leader_waits;
    _Atomic uint32_t done[2]; /* the same, of even and of odd batches: followers wait here */
};

static void futex_wait(_Atomic uint32_t *word, uint32_t seen)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int threads)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

/* Waits until the word says batch `number`, or a later one. */
static void batch_wait(_Atomic uint32_t *word, uint32_t number)
{
    for (uint32_t seen; (int32_t)((seen = *word) - number) < 0;)
        futex_wait(word, seen);
}

/* Writes a batch behind the last one, or at the beginning if it does not fit. */
static void batch_write(struct group *group, struct iovec *vectors, unsigned count)
{
    size_t left = 0;

    if (group->next + count > group->slots)
        group->next = 0;
    off_t at = (off_t)(group->next * vectors[0].iov_len);
    group->next += count;
    for (unsigned i = 0; i < count; i++)
        left += vectors[i].iov_len;
    while (left > 0) {
        ssize_t n = pwritev(group->fd, vectors, (int)count, at);
        must(n > 0, "pwritev");
        at += n;
        left -= (size_t)n;
        for (; count > 0 && (size_t)n >= vectors->iov_len; vectors++, count--)
            n -= (ssize_t)vectors->iov_len;
        if (count > 0) {
            vectors->iov_base = (char *)vectors->iov_base + n;
            vectors->iov_len -= (size_t)n;
        }
    }
    must(group->unsynced || fdatasync(group->fd) == 0, "fdatasync");
}

static void batch_lead(struct group *group, uint32_t batch)
{
    if ((int32_t)(group->durable - (batch - 1)) < 0) {
        group->leader_waits = true; /* before it looks again */
        batch_wait(&group->durable, batch - 1);
    }
    pthread_mutex_lock(&group->mutex);
    unsigned count = group->queued;
    group->queued = 0;
    group->open = batch + 1;
    pthread_mutex_unlock(&group->mutex);

    batch_write(group, group->queue[batch & 1], count);
    group->durable = batch;
    if (atomic_exchange(&group->leader_waits, false))
        futex_wake(&group->durable, 1);
    group->done[batch & 1] = batch;
    if (count > 1)
        futex_wake(&group->done[batch & 1], INT_MAX);
}

static void *group_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct group *group = must_alloc(sizeof *group);

    group->unsynced = mode == ENGINE_FILL;
    group->fd = must_open(dir, "log", 0);
    group->slots = floor_slots(size);
    floor_write_ahead(group->fd, group->slots * size);
    pthread_mutex_init(&group->mutex, NULL);
    group->open = 1;
    return group;
}

static void group_append(void *self, const void *data, size_t size)
{
    struct group *group = self;

    pthread_mutex_lock(&group->mutex);
    const uint32_t batch = group->open;
    const unsigned place = group->queued++;
    if (place >= GROUP_MAX || place >= group->slots)
        die("more threads than the group has places");
    group->queue[batch & 1][place] = (struct iovec){(void *)(uintptr_t)data, size};
    pthread_mutex_unlock(&group->mutex);

    if (place == 0)
        batch_lead(group, batch);
    else
        batch_wait(&group->done[batch & 1], batch);
}

static void group_recycle(void *self)
{
    (void)self; /* it does nothing else */
}

static void group_close(void *self)
{
    struct group *group = self;

    close(group->fd);
    pthread_mutex_destroy(&group->mutex);
    free(group);
}

const struct engine engine_group = {
    .name = "group",
    .title = "floor: group commit",
    .kind = ENGINE_FLOOR_WRITTEN,
    .open = group_open,
    .close = group_close,
    .append = group_append,
    .recycle = group_recycle,
};
