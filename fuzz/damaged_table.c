/* damaged_table.c -- see damaged_table.h. */
#include "fuzz/damaged_table.h"

#include <inttypes.h>
#include <string.h>

#include "fuzz/damaged_vouched.h"
#include "fuzz/target.h"

/* last_removal -- the record of the last Compact, Clear or Complete; -1: there was none. */
static int last_removal(const struct history *history)
{
    int last = -1;

    for (unsigned i = 0; i < history->record_count; i++) {
        if (!history->records[i].given_up && record_removes(history->records[i].record.kind))
            last = (int)i;
    }
    return last;
}

/* jumped -- whether the history itself says that not all is known. */
static bool jumped(const struct history *history)
{
    for (unsigned i = 0; i < history->record_count; i++) {
        if (history->records[i].record.kind == RECORD_JUMP && (int)i > last_removal(history))
            return true;
    }
    return false;
}

bool damaged_is_whole(const struct damaged *journal)
{
    return !journal->lies && !history_changed(&journal->history) && !jumped(&journal->history) &&
           !journal->newer;
}

/* check_checkpoint -- one that is live at the history's end. */
static void check_checkpoint(const struct damaged *journal, struct cairn_op *op,
                             const struct vouched *vouched, unsigned index, const char *who)
{
    const struct history *history = &journal->history;
    const struct history_record *at = &history->records[index];
    const uint64_t number = history_live(history, index), end = record_end(&at->record);
    int record;

    int result = answers_load(op, history, number, history->tail.generation, &record);
    if (result == 0)
        FUZZ_ASSERT(record == (at->record.data_size ? (int)index : ANSWER_EMPTY),
                    "%s: %" PRIu64 " is record %d, not %u", who, number, record, index);
    const bool good = history_record_good(history, index) && history_header_good(history, at->segment);
    /* What a Compact kept is lost with it, unless a header or an index names it; and in a segment that is not
     * the last one, what nothing vouches for is no part of the log. */
    const int removal = last_removal(history);
    const bool named =
        at->record.generation == history->tail.generation ||
        (history_record_good(history, (unsigned)removal) &&
         history_header_good(history, history->records[removal].segment) &&
         (!vouched->missing || record_end(&history->records[removal].record) <= vouched->witness));
    if (good && named && end <= vouched->witness && end <= vouched->upto[at->segment])
        FUZZ_ASSERT(result == 0 || (journal->gave_up && result == CAIRN_ECORRUPT),
                    "%s: %" PRIu64 "@%" PRIu64 ", record %u, is as it was, and load gives %d: %s", who,
                    number, history->tail.generation, index, result, cairn_message());
    if (!good && end <= vouched->witness)
        FUZZ_ASSERT(result == CAIRN_ECORRUPT,
                    "%s: %" PRIu64 "@%" PRIu64 ", record %u, is lost, and load gives %d: %s", who, number,
                    history->tail.generation, index, result, cairn_message());
}

/* is_given_up -- whether the newest segment that is left was given up, and no index tells so: two faults at
 * once, since the one that comes after it commits the index before it is relied on. Then what was given up
 * may come back. */
static bool is_given_up(const struct damaged *journal, const struct vouched *vouched)
{
    for (unsigned i = 0; i < journal->history.record_count; i++) {
        const struct history_record *at = &journal->history.records[i];
        if (at->given_up && (int)at->segment == vouched->newest && !journal->closed)
            return true;
    }
    return false;
}

void damaged_check_table(const struct damaged *journal, struct cairn_op *op, int error, const char *who)
{
    const struct history *history = &journal->history;
    const int removal = last_removal(history);
    struct vouched vouched;

    damaged_vouch(journal, &vouched);
    if (vouched.newest < 0 || is_given_up(journal, &vouched))
        return;
    /* A removal that is not vouched for may be a torn tail, and then what was before it is live. */
    if (removal >= 0 && record_end(&history->records[removal].record) > vouched.witness &&
        history_changed(history))
        return;
    FUZZ_ASSERT(error == 0 || error == CAIRN_EVERSION, "%s: cannot open: %d, %s", who, error,
                cairn_message());
    if (error)
        return;
    for (unsigned i = 0; i < history->record_count; i++) {
        if (history_live(history, i) != UINT64_MAX)
            check_checkpoint(journal, op, &vouched, i, who);
    }
}

void damaged_check_shown(const struct damaged *journal, const struct answers *answers, const char *who)
{
    const struct history *history = &journal->history;

    for (unsigned i = 0; i < answers->count; i++) {
        const struct answer *answer = &answers->entries[i];
        bool known = answer->loaded != 0;
        for (unsigned k = 0; k < history->record_count && !known; k++) {
            const struct record *record = &history->records[k].record;
            char id[32];
            const bool compact = record->kind == RECORD_COMPACT;
            snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, compact ? 0 : record->number,
                     record->generation);
            known = (compact || (record->kind == RECORD_CHECKPOINT &&
                                 answer->record == (record->data_size ? (int)k : ANSWER_EMPTY))) &&
                    strcmp(id, answer->id) == 0;
        }
        FUZZ_ASSERT(known, "%s: %s was never recorded so: it is record %d", who, answer->id, answer->record);
    }
}

void damaged_check_new(const struct damaged *journal, const char *id)
{
    const struct history *history = &journal->history;
    struct vouched vouched;

    damaged_vouch(journal, &vouched);
    for (unsigned i = 0; i < history->record_count; i++) {
        const struct record *record = &history->records[i].record;
        char old[32];
        snprintf(old, sizeof(old), "%08" PRIu64 "@%" PRIu64, record->number, record->generation);
        if (record->kind == RECORD_CHECKPOINT && !history->records[i].given_up &&
            record_end(record) <= vouched.witness)
            FUZZ_ASSERT(strcmp(old, id) != 0, "%s is given a second time", old);
    }
}
