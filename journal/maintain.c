/* maintain.c -- see maintain.h. */
#include "journal/maintain.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "journal/attach.h"
#include "journal/index.h"
#include "journal/log.h"
#include "journal/spares.h"
#include "system/system.h"

#define INDEX_LAG_RECORDS 1024                /* that the index may be behind before it is committed, */
#define INDEX_LAG_LEAST   (1024u * 1024)      /* and bytes of log at least, */
#define INDEX_LAG_MOST    (64u * 1024 * 1024) /* and at most; */
#define INDEX_LAG_INLINE  4                   /* where there is no thread for it, so many times the least */
#define INDEX_REST        16         /* a commit is followed by so many times its own length without one */
#define THREAD_NICE       10         /* steps: where all processors are busy, it has a tenth of one */
#define BESIDE_NS         1000000000 /* what is done beside a call waits for others so long at most */
#define BESIDE_PAUSE_NS   1000000    /* between two attempts, each of which may take ten milliseconds */

/* Waits for next to nothing: for a lock in the control page some ten milliseconds, for the gate not at all.
 * A process that was stopped may hold either for ever. */
static const struct cairn_ctx at_once = {.deadline_ns = 1};

/* usual_size -- twice that of the segment in use, up to a maximum. */
static uint64_t usual_size(struct journal *journal, uint64_t room)
{
    const uint64_t most = spares_most(room);
    const struct segment *segment;
    const char *reason;
    struct tail tail;
    uint64_t size = SEGMENT_SIZE_FIRST;

    control_tail(journal->control, &tail);
    if (files_get(journal, tail.segment, &segment, &reason) == 0) {
        size = 2 * segment_full_size(segment);
        files_put(journal, segment);
    }
    if (size > most)
        size = most;
    return size < SEGMENT_SIZE_FIRST ? SEGMENT_SIZE_FIRST : size & ~(uint64_t)(SEGMENT_PAGE - 1);
}

/* lock_house -- 0, CAIRN_EBUSY if `wait` is false and somebody has it, or a context's error. A dead owner
 * may have left a spare that nobody knows of. */
static int lock_house(struct journal *journal, const struct cairn_ctx *ctx, bool wait)
{
    struct control *control = journal->control;
    int result = wait ? control_lock(&control->house, ctx) : control_trylock(&control->house);
    if (result == CONTROL_OWNER_DIED) {
        atomic_store(&control->strays, 1);
        result = 0;
    }
    if (result == 0 && atomic_load(&control->strays) && spares_trim(journal, true, true))
        atomic_store(&control->strays, 0); /* else the next owner does it */
    return result;
}

/* make_reserve -- the reserve, of which control records and given-up segments live when the disk is full. The
 * caller holds house. */
static void make_reserve(struct journal *journal)
{
    char name[SEGMENT_NAME_SIZE];

    if (atomic_load(&journal->control->reserve_ready))
        return;
    /* Under another name until it is whole. */
    spare_name(name, atomic_fetch_add(&journal->control->spare_last, 1) + 1);
    if (spare_make(journal->dir, name, SEGMENT_SIZE_MIN) != 0)
        return;
    if (renameat(journal->dir, name, journal->dir, RESERVE_NAME) == 0)
        atomic_store(&journal->control->reserve_ready, 1);
    else
        unlinkat(journal->dir, name, 0);
}

/* make_spare -- as maintain_make_spare(); the caller holds house. */
static int make_spare(struct journal *journal, uint64_t room)
{
    struct control *control = journal->control;
    char name[SEGMENT_NAME_SIZE];

    uint64_t number = atomic_load(&control->spare);
    if (number && spares_fits(journal, number, room))
        return 0;
    number = spares_find(journal, room);
    if (number) {
        atomic_store(&control->spare, number);
        return 0;
    }
    const uint64_t least = spares_size(room, 0);
    bool trimmed = false;
    int error = 0;
    for (uint64_t size = spares_size(room, usual_size(journal, room));;) {
        number = atomic_fetch_add(&control->spare_last, 1) + 1;
        spare_name(name, number);
        error = spares_make(journal, name, size, room);
        if (error != ENOSPC && error != EDQUOT && error != EFBIG)
            break;
        if (!trimmed) {
            spares_trim(journal, false, false); /* their space may be what is missing */
            trimmed = true;
            continue;
        }
        if (size == least)
            break;
        size = size / 2 & ~(uint64_t)(SEGMENT_PAGE - 1);
        if (size < least)
            size = least;
    }
    if (error)
        return system_error(error, "%s/%s: cannot make a segment", journal->path, name);
    atomic_store(&control->spare, number);
    return 0;
}

void maintain_make_reserve(struct journal *journal)
{
    if (atomic_load(&journal->control->reserve_ready) || lock_house(journal, NULL, true) != 0)
        return;
    make_reserve(journal);
    control_unlock(&journal->control->house);
}

/* unretired -- whether a removal that is durable has left something; *at is the tail that says so. */
static bool unretired(struct journal *journal, struct tail *at)
{
    control_durable(journal->control, at);
    return at->horizon_position > atomic_load(&journal->control->retired);
}

/* retire_all -- as maintain_retire(); the caller holds house. */
static int retire_all(struct journal *journal)
{
    struct listing listing;
    struct tail at;

    if (!unretired(journal, &at))
        return 0;
    int error = files_list(journal, &listing);
    if (error)
        return error;
    const bool survivor = at.survivor_position != RECORD_NONE;
    files_forget(journal, survivor && at.survivor_segment < at.horizon_segment ? at.survivor_segment
                                                                               : at.horizon_segment);
    /* Newest last: those have the size that is usual now, and are kept. */
    for (size_t i = 0; i < listing.segment_count; i++) {
        char name[SEGMENT_NAME_SIZE];
        uint64_t number = listing.segments[i];
        if (number >= at.horizon_segment || (survivor && number == at.survivor_segment))
            continue;
        segment_name(name, number);
        spares_retire(journal, name);
    }
    listing_release(&listing);
    spares_trim(journal, true, false);
    /* Also if some could not be removed, so that it is not tried again for every record. */
    atomic_store(&journal->control->retired, at.horizon_position);
    make_reserve(journal);
    return 0;
}

int maintain_make_spare(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room)
{
    int error = lock_house(journal, ctx, true);
    if (error)
        return error;
    retire_all(journal); /* its space may be what is missing */
    error = make_spare(journal, room);
    control_unlock(&journal->control->house);
    return error;
}

/* save_index -- as maintain_save_index(), but only if nobody has what it needs; the caller holds house. */
static int save_index(struct journal *journal)
{
    int gate;

    if (atomic_load(&journal->control->unsettled))
        return 0; /* it would vouch for what nobody has made durable */
    int error = control_lock(&journal->map_lock, &at_once);
    if (error)
        return error;
    error = map_catch_up(journal, &at_once);
    if (error == 0 && journal->map.at.position > atomic_load(&journal->control->index_end)) {
        error = attach_lock_gate(journal->dir, journal->path, &at_once, &gate);
        if (error == 0) {
            const int64_t began = system_monotonic_ns();
            error = index_save(journal, &journal->map);
            const int64_t ended = system_monotonic_ns();
            atomic_store(&journal->index_rest, ended + INDEX_REST * (ended - began));
            attach_unlock_gate(gate);
            /* Also after a failure, so that it is not tried again for every record. */
            atomic_store(&journal->control->index_end, journal->map.at.position);
        }
    }
    pthread_mutex_unlock(&journal->map_lock);
    return error;
}

/* beside -- does `work` under house, which may say CAIRN_ETIMEDOUT to be called again. What it waits for may
 * be held by a process that is stopped, and nobody may be made to wait for that in turn: so house is let go
 * between the attempts. */
static void beside(struct journal *journal, const struct cairn_ctx *ctx, int (*work)(struct journal *journal))
{
    struct cairn_ctx end;

    cairn_ctx_with_timeout(&end, BESIDE_NS);
    for (;;) {
        int error = lock_house(journal, &at_once, true);
        if (error == 0) {
            error = work(journal);
            control_unlock(&journal->control->house);
        }
        if (error != CAIRN_ETIMEDOUT || cairn_ctx_check(ctx) != 0 || cairn_ctx_check(&end) != 0)
            break;
        nanosleep(&(struct timespec){.tv_nsec = BESIDE_PAUSE_NS}, NULL);
    }
}

void maintain_save_index(struct journal *journal, const struct cairn_ctx *ctx)
{
    beside(journal, ctx, save_index);
}

void maintain_retire(struct journal *journal, const struct cairn_ctx *ctx)
{
    beside(journal, ctx, retire_all);
}

/* What there is to do. */
enum task { TASK_NONE, TASK_RETIRE, TASK_SPARE, TASK_RESERVE, TASK_INDEX };

/* index_lag -- how many bytes of log the index may be behind. The next opening walks them from record to
 * record, so where records are large it may be more. */
static uint64_t index_lag(const struct journal *journal, bool threaded)
{
    const uint64_t lag = INDEX_LAG_RECORDS * atomic_load_explicit(&journal->last_size, memory_order_relaxed);
    const uint64_t least = threaded ? INDEX_LAG_LEAST : INDEX_LAG_LEAST * INDEX_LAG_INLINE;
    return lag < least ? least : lag > INDEX_LAG_MOST ? INDEX_LAG_MOST : lag;
}

/* index_is_due -- whether the index is so far behind that it is to be committed. */
static bool index_is_due(const struct journal *journal, bool threaded)
{
    const uint64_t durable = control_durable_position(journal->control);
    const uint64_t covered = atomic_load_explicit(&journal->control->index_end, memory_order_relaxed);

    return durable > covered && durable - covered > index_lag(journal, threaded) &&
           system_monotonic_ns() >= atomic_load_explicit(&journal->index_rest, memory_order_relaxed);
}

static enum task find_task(struct journal *journal, bool threaded)
{
    struct control *control = journal->control;
    struct tail tail;

    if (atomic_load_explicit(&control->broken, memory_order_relaxed))
        return TASK_NONE;
    if (threaded && unretired(journal, &tail))
        return TASK_RETIRE; /* it may give a spare */
    if (threaded && atomic_load_explicit(&control->spare, memory_order_relaxed) == 0)
        return TASK_SPARE; /* the log cannot go on without it */
    if (index_is_due(journal, threaded))
        return TASK_INDEX;
    if (threaded && !atomic_load_explicit(&control->reserve_ready, memory_order_relaxed))
        return TASK_RESERVE;
    return TASK_NONE;
}

/* do_task -- does one thing, unless another process is at it. False if it did not help. */
static bool do_task(struct journal *journal, enum task task)
{
    bool helped = false;
    struct tail tail;

    if (lock_house(journal, NULL, false) != 0)
        return false;
    switch (task) {
    case TASK_RETIRE:
        helped = retire_all(journal) == 0 && !unretired(journal, &tail);
        break;
    case TASK_SPARE:
        helped = atomic_load(&journal->control->spare) != 0 ||
                 make_spare(journal, atomic_load(&journal->last_size)) == 0;
        break;
    case TASK_RESERVE:
        make_reserve(journal);
        helped = atomic_load(&journal->control->reserve_ready);
        break;
    case TASK_INDEX:
        helped = save_index(journal) == 0;
        break;
    case TASK_NONE:
        break;
    }
    control_unlock(&journal->control->house);
    return helped;
}

void maintain_after_append(struct journal *journal, bool threaded)
{
    enum task task = find_task(journal, threaded);

    if (task == TASK_NONE)
        return;
    if (!threaded) {
        do_task(journal, task);
        return;
    }
    pthread_mutex_lock(&journal->thread_lock);
    if (!journal->thread_wanted) {
        journal->thread_wanted = true;
        pthread_cond_signal(&journal->thread_wake);
    }
    pthread_mutex_unlock(&journal->thread_lock);
}

/* step_back -- what this thread does has time, and an append has not: not only its own thread needs a
 * processor at once, but also the kernel's that hands its sync to the disk. */
static void step_back(void)
{
    const id_t thread = (id_t)syscall(SYS_gettid);
    setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + THREAD_NICE);
}

static void *thread_main(void *arg)
{
    struct journal *journal = arg;

    step_back();
    pthread_mutex_lock(&journal->thread_lock);
    for (;;) {
        while (!journal->thread_wanted && !journal->thread_ends)
            pthread_cond_wait(&journal->thread_wake, &journal->thread_lock);
        if (journal->thread_ends)
            break;
        journal->thread_wanted = false;
        pthread_mutex_unlock(&journal->thread_lock);
        for (enum task task; (task = find_task(journal, true)) != TASK_NONE;) {
            if (!do_task(journal, task))
                break; /* the next append asks again */
        }
        pthread_mutex_lock(&journal->thread_lock);
    }
    pthread_mutex_unlock(&journal->thread_lock);
    return NULL;
}

int maintain_start_thread(struct journal *journal)
{
    sigset_t all, before;
    int error = 0;

    pthread_mutex_lock(&journal->thread_lock);
    if (!journal->thread_runs) {
        /* The program's signals are not for this thread. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&journal->thread, NULL, thread_main, journal);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        journal->thread_runs = error == 0;
    }
    pthread_mutex_unlock(&journal->thread_lock);
    return error ? system_error(error, "%s: cannot start a thread", journal->path) : 0;
}

void maintain_stop_thread(struct journal *journal)
{
    pthread_mutex_lock(&journal->thread_lock);
    bool runs = journal->thread_runs;
    journal->thread_ends = true;
    pthread_cond_signal(&journal->thread_wake);
    pthread_mutex_unlock(&journal->thread_lock);
    if (runs)
        pthread_join(journal->thread, NULL);
    journal->thread_runs = false;
}
