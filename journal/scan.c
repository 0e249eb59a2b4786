/* scan.c -- see scan.h. */
#include "journal/scan.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "journal/files.h"
#include "journal/journal.h"
#include "system/system.h"

#define BUFFER_SIZE   (64u * 1024)
#define NEAR          (16u * 1024) /* what is not farther is found in the same buffer next time */
#define READ_LITTLE   4096u        /* else where records are large, for a header */
#define FOLLOWER_NEAR 16
#define SEARCH_BLOCK  64u

static const char ends_within[] = "the file ends within the record";

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
        const bool jumps =
            scan->buffer_size > 0 && position > scan->buffer_position + scan->buffer_size + NEAR;
        size_t wanted = jumps && size < READ_LITTLE ? READ_LITTLE : BUFFER_SIZE;
        if (position + size <= scan->end && scan->end - position < wanted)
            wanted = (size_t)(scan->end - position); /* what is behind it is of no interest */
        scan->buffer_position = position;
        scan->buffer_size = segment_read(scan->segment, position, scan->buffer, wanted, &failed);
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

/* try_follower -- whether segment `number` is the next one with a good header: 1 or 0, or an error. */
static int try_follower(struct scan *scan, uint64_t number)
{
    const struct segment *segment;
    const char *reason;

    int error = files_get(scan->journal, number, &segment, &reason);
    if (error)
        return reason ? 0 : error;
    scan->next = segment->header;
    scan->follower = number;
    files_put(scan->journal, segment);
    return 1;
}

/* find_follower -- looks for the next segment with a good header, to learn where this one ends. Numbers
 * nearby are tried; of those far off only what there is, for if the newest that is known of is gone they may
 * be any number. */
static int find_follower(struct scan *scan)
{
    uint64_t number = scan->at.segment + 1;
    struct listing listing;
    int result = 0;

    scan->follower = 0;
    for (; number <= scan->newest && number - scan->at.segment <= FOLLOWER_NEAR && result == 0; number++)
        result = try_follower(scan, number);
    if (result || number > scan->newest)
        return result < 0 ? result : 0;
    result = files_list(scan->journal, &listing);
    if (result)
        return result;
    for (size_t i = 0; i < listing.segment_count && listing.segments[i] <= scan->newest && result == 0; i++) {
        if (listing.segments[i] >= number)
            result = try_follower(scan, listing.segments[i]);
    }
    listing_release(&listing);
    return result < 0 ? result : 0;
}

/* loses_nothing -- whether from `at` to the follower's beginning there is nothing that could be lost. */
static bool loses_nothing(const struct tail *at, const struct tail *then)
{
    return at->position == then->position && at->sequence == then->sequence &&
           at->generation == then->generation && at->next_number == then->next_number &&
           at->next_generation == then->next_generation;
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
    } else if (scan->final_known && scan->final.position == scan->limit) {
        then = scan->final;
    } else {
        then.position = scan->limit;
    }
    if (scan->follower && loses_nothing(at, &then))
        reason = NULL;
    else if (reason == NULL && scan->follower &&
             (at->sequence != then.sequence || scan->next.prev_chain != at->chain))
        reason = "records are missing at the segment's end";

    scan->hole = (struct hole){
        .segment = at->segment,
        .chain = at->chain,
        .sequence = at->sequence,
        .position = position,
        .offset = scan->segment ? segment_offset(scan->segment, position) : 0,
        .size = scan->segment && scan->end > position ? scan->end - position : 0,
        .end = then.position,
        .generation = then.generation,
        .unread = scan->failed != 0,
        .reason = reason,
    };
    scan->unread |= scan->hole.unread && reason != NULL;
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

/* enter -- opens the segment of `at`: 0, SCAN_HOLE if it cannot be had, SCAN_STALE, or an error. 0 without a
 * segment if it cannot be had and was empty: `at` has gone on to the next one. */
static int enter(struct scan *scan)
{
    const char *reason;

    int error = find_follower(scan);
    if (error)
        return error;
    error = files_get(scan->journal, scan->at.segment, &scan->segment, &reason);
    if (error && reason) {
        if (stale(scan, scan->at.segment))
            return SCAN_STALE;
        scan->failed = error == CAIRN_EIO ? EIO : 0;
        return leave(scan, scan->at.position, reason) ? SCAN_HOLE : 0;
    }
    if (error)
        return error;
    scan->end = segment_limit(scan->segment);
    if (scan->follower && scan->next.prev_segment == scan->at.segment) {
        if (scan->next.prev_end < scan->end)
            scan->end = scan->next.prev_end;
    } else if (scan->at.segment < scan->newest) {
        /* Where it ended only a segment that is lost could tell. Behind there may be what a torn tail or a
         * failed sync has left, as good as the rest. */
        struct remains remains;
        error = scan_remains(scan->journal, scan->segment, segment_base(scan->segment), &remains);
        if (error && error != CAIRN_EIO)
            return error;
        scan->unread |= error != 0;
        scan->end_unread |= error != 0 && scan->follower == 0;
        if (scan->final_known && scan->final.segment == scan->at.segment &&
            scan->final.position > remains.durable)
            remains.durable = scan->final.position;
        if (remains.durable < scan->end)
            scan->end = remains.durable > scan->at.position ? remains.durable : scan->at.position;
    }
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

/* may_begin -- whether a record may begin in a block of so many bytes: a loop that the compiler makes one of
 * vectors of, for most of a segment that is looked through holds no record. */
static bool may_begin(const unsigned char *bytes)
{
    uint32_t words[SEARCH_BLOCK / sizeof(uint32_t)];
    uint32_t found = 0;

    memcpy(words, bytes, sizeof(words));
    for (size_t i = 0; i < SEARCH_BLOCK / sizeof(uint32_t); i++)
        found |= words[i] == RECORD_MAGIC;
    return found != 0;
}

/* find_next -- the next good header behind `position` and before `end`; RECORD_NONE if there is none. */
static uint64_t find_next(struct scan *scan, uint64_t position, uint64_t end, struct record *record)
{
    const struct segment *segment = scan->segment;
    const uint64_t file_end = segment_base(segment) + (segment->file_size - SEGMENT_PAGE);

    if (position < segment_base(segment)) /* a page that is not so may say that the log stands there */
        position = segment_base(segment);
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
            if (i % SEARCH_BLOCK == 0 && i + SEARCH_BLOCK <= there && !may_begin(bytes + i)) {
                i += SEARCH_BLOCK - RECORD_ALIGN;
                position += SEARCH_BLOCK - RECORD_ALIGN;
                continue;
            }
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
    const uint64_t from = at->position;
    const int failed = scan->failed; /* what is read in search of more is another matter */
    uint64_t found = find_next(scan, from + RECORD_ALIGN, scan->end, &record);

    scan->failed = failed;
    if (found == RECORD_NONE && scan->follower == 0 && scan->rejoin && scan->rejoin->position == scan->end) {
        record = *scan->rejoin;
        found = record.position;
    }
    if (found == RECORD_NONE || record.sequence < at->sequence) {
        if (stale(scan, at->segment))
            return SCAN_STALE;
        return leave(scan, from, reason) ? SCAN_HOLE : CAIRN_ECORRUPT;
    }

    const bool removes = record_removes(record.kind);
    scan->hole = (struct hole){
        .segment = at->segment,
        .chain = at->chain,
        .sequence = at->sequence,
        .offset = segment_offset(scan->segment, from),
        .size = found - from,
        .position = from,
        .end = found,
        .generation = at->generation,
        .unread = scan->failed != 0,
        .reason = reason,
    };
    scan->unread |= scan->hole.unread;
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
        at->accepted_segment = at->accepted_position = 0;
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

const char *scan_cut_off(const struct segment *segment, const struct record *record)
{
    const uint64_t end = record->position + sizeof(*record) + record->label_size + record->data_size;
    return segment_offset(segment, end) > segment->file_size ? ends_within : NULL;
}

const char *scan_read_body(const struct segment *segment, const struct record *record, void *body,
                           int *failed)
{
    size_t size = (size_t)record->label_size + (size_t)record->data_size;

    if (segment_read(segment, record->position + sizeof(*record), body, size, failed) != size)
        return *failed ? "the record cannot be read" : ends_within;
    return scan_check_body(record, body);
}

/* read_saying -- what the record just met says in its data: that decides what is alive, so it is read here
 * and now. NULL, or why it cannot be had. */
static const char *read_saying(struct scan *scan, union saying *saying)
{
    const struct record *record = &scan->record;
    const size_t size = record_says(record->kind);
    unsigned char body[UINT16_MAX + sizeof(*saying)];

    memset(saying, 0, sizeof(*saying));
    if (size == 0)
        return NULL;
    if (record->data_size != size)
        return "the record's sizes cannot be right";
    const char *reason = scan_read_body(scan->segment, record, body, &scan->failed);
    if (reason == NULL)
        memcpy(saying, body + record->label_size, size);
    return reason;
}

int scan_step(struct scan *scan)
{
    union saying saying;

    for (;;) {
        if (scan->at.position >= scan->limit)
            return SCAN_END;
        scan->failed = 0;
        if (scan->segment == NULL) {
            int result = enter(scan);
            if (result)
                return result;
            if (scan->segment == NULL)
                continue;
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

    const char *reason = check_here(scan, &scan->record);
    if (reason == NULL)
        reason = read_saying(scan, &saying);
    if (reason)
        return skip(scan, reason);
    tail_apply(&scan->at, &scan->record, &saying);
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
    union saying saying = {0};

    int result = scan->segment ? 0 : enter(scan);
    if (result || scan->segment == NULL)
        return result < 0 ? result : SCAN_END;
    scan->failed = 0;
    if (check_here(scan, record) != NULL)
        return scan->failed ? unreadable(scan, scan->segment, scan->at.position) : SCAN_END;
    if (scan_cut_off(scan->segment, record) != NULL)
        return SCAN_END;
    size_t size = (size_t)record->label_size + (size_t)record->data_size;
    unsigned char *body = malloc(size ? size : 1);
    if (body == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for reading", scan->journal->path);
    bool whole = scan_read_body(scan->segment, record, body, &scan->failed) == NULL;
    const size_t says = record_says(record->kind);
    if (whole && says) {
        whole = record->data_size == says;
        if (whole)
            memcpy(&saying, body + record->label_size, says);
    }
    free(body);
    if (scan->failed)
        return unreadable(scan, scan->segment, record->position);
    if (!whole)
        return SCAN_END;
    tail_apply(&scan->at, record, &saying);
    return SCAN_RECORD;
}

/* note -- counts a good header among what there is. */
static void note(struct remains *remains, const struct record *record)
{
    const bool checkpoint = record->kind == RECORD_CHECKPOINT;
    const bool removes = record_removes(record->kind);

    if (record->durable_upto > remains->durable)
        remains->durable = record->durable_upto;
    if (record_end(record) > remains->last)
        remains->last = record_end(record);
    if (record->sequence >= remains->sequence)
        remains->sequence = record->sequence + 1;
    if (record->kind == RECORD_SEALED)
        remains->sealed = true;
    if (record->generation < remains->generation)
        return;
    if (record->generation > remains->generation) {
        remains->generation = record->generation;
        remains->number = 0;
        remains->removal = UINT64_MAX;
    }
    if (record->number + checkpoint > remains->number)
        remains->number = record->number + checkpoint;
    /* Between the removal and a checkpoint stand those with smaller numbers, each no smaller than a header;
     * after a Compact the first has number 1. */
    uint64_t between = removes ? 0 : record->number > 1 ? record->number : 1;
    uint64_t room = between * sizeof(*record);
    uint64_t removal = record->position > room ? record->position - room : 0;
    if (removal < remains->removal)
        remains->removal = removal;
}

int scan_remains(struct journal *journal, const struct segment *segment, uint64_t from,
                 struct remains *remains)
{
    struct tail at = {.position = from};
    struct record record;
    struct scan scan;

    *remains = (struct remains){.removal = UINT64_MAX};
    int error = scan_begin(&scan, journal, &at, segment_limit(segment), 0);
    if (error)
        return error;
    scan.segment = segment;
    for (uint64_t position = from;;) {
        position = find_next(&scan, position, segment_limit(segment), &record);
        if (position == RECORD_NONE)
            break;
        note(remains, &record);
        position += RECORD_ALIGN;
    }
    if (scan.failed_to > remains->durable)
        error = unreadable(&scan, segment, scan.failed_to);
    scan.segment = NULL;
    scan_release(&scan);
    return error;
}
