/* damaged_steps.c -- see damaged_steps.h. A lie mends the hash of what it has changed. */
#include "fuzz/damaged_steps.h"

#include <stdbool.h>
#include <string.h>

#include "fuzz/forge.h"

static struct history_record *choose_record(struct history *history, unsigned n)
{
    return history->record_count ? &history->records[n % history->record_count] : NULL;
}

static struct history_segment *choose_segment(struct history *history, unsigned n)
{
    return &history->segments[n % history->segment_count];
}

void damaged_live(struct history *history, enum step step, struct source *source)
{
    switch (step) {
    case STEP_CHECKPOINT: {
        const size_t label = source_u8(source) % 8, size = source_u8(source) * 4u;
        history_append(history, RECORD_CHECKPOINT, label, size > 512 ? size * 2 : size);
        break;
    }
    case STEP_COMPACT:
        history_append(history, RECORD_COMPACT, source_u8(source) % 8, 0);
        break;
    case STEP_CLEAR:
        history_append(history, RECORD_CLEAR, 0, 0);
        break;
    case STEP_COMPLETE:
        history_append(history, RECORD_COMPLETE, 0, 0);
        break;
    case STEP_RECOVERED:
        history_append(history, RECORD_RECOVERED, 0, 0);
        break;
    case STEP_JUMP:
        history_append(history, RECORD_JUMP, 0, 0);
        break;
    case STEP_SYNC:
        history_sync(history);
        break;
    case STEP_NEXT: {
        const uint8_t how = source_u8(source);
        history_next(history, (size_t)(how & 3) * 4096, (how & 4) == 0);
        break;
    }
    case STEP_GIVE_UP:
        history_give_up(history, (size_t)(source_u8(source) & 3) * 4096);
        break;
    default:
        break;
    }
}

/* lie_record -- a record's field is another, and its hash fits. */
static void lie_record(struct history *history, struct source *source)
{
    static const size_t fields[] = {
        offsetof(struct record, data_size),    offsetof(struct record, position),
        offsetof(struct record, sequence),     offsetof(struct record, generation),
        offsetof(struct record, number),       offsetof(struct record, time_ns),
        offsetof(struct record, durable_upto), offsetof(struct record, body_hash),
        offsetof(struct record, prev),         offsetof(struct record, kind),
    };
    struct history_record *at = choose_record(history, source_u8(source));
    const size_t field = fields[source_u8(source) % (sizeof(fields) / sizeof(fields[0]))];
    const uint64_t value = (uint64_t)source_u16(source) << (source_u8(source) % 64);
    struct record record;

    if (at == NULL)
        return;
    struct history_segment *segment = &history->segments[at->segment];
    if (segment->removed || at->offset + sizeof(record) > segment->now_size)
        return;
    memcpy(&record, segment->now + at->offset, sizeof(record));
    if (field == offsetof(struct record, kind)) {
        record.kind ^= (uint8_t)(value % 16);
        record.label_size ^= (uint16_t)(value / 16);
    } else {
        uint64_t word;
        memcpy(&word, (char *)&record + field, sizeof(word));
        word ^= value;
        memcpy((char *)&record + field, &word, sizeof(word));
    }
    forge_record(&record, segment->header.salt);
    memcpy(segment->now + at->offset, &record, sizeof(record));
}

/* lie_header -- the same for a segment's header, in both copies. */
static void lie_header(struct history *history, struct source *source)
{
    struct history_segment *segment = choose_segment(history, source_u8(source));
    const size_t field = source_u8(source) % ((sizeof(segment->header) - 8) / 8) * 8;
    const uint64_t value = (uint64_t)source_u16(source) << (source_u8(source) % 64);
    struct segment_header header;
    uint64_t word;

    if (segment->removed || segment->now_size < SEGMENT_FRAME)
        return;
    memcpy(&header, segment->now, sizeof(header));
    memcpy(&word, (char *)&header + field, sizeof(word));
    word ^= value;
    memcpy((char *)&header + field, &word, sizeof(word));
    forge_segment(&header);
    memcpy(segment->now, &header, sizeof(header));
    memcpy(segment->now + segment->now_size - SEGMENT_PAGE, &header, sizeof(header));
}

/* torn -- bytes behind the log's end: of nothing, or a whole record of an append that was cut off before one
 * that it followed, and that took some room. */
static void torn(struct history *history, struct source *source)
{
    struct history_segment *segment = &history->segments[history->segment_count - 1];
    const struct tail *tail = &history->tail;
    const uint8_t how = source_u8(source);
    const size_t behind = 8u * source_u8(source);
    const size_t room = how & 1 && behind < sizeof(struct record) ? sizeof(struct record) : 0;
    const size_t offset =
        (size_t)(tail->position - segment->header.tail.position) + SEGMENT_PAGE + behind + room;
    struct record record = {
        .kind = RECORD_CHECKPOINT,
        .position = segment->header.tail.position + offset - SEGMENT_PAGE,
        .sequence = tail->sequence + 1,
        .generation = tail->generation,
        .number = tail->next_number + 1,
        .durable_upto = history->durable,
        .prev = how,
    };

    if (segment->removed || offset + sizeof(record) > segment->size - SEGMENT_PAGE ||
        offset + sizeof(record) > segment->now_size)
        return;
    record.body_hash = record_body_hash("", 0, "", 0);
    record.label_hash = record_label_hash("", 0);
    if (how & 1)
        forge_record(&record, segment->header.salt);
    memcpy(segment->now + offset, &record, sizeof(record));
}

void damaged_spoil(struct history *history, enum step step, struct source *source)
{
    switch (step) {
    case STEP_FLIP: {
        struct history_record *at = choose_record(history, source_u8(source));
        const size_t byte = source_u16(source);
        if (at == NULL)
            break;
        struct history_segment *segment = &history->segments[at->segment];
        if (at->offset + byte % at->used < segment->now_size)
            segment->now[at->offset + byte % at->used] ^= (unsigned char)(1u << (byte >> 13));
        break;
    }
    case STEP_ZERO: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        const size_t from = source_u8(source) * 64u, size = source_u8(source) * 64u;
        if (from < segment->now_size)
            memset(segment->now + from, 0, size < segment->now_size - from ? size : segment->now_size - from);
        break;
    }
    case STEP_CUT: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        const size_t size = source_u16(source);
        if (size < segment->now_size)
            segment->now_size = size;
        break;
    }
    case STEP_REMOVE:
        choose_segment(history, source_u8(source))->removed = true;
        break;
    case STEP_HEADER: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        const uint8_t how = source_u8(source);
        if (how & 1 && segment->now_size > how)
            segment->now[how] ^= 16;
        if (how & 2 && segment->now_size == segment->size)
            segment->now[segment->size - SEGMENT_PAGE + how] ^= 16;
        break;
    }
    case STEP_TORN:
        torn(history, source);
        break;
    case STEP_COPY: { /* a file in the place of another */
        const struct history_segment *from = choose_segment(history, source_u8(source));
        struct history_segment *to = choose_segment(history, source_u8(source));
        if (from == to)
            break;
        memcpy(to->now, from->now, sizeof(to->now));
        to->now_size = from->now_size;
        to->removed = from->removed;
        break;
    }
    case STEP_LIE_RECORD:
        lie_record(history, source);
        break;
    case STEP_LIE_HEADER:
        lie_header(history, source);
        break;
    case STEP_PADDING: {
        const struct history_record *at = choose_record(history, source_u8(source));
        if (at == NULL)
            break;
        struct history_segment *segment = &history->segments[at->segment];
        const size_t end = (at->used + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
        if (end > at->used && at->offset + end <= segment->now_size)
            segment->now[at->offset + end - 1] ^= 1;
        break;
    }
    case STEP_STAND: {
        struct history_segment *segment = choose_segment(history, source_u8(source));
        segment->removed = true;
        segment->stands = (enum stand)(source_u8(source) % STANDS);
        break;
    }
    default:
        break;
    }
}
