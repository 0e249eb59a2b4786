/* survey.c -- see survey.h. */
#include "journal/survey.h"

#include <stdlib.h>
#include <string.h>

#include "journal/index.h"
#include "journal/journal.h"
#include "system/system.h"

#define RECORD_SIZE_MIN   sizeof(struct record)
#define STRANGER_DISTANCE 64 /* of a number from the newest good one */

void survey_release(struct survey *found)
{
    listing_release(&found->listing);
    free(found->fresh);
}

/* find_newest -- the newest segment of this journal that has a good header. */
static int find_newest(struct journal *journal, struct survey *found)
{
    for (size_t i = found->listing.segment_count; i-- > 0;) {
        struct segment segment;
        const char *reason;
        int error =
            segment_open(&segment, journal->dir, journal->path, found->listing.segments[i], false, &reason);
        if (error == CAIRN_EIO && reason)
            found->unread = found->end_unread = true;
        if (error == CAIRN_EVERSION || (error && reason == NULL))
            return error;
        if (error)
            continue;
        bool own = memcmp(segment.header.uuid, journal->uuid, sizeof(journal->uuid)) == 0;
        if (own) {
            found->newest = found->listing.segments[i];
            found->header = segment.header;
            found->file_size = segment.file_size;
        }
        segment_close(&segment);
        if (own)
            break;
    }
    return 0;
}

/* choose_segments -- without anything else to tell whose journal it is: the one that most of the segments are
 * of, if most are of one; or else that of the newest (Boyer and Moore's vote). */
static int choose_segments(struct journal *journal, struct survey *found)
{
    size_t votes = 0;

    for (size_t i = 0; i < found->listing.segment_count; i++) {
        struct segment segment;
        const char *reason;
        int error =
            segment_open(&segment, journal->dir, journal->path, found->listing.segments[i], false, &reason);
        found->unread |= error == CAIRN_EIO && reason;
        if (error && reason)
            continue;
        if (error)
            return error;
        if (votes == 0)
            memcpy(journal->uuid, segment.header.uuid, sizeof(journal->uuid));
        if (memcmp(segment.header.uuid, journal->uuid, sizeof(journal->uuid)) == 0)
            votes++;
        else if (--votes == 0)
            memcpy(journal->uuid, segment.header.uuid, sizeof(journal->uuid)); /* of two the newer */
        segment_close(&segment);
    }
    return 0;
}

/* find_owner -- whose journal this is, if that is not known, and its newest segment. A file of another
 * journal may have been put in the place of any. So an index counts if a segment or the page agrees with it,
 * for the one fault that explains this best is that of the others; the page counts if a segment agrees with
 * it. */
static int find_owner(struct journal *journal, struct survey *found, const uint8_t index[16])
{
    uint8_t page[16];
    const bool paged = control_owner(journal->dir, page);
    int error = 0;

    if (found->index) {
        memcpy(journal->uuid, index, sizeof(journal->uuid));
        error = find_newest(journal, found);
        if (error || found->newest || (paged && memcmp(page, index, sizeof(page)) == 0))
            return error;
    }
    if (paged) {
        memcpy(journal->uuid, page, sizeof(journal->uuid));
        error = find_newest(journal, found);
        if (error || found->newest)
            goto done;
    }
    error = choose_segments(journal, found);
    if (error == 0)
        error = find_newest(journal, found);
done:
    if (found->newest)
        found->index = false; /* of another journal */
    else if (found->index)
        memcpy(journal->uuid, index, sizeof(journal->uuid));
    return error;
}

/* of_another_history -- whether another record stands where the index has the newest checkpoint: the index is
 * that of a copy which has gone its own way. One that is damaged, or not there, is no such sign. */
static bool of_another_history(struct journal *journal, const struct tail *cover)
{
    const struct segment *segment;
    const char *reason;
    struct record record;
    int failed;

    if (cover->latest_position == RECORD_NONE ||
        files_get(journal, cover->latest_segment, &segment, &reason) != 0)
        return false;
    const bool another =
        segment_read(segment, cover->latest_position, &record, sizeof(record), &failed) == sizeof(record) &&
        record_check(&record, cover->latest_position, segment_limit(segment), segment->header.salt) == NULL &&
        record.hash != cover->latest_hash;
    files_put(journal, segment);
    return another;
}

/* index_fits -- whether a walk can begin at what the index covers. */
static bool index_fits(const struct survey *found, struct journal *journal)
{
    const struct tail *cover = &found->cover;
    const struct segment *next;
    const char *reason;

    if (found->newest == 0)
        return true; /* all that is left */
    if (of_another_history(journal, cover))
        return false;
    if (cover->segment < found->header.tail.horizon_segment)
        return false; /* it is about what has been removed since */
    if (cover->segment > found->newest)
        return true; /* it knows of a segment that is not there any more */
    if (cover->segment == found->newest)
        return cover->position >= found->header.tail.position;
    if (files_get(journal, cover->segment + 1, &next, &reason) != 0)
        return true;
    bool fits = next->header.prev_segment != cover->segment || cover->position <= next->header.prev_end;
    files_put(journal, next);
    return fits;
}

/* begin_of_log -- where a walk begins without the index: the segment of the last removal. */
static int begin_of_log(struct journal *journal, struct survey *found, struct tail *start)
{
    const struct segment *segment;
    const char *reason;

    int error = files_get(journal, found->header.tail.horizon_segment, &segment, &reason);
    if (error == 0) {
        segment_tail(segment, start);
        files_put(journal, segment);
        return 0;
    }
    if (reason == NULL)
        return error;
    found->unread |= error == CAIRN_EIO;
    /* It is lost. What came after it tells what it began with. */
    *start = found->header.tail;
    start->segment = start->horizon_segment;
    start->position = start->horizon_position;
    start->chain = start->sequence = 0;
    start->number = start->next_number = start->survivor_position == RECORD_NONE ? 0 : 1;
    start->latest_position = start->survivor_position;
    start->latest_segment = start->survivor_segment;
    start->latest_hash = start->survivor_hash;
    start->latest_number = 0;
    return 0;
}

int survey_begin(struct journal *journal, struct survey *found)
{
    const bool known = journal->uuid_known;
    struct map *map = &journal->map;
    uint8_t uuid[16];
    const char *why;
    struct tail start;

    memset(found, 0, sizeof(*found));
    int error = files_list(journal, &found->listing);
    if (error)
        return error;
    if (journal->control) {
        /* One that is not published yet may be replaced by another of that number (rule 2). */
        struct tail now;
        control_tail(journal->control, &now);
        while (found->listing.segment_count > 0 &&
               found->listing.segments[found->listing.segment_count - 1] > now.segment)
            found->listing.segment_count--;
    }
    found->index = index_load(journal->dir, map, uuid, &why);
    /* One that is damaged is as good as none. One that may be whole tells how far the log was durable. */
    if (!found->index && why == index_no_means)
        return cairn_set_message(CAIRN_ENOMEM, "%s/%s: %s", journal->path, INDEX_NAME, why);
    if (found->index && known && memcmp(uuid, journal->uuid, sizeof(uuid)) != 0)
        found->index = false;
    error = known ? find_newest(journal, found) : find_owner(journal, found, uuid);
    if (error)
        return error;
    journal->uuid_known = known || found->newest || found->index;
    /* A file numbered far beyond what is known was not made by this journal: all numbers up to it would be
     * taken for missing. */
    const uint64_t known_to = found->newest > map->at.segment ? found->newest : map->at.segment;
    for (size_t i = 0; i < found->listing.segment_count; i++) {
        uint64_t number = found->listing.segments[i];
        if (number <= known_to + STRANGER_DISTANCE || known_to == 0)
            found->highest = number;
    }
    found->cover = map->at;
    if (found->index)
        found->index = index_fits(found, journal);
    if (found->index) {
        if (found->cover.segment > found->highest)
            found->highest = found->cover.segment;
        return 0;
    }
    map->loaded = false;
    map->count = 0;
    if (found->newest == 0)
        return 0;
    error = begin_of_log(journal, found, &start);
    return error ? error : map_begin(map, &start);
}

/* keep_fresh -- notes a record that stands beyond the witness. */
static int keep_fresh(void *arg, const struct record *record)
{
    struct survey *found = arg;

    if (found->fresh_count == found->fresh_space) {
        size_t space = found->fresh_space ? found->fresh_space * 2 : 64;
        struct record *fresh = realloc(found->fresh, space * sizeof(*fresh));
        if (fresh == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "no memory for the records of a journal");
        found->fresh = fresh;
        found->fresh_space = space;
    }
    found->fresh[found->fresh_count++] = *record;
    return 0;
}

/* find_rejoin -- whether the record that stands at the witness is a real one, though what is before it may be
 * damaged so that nothing chains to it. It is if the chain that it begins reaches a record which vouches for
 * all before it: what a torn tail leaves behind cannot, for it was written when less was durable. 0 or an
 * error. */
static int find_rejoin(struct journal *journal, const struct segment *newest, uint64_t witness,
                       struct record *record, bool *found)
{
    struct tail at = {.position = witness, .segment = newest->header.number};
    struct scan scan;
    int failed;

    *found = false;
    const size_t there = segment_read(newest, witness, record, sizeof(*record), &failed);
    if (there != sizeof(*record) && failed)
        return system_error(failed, "%s: cannot read", journal->path);
    if (there != sizeof(*record) ||
        record_check(record, witness, segment_limit(newest), newest->header.salt) != NULL)
        return 0;
    at.chain = record->prev;
    at.sequence = record->sequence;
    int result = scan_begin(&scan, journal, &at, segment_limit(newest), newest->header.number);
    while (result == 0 && !*found) {
        result = scan_follow(&scan);
        if (result == SCAN_END)
            break;
        if (result == SCAN_RECORD) {
            *found = scan.record.durable_upto >= witness;
            result = 0;
        }
    }
    scan_release(&scan);
    return result;
}

/* is_cut_short -- whether a record that the log may have gone on with at `position` was cut off with the
 * file, which has `size` bytes now. */
static bool is_cut_short(const struct segment *segment, uint64_t position, uint64_t size)
{
    uint32_t magic = RECORD_MAGIC;
    int failed;

    if (size >= SEGMENT_PAGE + segment->header.capacity)
        return false; /* no record was */
    return segment_offset(segment, position) + RECORD_SIZE_MIN > size ||
           segment_read(segment, position, &magic, sizeof(magic), &failed) != sizeof(magic) ||
           magic == RECORD_MAGIC;
}

/* pass_over -- the error of a read in the newest segment. What cannot be read is not the log's end, and it
 * may be read another time. */
static int pass_over(struct survey *found, int error)
{
    if (error != CAIRN_EIO)
        return error;
    found->end_unread = true;
    return 0;
}

/* end_not_known -- where the log ends could not be read: nobody knows what came after what was read, but what
 * is seen behind it was given. */
static void end_not_known(struct journal *journal, struct survey *found, const struct remains *remains)
{
    struct tail *at = &journal->map.at;

    if (remains->generation == at->generation && at->next_number < remains->number)
        at->next_number = remains->number;
    if (at->next_generation <= remains->generation)
        at->next_generation = remains->generation + 1;
    found->renew = true;
    found->unknown++;
}

void survey_jump(const struct survey *found, const struct tail *tail, struct jump *jump)
{
    jump->next_number = tail->next_number + found->unknown * SEGMENT_RECORDS_MAX;
    jump->next_generation = tail->next_generation + found->unknown * SEGMENT_RECORDS_MAX;
}

/* end_in_hole -- the hole reaches to the witness, and nothing goes on from there. What headers there are
 * behind it tell what was lost at most; none of it may be given a second time. */
static void end_in_hole(struct journal *journal, struct survey *found, const struct hole *hole,
                        const struct remains *remains)
{
    struct map *map = &journal->map;
    struct tail *at = &map->at;

    if (remains->generation > at->generation && remains->removal < found->witness) {
        /* There is no room for the removal behind the witness: it is in the hole. */
        struct tail then = *at;
        then.generation = remains->generation;
        then.horizon_segment = hole->segment;
        then.horizon_position = hole->position;
        then.survivor_position = then.latest_position = RECORD_NONE;
        then.accepted_segment = then.accepted_position = 0;
        then.number = then.next_number = 0;
        map->count = 0; /* so that there is space for the one mark */
        map_begin_in_hole(map, hole, &then);
    } else if (remains->generation > at->generation) {
        found->unknown++; /* it may never have been durable: what was before it is not given up for it */
    }
    if (remains->generation == at->generation && at->number < remains->number)
        at->number = at->next_number = remains->number;
    if (at->next_generation <= remains->generation)
        at->next_generation = remains->generation + 1;
}

int survey_end(struct journal *journal, struct survey *found)
{
    struct map *map = &journal->map;
    const struct segment *newest = NULL;
    struct remains remains = {0};
    struct hole last_hole = {0};
    const char *reason;
    struct record rejoin;
    struct scan scan;
    int error = 0;

    if (found->index)
        found->witness = found->cover.position;
    if (found->newest) {
        uint64_t from = found->header.tail.position;
        if (from > found->witness)
            found->witness = from;
        if (found->index && found->cover.segment == found->newest)
            from = found->cover.position;
        error = files_get(journal, found->newest, &newest, &reason);
        if (error == 0)
            error = pass_over(found, scan_remains(journal, newest, from, &remains));
        if (error)
            goto done;
        if (remains.durable > found->witness)
            found->witness = remains.durable;
        if (remains.sealed && found->highest == found->newest)
            found->highest++; /* there was another one */
    }
    const bool missing = found->newest < found->highest;

    /* Up to the witness: what is not as it was written is damage. */
    error = scan_begin(&scan, journal, &map->at, found->witness, found->highest);
    if (error == 0) {
        scan.final = found->cover;
        scan.final_known = found->index;
        bool rejoins = false;
        if (newest && !missing)
            error = pass_over(found, find_rejoin(journal, newest, found->witness, &rejoin, &rejoins));
        if (rejoins)
            scan.rejoin = &rejoin;
        if (error == 0)
            error = map_advance(map, &scan, &last_hole);
        found->unread |= scan.unread;
        found->end_unread |= scan.end_unread;
        scan_release(&scan);
    }
    if (error < 0)
        goto done;
    error = 0;
    const bool ends_damaged = last_hole.reason && last_hole.segment >= found->newest;
    found->end_unread |= last_hole.unread && last_hole.end >= found->witness && scan.rejoin == NULL;
    if (ends_damaged && last_hole.end >= found->witness && scan.rejoin == NULL &&
        map->at.sequence < remains.sequence)
        end_in_hole(journal, found, &last_hole, &remains);
    /* If nothing is recorded in the newest segment, the walk ends before it; the log goes on in it. */
    if (newest && map->at.segment < found->newest && map->at.position == segment_base(newest))
        segment_tail(newest, &map->at);
    found->vouched = map->at;

    /* Beyond: as long as each record continues the log. In a segment that is not the last one, what nothing
     * vouches for is no part of it. */
    if (newest && !missing && map->at.segment == found->newest) {
        error = scan_begin(&scan, journal, &map->at, segment_limit(newest), found->newest);
        if (error == 0) {
            error = pass_over(found, map_follow(map, &scan, keep_fresh, found));
            scan_release(&scan);
        }
    }
    found->remains = remains.last > map->at.position;

    const bool cut = newest && found->file_size < segment_full_size(newest);
    found->renew = missing || cut || ends_damaged;
    /* Of a segment that the index covers a part of, the rest is not known. */
    uint64_t known =
        found->index && found->cover.segment > found->newest ? found->cover.segment - 1 : found->newest;
    if (missing)
        found->unknown += found->highest - known;
    if (cut && is_cut_short(newest, map->at.position, found->file_size))
        found->unknown++;
    if (found->end_unread)
        end_not_known(journal, found, &remains);
    found->unread |= found->end_unread;
done:
    files_put(journal, newest);
    return error;
}
