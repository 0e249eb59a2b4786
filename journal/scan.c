/* scan.c -- see scan.h. */
#include "journal/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/files.h"
#include "journal/journal.h"
#include "journal/system.h"

#define BUFFER_SIZE (64u * 1024)

int scan_begin(struct scan *scan, struct journal *journal, const struct tail *at, uint64_t limit,
               uint64_t newest)
{
    *scan = (struct scan){.journal = journal, .at = *at, .limit = limit, .newest = newest};
    scan->buffer = malloc(BUFFER_SIZE);
    if (scan->buffer == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for reading", journal->path);
    return 0;
}

void scan_release(struct scan *scan)
{
    files_put(scan->journal, scan->segment);
    scan->segment = NULL;
    free(scan->buffer);
    scan->buffer = NULL;
}

/* fill -- the bytes at `position` through the buffer, `size` at least if they can be had; *there is how many
 * it has from there on. */
static const unsigned char *fill(struct scan *scan, uint64_t position, size_t size, size_t *there)
{
    assert(size <= BUFFER_SIZE);
    int failed = 0;
    if (position < scan->buffer_position || position + size > scan->buffer_position + scan->buffer_size) {
        scan->buffer_position = position;
        scan->buffer_size = segment_read(scan->segment, position, scan->buffer, BUFFER_SIZE, &failed);
    }
    uint64_t skip = position - scan->buffer_position;
    *there = scan->buffer_size <= skip ? 0 : scan->buffer_size - (size_t)skip;
    if (*there < size && failed)
        scan->failed = failed;
    return scan->buffer + (*there ? skip : 0);
}

/* stale -- whether segment `number` is gone because of a removal that this scan does not reach. One that it
 * does reach leaves nothing of what came before, so that a hole there is none of its concern. One that is not
 * durable yet has removed nothing. */
static bool stale(const struct scan *scan, uint64_t number)
{
    struct tail now;

    if (scan->journal->control == NULL)
        return false; /* the caller looks again by attaching anew */
    control_tail(scan->journal->control, &now);
    return number < now.horizon_segment && scan->limit <= now.horizon_position &&
           now.horizon_position < journal_durable(scan->journal);
}

/* find_follower -- looks for the next segment with a good header, to learn where this one ends. */
static int find_follower(struct scan *scan)
{
    scan->follower = 0;
    for (uint64_t number = scan->at.segment + 1; number <= scan->newest; number++) {
        const struct segment *segment;
        const char *reason;
        int error = files_get(scan->journal, number, &segment, &reason);
        if (error == 0) {
            scan->next = segment->header;
            scan->follower = number;
            files_put(scan->journal, segment);
            return 0;
        }
        if (error != CAIRN_ENOTFOUND && error != CAIRN_ECORRUPT)
            return error;
    }
    return 0;
}

/* keep_known -- a follower whose header does not tell the chain was made when what is before it could not be
 * read (survey.c, keep_unread()). What has been read now counts, if it is more than the header knows. */
static void keep_known(struct tail *then, const struct tail *at)
{
    struct tail more = *at;

    if (at->generation < then->generation ||
        (at->generation == then->generation && at->number <= then->number))
        return;
    more.position = then->position;
    more.chain = then->chain;
    more.sequence = then->sequence;
    more.segment = then->segment;
    if (at->generation == then->generation && more.next_number < then->next_number)
        more.next_number = then->next_number;
    if (more.next_generation < then->next_generation)
        more.next_generation = then->next_generation;
    *then = more;
}

/* leave -- goes on to the follower, or to the limit if there is none; true if what was lost on the way makes
 * a hole. `reason` is why the way there is damaged, NULL if nothing has shown that yet. */
static bool leave(struct scan *scan, uint64_t position, const char *reason)
{
    struct tail *at = &scan->at;
    struct tail then = *at;

    if (scan->follower) {
        then = scan->next.tail;
        then.chain = scan->next.hash;
        if (scan->next.prev_chain == 0)
            keep_known(&then, at);
    } else if (scan->final_known && scan->final.position == scan->limit) {
        then = scan->final;
    } else {
        then.position = scan->limit;
    }
    if (reason == NULL && scan->follower &&
        (at->sequence != then.sequence || (scan->next.prev_chain != 0 && scan->next.prev_chain != at->chain)))
        reason = "records are missing at the segment's end";
    if (reason == NULL && scan->follower && then.next_number > then.number && at->next_number <= at->number)
        reason = "what else was recorded here is not known";

    scan->hole = (struct hole){
        .segment = at->segment,
        .position = position,
        .offset = scan->segment ? segment_offset(scan->segment, position) : 0,
        .size = scan->segment && scan->end > position ? scan->end - position : 0,
        .end = then.position,
        .generation = then.generation,
        .reason = reason,
    };
    if (scan->follower && scan->follower != at->segment + 1 && scan->hole.reason) {
        /* The file that should follow is what is damaged. */
        scan->hole.segment = at->segment + 1;
        scan->hole.offset = scan->hole.size = 0;
        scan->hole.reason = "the segment is missing or has no good header";
    }
    if (then.generation == at->generation) {
        scan->hole.first = at->next_number;
        scan->hole.count = then.number > at->next_number ? then.number - at->next_number : 0;
    } else {
        scan->hole.first = then.survivor_position == RECORD_NONE ? 0 : 1;
        scan->hole.count = then.number > scan->hole.first ? then.number - scan->hole.first : 0;
    }
    files_put(scan->journal, scan->segment);
    scan->segment = NULL;
    scan->buffer_size = 0;
    *at = then;
    return reason != NULL;
}

/* enter -- opens the segment of `at`: 0, SCAN_HOLE if it cannot be had, SCAN_STALE, or an error. */
static int enter(struct scan *scan)
{
    const char *reason;

    int error = find_follower(scan);
    if (error)
        return error;
    error = files_get(scan->journal, scan->at.segment, &scan->segment, &reason);
    if (error == CAIRN_ENOTFOUND || error == CAIRN_ECORRUPT) {
        if (stale(scan, scan->at.segment))
            return SCAN_STALE;
        return leave(scan, scan->at.position, reason) ? SCAN_HOLE : CAIRN_ECORRUPT;
    }
    if (error)
        return error;
    scan->end = segment_limit(scan->segment);
    /* Also if segments between the two are missing: behind this end is no part of the log before the
     * follower. */
    if (scan->follower && scan->next.prev_end < scan->end)
        scan->end = scan->next.prev_end;
    if (scan->end > scan->limit)
        scan->end = scan->limit;
    scan->buffer_size = 0;
    return 0;
}

/* check_here -- NULL if a whole record that continues the log stands at `at`, which is then in *record. */
static const char *check_here(struct scan *scan, struct record *record)
{
    size_t there;
    const unsigned char *bytes = fill(scan, scan->at.position, sizeof(*record), &there);

    if (there < sizeof(*record))
        return "the file ends here, or cannot be read";
    memcpy(record, bytes, sizeof(*record));
    const char *reason =
        record_check(record, scan->at.position, segment_limit(scan->segment), scan->segment->header.salt);
    if (reason)
        return reason;
    if (record->prev != scan->at.chain || record->sequence != scan->at.sequence)
        return "the record does not continue the one before it";
    return NULL;
}

/* find_next -- the next good header behind `position` and before `end`; RECORD_NONE if there is none. */
static uint64_t find_next(struct scan *scan, uint64_t position, uint64_t end, struct record *record)
{
    const struct segment *segment = scan->segment;
    const uint64_t file_end = segment_base(segment) + (segment->file_size - SEGMENT_PAGE);

    while (position + sizeof(*record) <= end) {
        size_t there;
        const unsigned char *bytes = fill(scan, position, sizeof(*record), &there);
        if (there < sizeof(*record)) {
            /* The end of the file; or a place that cannot be read, and then the next page may be whole. */
            if (segment->file_size < SEGMENT_PAGE || position + sizeof(*record) > file_end)
                return RECORD_NONE;
            position += 4096 - segment_offset(segment, position) % 4096;
            scan->failed_to = position;
            continue;
        }
        for (size_t i = 0; i + sizeof(*record) <= there; i += RECORD_ALIGN, position += RECORD_ALIGN) {
            uint32_t magic;
            memcpy(&magic, bytes + i, sizeof(magic));
            if (magic != RECORD_MAGIC)
                continue;
            memcpy(record, bytes + i, sizeof(*record));
            if (position + sizeof(*record) <= end &&
                record_check(record, position, segment_limit(segment), segment->header.salt) == NULL)
                return position;
        }
    }
    return RECORD_NONE;
}

/* skip -- deals with damage at `at`: makes a hole up to the next good record. */
static int skip(struct scan *scan, const char *reason)
{
    struct tail *at = &scan->at;
    struct record record;
    uint64_t from = at->position;
    uint64_t found = find_next(scan, from + RECORD_ALIGN, scan->end, &record);

    if (found == RECORD_NONE && scan->follower == 0 && scan->rejoin && scan->rejoin->position == scan->end) {
        record = *scan->rejoin;
        found = record.position;
    }
    if (found == RECORD_NONE || record.sequence < at->sequence) {
        if (stale(scan, at->segment))
            return SCAN_STALE;
        return leave(scan, from, reason) ? SCAN_HOLE : CAIRN_ECORRUPT;
    }

    bool removes =
        record.kind == RECORD_COMPACT || record.kind == RECORD_CLEAR || record.kind == RECORD_COMPLETE;
    scan->hole = (struct hole){
        .segment = at->segment,
        .offset = segment_offset(scan->segment, from),
        .size = found - from,
        .position = from,
        .end = found,
        .generation = at->generation,
        .reason = reason,
    };
    if (!removes && record.generation == at->generation) {
        scan->hole.first = at->next_number;
        scan->hole.count = record.number > at->next_number ? record.number - at->next_number : 0;
        at->number = record.number;
        if (at->next_number < at->number)
            at->next_number = at->number;
    } else if (!removes) {
        /* What was removed, and how, is lost with the record that said so. */
        at->generation = record.generation;
        at->next_generation = record.generation + 1;
        at->horizon_segment = at->segment;
        at->horizon_position = from;
        at->survivor_position = RECORD_NONE;
        at->latest_position = RECORD_NONE;
        at->accepted_position = 0;
        at->number = at->next_number = record.number;
        scan->hole.generation = record.generation;
        scan->hole.count = record.number;
    }
    at->position = found;
    at->sequence = record.sequence;
    at->chain = record.prev;
    return SCAN_HOLE;
}

const char *scan_check_body(const struct record *record, const void *body)
{
    if (record_body_hash(body, record->label_size, (const char *)body + record->label_size,
                         (size_t)record->data_size) != record->body_hash)
        return "the record's label or data does not match its hash";
    return NULL;
}

static const char *read_body(const struct segment *segment, const struct record *record, void *body,
                             int *failed)
{
    size_t size = (size_t)record->label_size + (size_t)record->data_size;

    if (segment_read(segment, record->position + sizeof(*record), body, size, failed) != size)
        return *failed ? "the record cannot be read" : "the file ends within the record";
    return scan_check_body(record, body);
}

const char *scan_read_body(const struct segment *segment, const struct record *record, void *body)
{
    int failed;
    return read_body(segment, record, body, &failed);
}

int scan_step(struct scan *scan)
{
    struct survivor survivor = {0};

    for (;;) {
        if (scan->at.position >= scan->limit)
            return SCAN_END;
        if (scan->segment == NULL) {
            int result = enter(scan);
            if (result)
                return result;
        }
        if (scan->at.position < scan->end)
            break;
        if (scan->follower == 0) {
            /* Without a follower the segment ends before the limit: what is beyond was lost with it. */
            return leave(scan, scan->at.position, "the segments after this one are missing") ? SCAN_HOLE
                                                                                             : CAIRN_ECORRUPT;
        }
        if (scan->follower != scan->at.segment + 1) {
            if (leave(scan, scan->at.position, "the segment after this one is missing or has no good header"))
                return SCAN_HOLE;
        } else if (leave(scan, scan->at.position, NULL)) {
            return SCAN_HOLE;
        }
    }

    struct record *record = &scan->record;
    const char *reason = check_here(scan, record);
    if (reason == NULL && record->kind == RECORD_COMPACT) {
        /* What it says decides what is alive, so it is read here and now. */
        size_t size = (size_t)record->label_size + sizeof(survivor);
        unsigned char *body = record->data_size == sizeof(survivor) ? malloc(size) : NULL;
        if (body == NULL && record->data_size == sizeof(survivor))
            return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for reading", scan->journal->path);
        reason = body ? scan_read_body(scan->segment, record, body) : "the record's sizes cannot be right";
        if (reason == NULL)
            memcpy(&survivor, body + record->label_size, sizeof(survivor));
        free(body);
    }
    if (reason)
        return skip(scan, reason);
    tail_apply(&scan->at, record, &survivor);
    return SCAN_RECORD;
}

/* unreadable -- the error for a read that failed. */
static int unreadable(const struct scan *scan, const struct segment *segment, uint64_t position)
{
    return system_error(scan->failed, "%s/seg-%08" PRIu64 ": offset %" PRIu64 ": cannot read",
                        scan->journal->path, segment->header.number, segment_offset(segment, position));
}

int scan_follow(struct scan *scan)
{
    struct record *record = &scan->record;
    struct survivor survivor = {0};

    int result = scan->segment ? 0 : enter(scan);
    if (result)
        return result < 0 ? result : SCAN_END;
    scan->failed = 0;
    if (check_here(scan, record) != NULL)
        return scan->failed ? unreadable(scan, scan->segment, scan->at.position) : SCAN_END;
    size_t size = (size_t)record->label_size + (size_t)record->data_size;
    unsigned char *body = malloc(size ? size : 1);
    if (body == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for reading", scan->journal->path);
    bool whole = read_body(scan->segment, record, body, &scan->failed) == NULL;
    if (whole && record->kind == RECORD_COMPACT) {
        whole = record->data_size == sizeof(survivor);
        if (whole)
            memcpy(&survivor, body + record->label_size, sizeof(survivor));
    }
    free(body);
    if (scan->failed)
        return unreadable(scan, scan->segment, record->position);
    if (!whole)
        return SCAN_END;
    tail_apply(&scan->at, record, &survivor);
    return SCAN_RECORD;
}

int scan_witness(struct journal *journal, const struct segment *segment, uint64_t from, uint64_t *durable,
                 uint64_t *last, struct tail *floor)
{
    struct tail at = {.position = from};
    struct record record;
    struct scan scan;

    int error = scan_begin(&scan, journal, &at, segment_limit(segment), 0);
    if (error)
        return error;
    scan.segment = segment;
    for (uint64_t position = from;;) {
        position = find_next(&scan, position, segment_limit(segment), &record);
        if (position == RECORD_NONE)
            break;
        if (record.durable_upto > *durable)
            *durable = record.durable_upto;
        *last = record_end(&record);
        if (record.number >= floor->number)
            floor->number = record.number + 1;
        if (record.sequence >= floor->sequence)
            floor->sequence = record.sequence + 1;
        if (record.generation >= floor->next_generation)
            floor->next_generation = record.generation + 1;
        position += RECORD_ALIGN;
    }
    if (scan.failed_to > *durable)
        error = unreadable(&scan, segment, scan.failed_to);
    scan.segment = NULL;
    scan_release(&scan);
    return error;
}
