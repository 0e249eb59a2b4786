/* recovery.c -- see recovery.h.
 *
 * What a survey has found is settled: made durable where it stands or, if that is damaged or cannot be
 * synced, in a new segment. Only then is the control page of use to anybody.
 */
#include "journal/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal/attach.h"
#include "journal/journal.h"
#include "journal/log.h"
#include "journal/maintain.h"
#include "journal/place.h"
#include "journal/survey.h"
#include "system/folder.h"
#include "system/system.h"

/* horizon_now -- the position of the last removal that was appended. */
static uint64_t horizon_now(struct journal *journal)
{
    struct tail now;

    if (journal->control == NULL)
        return 0;
    control_tail(journal->control, &now);
    return now.horizon_position;
}

int recovery_load_map(struct journal *journal, const struct cairn_ctx *ctx)
{
    for (;;) {
        struct survey found;
        int gate;

        uint64_t horizon = horizon_now(journal);
        int error = attach_lock_gate(journal->dir, journal->path, ctx, &gate);
        if (error)
            return error;
        error = survey_begin(journal, &found);
        attach_unlock_gate(gate);
        survey_release(&found);
        if (error || journal->map.loaded)
            return error;
        /* All that were listed may have been retired before they were opened. */
        if (horizon_now(journal) == horizon)
            return cairn_set_message(CAIRN_ECORRUPT, "%s: no segment of the log is there any more",
                                     journal->path);
    }
}

/* nothing_good -- the error for segments of which none can be made sense of. */
static int nothing_good(struct journal *journal, const struct survey *found)
{
    return cairn_set_message(found->unread ? CAIRN_EIO : CAIRN_ECORRUPT,
                             "%s/seg-%08" PRIu64 ": offset 0: no segment has %s header, and there is no "
                             "index",
                             journal->path, found->highest,
                             found->unread ? "both a good and a readable" : "a good");
}

/* nothing_there -- the error where no journal is and none is to be made. */
static int nothing_there(struct journal *journal)
{
    int error = place_check(journal);
    return error ? error : cairn_set_message(CAIRN_ENONE, "%s: there is no journal", journal->path);
}

/* jump_over -- past all that may have been given where nobody knows what was. */
static void jump_over(const struct survey *found, struct tail *at)
{
    struct jump jump;

    survey_jump(found, at, &jump);
    at->next_number = jump.next_number;
    at->next_generation = jump.next_generation;
}

/* sync_fresh -- what a killed process wrote may only be in the page cache; on a medium that can be written,
 * it is synced. For those who will not write it again. */
static void sync_fresh(struct journal *journal, const struct survey *found)
{
    const struct segment *segment;
    const char *reason;

    if (found->fresh_count == 0 || files_get(journal, found->newest, &segment, &reason) != 0)
        return;
    fdatasync(segment->fd);
    files_put(journal, segment);
}

int recovery_read(struct journal *journal)
{
    struct survey found;

    journal->map.loaded = false;
    int error = survey_begin(journal, &found);
    if (error == 0 && !journal->map.loaded) {
        if (found.listing.segment_count)
            error = nothing_good(journal, &found);
        else
            error = nothing_there(journal);
    }
    if (error == 0)
        error = survey_end(journal, &found);
    if (error == 0) {
        journal->alone_end = journal->map.at.position;
        journal->alone_newest = found.highest;
        journal->alone_unknown = found.unknown != 0;
        journal->alone_unread = found.unread;
        jump_over(&found, &journal->map.at); /* as a writer would go on */
        journal->alone_index_end = found.index ? found.cover.position : 0;
        sync_fresh(journal, &found);
    }
    survey_release(&found);
    return error;
}

/* remove_spares -- where space is needed at once. Else the next owner of house sees which are whole and kept
 * (spares.h), for giving back many pages takes longer than all the rest of an opening. */
static void remove_spares(struct journal *journal, struct survey *found)
{
    for (size_t i = 0; i < found->listing.spare_count; i++) {
        char name[SEGMENT_NAME_SIZE];
        spare_name(name, found->listing.spares[i]);
        unlinkat(journal->dir, name, 0);
    }
    found->listing.spare_count = 0;
}

/* make_control -- maps the control page and sets it to what was found. */
static int make_control(struct journal *journal, struct survey *found, const struct tail *tail,
                        const struct tail *durable)
{
    struct control *control;
    int error = control_map(&control, journal->dir, journal->path, true, true);
    if (error == CAIRN_ENOSPC) {
        remove_spares(journal, found);
        error = control_map(&control, journal->dir, journal->path, true, true);
        /* The reserve is not, for a record may need it yet. Alone one can do without the file. */
        if (error == CAIRN_ENOSPC && found->newest) {
            /* But not beside a page of before, which others would take for this one. */
            if (unlinkat(journal->dir, CONTROL_NAME, 0) != 0 && errno != ENOENT)
                return system_error(errno, "%s/%s: cannot remove", journal->path, CONTROL_NAME);
            error = control_map_private(&control, journal->path);
        }
    }
    if (error)
        return error;
    journal->control = control; /* the caller unmaps it after a failure */
    error = control_format(control, journal->uuid, tail, durable);
    if (error)
        return error;
    atomic_store(&journal->control->reserve_ready, found->listing.reserve);
    atomic_store(&journal->control->index_end, found->index ? found->cover.position : 0);
    if (found->listing.spare_count > 0) {
        atomic_store(&control->spare_last, found->listing.spares[found->listing.spare_count - 1]);
        atomic_store(&control->strays, 1);
    }
    return 0;
}

/* create -- a new journal. */
static int create(struct journal *journal, struct survey *found)
{
    struct tail tail;

    int error = place_check(journal);
    if (error)
        return error;
    if (getrandom(journal->uuid, sizeof(journal->uuid), 0) != (ssize_t)sizeof(journal->uuid))
        return system_error(errno, "%s: no random bytes", journal->path);
    journal->uuid_known = true;
    tail_begin(&tail);
    error = make_control(journal, found, &tail, &tail);
    if (error)
        return error;
    remove_spares(journal, found);
    int number = log_next_segment(journal, &tail, 1, 0, 0,
                                  SEGMENT_SIZE_FIRST - SEGMENT_FRAME - SEGMENT_RESERVE, true, NULL, NULL);
    if (number == ENOSPC || number == EDQUOT || number == EFBIG)
        number = log_next_segment(journal, &tail, 1, 0, 0, 0, true, NULL, NULL);
    if (number)
        return system_error(abs(number), "%s: cannot make a segment", journal->path);
    control_tail(journal->control, &tail);
    control_set_durable(journal->control, &tail);
    error = map_begin(&journal->map, &tail);
    return error ? error : folder_sync(journal->dir, journal->path);
}

/* rewrite -- rule 4: writes again what was found beyond the witness. After a lost write-back those bytes are
 * clean in the page cache and nowhere else, and a sync would pass them by. 0 or an errno. */
static int rewrite(struct journal *journal, const struct survey *found)
{
    const size_t chunk = 256 * 1024;
    const struct segment *segment;
    const char *reason;
    int error = 0;

    unsigned char *buffer = malloc(chunk);
    if (buffer == NULL)
        return ENOMEM;
    if (files_get(journal, found->newest, &segment, &reason) != 0) {
        free(buffer);
        return EIO;
    }
    for (uint64_t position = found->witness; position < journal->map.at.position && error == 0;) {
        uint64_t left = journal->map.at.position - position;
        size_t part = left < chunk ? (size_t)left : chunk;
        int failed;
        if (segment_read(segment, position, buffer, part, &failed) != part) {
            error = failed ? failed : EIO;
            break;
        }
        struct iovec iov = {.iov_base = buffer, .iov_len = part};
        error = segment_write(segment, position, &iov, 1);
        position += part;
    }
    files_put(journal, segment);
    free(buffer);
    return error;
}

/* What refill() copies, and how far it came. */
struct refill {
    struct journal *journal;
    const struct survey *found;
    const struct segment *from;
    struct record *copies; /* the records in their new places */
    struct tail tail;      /* behind the last one */
};

/* refill_one -- one record, to the tail. 0 or an errno. */
static int refill_one(struct refill *refill, size_t i, const struct segment *to)
{
    const struct record *record = &refill->found->fresh[i];
    struct record *copy = &refill->copies[i];
    struct tail *tail = &refill->tail;
    const size_t size = (size_t)(record_end(record) - record->position) - sizeof(*record);
    unsigned char *body = calloc(1, size + 1);
    int failed;

    if (body == NULL)
        return ENOMEM;
    if (scan_read_body(refill->from, record, body, &failed) != NULL) {
        free(body);
        return EIO;
    }
    unsigned char *data = body + record->label_size;
    *copy = *record;
    if (record->kind == RECORD_COMPACT) {
        struct survivor survivor;
        memcpy(&survivor, data, sizeof(survivor));
        for (size_t k = 0; k < i; k++) {
            if (refill->found->fresh[k].position == survivor.position)
                survivor =
                    (struct survivor){to->header.number, refill->copies[k].position, refill->copies[k].hash};
        }
        memcpy(data, &survivor, sizeof(survivor));
        copy->body_hash = record_body_hash(body, record->label_size, data, sizeof(survivor));
    }
    copy->position = tail->position;
    copy->sequence = tail->sequence;
    copy->durable_upto = refill->found->witness;
    copy->prev = tail->chain;
    record_seal(copy, to->header.salt);
    struct iovec iov[2] = {{.iov_base = copy, .iov_len = sizeof(*copy)}, {.iov_base = body, .iov_len = size}};
    int error = segment_write(to, copy->position, iov, 2);
    if (error == 0)
        tail_apply(tail, copy, data);
    free(body);
    return error;
}

/* refill_jump -- behind the copies, for what is not known may have come after them: a removal among them
 * begins a generation whose numbers are at stake, too. 0 or an errno. */
static int refill_jump(struct refill *refill, const struct segment *to)
{
    struct tail *tail = &refill->tail;
    struct jump jump;
    struct record record = {
        .kind = RECORD_JUMP,
        .data_size = sizeof(jump),
        .position = tail->position,
        .sequence = tail->sequence,
        .generation = tail->generation,
        .number = tail->number,
        .time_ns = system_time_ns(),
        .durable_upto = refill->found->witness,
        .prev = tail->chain,
    };

    /* The header has jumped already, so that the jump is not lost with this record; but not past a removal
     * that was copied. */
    jump = (struct jump){tail->next_number, tail->next_generation};
    if (tail->generation != to->header.tail.generation)
        survey_jump(refill->found, tail, &jump);
    record.body_hash = record_body_hash("", 0, &jump, sizeof(jump));
    record.label_hash = record_label_hash("", 0);
    record_seal(&record, to->header.salt);
    struct iovec iov[2] = {{.iov_base = &record, .iov_len = sizeof(record)},
                           {.iov_base = &jump, .iov_len = sizeof(jump)}};
    int error = segment_write(to, record.position, iov, 2);
    if (error == 0)
        tail_apply(tail, &record, &jump);
    return error;
}

/* refill -- writes the records found beyond the witness into a segment that is being made, in place of the
 * one that they stand in. Their ids, times and bytes stay the same. */
static int refill(void *arg, const struct segment *to)
{
    struct refill *refill = arg;
    int error = 0;

    segment_tail(to, &refill->tail);
    for (size_t i = 0; i < refill->found->fresh_count && error == 0; i++)
        error = refill_one(refill, i, to);
    return error || refill->found->unknown == 0 ? error : refill_jump(refill, to);
}

/* renew -- the segment in use is damaged or gone, or cannot be synced: goes on in a new one, which ends it at
 * the witness. What was found beyond that is in the new one before it has its name: a moment later it is no
 * part of the log any more where it was. */
static int renew(struct journal *journal, struct survey *found)
{
    struct control *control = journal->control;
    struct tail state = found->vouched;
    struct refill work = {.journal = journal, .found = found};
    uint64_t base = found->witness > journal->map.at.position ? found->witness : journal->map.at.position;
    uint64_t room = (found->fresh_count ? journal->map.at.position - found->vouched.position : 0) +
                    record_size(0, sizeof(struct jump));
    const char *reason;
    int error = 0;

    remove_spares(journal, found); /* for there may be no space but theirs */
    jump_over(found, &state);
    if (found->newest && base < found->header.tail.position + found->header.capacity)
        base = found->header.tail.position + found->header.capacity;
    if (found->newest < found->highest)
        base += (found->highest - found->newest) * UNKNOWN_SEGMENT_BYTES;
    if (found->fresh_count) {
        work.copies = calloc(found->fresh_count, sizeof(*work.copies));
        if (work.copies == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for recovery", journal->path);
        error = files_get(journal, found->newest, &work.from, &reason);
    }
    if (error == 0) {
        int number = log_next_segment(journal, &state, found->highest + 1, base, found->witness, room, true,
                                      refill, &work);
        if (number)
            error = system_error(abs(number), "%s: cannot make a segment", journal->path);
    }
    files_put(journal, work.from);
    free(work.copies);
    if (error)
        return error;
    control_set_tail(control, &work.tail);
    control_set_durable(control, &work.tail);
    atomic_store(&control->epoch, 1); /* the first append commits the index: the old segment is not sealed */
    atomic_store(&control->broken, 0);
    if (found->fresh_count)
        journal->map.loaded = false; /* it has been where these records were */
    return 0;
}

/* leave_unsettled -- what there is can be read. Nothing may be appended, for that needs what renew() does;
 * the next recovery tries again. */
static void leave_unsettled(struct journal *journal, const struct survey *found, uint32_t why)
{
    struct control *control = journal->control;
    struct tail *at = &journal->map.at;

    jump_over(found, at);
    control_set_tail(control, at);
    control_set_durable(control, at);
    atomic_store(&control->unsettled, found->unknown ? why | UNSETTLED_UNKNOWN : why);
    atomic_store(&control->broken, 1);
    sync_fresh(journal, found);
}

/* settle -- makes durable what was found, in the segment itself or in a new one. */
static int settle(struct journal *journal, struct survey *found)
{
    int error = 0;

    if (found->unread && !journal->lose_unread) {
        leave_unsettled(journal, found, UNSETTLED_UNREAD);
        return 0;
    }
    if (found->newest == 1 && found->witness <= found->header.tail.position) {
        error = folder_sync(journal->dir, journal->path); /* its maker may not have come to it */
        if (error)
            return error;
    }
    if (found->renew) {
        error = renew(journal, found);
        if (error != CAIRN_ENOSPC)
            return error;
        leave_unsettled(journal, found, UNSETTLED_SPACE);
        return 0;
    }
    /* What a killed process has made or removed here may not be durable, or come back: above all a next
     * segment, which says that this one has ended. */
    if (fsync(journal->dir) != 0)
        return system_error(errno, "%s: cannot sync the directory", journal->path);
    if (found->fresh_count && (rewrite(journal, found) != 0 || log_sync_tail(journal) != 0))
        return renew(journal, found);
    if (found->remains) {
        /* Rule 6: so that nothing which is appended now can be followed by what the torn tail has left. */
        uint64_t nonce[2];
        struct appended appended;
        if (getrandom(nonce, sizeof(nonce), 0) != (ssize_t)sizeof(nonce))
            return system_error(errno, "%s: no random bytes", journal->path);
        struct entry entry = {
            .kind = RECORD_RECOVERED,
            .label = "",
            .data = nonce,
            .size = sizeof(nonce),
            .body_hash = record_body_hash("", 0, nonce, sizeof(nonce)),
            .label_hash = record_label_hash("", 0),
        };
        error = log_append(journal, NULL, atomic_load(&journal->control->failures), &entry, &appended);
    }
    return error;
}

int recovery_run(struct journal *journal)
{
    struct survey found;

    journal->map.loaded = false;
    int error = survey_begin(journal, &found);
    if (error == 0 && !journal->map.loaded) {
        if (found.listing.segment_count)
            error = nothing_good(journal, &found);
        else if (journal->existing)
            error = nothing_there(journal);
        else
            error = create(journal, &found);
        if (error == 0)
            maintain_make_reserve(journal);
        survey_release(&found);
        return error;
    }
    if (error == 0)
        error = survey_end(journal, &found);
    if (error == 0)
        error = make_control(journal, &found, &journal->map.at, &found.vouched);
    if (error == 0)
        error = settle(journal, &found);
    if (error == 0 && journal->map.loaded && !atomic_load(&journal->control->unsettled)) {
        const struct tail *at = &journal->map.at;
        bool leftover = false;
        for (size_t i = 0; i < found.listing.segment_count; i++) {
            uint64_t number = found.listing.segments[i];
            leftover |= number < at->horizon_segment &&
                        (at->survivor_position == RECORD_NONE || number != at->survivor_segment);
        }
        if (leftover)
            maintain_retire(journal, NULL);
    }
    if (error == 0)
        maintain_make_reserve(journal);
    survey_release(&found);
    return error;
}
