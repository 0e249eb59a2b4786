/* log.c -- see log.h.
 *
 * The happy path, the same for threads and for processes:
 *
 *   1. Under the append lock: number the record, chain it, write it with one pwritev, move the tail.
 *      One thread does that for all of its process that are queued behind it (queue.h); large data
 *      goes by itself.
 *   2. Wait until the durable position has passed it. Whoever gets the sync lock notes the tail, calls
 *      fdatasync once, moves the durable position to what it noted, and wakes all. While one fdatasync runs
 *      the next batch gathers by itself.
 *
 * What can fail, and what is done then:
 *
 *   - No room in the segment: under both locks sync it, then go on to the next one, a spare that was
 *     prepared. No spare: let go of the lock, make one, come back. No space for one: CAIRN_ENOSPC.
 *   - The write fails: the records that are whole count, and the tail is moved past those. What else it has
 *     left is written over.
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
#include "journal/spares.h"
#include "system/system.h"

#define LOG_NEED_SPARE 2 /* from append_once(): there is no room, and no spare that is large enough */
#define LOG_LOST       3 /* from commit(): the record is in a gap */

/* At most so many at once: each takes four buffers of pwritev at most, and IOV_MAX is 1024. */
#define BATCH_MAX 128

#define LARGE_PIECE (256u * 1024)

static const char zeros[SEGMENT_PAGE];

/* One that is to be appended. */
struct append {
    struct waiter waiter; /* the first member */
    const struct entry *entry;
    struct appended *appended;
    uint64_t epoch; /* in which it was written */
    bool written;   /* and tells of it */
};

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

/* try_house -- whether it could be taken at once. */
static bool try_house(struct control *control)
{
    const int result = control_trylock(&control->house);

    if (result == CONTROL_OWNER_DIED)
        atomic_store(&control->strays, 1);
    return result == 0 || result == CONTROL_OWNER_DIED;
}

/* make_at_once -- makes a spare, or takes the reserve. With `house` there may be room in place of others. 0
 * or an errno. */
static int make_at_once(struct journal *journal, uint64_t room, bool house, char name[SEGMENT_NAME_SIZE])
{
    struct control *control = journal->control;
    const uint64_t size = spares_size(room, 0);

    spare_name(name, atomic_fetch_add(&control->spare_last, 1) + 1);
    int error = spares_make(journal, name, size, room);
    if (house && (error == ENOSPC || error == EDQUOT)) {
        spares_give_back(journal);
        spare_name(name, atomic_fetch_add(&control->spare_last, 1) + 1);
        error = spares_make(journal, name, size, room);
    }
    if (error && room + SEGMENT_FRAME + SEGMENT_SEAL <= SEGMENT_SIZE_MIN &&
        renameat(journal->dir, RESERVE_NAME, journal->dir, name) == 0) {
        atomic_store(&control->reserve_ready, 0);
        return 0;
    }
    return error;
}

/* take_spare -- a file with space for `room` bytes of records, by name. 0 or an errno: ENOENT if there is
 * none and none is to be made. `urgent` may use the reserve, and makes one if need be. */
static int take_spare(struct journal *journal, uint64_t room, bool urgent, char name[SEGMENT_NAME_SIZE])
{
    struct control *control = journal->control;

    uint64_t number = atomic_exchange(&control->spare, 0);
    if (number && spares_fits(journal, number, room)) {
        spare_name(name, number);
        return 0;
    }
    if (!urgent)
        return ENOENT;
    /* Who has house may be making a spare, which looks whole at any time. To wait for him with append would
     * be the wrong way round. */
    const bool house = try_house(control);
    int error = 0;
    number = house ? spares_find(journal, room) : 0;
    if (number)
        spare_name(name, number);
    else
        error = make_at_once(journal, room, house, name);
    if (house)
        control_unlock(&control->house);
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

/* page_rest -- zeros from `position` to the end of its page. So the next record meets a page that was written
 * as a whole, which is not to be read from the disk first. */
static struct iovec page_rest(const struct segment *segment, uint64_t position)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)zeros,
                          .iov_len = (size_t)(-segment_offset(segment, position) % SEGMENT_PAGE)};
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
    struct iovec iov[2] = {{.iov_base = &record, .iov_len = sizeof(record)},
                           page_rest(segment, record_end(&record))};
    /* Whatever comes of it: all that matters here is durable already. */
    if (record_end(&record) > segment_limit(segment) ||
        segment_write(segment, record.position, iov, 2) != 0 || fdatasync(segment->fd) != 0)
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
    control_tail(control, &tail);
    const bool synced = control_durable_position(control) == tail.position;
    if (atomic_load(&control->broken) || (!synced && sync_segment(journal) != 0)) {
        error = give_up(journal);
        control_unlock(&control->sync);
        return error;
    }
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

/* add_record -- finishes the header, adds what is to be written to `iov`, and moves the tail. Returns how
 * many buffers that takes. */
static int add_record(struct journal *journal, const struct segment *segment, const struct entry *entry,
                      struct tail *tail, struct record *record, struct iovec *iov)
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
    tail_apply(tail, record, entry->data);

    const size_t body = entry->label_size + entry->size;
    const struct iovec parts[4] = {
        {.iov_base = record, .iov_len = sizeof(*record)},
        {.iov_base = (void *)(uintptr_t)entry->label, .iov_len = entry->label_size},
        {.iov_base = (void *)(uintptr_t)entry->data, .iov_len = entry->size},
        {.iov_base = (void *)(uintptr_t)zeros,
         .iov_len = (size_t)(tail->position - record->position - sizeof(*record) - body)},
    };
    int count = 0;
    for (int i = 0; i < 4; i++) {
        if (parts[i].iov_len)
            iov[count++] = parts[i];
    }
    return count;
}

/* written_up_to -- of a batch from `tail` on of which only the bytes before `end` were written: moves the
 * tail past the whole ones, for those are there. Whether there are any. */
static bool written_up_to(struct append *first, struct tail *tail, uint64_t end)
{
    const uint64_t begin = tail->position;

    for (struct append *at = first; at; at = (struct append *)at->waiter.next) {
        const struct record *record = &at->appended->record;
        if (record_end(record) > end)
            break;
        tail_apply(tail, record, at->entry->data);
    }
    return tail->position > begin;
}

/* write_batch -- writes `first`, and those linked behind it, at the tail, which is moved. The caller holds
 * append. */
static int write_batch(struct journal *journal, const struct segment *segment, struct append *first,
                       struct tail *tail)
{
    const uint64_t epoch = atomic_load(&journal->control->epoch), position = tail->position;
    struct iovec iov[4 * BATCH_MAX + 1];
    struct tail moved = *tail;
    uint64_t written;
    int count = 0;

    for (struct append *at = first; at; at = (struct append *)at->waiter.next)
        count += add_record(journal, segment, at->entry, &moved, &at->appended->record, &iov[count]);
    iov[count++] = page_rest(segment, moved.position);
    int error = segment_write_some(segment, position, iov, count, &written);
    if (error == 0)
        *tail = moved;
    else if (!written_up_to(first, tail, position + written))
        return system_error(error, "%s/seg-%08" PRIu64 ": offset %" PRIu64 ": cannot write", journal->path,
                            tail->segment, segment_offset(segment, position));
    control_set_tail(journal->control, tail);
    for (struct append *at = first; at; at = (struct append *)at->waiter.next) {
        at->epoch = epoch;
        at->written = record_end(&at->appended->record) <= tail->position;
    }
    return 0;
}

/* write_large -- writes one by itself, in pieces: while the disk is busy with one, the next is hashed. Its
 * header comes last. The caller holds append. */
static int write_large(struct journal *journal, const struct segment *segment, struct append *append,
                       struct tail *tail)
{
    const struct entry *entry = append->entry;
    const uint64_t body = tail->position + sizeof(struct record) + entry->label_size;
    const char *data = entry->data;
    struct record_hash *hash = record_hash_begin(entry->label, entry->label_size);
    struct entry hashed = *entry;
    struct tail moved = *tail;
    struct iovec iov[4];
    int error = 0;

    if (hash == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a hash", journal->path);
    for (size_t at = 0; at < entry->size && error == 0;) {
        size_t part = LARGE_PIECE - (size_t)(segment_offset(segment, body + at) % SEGMENT_PAGE);
        if (part > entry->size - at)
            part = entry->size - at;
        record_hash_add(hash, data + at, part);
        iov[0] = (struct iovec){.iov_base = (void *)(uintptr_t)(data + at), .iov_len = part};
        iov[1] = page_rest(segment, body + at + part);
        error = segment_write(segment, body + at, iov, 2);
        segment_push(segment, body + at, body + at + part + iov[1].iov_len);
        at += part;
    }
    hashed.body_hash = record_hash_end(hash);
    if (error == 0) {
        add_record(journal, segment, &hashed, &moved, &append->appended->record, iov);
        error = segment_write(segment, tail->position, iov, entry->label_size ? 2 : 1);
    }
    if (error)
        return system_error(error, "%s/seg-%08" PRIu64 ": offset %" PRIu64 ": cannot write", journal->path,
                            tail->segment, segment_offset(segment, tail->position));
    *tail = moved;
    append->epoch = atomic_load(&journal->control->epoch);
    append->written = true;
    control_set_tail(journal->control, tail);
    return 0;
}

/* What a batch may take of a segment. */
struct room {
    uint64_t position, limit;
    uint64_t records; /* that it has, with those of the batch */
    unsigned count;   /* of these, of the batch */
};

/* fits -- whether there is room for one more; then it has its share. */
static bool fits(void *arg, const struct waiter *waiter)
{
    const struct entry *entry = ((const struct append *)waiter)->entry;
    const uint64_t size = record_size(entry->label_size, entry->size);
    const bool checkpoint = entry->kind == RECORD_CHECKPOINT;
    const uint64_t reserve = checkpoint ? SEGMENT_RESERVE : SEGMENT_SEAL;
    struct room *room = arg;

    if (room->count == BATCH_MAX || room->position + size + reserve > room->limit ||
        room->records + (checkpoint ? SEGMENT_RECORDS_RESERVE : 0) >= SEGMENT_RECORDS_MAX)
        return false;
    room->position += size;
    room->records++;
    room->count++;
    return true;
}

/* is_queued -- whether others may write it along with theirs. */
static bool is_queued(const struct entry *entry)
{
    return entry->kind == RECORD_CHECKPOINT && !entry_is_large(entry);
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

/* append_once -- appends the record, not yet durable, and with it those that are queued behind it. 0,
 * LOG_NOT_LATEST, LOG_NEED_SPARE or an error, the latter all with nothing done. */
static int append_once(struct journal *journal, const struct cairn_ctx *ctx, struct append *append,
                       bool urgent)
{
    struct control *control = journal->control;
    const struct entry *entry = append->entry;
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
        const struct room whole = {.position = tail.position,
                                   .limit = segment_limit(segment),
                                   .records = tail.sequence - segment->header.tail.sequence};
        struct room room = whole;
        if (fits(&room, &append->waiter)) {
            room = whole;
            if (is_queued(entry))
                queue_take(&journal->queue, &append->waiter, fits, &room);
            error = entry_is_large(entry) ? write_large(journal, segment, append, &tail)
                                          : write_batch(journal, segment, append, &tail);
            break;
        }
        files_put(journal, segment);
        segment = NULL;
        error = roll(journal, ctx, record_size(entry->label_size, entry->size), urgent);
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

/* append_durably -- appends the record and what is queued behind it, and makes that durable. As log_append();
 * or LOG_LOST. */
static int append_durably(struct journal *journal, const struct cairn_ctx *ctx, uint64_t failures,
                          struct append *append)
{
    const struct entry *entry = append->entry;
    bool urgent = false;

    for (;;) {
        int result = append_once(journal, ctx, append, urgent);
        if (result == 0)
            return commit(journal, failures, record_end(&append->appended->record), append->epoch);
        if (result != LOG_NEED_SPARE)
            return result;
        result = maintain_make_spare(journal, ctx, record_size(entry->label_size, entry->size));
        if (result == CAIRN_ENOSPC && entry->kind != RECORD_CHECKPOINT)
            urgent = true; /* space is held back for these */
        else if (result)
            return result;
        result = log_check(journal, failures);
        if (result)
            return result;
    }
}

int log_append(struct journal *journal, const struct cairn_ctx *ctx, uint64_t failures,
               const struct entry *entry, struct appended *appended)
{
    const uint64_t size = record_size(entry->label_size, entry->size);
    struct append append = {.entry = entry, .appended = appended};
    int result;

    atomic_store_explicit(&journal->last_size, size, memory_order_relaxed);

    do {
        if (append.written)
            ctx = NULL; /* it was handed to the disk: from there to a definite end */
        append.written = false;
        result = log_check(journal, failures);
        if (result)
            return result;
        if (!is_queued(entry)) {
            result = append_durably(journal, ctx, failures, &append);
            continue;
        }
        result = queue_enter(&journal->queue, &append.waiter, ctx);
        if (result == QUEUE_LEADS) {
            result = append_durably(journal, ctx, failures, &append);
            queue_leave(&journal->queue, &append.waiter);
        } else if (result == QUEUE_OVER) {
            /* What could not be written for it, it may find out by itself. */
            result = append.written ? commit(journal, failures, record_end(&appended->record), append.epoch)
                                    : LOG_LOST;
        }
    } while (result == LOG_LOST);
    return result;
}
