/* record.c -- see record.h. */
#include "journal/record.h"

#include <xxhash.h>

#include <cairn/journal.h>

uint64_t record_body_hash(const void *label, size_t label_size, const void *data, size_t size)
{
    return XXH3_64bits_withSeed(data, size, XXH3_64bits(label, label_size));
}

/* It is XXH3's state; the library keeps to itself what that looks like. */
struct record_hash *record_hash_begin(const void *label, size_t label_size)
{
    XXH3_state_t *state = XXH3_createState();

    if (state)
        XXH3_64bits_reset_withSeed(state, XXH3_64bits(label, label_size));
    return (struct record_hash *)state;
}

void record_hash_add(struct record_hash *hash, const void *data, size_t size)
{
    XXH3_64bits_update((XXH3_state_t *)hash, data, size);
}

uint64_t record_hash_end(struct record_hash *hash)
{
    const uint64_t value = XXH3_64bits_digest((XXH3_state_t *)hash);

    XXH3_freeState((XXH3_state_t *)hash);
    return value;
}

uint32_t record_label_hash(const void *label, size_t size)
{
    return (uint32_t)XXH3_64bits(label, size);
}

static uint64_t header_hash(const struct record *record, uint64_t salt)
{
    return XXH3_64bits_withSeed(record, offsetof(struct record, hash), salt);
}

void record_seal(struct record *record, uint64_t salt)
{
    assert(record->position % RECORD_ALIGN == 0);
    assert(record->durable_upto <= record->position);
    record->magic = RECORD_MAGIC;
    record->zero = 0;
    record->hash = header_hash(record, salt);
}

const char *record_check(const struct record *record, uint64_t position, uint64_t end, uint64_t salt)
{
    if (record->magic != RECORD_MAGIC)
        return "no record begins here";
    if (record->hash != header_hash(record, salt))
        return "the record's header does not match its hash";
    /* From here on the header is as it was written; what follows guards against a file copied over another
     * and against a writer's bug. */
    if (record->position != position)
        return "the record was written for another place";
    if (record->kind < RECORD_CHECKPOINT || record->kind > RECORD_JUMP || record->blob != 0)
        return "the record is of an unknown kind";
    if (record->data_size > CAIRN_JOURNAL_DATA_MAX || record->durable_upto > position ||
        record_end(record) > end)
        return "the record's sizes cannot be right";
    if (record->kind == RECORD_COMPACT && record->number != 1)
        return "the record's number cannot be right"; /* the survivor's would be given again */
    return NULL;
}
