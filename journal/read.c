/* read.c -- see read.h. */
#include "journal/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journal/accepted.h"
#include "journal/attach.h"

/* So many bytes are no dearer to read than another call of the system is. */
#define READ_AT_ONCE 16384u

static const char no_memory[] = "no memory";

/* put_digits -- the digits of a number, so many at least; where they end. By hand: each append gives an id,
 * and snprintf() would be a fifth of its instructions. */
static char *put_digits(char *at, uint64_t number, unsigned least)
{
    char digits[20];
    unsigned count = 0;

    for (; number > 0 || count < least; number /= 10)
        digits[count++] = (char)('0' + number % 10);
    while (count > 0)
        *at++ = digits[--count];
    return at;
}

void id_format(struct cairn_id *id, uint64_t number, uint64_t generation)
{
    char *at = put_digits(id->text, number, 8);

    *at++ = '@';
    at = put_digits(at, generation, 1);
    *at = '\0';
}

/* digits -- how many of them `text` begins with; *number is what they say. 0 if that is too much. */
static size_t digits(const char *text, uint64_t *number)
{
    size_t count = 0;

    for (*number = 0; text[count] >= '0' && text[count] <= '9'; count++) {
        const uint64_t digit = (uint64_t)(text[count] - '0');
        if (*number > (UINT64_MAX - digit) / 10)
            return 0;
        *number = *number * 10 + digit;
    }
    return count;
}

/* By hand, for strtoull() and snprintf() would be a good part of a Load. */
bool id_parse(const char *text, uint64_t *number, uint64_t *generation)
{
    const size_t first = digits(text, number);

    if (first < 8 || (first > 8 && text[0] == '0') || text[first] != '@')
        return false;
    text += first + 1;
    const size_t second = digits(text, generation);
    return second > 0 && (second == 1 || text[0] != '0') && text[second] == '\0';
}

/* look -- brings the map up to now; *at is what it covers. The map stays locked if 0 is returned. */
static int look(struct journal *journal, const struct cairn_ctx *ctx, struct tail *at)
{
    int error = control_lock(&journal->map_lock, ctx);
    if (error)
        return error;
    error = attach_refresh(journal, ctx);
    if (error == 0)
        error = map_catch_up(journal, ctx);
    if (error)
        pthread_mutex_unlock(&journal->map_lock);
    else
        *at = journal->map.at;
    return error;
}

int read_now(struct journal *journal, const struct cairn_ctx *ctx, struct tail *at)
{
    int error = look(journal, ctx, at);
    if (error == 0)
        pthread_mutex_unlock(&journal->map_lock);
    return error;
}

bool read_moved_on(struct journal *journal, const struct cairn_ctx *ctx, const struct tail *then)
{
    char message[1024];
    struct tail now = {0};

    /* Looking may set it, and the caller has something to say already. */
    snprintf(message, sizeof(message), "%s", cairn_message());
    int error = look(journal, ctx, &now);
    cairn_set_message(0, "%s", message);
    if (error)
        return false;
    pthread_mutex_unlock(&journal->map_lock);
    return now.horizon_position != then->horizon_position || now.generation != then->generation;
}

/* lost -- the error for a checkpoint that cannot be had; place->unread tells which kind. */
static int lost(struct journal *journal, const struct place *place, uint64_t number, uint64_t generation,
                uint64_t offset, const char *reason)
{
    return cairn_set_message(CAIRN_ECORRUPT,
                             "%s/seg-%08" PRIu64 ": offset %" PRIu64 ": checkpoint %08" PRIu64 "@%" PRIu64
                             " %s: %s",
                             journal->path, place->segment, offset, number, generation,
                             place->unread ? "cannot be read" : "is lost", reason);
}

/* is_it -- whether the record is the one that is to be at the place. */
static bool is_it(const struct place *place, const struct record *record, uint64_t number,
                  uint64_t generation)
{
    if (record->kind != RECORD_CHECKPOINT)
        return false;
    return place->recalled ? record->number == number && record->generation == generation
                           : record->hash == place->hash;
}

/* What read_place() reads into: all of a record, or its header. */
struct reading {
    const struct segment *segment;
    char *bytes;      /* of all of it; NULL: only the header */
    size_t size;      /* of these */
    const char *body; /* of these, label and data */
    int failed;
};

/* read_header -- the header; with it, where that is known to be little, all that belongs to it. NULL, or what
 * is wrong. */
static const char *read_header(struct reading *reading, const struct place *place, struct record *record,
                               bool all)
{
    const struct segment *segment = reading->segment;
    size_t size = 0;

    if (all && place->room >= sizeof(*record) && place->room <= READ_AT_ONCE)
        reading->bytes = cairn_alloc((size_t)place->room);
    if (reading->bytes) {
        size = segment_read(segment, place->position, reading->bytes, (size_t)place->room, &reading->failed);
        if (size >= sizeof(*record))
            memcpy(record, reading->bytes, sizeof(*record));
        reading->size = size;
    } else {
        size = segment_read(segment, place->position, record, sizeof(*record), &reading->failed);
    }
    if (size < sizeof(*record))
        return reading->failed ? "the record cannot be read" : "the file ends before the record";
    reading->failed = 0; /* what is behind it is another matter */
    return record_check(record, place->position, segment_limit(segment), segment->header.salt);
}

/* read_data -- label and data, label first, and checks them. NULL, or what is wrong; or no memory, and then
 * no bytes. */
static const char *read_data(struct reading *reading, const struct record *record)
{
    const size_t size = (size_t)record->label_size + (size_t)record->data_size;

    if (reading->bytes && sizeof(*record) + size <= reading->size) {
        reading->body = reading->bytes + sizeof(*record);
        return scan_check_body(record, reading->body);
    }
    cairn_free(reading->bytes);
    reading->bytes = NULL;
    const char *reason = scan_cut_off(reading->segment, record);
    if (reason)
        return reason;
    reading->body = reading->bytes = cairn_alloc(size);
    return reading->bytes ? scan_read_body(reading->segment, record, reading->bytes, &reading->failed)
                          : no_memory;
}

/* read_place -- the record at a place: its header into *record and its data, if wanted. 0, or CAIRN_ECORRUPT
 * with the message set, ... `number` and `generation` are for the message. */
static int read_place(struct journal *journal, struct place *place, uint64_t number, uint64_t generation,
                      struct record *record, void **data, size_t *size)
{
    struct reading reading = {0};
    const char *reason;

    int error = files_get(journal, place->segment, &reading.segment, &reason);
    if (error && reason) {
        place->unread = error == CAIRN_EIO;
        return lost(journal, place, number, generation, 0, reason);
    }
    if (error)
        return error;
    reason = read_header(&reading, place, record, data != NULL);
    if (reason == NULL && !is_it(place, record, number, generation))
        reason = "another record stands in its place";
    if (reason == NULL && data)
        reason = read_data(&reading, record);
    if (reason == no_memory) {
        error = cairn_set_message(CAIRN_ENOMEM, "%s: no memory for %" PRIu64 " bytes of data", journal->path,
                                  record->data_size);
    } else if (reason) {
        place->unread = reading.failed != 0;
        error = lost(journal, place, number, generation, segment_offset(reading.segment, place->position),
                     reason);
    } else if (data) {
        *size = (size_t)record->data_size;
        memmove(reading.bytes, reading.body + record->label_size, *size);
        *data = reading.bytes;
        reading.bytes = NULL;
    }
    cairn_free(reading.bytes);
    files_put(journal, reading.segment);
    return error;
}

static void set_place(struct place *place, uint64_t segment, uint64_t position, uint64_t hash)
{
    place->segment = segment;
    place->position = position;
    place->hash = hash;
    place->end = position + sizeof(struct record);
    place->room = 0;
    place->recalled = false;
}

/* not_known -- the error for a number that was jumped over at `place`: it may have been given, and lost. */
static int not_known(struct journal *journal, const struct tail *at, uint64_t number,
                     const struct place *place)
{
    return cairn_set_message(CAIRN_ECORRUPT,
                             "%s/seg-%08" PRIu64 ": checkpoint %08" PRIu64 "@%" PRIu64
                             " may be lost: what was recorded before this segment is not all known",
                             journal->path, place->segment, number, at->generation);
}

/* end_unknown -- whether nobody knows what was recorded last, and no record says so yet. */
static bool end_unknown(const struct journal *journal)
{
    return journal->control ? (atomic_load(&journal->control->unsettled) & UNSETTLED_UNKNOWN) != 0
                            : journal->alone_unknown;
}

/* not_all_read -- whether what is known was found out while something could not be read. */
static bool not_all_read(const struct journal *journal)
{
    return journal->control ? (atomic_load(&journal->control->unsettled) & UNSETTLED_UNREAD) != 0
                            : journal->alone_unread;
}

/* suppose_jump -- before a walk in search of `number` has met anything that tells more: if newer ones than
 * all that are known of may be lost, that is said at the log's end. */
static void suppose_jump(struct journal *journal, const struct tail *at, uint64_t number, struct place *place)
{
    *place = (struct place){.first = number};
    if (number >= at->number) {
        place->segment = journal_newest(journal);
        place->position = at->position;
        place->first = at->number;
    }
}

/* suppose_in_hole -- the record that says what was jumped over may be in this hole, unless one is met that is
 * whole. */
static void suppose_in_hole(struct journal *journal, const struct hole *hole, struct place *place)
{
    if (end_unknown(journal))
        return;
    place->segment = hole->segment;
    place->position = hole->position;
    place->end = hole->end;
    place->unread = hole->unread;
}

/* find_recalled -- whether an earlier walk has met checkpoint `number`. */
static bool find_recalled(struct journal *journal, uint64_t number, struct place *place)
{
    const struct stretch *stretch = map_recall(&journal->map, number);
    uint64_t position, room;

    if (stretch == NULL || !stretch_find(stretch, number, &position, &room))
        return false;
    set_place(place, stretch->segment, position, 0);
    place->room = room;
    place->recalled = true;
    return true;
}

/* find -- where checkpoint `number` is, as of `at`, by the map (which the caller holds). With `recall` what
 * an earlier walk has met will do. 0, CAIRN_ENOTFOUND, CAIRN_ECORRUPT if it is in a hole, whose position and
 * end *place then has; ... */
static int find(struct journal *journal, uint64_t number, const struct tail *at, bool recall,
                struct place *place)
{
    bool jumped = false;
    struct scan scan;

    suppose_jump(journal, at, number, place);
    if (at->survivor_position != RECORD_NONE && number == 0) {
        set_place(place, at->survivor_segment, at->survivor_position, at->survivor_hash);
        return 0;
    }
    if (at->latest_position != RECORD_NONE && number == at->latest_number) {
        set_place(place, at->latest_segment, at->latest_position, at->latest_hash);
        place->room = at->latest_segment == at->segment ? at->position - at->latest_position : 0;
        return 0;
    }
    if (recall && find_recalled(journal, number, place))
        return 0;
    struct stretch **stretch = map_stretch(&journal->map, number);
    int error = map_scan(journal, &scan, number);
    while (error == 0) {
        int result = scan_step(&scan);
        const struct record *record = &scan.record;
        if (result < 0) {
            error = result;
        } else if (result == SCAN_HOLE) {
            const struct hole *hole = &scan.hole;
            if (number >= hole->first && number - hole->first < hole->count) {
                *place = (struct place){.segment = hole->segment,
                                        .position = hole->position,
                                        .end = hole->end,
                                        .first = hole->first,
                                        .unread = hole->unread};
                error = lost(journal, place, number, at->generation, hole->offset, hole->reason);
            } else if (!jumped) {
                suppose_in_hole(journal, hole, place);
            }
        } else if (result == SCAN_RECORD && record->generation < at->generation) {
            continue; /* from before a removal that was lost in a hole, when the map was made, and is back */
        } else if (result == SCAN_RECORD && record->kind == RECORD_JUMP && record->number <= number) {
            place->segment = scan.segment->header.number;
            place->position = record->position;
            place->end = record_end(record);
            place->first = record->number;
            place->unread = false;
            jumped = true;
        } else if (result == SCAN_RECORD && record->kind == RECORD_CHECKPOINT && record->number == number) {
            set_place(place, scan.segment->header.number, record->position, record->hash);
            place->first = number;
            place->room = record_end(record) - record->position;
            if (stretch)
                stretch_add(stretch, record, place->segment);
            break;
        } else if (result != SCAN_RECORD ||
                   ((record->kind == RECORD_CHECKPOINT || record->kind == RECORD_JUMP) &&
                    record->number > number)) {
            error = number < at->next_number ? not_known(journal, at, number, place) : CAIRN_ENOTFOUND;
        } else if (record->kind == RECORD_CHECKPOINT) { /* what was jumped over before it is another matter */
            suppose_jump(journal, at, number, place);
            jumped = false;
            if (stretch)
                stretch_add(stretch, record, scan.segment->header.number);
        }
    }
    scan_release(&scan);
    return error;
}

/* told -- an error as the caller is to see it. */
static int told(int error, const struct place *place)
{
    return error == CAIRN_ECORRUPT && place->unread ? CAIRN_EIO : error;
}

static int not_found(struct journal *journal, uint64_t number, uint64_t generation)
{
    return cairn_set_message(CAIRN_ENOTFOUND, "%s: there is no checkpoint %08" PRIu64 "@%" PRIu64,
                             journal->path, number, generation);
}

int read_load(struct journal *journal, const struct cairn_ctx *ctx, uint64_t number, uint64_t generation,
              void **data, size_t *size)
{
    bool recall = true;

    for (;;) {
        struct record record = {0};
        struct place place = {0};
        struct tail at = {0};
        int error = look(journal, ctx, &at);
        if (error)
            return error;
        if (generation > at.generation && generation < at.next_generation)
            error = cairn_set_message(CAIRN_ECORRUPT,
                                      "%s: checkpoint %08" PRIu64 "@%" PRIu64
                                      " may be lost: a removal may have been, and what came after it",
                                      journal->path, number, generation);
        else if (generation != at.generation || number >= at.next_number)
            error = CAIRN_ENOTFOUND;
        else
            error = find(journal, number, &at, recall, &place);
        const bool unread = not_all_read(journal); /* then nothing is called lost */
        pthread_mutex_unlock(&journal->map_lock);
        if (error == 0)
            error = read_place(journal, &place, number, generation, &record, data, size);
        if (error == CAIRN_ECORRUPT && place.recalled) {
            recall = false; /* it is not there any more: a walk says why */
            continue;
        }
        place.unread |= unread;
        if (error == CAIRN_ENOTFOUND)
            return not_found(journal, number, generation);
        if (error == 0 || !read_moved_on(journal, ctx, &at))
            return told(error, &place);
        error = cairn_ctx_check(ctx);
        if (error)
            return error;
    }
}

/* is_accepted -- whether a repair has accepted the loss of what was at that place. The list is loaded if it
 * has not been. 1, 0, or an error. */
static int is_accepted(struct journal *journal, const struct tail *at, const struct place *place,
                       struct accepted *accepted)
{
    const int error = accepted->ranges == NULL ? accepted_load(journal, at, accepted) : 0;

    if (error)
        return error;
    return accepted_has(accepted, place->position, place->end);
}

/* newest_jump -- whether newer ones than any that is known of may have been lost. 0 if not, or if that is
 * accepted; CAIRN_ECORRUPT, with *place; another error. */
static int newest_jump(struct journal *journal, const struct tail *at, struct accepted *accepted,
                       struct place *place)
{
    struct place jump;

    if (at->next_number <= at->number)
        return 0;
    int error = find(journal, at->number, at, false, &jump);
    int known = error == CAIRN_ECORRUPT ? is_accepted(journal, at, &jump, accepted) : 0;
    if (known > 0)
        return 0;
    *place = jump;
    return known < 0 ? known : error;
}

/* newest -- one attempt at the newest checkpoint, or with `intact` at the newest that is whole. *at as of
 * when. */
static int newest(struct journal *journal, const struct cairn_ctx *ctx, bool intact, struct place *place,
                  struct cairn_id *id, void **data, size_t *size, struct tail *at)
{
    struct accepted accepted = {0};
    void *got = NULL;
    size_t got_size = 0;

    int error = look(journal, ctx, at);
    if (error)
        return error;
    if (tail_is_empty(at))
        error = cairn_set_message(CAIRN_ENONE, "%s: no checkpoint is recorded", journal->path);
    for (uint64_t number = at->number; error == 0; number = place->first) {
        struct record record = {0};
        if (number == 0) {
            error = cairn_set_message(CAIRN_ENONE, "%s: no checkpoint is whole", journal->path);
            break;
        }
        number--;
        error = find(journal, number, at, false, place);
        if (error == 0)
            error = read_place(journal, place, number, at->generation, &record, &got, &got_size);
        if (error == 0 && id)
            id_format(id, number, at->generation);
        if (error == 0 || (error != CAIRN_ECORRUPT && error != CAIRN_ENOTFOUND))
            break;
        if (!intact && error == CAIRN_ENOTFOUND && number + 1 == at->number) {
            place->segment = at->segment;
            error = lost(journal, place, number, at->generation, 0, "nothing tells where it was");
            break;
        }
        if (!intact && error == CAIRN_ECORRUPT) {
            int known = is_accepted(journal, at, place, &accepted);
            if (known <= 0) {
                error = known < 0 ? known : error;
                break;
            }
        }
        error = cairn_ctx_check(ctx);
    }
    if (!intact && (error == 0 || error == CAIRN_ENONE)) {
        int jump = newest_jump(journal, at, &accepted, place);
        error = jump ? jump : error;
    }
    place->unread |= not_all_read(journal); /* then nothing is called lost */
    pthread_mutex_unlock(&journal->map_lock);
    accepted_release(&accepted);
    if (error == 0) {
        *data = got;
        *size = got_size;
    } else {
        cairn_free(got);
    }
    return error;
}

int read_latest(struct journal *journal, const struct cairn_ctx *ctx, bool intact, struct cairn_id *id,
                void **data, size_t *size)
{
    for (;;) {
        struct place place = {0};
        struct tail at = {0};
        int error = newest(journal, ctx, intact, &place, id, data, size, &at);
        if ((error != CAIRN_ECORRUPT && error != CAIRN_ENONE) || !read_moved_on(journal, ctx, &at))
            return told(error, &place);
        error = cairn_ctx_check(ctx);
        if (error)
            return error;
    }
}

int read_survivor(struct journal *journal, const struct cairn_ctx *ctx, struct place *place,
                  uint64_t *latest_position)
{
    void *data = NULL;
    size_t size;

    for (;;) {
        struct tail at = {0};
        int error = newest(journal, ctx, false, place, NULL, &data, &size, &at);
        if (error == 0)
            cairn_free(data);
        *latest_position = at.latest_position;
        if (error != CAIRN_ECORRUPT || !read_moved_on(journal, ctx, &at))
            return told(error, place);
        error = cairn_ctx_check(ctx);
        if (error)
            return error;
    }
}

/* gone -- the error of a walk whose checkpoints are removed beneath it. */
static int gone(struct journal *journal)
{
    return cairn_set_message(CAIRN_EBUSY, "%s: the checkpoints were removed while they were gone through",
                             journal->path);
}

/* walk -- the walk itself, from a scan that the map has begun. 0, or what a visitor said, or an error. */
static int walk(struct journal *journal, struct scan *scan, const struct cairn_ctx *ctx,
                const struct tail *at, const struct read_visitor *visitor)
{
    int error = 0;

    if (at->survivor_position != RECORD_NONE) {
        struct record record = {0};
        struct place place = {0};
        set_place(&place, at->survivor_segment, at->survivor_position, at->survivor_hash);
        error = read_place(journal, &place, 0, at->generation, &record, NULL, NULL);
        if (error == 0) {
            const struct segment *segment;
            const char *reason;
            error = files_get(journal, place.segment, &segment, &reason);
            if (error == 0) {
                error = visitor->record(visitor->arg, segment, &record, 0);
                files_put(journal, segment);
            } else if (read_moved_on(journal, ctx, at)) {
                error = gone(journal);
            }
        } else if (error == CAIRN_ECORRUPT && read_moved_on(journal, ctx, at)) {
            error = gone(journal);
        } else if (error == CAIRN_ECORRUPT) {
            const struct hole hole = {
                .segment = place.segment,
                .position = place.position,
                .end = place.end,
                .generation = at->generation,
                .count = 1,
                .unread = place.unread,
                .reason = "the checkpoint that was kept by Compact is lost",
            };
            error = visitor->hole(visitor->arg, &hole);
        }
    }
    for (unsigned steps = 0; error == 0; steps++) {
        if (steps % 1024 == 0)
            error = cairn_ctx_check(ctx);
        if (error)
            break;
        int result = scan_step(scan);
        if (result < 0)
            return result;
        if (result == SCAN_END) {
            if (!end_unknown(journal))
                return 0;
            const struct hole hole = {.segment = journal_newest(journal),
                                      .position = at->position,
                                      .end = at->position,
                                      .generation = at->generation,
                                      .first = at->number,
                                      .count = CAIRN_COUNT_UNKNOWN,
                                      .reason = "it is damaged, and what was recorded last is not known"};
            return visitor->hole(visitor->arg, &hole);
        }
        if (result == SCAN_STALE || (result == SCAN_HOLE && read_moved_on(journal, ctx, at)))
            return gone(journal);
        if (result == SCAN_HOLE)
            error = visitor->hole(visitor->arg, &scan->hole);
        else if (scan->record.generation < at->generation)
            continue; /* from before a removal that was lost in a hole, when the map was made, and is back */
        else if (scan->record.kind == RECORD_CHECKPOINT)
            error = visitor->record(visitor->arg, scan->segment, &scan->record, scan->record.number);
        else if (visitor->other)
            error = visitor->other(visitor->arg, scan->segment, &scan->record);
    }
    return error;
}

int read_walk(struct journal *journal, const struct cairn_ctx *ctx, const struct read_visitor *visitor,
              uint64_t generation, uint64_t first, struct tail *at)
{
    struct scan scan;

    int error = look(journal, ctx, at);
    if (error)
        return error;
    error = map_scan(journal, &scan, generation == at->generation ? first : 0);
    pthread_mutex_unlock(&journal->map_lock);
    if (error == 0)
        error = walk(journal, &scan, ctx, at, visitor);
    scan_release(&scan);
    return error;
}

/* --- list and stat ------------------------------------------------------------------------------ */

/* What stands in a cairn_mark. */
enum {
    MARK_GENERATION, /* 0: before the first */
    MARK_NUMBER,     /* of the next checkpoint in it */
    MARK_POSITION,   /* in the log, behind all that was shown */
};

struct listing_state {
    struct journal *journal;
    const struct cairn_ctx *ctx;
    const struct tail *at;
    struct cairn_mark *mark;
    cairn_list_fn *fn;
    void *arg;
};

static void mark_move(struct cairn_mark *mark, uint64_t generation, uint64_t number, uint64_t position)
{
    mark->value[MARK_GENERATION] = generation;
    mark->value[MARK_NUMBER] = number;
    if (mark->value[MARK_POSITION] < position) /* a survivor stands before what was shown of its generation */
        mark->value[MARK_POSITION] = position;
}

/* is_new -- whether checkpoints up to `number`, and the place `position` in the log, are behind the mark. */
static bool is_new(const struct listing_state *state, uint64_t number, uint64_t position)
{
    const uint64_t *value = state->mark->value;
    return value[MARK_GENERATION] == state->at->generation ? number >= value[MARK_NUMBER]
                                                           : position >= value[MARK_POSITION];
}

/* The label of a checkpoint; of a survivor that of the Compact, which stands at the horizon. */
struct label {
    char *text; /* to be freed; NULL if it cannot be had */
    int error;  /* CAIRN_ECORRUPT if the checkpoint is lost with it; CAIRN_EIO if it cannot be read; or 0 */
    const char *lost; /* with an error: why */
};

/* checked_label -- reads the label and, with `with_data`, the data behind it, and checks what was read. 0 or
 * CAIRN_ENOMEM. */
static int checked_label(struct journal *journal, const struct segment *segment, const struct record *record,
                         bool with_data, struct label *label)
{
    const size_t size = (size_t)record->label_size + (with_data ? (size_t)record->data_size : 0);
    int failed;

    label->text = malloc(size + 1);
    if (label->text == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a label", journal->path);
    if (segment_read(segment, record->position + sizeof(*record), label->text, size, &failed) != size)
        label->lost = failed ? "the record cannot be read" : "the file ends within the record";
    else if (with_data)
        label->lost = scan_check_body(record, label->text);
    else if (record_label_hash(label->text, record->label_size) != record->label_hash)
        label->lost = "the record's label does not match its hash";
    if (label->lost) {
        label->error = failed ? CAIRN_EIO : CAIRN_ECORRUPT;
        free(label->text);
        label->text = NULL;
    } else {
        label->text[record->label_size] = '\0';
    }
    return 0;
}

/* kept_label -- of what a Compact has kept: with that label no data is lost. As checked_label(). */
static int kept_label(struct journal *journal, const struct tail *at, struct label *label)
{
    const struct segment *segment = NULL;
    struct record compact = {0};
    const char *reason;
    bool unread = false;
    int failed;

    int error = files_get(journal, at->horizon_segment, &segment, &reason);
    if (error && reason == NULL)
        return error;
    if (error) {
        unread = error == CAIRN_EIO;
        error = 0;
    } else if (segment_read(segment, at->horizon_position, &compact, sizeof(compact), &failed) !=
                   sizeof(compact) ||
               record_check(&compact, at->horizon_position, segment_limit(segment), segment->header.salt) ||
               compact.kind != RECORD_COMPACT) {
        unread = failed != 0;
    } else {
        error = checked_label(journal, segment, &compact, true, label);
        unread = label->error == CAIRN_EIO;
    }
    files_put(journal, segment);
    label->error = unread ? CAIRN_EIO : 0;
    label->lost = "its label cannot be read";
    return error;
}

static int list_record(void *arg, const struct segment *segment, const struct record *record, uint64_t number)
{
    struct listing_state *state = arg;
    struct label label = {0};
    struct cairn_id id;

    if (!is_new(state, number, record->position))
        return 0;
    int result = record->position == state->at->survivor_position
                     ? kept_label(state->journal, state->at, &label)
                     : checked_label(state->journal, segment, record, false, &label);
    if (result)
        return result;
    if (label.error && read_moved_on(state->journal, state->ctx, state->at))
        return gone(state->journal); /* its segment was retired meanwhile */
    id_format(&id, number, state->at->generation);
    struct cairn_entry entry = {
        .id = id.text,
        .number = number,
        .label = label.text ? label.text : "",
        .size = record->data_size,
        .time_ns = record->time_ns,
        .error = label.error,
        .lost_count = label.error != 0,
        .reason = label.error ? label.lost : "",
    };
    result = state->fn(state->arg, &entry);
    mark_move(state->mark, state->at->generation, number + 1, record_end(record));
    free(label.text);
    return result;
}

static int list_hole(void *arg, const struct hole *hole)
{
    struct listing_state *state = arg;
    struct cairn_id id;

    if (hole->count == 0 || hole->count == CAIRN_COUNT_UNKNOWN || hole->generation != state->at->generation)
        return 0;
    const uint64_t next = hole->first + hole->count;
    if (!is_new(state, next - 1, hole->end - 1))
        return 0;
    uint64_t first = hole->first;
    if (state->mark->value[MARK_GENERATION] == hole->generation && first < state->mark->value[MARK_NUMBER])
        first = state->mark->value[MARK_NUMBER]; /* the others were shown before they were lost */
    id_format(&id, first, state->at->generation);
    struct cairn_entry entry = {
        .id = id.text,
        .number = first,
        .label = "",
        .error = hole->unread || not_all_read(state->journal) ? CAIRN_EIO : CAIRN_ECORRUPT,
        .lost_count = next - first,
        .reason = hole->reason,
    };
    int result = state->fn(state->arg, &entry);
    mark_move(state->mark, hole->generation, next, hole->end);
    return result;
}

int read_list(struct journal *journal, const struct cairn_ctx *ctx, struct cairn_mark *mark,
              cairn_list_fn *fn, void *arg)
{
    struct tail at = {0};
    struct cairn_mark all = {0};
    struct listing_state state = {
        .journal = journal, .ctx = ctx, .at = &at, .mark = mark ? mark : &all, .fn = fn, .arg = arg};
    const struct read_visitor visitor = {.record = list_record, .hole = list_hole, .arg = &state};
    const uint64_t *since = state.mark->value;

    int error = mark ? read_now(journal, ctx, &at) : 0;
    if (error)
        return error;
    const bool news =
        mark == NULL || since[MARK_GENERATION] != at.generation || since[MARK_NUMBER] < at.number;
    if (news && fn)
        error = read_walk(journal, ctx, &visitor, since[MARK_GENERATION], since[MARK_NUMBER], &at);
    if (error == 0)
        mark_move(state.mark, at.generation, at.number, at.position);
    return error;
}

struct counting {
    struct cairn_stat *stat;
    struct accepted accepted;
    struct tail at;
    uint64_t index_end;
};

static int count_record(void *arg, const struct segment *segment, const struct record *record,
                        uint64_t number)
{
    struct counting *counting = arg;

    (void)segment;
    (void)number;
    counting->stat->count++;
    counting->stat->data_bytes += record->data_size;
    if (record->position >= counting->index_end && record->position != counting->at.survivor_position)
        counting->stat->index_lag++;
    return 0;
}

static int count_other(void *arg, const struct segment *segment, const struct record *record)
{
    struct counting *counting = arg;

    (void)segment;
    if (record->kind == RECORD_JUMP &&
        !accepted_has(&counting->accepted, record->position, record_end(record)))
        counting->stat->damaged = 1;
    return 0;
}

static int count_hole(void *arg, const struct hole *hole)
{
    struct counting *counting = arg;

    if (hole->generation == counting->at.generation && hole->count != CAIRN_COUNT_UNKNOWN) {
        counting->stat->count += hole->count;
        counting->stat->lost += hole->count;
    }
    if (!accepted_has(&counting->accepted, hole->position, hole->end))
        counting->stat->damaged = 1;
    return 0;
}

int read_stat(struct journal *journal, const struct cairn_ctx *ctx, struct cairn_stat *stat)
{
    struct counting counting = {.stat = stat};
    const struct read_visitor visitor = {
        .record = count_record, .other = count_other, .hole = count_hole, .arg = &counting};
    struct listing listing;

    memset(stat, 0, sizeof(*stat));
    int error = look(journal, ctx, &counting.at);
    if (error)
        return error;
    counting.index_end =
        journal->control ? atomic_load(&journal->control->index_end) : journal->alone_index_end;
    pthread_mutex_unlock(&journal->map_lock);
    error = files_list(journal, &listing);
    if (error)
        return error;
    stat->segments = listing.segment_count;
    stat->spares = listing.spare_count + listing.reserve;
    stat->disk_bytes = listing.disk_bytes;
    listing_release(&listing);
    error = accepted_load(journal, &counting.at, &counting.accepted);
    if (error == 0)
        error = read_walk(journal, ctx, &visitor, 0, 0, &counting.at);
    accepted_release(&counting.accepted);
    stat->generation = counting.at.generation;
    stat->completed = counting.at.completed != 0;
    stat->log_end = counting.at.position;
    stat->index_end = counting.index_end;
    return error;
}
