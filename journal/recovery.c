/* recovery.c -- see recovery.h. */
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
#include "journal/index.h"
#include "journal/journal.h"
#include "journal/log.h"
#include "journal/maintain.h"
#include "journal/system.h"

#define RECORD_SIZE_MIN sizeof(struct record)
#define UNKNOWN_SEGMENT_RECORDS                                                                              \
    (SEGMENT_SIZE_MAX / RECORD_SIZE_MIN)          /* that a segment not there may have had */
#define STRANGER_DISTANCE     64                  /* of a number from the newest good one */
#define UNKNOWN_SEGMENT_BYTES ((uint64_t)1 << 32) /* positions that it may have had */

/* What was found. */
struct found {
    struct listing listing;
    bool index;                   /* the map was loaded from the index */
    struct tail cover;            /* what it covers */
    uint64_t newest;              /* the newest segment with a good header; 0 if there is none */
    uint64_t highest;             /* the highest number of any segment file, or that the index knows of */
    struct segment_header header; /* the newest's */
    uint64_t file_size;           /* and its file's */

    /* Only after find_end(): */
    uint64_t witness;     /* the log was once durable up to here */
    struct tail vouched;  /* the tail there */
    bool remains;         /* there are good headers behind the log's end */
    bool unread;          /* some of it, or of a newer one, could not be read */
    bool renew;           /* the segment in use is damaged, or there is none: a new one is needed */
    uint64_t unknown;     /* and in so many segments nothing tells how many checkpoints were lost */
    struct record *fresh; /* the records between the witness and the log's end */
    size_t fresh_count, fresh_space;
};

static void found_release(struct found *found)
{
    listing_release(&found->listing);
    free(found->fresh);
}

/* find_newest -- the newest segment that has a good header and, if the journal is known, is one of its own.
 */
static int find_newest(struct journal *journal, struct found *found, bool any_journal)
{
    for (size_t i = found->listing.segment_count; i-- > 0;) {
        struct segment segment;
        const char *reason;
        int error =
            segment_open(&segment, journal->dir, journal->path, found->listing.segments[i], false, &reason);
        if (error == CAIRN_ECORRUPT && strcmp(reason, SEGMENT_UNREADABLE) == 0)
            found->unread = true;
        if (error == CAIRN_ENOTFOUND || error == CAIRN_ECORRUPT)
            continue;
        if (error)
            return error;
        bool own = any_journal || memcmp(segment.header.uuid, journal->uuid, sizeof(journal->uuid)) == 0;
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

/* index_fits -- whether a walk can begin at what the index covers. */
static bool index_fits(const struct found *found, struct journal *journal)
{
    const struct tail *cover = &found->cover;
    const struct segment *next;
    const char *reason;

    if (found->newest == 0)
        return true; /* all that is left */
    if (cover->segment < found->header.tail.horizon_segment)
        return false; /* it is about what has been removed since */
    if (cover->segment > found->newest)
        return true; /* it knows of a segment that is not there any more */
    if (cover->segment == found->newest)
        return cover->position >= found->header.tail.position;
    if (files_get(journal, cover->segment + 1, &next, &reason) != 0)
        return true;
    bool fits = cover->position <= next->header.prev_end;
    files_put(journal, next);
    return fits;
}

/* begin_of_log -- where a walk begins without the index: the segment of the last removal. */
static int begin_of_log(struct journal *journal, const struct found *found, struct tail *start)
{
    const struct segment *segment;
    const char *reason;

    int error = files_get(journal, found->header.tail.horizon_segment, &segment, &reason);
    if (error == 0) {
        segment_tail(segment, start);
        files_put(journal, segment);
        return 0;
    }
    if (error != CAIRN_ENOTFOUND && error != CAIRN_ECORRUPT)
        return error;
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

/* find_start -- lists the files, reads the index, and sets the map to where the walk begins. The caller has
 * the gate. found->newest is 0 and the map not loaded if there is
 * nothing at all. */
static int find_start(struct journal *journal, struct found *found)
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
        /* One that is not published yet may be removed again (rule 7), and another one get its number. */
        struct tail now;
        control_tail(journal->control, &now);
        while (found->listing.segment_count > 0 &&
               found->listing.segments[found->listing.segment_count - 1] > now.segment)
            found->listing.segment_count--;
    }
    found->index = index_load(journal->dir, map, uuid, &why);
    if (found->index && known && memcmp(uuid, journal->uuid, sizeof(uuid)) != 0)
        found->index = false;
    if (found->index && !known)
        memcpy(journal->uuid, uuid, sizeof(uuid));
    error = find_newest(journal, found, !known && !found->index);
    if (error == 0 && found->newest == 0 && found->index && !known) {
        /* An index of one journal, and segments of another, or none. The segments are the truth. */
        error = find_newest(journal, found, true);
        if (found->newest && memcmp(found->header.uuid, uuid, sizeof(uuid)) != 0)
            found->index = false;
    }
    if (error)
        return error;
    if (found->newest && !known)
        memcpy(journal->uuid, found->header.uuid, sizeof(journal->uuid));
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
        struct found found;
        int gate;

        uint64_t horizon = horizon_now(journal);
        int error = attach_lock_gate(journal->dir, journal->path, ctx, &gate);
        if (error)
            return error;
        error = find_start(journal, &found);
        attach_unlock_gate(gate);
        found_release(&found);
        if (error || journal->map.loaded)
            return error;
        /* All that were listed may have been retired before they were opened. */
        if (horizon_now(journal) == horizon)
            return cairn_set_message(CAIRN_ECORRUPT, "%s: no segment of the log is there any more",
                                     journal->path);
    }
}

static int keep_fresh(void *arg, const struct record *record)
{
    struct found *found = arg;

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
    if (segment_read(newest, witness, record, sizeof(*record), &failed) != sizeof(*record) ||
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
 * file. */
static bool is_cut_short(const struct segment *segment, uint64_t position, uint64_t file_end)
{
    uint32_t magic = RECORD_MAGIC;
    int failed;

    return position + RECORD_SIZE_MIN > file_end ||
           segment_read(segment, position, &magic, sizeof(magic), &failed) != sizeof(magic) ||
           magic == RECORD_MAGIC;
}

/* pass_over -- the error of a read in the newest segment. What cannot be read is not the log's end, and it
 * may be read another time. */
static int pass_over(struct found *found, int error)
{
    if (error != CAIRN_EIO)
        return error;
    found->unread = true;
    return 0;
}

/* keep_unread -- the newest segment could not be read, or not all of it: nothing of it is given up, and the
 * log goes on in a new one, past all that it may hold. */
static void keep_unread(struct journal *journal, struct found *found, const struct tail *floor)
{
    struct tail *state = &found->vouched;

    *state = journal->map.at;
    if (state->number < floor->number)
        state->number = floor->number;
    if (state->next_number < state->number)
        state->next_number = state->number;
    if (state->next_generation < floor->next_generation)
        state->next_generation = floor->next_generation;
    if (state->sequence < floor->sequence)
        state->sequence = floor->sequence;
    state->sequence += UNKNOWN_SEGMENT_RECORDS;
    state->chain = 0;
    found->fresh_count = 0;
    found->renew = true;
    found->unknown++;
}

/* find_end -- the decision table: what vouches for what, and where the log ends. The map is brought up to
 * there. */
static int find_end(struct journal *journal, struct found *found)
{
    struct map *map = &journal->map;
    const struct segment *newest = NULL;
    struct tail floor = map->at;
    uint64_t last_good = 0, last_hole = 0;
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
            error =
                pass_over(found, scan_witness(journal, newest, from, &found->witness, &last_good, &floor));
        if (error)
            goto done;
    }

    /* Up to the witness: what is not as it was written is damage. */
    error = scan_begin(&scan, journal, &map->at, found->witness, found->highest);
    if (error == 0) {
        scan.final = found->cover;
        scan.final_known = found->index;
        bool rejoins = false;
        if (newest)
            error = pass_over(found, find_rejoin(journal, newest, found->witness, &rejoin, &rejoins));
        if (rejoins)
            scan.rejoin = &rejoin;
        if (error == 0)
            error = map_advance(map, &scan, &last_hole);
        scan_release(&scan);
    }
    if (error < 0)
        goto done;
    error = 0;
    if (last_hole && last_hole >= found->newest && map->at.sequence < floor.sequence &&
        !(scan.rejoin && newest)) {
        /* The hole reaches to the witness, and nothing goes on from there. What headers there are behind it
         * tell what was lost at most; none of it may be given a second time. */
        if (map->at.number < floor.number)
            map->at.number = map->at.next_number = floor.number;
        if (map->at.next_generation < floor.next_generation)
            map->at.next_generation = floor.next_generation;
    }
    /* If nothing is recorded in the newest segment, the walk ends before it; the log goes on in it. */
    if (newest && map->at.segment < found->newest && map->at.position == segment_base(newest))
        segment_tail(newest, &map->at);
    found->vouched = map->at;

    /* Beyond: as long as each record continues the log. */
    if (newest && map->at.segment == found->newest) {
        error = scan_begin(&scan, journal, &map->at, segment_limit(newest), found->newest);
        if (error == 0) {
            error = pass_over(found, map_follow(map, &scan, keep_fresh, found));
            scan_release(&scan);
        }
    }
    found->remains = last_good > map->at.position;

    uint64_t file_end = newest ? segment_base(newest) +
                                     (found->file_size < SEGMENT_PAGE ? 0 : found->file_size - SEGMENT_PAGE)
                               : 0;
    bool cut = newest && file_end < segment_limit(newest);
    bool missing = found->newest < found->highest;
    found->renew = missing || cut || (last_hole && last_hole >= found->newest);
    /* Of a segment that the index covers a part of, the rest is not known. */
    uint64_t known =
        found->index && found->cover.segment > found->newest ? found->cover.segment - 1 : found->newest;
    found->unknown = missing ? found->highest - known : 0;
    if (cut && is_cut_short(newest, map->at.position, file_end))
        found->unknown++;
    if (found->unread)
        keep_unread(journal, found, &floor);
done:
    files_put(journal, newest);
    return error;
}

int recovery_read(struct journal *journal)
{
    struct found found;

    journal->map.loaded = false;
    int error = find_start(journal, &found);
    if (error == 0 && !journal->map.loaded) {
        if (found.listing.segment_count)
            error = cairn_set_message(CAIRN_ECORRUPT,
                                      "%s/seg-%08" PRIu64 ": offset 0: no segment has a good header, and "
                                      "there is no index",
                                      journal->path, found.highest);
        else
            error = cairn_set_message(CAIRN_ENONE, "%s: there is no journal", journal->path);
    }
    if (error == 0)
        error = find_end(journal, &found);
    if (error == 0) {
        journal->alone_end = journal->map.at.position;
        journal->alone_newest = found.highest;
        journal->alone_unknown = found.unknown != 0;
        journal->map.at.next_number += found.unknown * UNKNOWN_SEGMENT_RECORDS; /* as a writer would go on */
        journal->alone_index_end = found.index ? found.cover.position : 0;
        if (found.fresh_count && found.newest) {
            /* What a killed process wrote may only be in the page cache; on a medium that can be written,
             * sync it. */
            const struct segment *segment;
            const char *reason;
            if (files_get(journal, found.newest, &segment, &reason) == 0) {
                fdatasync(segment->fd);
                files_put(journal, segment);
            }
        }
    }
    found_release(&found);
    return error;
}

/* sync_parent -- makes the directory's own name durable. One that may not be opened cannot be synced, and was
 * not made by us. */
static int sync_parent(struct journal *journal)
{
    int fd = openat(journal->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : system_error(errno, "%s/..: cannot open", journal->path);
    int error = fsync(fd) == 0 ? 0 : system_error(errno, "%s/..: cannot sync", journal->path);
    close(fd);
    return error;
}

/* make_control -- maps the control page and sets it to what was found. */
static int make_control(struct journal *journal, struct found *found, const struct tail *tail,
                        uint64_t durable)
{
    struct control *control;
    int error = control_map(&control, journal->dir, journal->path, true, true);
    if (error == CAIRN_ENOSPC) {
        /* Spares are there to be used. */
        for (size_t i = 0; i < found->listing.spare_count; i++) {
            char name[SEGMENT_NAME_SIZE];
            spare_name(name, found->listing.spares[i]);
            unlinkat(journal->dir, name, 0);
        }
        found->listing.spare_count = 0;
        error = control_map(&control, journal->dir, journal->path, true, true);
        if (error == CAIRN_ENOSPC && found->listing.reserve) {
            unlinkat(journal->dir, RESERVE_NAME, 0);
            found->listing.reserve = false;
            error = control_map(&control, journal->dir, journal->path, true, true);
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
    for (size_t i = 0; i < found->listing.spare_count; i++) {
        /* Whether all of its space has been written cannot be seen: its maker may have been killed. */
        char name[SEGMENT_NAME_SIZE];
        uint64_t number = found->listing.spares[i];
        atomic_store(&journal->control->spare_last, number);
        spare_name(name, number);
        unlinkat(journal->dir, name, 0);
    }
    return 0;
}

/* create -- a new journal. */
static int create(struct journal *journal, struct found *found)
{
    struct tail tail;

    if (getrandom(journal->uuid, sizeof(journal->uuid), 0) != (ssize_t)sizeof(journal->uuid))
        return system_error(errno, "%s: no random bytes", journal->path);
    journal->uuid_known = true;
    tail_begin(&tail);
    int error = make_control(journal, found, &tail, 0);
    if (error)
        return error;
    int number = log_next_segment(journal, &tail, 1, 0, 0,
                                  SEGMENT_SIZE_FIRST - SEGMENT_PAGE - SEGMENT_RESERVE, true, NULL, NULL);
    if (number == ENOSPC || number == EDQUOT)
        number = log_next_segment(journal, &tail, 1, 0, 0, 0, true, NULL, NULL);
    if (number)
        return system_error(abs(number), "%s: cannot make a segment", journal->path);
    control_tail(journal->control, &tail);
    error = map_begin(&journal->map, &tail);
    return error ? error : sync_parent(journal);
}

/* rewrite -- rule 4: writes again what was found beyond the witness. After a lost write-back those bytes are
 * clean in the page cache and nowhere else, and a sync would pass them by. 0 or an errno. */
static int rewrite(struct journal *journal, const struct found *found)
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
    const struct found *found;
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

    if (body == NULL)
        return ENOMEM;
    if (scan_read_body(refill->from, record, body) != NULL) {
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

/* refill -- writes the records found beyond the witness into a segment that is being made, in place of the
 * one that they stand in. Their ids, times and bytes stay the same. */
static int refill(void *arg, const struct segment *to)
{
    struct refill *refill = arg;
    int error = 0;

    segment_tail(to, &refill->tail);
    for (size_t i = 0; i < refill->found->fresh_count && error == 0; i++)
        error = refill_one(refill, i, to);
    return error;
}

/* renew -- the segment in use is damaged or gone, or cannot be synced: goes on in a new one, which ends it at
 * the witness. What was found beyond that is in the new one before it has its name: a moment later it is no
 * part of the log any more where it was. */
static int renew(struct journal *journal, struct found *found)
{
    struct control *control = journal->control;
    struct tail state = found->vouched;
    struct refill work = {.journal = journal, .found = found};
    uint64_t base = found->witness > journal->map.at.position ? found->witness : journal->map.at.position;
    uint64_t room = found->fresh_count ? journal->map.at.position - found->vouched.position : 0;
    const char *reason;
    int error = 0;

    if (found->newest && base < found->header.tail.position + found->header.capacity)
        base = found->header.tail.position + found->header.capacity;
    if (found->newest < found->highest)
        base += (found->highest - found->newest) * UNKNOWN_SEGMENT_BYTES;
    state.next_number += found->unknown * UNKNOWN_SEGMENT_RECORDS;
    state.next_generation += found->unknown * UNKNOWN_SEGMENT_RECORDS;
    if (found->fresh_count) {
        work.copies = calloc(found->fresh_count, sizeof(*work.copies));
        if (work.copies == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for recovery", journal->path);
        error = files_get(journal, found->newest, &work.from, &reason);
    }
    if (error == 0) {
        uint64_t end = found->unread ? base : found->witness;
        int number =
            log_next_segment(journal, &state, found->highest + 1, base, end, room, true, refill, &work);
        if (number)
            error = system_error(abs(number), "%s: cannot make a segment", journal->path);
    }
    files_put(journal, work.from);
    free(work.copies);
    if (error)
        return error;
    control_set_tail(control, &work.tail);
    atomic_store(&control->durable, work.tail.position);
    atomic_store(&control->broken, 0);
    if (found->fresh_count || found->unread)
        journal->map.loaded = false; /* it has been where these records were */
    return 0;
}

/* settle -- makes durable what was found, in the segment itself or in a new one. */
static int settle(struct journal *journal, struct found *found)
{
    struct control *control = journal->control;
    int error = 0;

    if (found->renew) {
        error = renew(journal, found);
        if (error != CAIRN_ENOSPC)
            return error;
        /* What there is can be read. Nothing may be appended, for that needs what renew() does; the next
         * recovery tries again. */
        atomic_store(&control->unsettled, 1);
        atomic_store(&control->broken, 1);
        atomic_store(&control->durable, journal->map.at.position);
        return 0;
    }
    /* What a killed process has made or removed here may not be durable, or come back: above all a next
     * segment, which says that this one has ended. */
    if (fsync(journal->dir) != 0)
        return system_error(errno, "%s: cannot sync the directory", journal->path);
    if (found->newest == 1 && found->witness <= found->header.tail.position) {
        error = sync_parent(journal);
        if (error)
            return error;
    }
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
        };
        error = log_append(journal, NULL, atomic_load(&control->failures), &entry, &appended);
    }
    return error;
}

int recovery_run(struct journal *journal)
{
    struct found found;

    journal->map.loaded = false;
    int error = find_start(journal, &found);
    if (error == 0 && !journal->map.loaded) {
        if (found.listing.segment_count)
            error = cairn_set_message(CAIRN_ECORRUPT,
                                      "%s/seg-%08" PRIu64 ": offset 0: no segment has a good header, and "
                                      "there is no index",
                                      journal->path, found.highest);
        else if (journal->existing)
            error = cairn_set_message(CAIRN_ENONE, "%s: there is no journal", journal->path);
        else
            error = create(journal, &found);
        if (error == 0)
            maintain_make_reserve(journal);
        found_release(&found);
        return error;
    }
    if (error == 0)
        error = find_end(journal, &found);
    if (error == 0)
        error = make_control(journal, &found, &journal->map.at, found.witness);
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
            maintain_retire(journal);
    }
    if (error == 0)
        maintain_make_reserve(journal);
    found_release(&found);
    return error;
}
