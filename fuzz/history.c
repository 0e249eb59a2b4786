/* history.c -- see history.h. */
#include "fuzz/history.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/forge.h"
#include "fuzz/place.h"
#include "journal/files.h"

static const uint8_t uuid[16] = "a fuzzed journal";

/* stamp_header -- writes both copies. */
static void stamp_header(struct history_segment *segment)
{
    forge_segment(&segment->header);
    memcpy(segment->bytes, &segment->header, sizeof(segment->header));
    memcpy(segment->bytes + segment->size - SEGMENT_PAGE, &segment->header, sizeof(segment->header));
}

static void take_as_is(struct history_segment *segment)
{
    memcpy(segment->now, segment->bytes, segment->size);
    segment->now_size = segment->size;
}

/* add_segment -- one that begins at `base`, with the tail of `state`. */
static void add_segment(struct history *history, const struct tail *state, uint64_t base, uint64_t prev_end,
                        size_t capacity)
{
    struct history_segment *segment = &history->segments[history->segment_count];

    if (capacity < 2 * SEGMENT_RESERVE)
        capacity = 2 * SEGMENT_RESERVE;
    if (capacity > HISTORY_CAPACITY)
        capacity = HISTORY_CAPACITY;
    memset(segment, 0, sizeof(*segment));
    segment->size = (capacity & ~(size_t)(SEGMENT_PAGE - 1)) + SEGMENT_FRAME;
    segment->header = (struct segment_header){
        .magic = SEGMENT_MAGIC,
        .version = SEGMENT_VERSION,
        .size = sizeof(segment->header),
        .number = history->segment_count + 1,
        .salt = 0x5a17 + history->segment_count,
        .capacity = segment->size - SEGMENT_FRAME,
        .prev_end = prev_end,
        .prev_segment = history->segment_count ? state->segment : 0,
        .prev_chain = state->chain,
        .time_ns = 1,
        .tail = *state,
    };
    memcpy(segment->header.uuid, uuid, sizeof(uuid));
    segment->header.tail.position = base;
    segment->header.tail.segment = segment->header.number;
    segment->header.tail.chain = 0;
    stamp_header(segment);
    take_as_is(segment);
    history->tail = segment->header.tail;
    history->tail.chain = segment->header.hash;
    history->durable = base;
    history->segment_count++;
}

void history_begin(struct history *history, size_t capacity)
{
    struct tail tail;

    history->segment_count = history->record_count = 0;
    tail_begin(&tail);
    add_segment(history, &tail, 0, 0, capacity);
}

void history_data(unsigned index, unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (unsigned char)(index * 37 + i * 11 + 1);
    if (size > 0)
        data[0] = (unsigned char)index;
}

void history_label(unsigned index, char *label, size_t size)
{
    for (size_t i = 0; i < size; i++)
        label[i] = (char)('a' + (index + i) % 26);
}

/* write_record -- to the files, at the tail; false if there is no room. */
static bool write_record(struct history *history, const struct record *record, const void *label,
                         const void *data)
{
    struct history_segment *segment = &history->segments[history->segment_count - 1];
    const size_t offset = (size_t)(record->position - segment->header.tail.position) + SEGMENT_PAGE;
    const size_t reserve = record->kind == RECORD_CHECKPOINT ? SEGMENT_RESERVE
                           : record->kind == RECORD_SEALED   ? 0
                                                             : SEGMENT_SEAL;

    if (offset + (size_t)(record_end(record) - record->position) + reserve > segment->size - SEGMENT_PAGE)
        return false;
    unsigned char *to = segment->bytes + offset;
    memcpy(to, record, sizeof(*record));
    memcpy(to + sizeof(*record), label, record->label_size);
    memcpy(to + sizeof(*record) + record->label_size, data, (size_t)record->data_size);
    return true;
}

/* data_of -- what the kind of record says; false if it cannot be recorded now. */
static bool data_of(const struct history *history, enum record_kind kind, unsigned char *data, size_t *size)
{
    const struct tail *tail = &history->tail;

    switch (kind) {
    case RECORD_CHECKPOINT:
        history_data(history->record_count, data, *size);
        return true;
    case RECORD_COMPACT: {
        const struct survivor survivor = {tail->latest_segment, tail->latest_position, tail->latest_hash};
        memcpy(data, &survivor, *size = sizeof(survivor));
        return tail->latest_position != RECORD_NONE;
    }
    case RECORD_JUMP: {
        const struct jump jump = {tail->next_number + 3, tail->next_generation + 3};
        memcpy(data, &jump, *size = sizeof(jump));
        return true;
    }
    case RECORD_RECOVERED:
        memset(data, 'n', *size = 16);
        return true;
    case RECORD_CLEAR:
    case RECORD_COMPLETE:
        *size = 0;
        return true;
    case RECORD_ACCEPTED:
    case RECORD_SEALED:
        break;
    }
    return false;
}

bool history_append(struct history *history, enum record_kind kind, size_t label_size, size_t size)
{
    unsigned char data[HISTORY_DATA_MAX];
    const struct tail *tail = &history->tail;
    const bool removes = record_removes((uint8_t)kind);
    char label[16];

    if (history->record_count == HISTORY_RECORDS || size > sizeof(data) || label_size > sizeof(label) ||
        !data_of(history, kind, data, &size))
        return false;
    if (kind != RECORD_CHECKPOINT && kind != RECORD_COMPACT)
        label_size = 0;
    history_label(history->record_count, label, label_size);
    struct record record = {
        .kind = (uint8_t)kind,
        .label_size = (uint16_t)label_size,
        .data_size = size,
        .position = tail->position,
        .sequence = tail->sequence,
        .generation = removes ? tail->next_generation : tail->generation,
        .number = kind == RECORD_COMPACT      ? 1
                  : removes                   ? 0
                  : kind == RECORD_CHECKPOINT ? tail->next_number
                                              : tail->number,
        .time_ns = 1,
        .durable_upto = history->durable,
        .body_hash = record_body_hash(label, label_size, data, size),
        .label_hash = record_label_hash(label, label_size),
        .prev = tail->chain,
    };
    forge_record(&record, history->segments[history->segment_count - 1].header.salt);
    if (!write_record(history, &record, label, data))
        return false;
    struct history_segment *segment = &history->segments[history->segment_count - 1];
    history->records[history->record_count++] = (struct history_record){
        .record = record,
        .segment = history->segment_count - 1,
        .offset = (size_t)(record.position - segment->header.tail.position) + SEGMENT_PAGE,
        .used = sizeof(record) + label_size + size,
    };
    tail_apply(&history->tail, &record, data);
    take_as_is(segment);
    return true;
}

void history_sync(struct history *history)
{
    history->durable = history->tail.position;
}

/* seal -- behind the end of the segment in use. */
static void seal(struct history *history)
{
    const struct tail *end = &history->tail;
    struct record record = {
        .kind = RECORD_SEALED,
        .position = end->position,
        .sequence = end->sequence,
        .generation = end->generation,
        .number = end->number,
        .time_ns = 1,
        .durable_upto = end->position,
        .body_hash = record_body_hash("", 0, "", 0),
        .label_hash = record_label_hash("", 0),
        .prev = end->chain,
    };
    forge_record(&record, history->segments[history->segment_count - 1].header.salt);
    write_record(history, &record, "", "");
    take_as_is(&history->segments[history->segment_count - 1]);
}

void history_next(struct history *history, size_t capacity, bool sealed)
{
    const struct tail state = history->tail;

    if (history->segment_count == HISTORY_SEGMENTS)
        return;
    if (sealed)
        seal(history);
    add_segment(history, &state, state.position, state.position, capacity);
}

void history_give_up(struct history *history, size_t capacity)
{
    const uint64_t base = history->tail.position;
    const unsigned last = history->segment_count - 1;
    struct tail state = history->segments[last].header.tail;

    if (history->segment_count == HISTORY_SEGMENTS)
        return;
    state.chain = history->segments[last].header.hash;
    for (unsigned i = 0; i < history->record_count; i++) {
        struct history_record *record = &history->records[i];
        if (record->segment != last)
            continue;
        record->given_up = record->record.position >= history->durable;
        if (!record->given_up)
            tail_apply(&state, &record->record,
                       history->segments[last].bytes + record->offset + sizeof(record->record) +
                           record->record.label_size);
    }
    add_segment(history, &state, base, state.position, capacity);
}

/* --- files --------------------------------------------------------------------------------------------- */

/* make_reserve -- so that opening need not; of zeros that take no time to be written. */
static void make_reserve(void)
{
    int fd = openat(place_dir(), RESERVE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

    if (fd >= 0 && ftruncate(fd, SEGMENT_SIZE_MIN) != 0)
        unlinkat(place_dir(), RESERVE_NAME, 0);
    if (fd >= 0)
        close(fd);
}

void history_write(const struct history *history)
{
    char name[SEGMENT_NAME_SIZE];

    for (unsigned i = 0; i < history->segment_count; i++) {
        const struct history_segment *segment = &history->segments[i];
        segment_name(name, i + 1);
        if (segment->removed)
            place_stand(name, segment->stands);
        else
            place_write(name, segment->now, segment->now_size);
    }
    make_reserve();
}

void history_write_whole(const struct history *history)
{
    char name[SEGMENT_NAME_SIZE];

    for (unsigned i = 0; i < history->segment_count; i++) {
        segment_name(name, i + 1);
        place_write(name, history->segments[i].bytes, history->segments[i].size);
    }
    make_reserve();
}

/* --- what is left -------------------------------------------------------------------------------------- */

static bool same(const struct history_segment *segment, size_t offset, size_t size)
{
    return !segment->removed && offset + size <= segment->now_size &&
           memcmp(segment->now + offset, segment->bytes + offset, size) == 0;
}

bool history_changed(const struct history *history)
{
    for (unsigned i = 0; i < history->segment_count; i++) {
        const struct history_segment *segment = &history->segments[i];
        if (segment->now_size != segment->size || !same(segment, 0, segment->size))
            return true;
    }
    return false;
}

bool history_header_good(const struct history *history, unsigned segment)
{
    const struct history_segment *at = &history->segments[segment];
    const size_t size = sizeof(at->header);

    return same(at, 0, size) || (at->now_size == at->size && same(at, at->size - SEGMENT_PAGE, size));
}

bool history_record_header_good(const struct history *history, unsigned index)
{
    const struct history_record *at = &history->records[index];
    return same(&history->segments[at->segment], at->offset, sizeof(at->record));
}

bool history_record_good(const struct history *history, unsigned index)
{
    const struct history_record *at = &history->records[index];
    return same(&history->segments[at->segment], at->offset, at->used);
}
