/* log.c -- see log.h.
 *
 * The happy path, the same for threads and for processes:
 *
 *   1. Under the append lock: number the record, chain it, write it with one pwritev, move the tail.
 *   2. Wait until the durable position has passed it. Whoever gets the sync lock notes the tail, calls
 *      fdatasync once, moves the durable position to what it noted, and wakes all. While one fdatasync runs
 *      the next batch gathers by itself.
 *
 * What can fail, and what is done then:
 *
 *   - No room in the segment: under both locks sync it, then go on to the next one, a spare that was
 *     prepared. No spare: let go of the lock, make one, come back. No space for one: CAIRN_ENOSPC.
 *   - The write fails: nothing was moved, so nothing happened. What it left is written over.
 *   - A process dies with the append lock: what it wrote beyond the tail is written over; the chain keeps its
 *     remains from passing for records.
 *   - fdatasync fails, or a process dies with the sync lock (it may have had a failure in its hand): the
 *     segment is broken. It is neither written nor synced again, for the kernel may have dropped what it
 * could not write and call the pages clean. Under both locks a new segment is made, whose header says that
 *     the old one ends at the durable position; its own positions begin past all that were handed out. Those
 *     who wait for a record in between append it anew.
 *   - That fails too: CAIRN_EIO for those in flight and, through `failures`, for all handles that are open.
 */
#include "journal/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal/maintain.h"
#include "system/system.h"

#define LOG_NEED_SPARE 2 /* from append_once(): there is no room, and no spare that is large enough */
#define LOG_LOST       3 /* from commit(): the record is in a gap */

static const char zeros[RECORD_ALIGN];

/* lock_append -- takes the append lock. A dead owner leaves nothing to mend: what it wrote beyond the tail is
 * written over, and one that was making the next segment died with the sync lock, too. */
static int lock_append(struct journal *journal, const struct cairn_ctx *ctx)
{
    int result = control_lock(&journal->control->append, ctx);
    return result == CONTROL_OWNER_DIED ? 0 : result;
}

/* own_sync -- what the sync lock's functions gave; a dead owner leaves a broken segment (rule 2 of
 * docs/protocol.md). */
static int own_sync(struct journal *journal, int result)
{
    if (result != CONTROL_OWNER_DIED)
        return result;
    atomic_store(&journal->control->broken, 1);
    return 0;
}

static int lock_sync(struct journal *journal, const struct cairn_ctx *ctx)
{
    return own_sync(journal, control_lock(&journal->control->sync, ctx));
}

static int trylock_sync(struct journal *journal)
{
    return own_sync(journal, control_trylock(&journal->control->sync));
}

/* overwritten -- the error for a control page whose tails cannot be right. Somebody has written over it, and
 * where it leads nothing is to be written. */
static int overwritten(const struct journal *journal)
{
    return cairn_set_message(
        CAIRN_EIO,
        "%s/%s: what it says of the log's end cannot be right; it was overwritten while the journal "
        "is in use. It comes back when all have ended",
        journal->path, CONTROL_NAME);
}

/* tails_are_sound -- whether the page's tails are such that the log may go on at `tail`, in that segment. */
static bool tails_are_sound(const struct journal *journal, const struct tail *tail,
                            const struct segment *segment)
{
    return tail_is_sound(tail, segment_base(segment), segment_limit(segment)) &&
           control_durable_position(journal->control) <= tail->position;
}

/* take_spare -- a file with space for `room` bytes of records, by name. 0 or an errno: ENOENT if there is
 * none and none is to be made. `urgent` may use the reserve, and makes one if need be. */
static int take_spare(struct journal *journal, uint64_t room, bool urgent, char name[SEGMENT_NAME_SIZE])
{
    struct control *control = journal->control;
    struct stat st;

    uint64_t number = atomic_exchange(&control->spare, 0);
    if (number) {
        spare_name(name, number);
        if (fstatat(journal->dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            (uint64_t)st.st_size >= room + SEGMENT_FRAME + SEGMENT_RESERVE)
            return 0;
        unlinkat(journal->dir, name, 0);
    }
    if (!urgent)
        return ENOENT;
    number = atomic_fetch_add(&control->spare_last, 1) + 1;
    spare_name(name, number);
    int error = spare_make(journal->dir, name, maintain_spare_size(room, SEGMENT_SIZE_MIN));
    if (error == 0)
        return 0;
    if (room + SEGMENT_FRAME + SEGMENT_SEAL <= SEGMENT_SIZE_MIN &&
        renameat(journal->dir, RESERVE_NAME, journal->dir, name) == 0) {
        atomic_store(&control->reserve_ready, 0);
        return 0;
    }
    return error;
}

int log_next_segment(struct journal *journal, const struct tail *state, uint64_t number, uint64_t base,
                     uint64_t prev_end, uint64_t room, bool urgent, segment_fill *fill, void *arg)
{
    struct segment_header header = {.number = number,
                                    .prev_end = prev_end,
                                    .prev_segment = number > 1 ? state->segment : 0,
                                    .prev_chain = state->chain};
    struct control *control = journal->control;
    char name[SEGMENT_NAME_SIZE];
    struct segment segment;

    int error = take_spare(journal, room, urgent, name);
    if (error)
        return error;
    memcpy(header.uuid, journal->uuid, sizeof(header.uuid));
    header.tail = *state;
    header.tail.position = (base + RECORD_ALIGN - 1) & ~(uint64_t)(RECORD_ALIGN - 1);
    error = segment_create_filled(&segment, journal->dir, name, &header, fill, arg);
    if (error) {
        unlinkat(journal->dir, name, 0);
        return error;
    }
    files_add(journal, &segment);
    struct tail tail = header.tail;
    tail.chain = header.hash;
    control_set_tail(control, &tail);
    return 0;
}

/* durable_state -- the tail as it was at the durable end of segment `number`, which is in use. */
static int durable_state(struct journal *journal, uint64_t number, struct tail *state)
{
    const struct segment *segment;
    const char *reason;

    control_durable(journal->control, state);
    if (state->segment == number)
        return 0;
    /* Of this one nothing is durable yet but its beginning. */
    int error = files_get(journal, number, &segment, &reason);
    if (error)
        return error;
    segment_tail(segment, state);
    files_put(journal, segment);
    return 0;
}

/* check_settled -- 0, or why nothing can be appended since the journal was opened. */
static int check_settled(const struct journal *journal)
{
    const uint32_t unsettled = atomic_load(&journal->control->unsettled);

    if (unsettled & UNSETTLED_UNREAD)
        return cairn_set_message(CAIRN_EIO,
                                 "%s: not all of the log could be read when the journal was opened; open it "
                                 "anew, or repair it (CAIRN_LOSE_UNREAD) when nobody else has it open, which "
                                 "gives that up",
                                 journal->path);
    if (unsettled)
        return cairn_set_message(
            CAIRN_ENOSPC,
            "%s: the last segment is damaged, and there was no space for another one when "
            "the journal was opened; free some and open it anew",
            journal->path);
    return 0;
}

/* give_up -- leaves the segment in use at its durable end. The caller holds append and sync. 0 or CAIRN_EIO.
 */
static int give_up(struct journal *journal)
{
    struct control *control = journal->control;
    uint64_t durable = control_durable_position(control);
    struct tail tail, state;

    int error = check_settled(journal);
    if (error)
        return error;
    control_tail(control, &tail);
    state = tail;
    error = tail.position == durable ? 0 : durable_state(journal, tail.segment, &state);
    if (error == 0) {
        /* Rule 1: no position is used twice, so the new one begins past all that were handed out. */
        int number = log_next_segment(journal, &state, tail.segment + 1, tail.position, state.position, 0,
                                      true, NULL, NULL);
        if (number)
            error = system_error(abs(number), "%s: cannot make a segment", journal->path);
    }
    if (error == CAIRN_ENOSPC && tail.position == durable)
        return error; /* nothing is in flight, so nothing is in doubt */
    if (error) {
        atomic_fetch_add(&control->failures, 1);
        control_wake(control);
        char why[512];
        snprintf(why, sizeof(why), "%s", cairn_message());
        return cairn_set_message(CAIRN_EIO,
                                 "%s/seg-%08" PRIu64 ": position %" PRIu64
                                 ": syncing failed, and so did going on in "
                                 "another segment: %s",
                                 journal->path, tail.segment, durable, why);
    }
    control_tail(control, &tail);
    /* Waiters look at `durable` first and then at `epoch`; so this order, and a gap that says what is lost.
     */
    uint64_t epoch = atomic_load(&control->epoch) + 1;
    struct control_gap *gap = &control->gaps[epoch % CONTROL_GAPS];
    atomic_store(&gap->epoch, 0);
    atomic_store(&gap->end, durable);
    atomic_store(&gap->epoch, epoch);
    atomic_store(&control->epoch, epoch);
    control_set_durable(control, &tail);
    atomic_store(&control->broken, 0);
    control_wake(control);
    return 0;
}

int log_mend(struct journal *journal, const struct cairn_ctx *ctx)
{
    struct control *control = journal->control;
    int error = 0;

    if (!atomic_load(&control->broken))
        return 0;
    error = lock_append(journal, ctx);
    if (error)
        return error;
    error = lock_sync(journal, ctx);
    if (error == 0) {
        if (atomic_load(&control->broken))
            error = give_up(journal);
        control_unlock(&control->sync);
    }
    control_unlock(&control->append);
    return error;
}

/* sync_segment -- the one place where records become durable: syncs what the tail covers and publishes it.
 * The caller holds sync, and the segment is not broken. 0, or an errno with the segment broken. */
static int sync_segment(struct journal *journal)
{
    struct control *control = journal->control;
    const struct segment *segment;
    const char *reason;
    struct tail tail;
    int error = EIO;

    control_tail(control, &tail);
    if (files_get(journal, tail.segment, &segment, &reason) == 0) {
        error = fdatasync(segment->fd) == 0 ? 0 : errno;
        files_put(journal, segment);
    }
    if (error) {
        atomic_store(&control->broken, 1);
        return error;
    }
    if (tail.position > control_durable_position(control))
        control_set_durable(control, &tail);
    control_wake(control);
    return 0;
}

int log_sync_tail(struct journal *journal)
{
    int error = lock_sync(journal, NULL);
    if (error)
        return error;
    error = sync_segment(journal);
    control_unlock(&journal->control->sync);
    return error ? system_error(error, "%s: cannot sync", journal->path) : 0;
}

/* seal -- the segment that ended at `end` is followed by another one, which is durable: says so behind its
 * end, and vouches there for all that is in it. Should the next one's header be lost, that is what tells
 * where this one ends. If it cannot be written nothing is lost but this, and the index is made to tell. */
static void seal(struct journal *journal, const struct tail *end)
{
    const struct segment *segment;
    const char *reason;
    struct record record = {
        .kind = RECORD_SEALED,
        .position = end->position,
        .sequence = end->sequence,
        .generation = end->generation,
        .number = end->number,
        .time_ns = system_time_ns(),
        .durable_upto = end->position,
        .body_hash = record_body_hash("", 0, "", 0),
        .label_hash = record_label_hash("", 0),
        .prev = end->chain,
    };

    static_assert(SEGMENT_SEAL == sizeof(record), "what is kept free for it");
    if (files_get(journal, end->segment, &segment, &reason) != 0)
        return;
    record_seal(&record, segment->header.salt);
    struct iovec iov = {.iov_base = &record, .iov_len = sizeof(record)};
    /* Whatever comes of it: all that matters here is durable already. */
    if (record_end(&record) > segment_limit(segment) ||
        segment_write(segment, record.position, &iov, 1) != 0 || fdatasync(segment->fd) != 0)
        atomic_store(&journal->epoch, UINT64_MAX);
    files_put(journal, segment);
}

/* roll -- the segment has no room for `room` bytes more: goes on to the next. The caller holds append. 0,
 * LOG_NEED_SPARE, or an error. */
static int roll(struct journal *journal, const struct cairn_ctx *ctx, uint64_t room, bool urgent)
{
    struct control *control = journal->control;
    struct tail tail;

    int error = lock_sync(journal, ctx);
    if (error)
        return error;
    if (atomic_load(&control->broken) || sync_segment(journal) != 0) {
        error = give_up(journal);
        control_unlock(&control->sync);
        return error;
    }
    control_tail(control, &tail);
    error = log_next_segment(journal, &tail, tail.segment + 1, tail.position, tail.position, room, urgent,
                             NULL, NULL);
    if (error < 0) {
        /* The next segment may be there, and says that this one ends here. So this one may not go on. */
        atomic_store(&control->broken, 1);
        error = give_up(journal);
    } else if (error == ENOENT) {
        error = LOG_NEED_SPARE;
    } else if (error) {
        error = system_error(error, "%s: cannot make a segment", journal->path);
    } else {
        seal(journal, &tail);
    }
    control_unlock(&control->sync);
    return error;
}

/* write_record -- finishes the header and writes the record at the tail, which is moved. The caller holds
 * append. */
static int write_record(struct journal *journal, const struct segment *segment, const struct entry *entry,
                        struct tail *tail, struct record *record)
{
    const bool removes = record_removes((uint8_t)entry->kind);

    *record = (struct record){
        .kind = (uint8_t)entry->kind,
        .label_size = (uint16_t)entry->label_size,
        .data_size = entry->size,
        .position = tail->position,
        .sequence = tail->sequence,
        .generation = removes ? tail->next_generation : tail->generation,
        .number = entry->kind == RECORD_COMPACT      ? 1
                  : removes                          ? 0
                  : entry->kind == RECORD_CHECKPOINT ? tail->next_number
                                                     : tail->number,
        .time_ns = system_time_ns(),
        .durable_upto = control_durable_position(journal->control),
        .body_hash = entry->body_hash,
        .label_hash = entry->label_hash,
        .prev = tail->chain,
    };
    record_seal(record, segment->header.salt);

    uint64_t end = record_end(record);
    struct iovec iov[4] = {
        {.iov_base = record, .iov_len = sizeof(*record)},
        {.iov_base = (void *)(uintptr_t)entry->label, .iov_len = entry->label_size},
        {.iov_base = (void *)(uintptr_t)entry->data, .iov_len = entry->size},
        {.iov_base = (void *)(uintptr_t)zeros,
         .iov_len = (size_t)(end - record->position - sizeof(*record) - entry->label_size - entry->size)},
    };
    int error = segment_write(segment, record->position, iov, 4);
    if (error)
        return system_error(error, "%s/seg-%08" PRIu64 ": offset %" PRIu64 ": cannot write", journal->path,
                            tail->segment, segment_offset(segment, record->position));
    tail_apply(tail, record, entry->data);
    control_set_tail(journal->control, tail);
    return 0;
}

/* is_latest -- whether nothing has been recorded or removed since the checkpoint at `position`. The tail
 * knows of nothing, or of an older one, if that could not be read when the journal was opened. */
static bool is_latest(const struct tail *tail, uint64_t position)
{
    if (tail->latest_position == position)
        return true;
    return tail->horizon_position < position &&
           (tail->latest_position == RECORD_NONE || tail->latest_position < position);
}

/* append_once -- appends the record, not yet durable; *epoch is the one in which. 0, LOG_NOT_LATEST,
 * LOG_NEED_SPARE or an error, the latter all with nothing done. */
static int append_once(struct journal *journal, const struct cairn_ctx *ctx, const struct entry *entry,
                       bool urgent, struct appended *appended, uint64_t *epoch)
{
    struct control *control = journal->control;
    const uint64_t size = record_size(entry->label_size, entry->size);
    const uint64_t reserve = entry->kind == RECORD_CHECKPOINT ? SEGMENT_RESERVE : SEGMENT_SEAL;
    const struct segment *segment = NULL;
    const char *reason;
    struct tail tail;

    int error = lock_append(journal, ctx);
    if (error)
        return error;
    for (;;) {
        if (atomic_load(&control->broken)) {
            error = lock_sync(journal, ctx);
            if (error == 0) {
                error = atomic_load(&control->broken) ? give_up(journal) : 0;
                control_unlock(&control->sync);
            }
            if (error)
                break;
        }
        control_tail(control, &tail);
        if (entry->must_be_latest && !is_latest(&tail, entry->latest_position)) {
            error = LOG_NOT_LATEST;
            break;
        }
        error = files_get(journal, tail.segment, &segment, &reason);
        if (error == 0 && !tails_are_sound(journal, &tail, segment))
            error = overwritten(journal);
        if (error)
            break;
        if (tail.position + size + reserve <= segment_limit(segment)) {
            *epoch = atomic_load(&control->epoch);
            error = write_record(journal, segment, entry, &tail, &appended->record);
            break;
        }
        files_put(journal, segment);
        segment = NULL;
        error = roll(journal, ctx, size, urgent);
        if (error)
            break;
    }
    files_put(journal, segment);
    control_unlock(&control->append);
    return error;
}

/* commit -- waits until the log is durable up to `end`, and syncs it if nobody does. 0, LOG_LOST or
 * CAIRN_EIO. */
static int commit(struct journal *journal, uint64_t failures, uint64_t end, uint64_t epoch)
{
    struct control *control = journal->control;

    for (;;) {
        uint32_t wake = atomic_load_explicit(&control->wake, memory_order_acquire);
        uint64_t durable = control_durable_position(control);
        /* The epoch before the position (rule 1): durable may have passed `end` with other people's records.
         */
        if (atomic_load_explicit(&control->epoch, memory_order_acquire) != epoch) {
            struct control_gap *gap = &control->gaps[(epoch + 1) % CONTROL_GAPS];
            bool known = atomic_load(&gap->epoch) == epoch + 1;
            uint64_t gap_end = atomic_load(&gap->end);
            if (!known || atomic_load(&gap->epoch) != epoch + 1)
                return cairn_set_message(CAIRN_EIO,
                                         "%s: too many syncs have failed to tell what became of the record",
                                         journal->path);
            return end <= gap_end ? 0 : LOG_LOST;
        }
        if (durable >= end)
            return 0;
        if (atomic_load(&control->failures) != failures)
            return cairn_set_message(
                CAIRN_EIO, "%s: syncing failed, and so did going on in another segment; open it anew",
                journal->path);
        int result = trylock_sync(journal);
        if (result == CAIRN_EBUSY) {
            control_wait(control, wake);
            continue;
        }
        if (result)
            return result;
        /* Rule 3: look again; meanwhile the segment may have been synced or given up. */
        bool needed = !atomic_load(&control->broken) && atomic_load(&control->epoch) == epoch &&
                      control_durable_position(control) < end;
        if (needed)
            sync_segment(journal);
        control_unlock(&control->sync);
        if (atomic_load(&control->broken)) {
            result = log_mend(journal, NULL);
            if (result)
                return result;
        }
    }
}

int log_check(const struct journal *journal, uint64_t failures)
{
    const int unsettled = check_settled(journal);
    if (unsettled)
        return unsettled;
    if (atomic_load(&journal->control->failures) == failures)
        return 0;
    return cairn_set_message(
        CAIRN_EIO, "%s: syncing failed before, and so did going on in another segment; open it anew",
        journal->path);
}

int log_append(struct journal *journal, const struct cairn_ctx *ctx, uint64_t failures,
               const struct entry *entry, struct appended *appended)
{
    const bool control_record = entry->kind != RECORD_CHECKPOINT;
    bool urgent = false;

    for (;;) {
        uint64_t epoch;
        int result = log_check(journal, failures);
        if (result)
            return result;
        result = append_once(journal, ctx, entry, urgent, appended, &epoch);
        if (result == LOG_NEED_SPARE) {
            result = maintain_make_spare(journal, ctx, record_size(entry->label_size, entry->size));
            if (result == CAIRN_ENOSPC && control_record) {
                urgent = true; /* space is held back for these */
                result = 0;
            }
            if (result)
                return result;
            continue;
        }
        if (result)
            return result;
        ctx = NULL; /* handed to the disk: from here to a definite end */
        result = commit(journal, failures, record_end(&appended->record), epoch);
        if (result != LOG_LOST)
            return result;
    }
}
