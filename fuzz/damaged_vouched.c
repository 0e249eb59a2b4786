/* damaged_vouched.c -- see damaged_vouched.h. */
#include "fuzz/damaged_vouched.h"

#include <string.h>

/* vouched_by_records -- the largest durable_upto of a good header in a segment, the seal's included. */
static uint64_t vouched_by_records(const struct history *history, unsigned number, bool *sealed)
{
    const struct history_segment *segment = &history->segments[number];
    uint64_t most = 0;

    *sealed = false;
    for (size_t at = SEGMENT_PAGE; !segment->removed && at + sizeof(struct record) <= segment->now_size;
         at += RECORD_ALIGN) {
        struct record record;
        memcpy(&record, segment->now + at, sizeof(record));
        if (record_check(&record, segment->header.tail.position + at - SEGMENT_PAGE,
                         segment->header.tail.position + segment->header.capacity,
                         segment->header.salt) != NULL)
            continue;
        if (record.durable_upto > most)
            most = record.durable_upto;
        *sealed |= record.kind == RECORD_SEALED;
    }
    return most;
}

void damaged_vouch(const struct damaged *journal, struct vouched *vouched)
{
    const struct history *history = &journal->history;
    bool sealed[HISTORY_SEGMENTS];

    *vouched = (struct vouched){.newest = -1};
    for (unsigned i = 0; i < history->segment_count; i++) {
        vouched->next[i] = HISTORY_SEGMENTS;
        vouched->upto[i] = vouched_by_records(history, i, &sealed[i]);
        if (history_header_good(history, i)) {
            if (vouched->newest >= 0)
                vouched->next[vouched->newest] = i;
            vouched->newest = (int)i;
        }
    }
    if (vouched->newest < 0)
        return;
    const unsigned newest = (unsigned)vouched->newest;
    for (unsigned i = 0; i < newest; i++) {
        const unsigned next = vouched->next[i];
        if (next < HISTORY_SEGMENTS && history->segments[next].header.prev_segment == i + 1)
            vouched->upto[i] = history->segments[next].header.prev_end;
    }
    vouched->witness = history->segments[newest].header.tail.position;
    if (vouched->upto[newest] > vouched->witness)
        vouched->witness = vouched->upto[newest];
    if (journal->closed)
        vouched->witness = history->tail.position;
    vouched->missing = newest + 1 < history->segment_count || journal->newer;
    /* An index that covers a later segment does not tell where this one ended. */
    if (journal->closed && !vouched->missing)
        vouched->upto[newest] = vouched->witness;
}
