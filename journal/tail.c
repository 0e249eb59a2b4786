/* tail.c -- see tail.h. */
#include "journal/tail.h"

#include <stdbool.h>
#include <string.h>

void tail_begin(struct tail *tail)
{
    *tail = (struct tail){
        .segment = 1,
        .generation = 1,
        .next_generation = 2,
        .horizon_segment = 1,
        .survivor_position = RECORD_NONE,
        .latest_position = RECORD_NONE,
    };
}

/* remove_all -- what Compact, Clear and Complete have in common. */
static void remove_all(struct tail *tail, const struct record *record)
{
    tail->horizon_segment = tail->segment;
    tail->horizon_position = record->position;
    tail->survivor_position = RECORD_NONE;
    tail->latest_position = RECORD_NONE;
    tail->accepted_segment = tail->accepted_position = 0;
}

void tail_apply(struct tail *tail, const struct record *record, const void *data)
{
    const bool removes = record_removes(record->kind);

    if (record->generation >= tail->next_generation)
        tail->next_generation = record->generation + 1;

    switch ((enum record_kind)record->kind) {
    case RECORD_CHECKPOINT:
        tail->latest_segment = tail->segment;
        tail->latest_position = record->position;
        tail->latest_hash = record->hash;
        tail->latest_number = record->number;
        tail->completed = 0;
        break;
    case RECORD_COMPACT: {
        struct survivor survivor;
        memcpy(&survivor, data, sizeof(survivor));
        remove_all(tail, record);
        tail->survivor_segment = tail->latest_segment = survivor.segment;
        tail->survivor_position = tail->latest_position = survivor.position;
        tail->survivor_hash = tail->latest_hash = survivor.hash;
        tail->latest_number = 0;
        break;
    }
    case RECORD_CLEAR:
    case RECORD_COMPLETE:
        remove_all(tail, record);
        tail->completed = record->kind == RECORD_COMPLETE;
        break;
    case RECORD_RECOVERED:
    case RECORD_SEALED:
    case RECORD_JUMP:
        break;
    case RECORD_ACCEPTED:
        tail->accepted_segment = tail->segment;
        tail->accepted_position = record->position;
        break;
    }
    tail->position = record_end(record);
    tail->chain = record->hash;
    tail->sequence = record->sequence + 1;
    tail->generation = record->generation;
    tail->number = record->number + (record->kind == RECORD_CHECKPOINT);
    /* Within a generation it never goes back. */
    if (removes || tail->next_number < tail->number)
        tail->next_number = tail->number;
    if (record->kind == RECORD_JUMP) {
        struct jump jump;
        memcpy(&jump, data, sizeof(jump));
        tail_jump(tail, jump.next_number, jump.next_generation);
    }
}
