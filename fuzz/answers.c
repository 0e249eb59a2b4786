/* answers.c -- see answers.h. */
#include "fuzz/answers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/place.h"
#include "fuzz/target.h"

/* identify -- the record whose data this is. */
static int identify(const struct history *history, const void *data, size_t size, const char *what)
{
    unsigned char right[HISTORY_DATA_MAX];

    if (size == 0)
        return ANSWER_EMPTY;
    const unsigned index = ((const unsigned char *)data)[0];
    FUZZ_ASSERT(size <= sizeof(right) && index < history->record_count &&
                    history->records[index].record.data_size == size,
                "%s gives %zu bytes that nobody recorded", what, size);
    history_data(index, right, size);
    FUZZ_ASSERT(memcmp(data, right, size) == 0, "%s gives other data than was recorded", what);
    return (int)index;
}

int answers_load(struct cairn_op *op, const struct history *history, uint64_t number, uint64_t generation,
                 int *record)
{
    char id[64];
    void *data;
    size_t size;

    snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, number, generation);
    int result = cairn_load(op, NULL, id, &data, &size);
    *record = ANSWER_NONE;
    if (result == 0) {
        *record = identify(history, data, size, id);
        cairn_free(data);
    }
    return result;
}

static int note_entry(void *arg, const struct cairn_entry *entry)
{
    struct answers *answers = arg;

    if (answers->count == ANSWERS_MAX)
        return 1;
    struct answer *answer = &answers->entries[answers->count++];
    *answer = (struct answer){.shown = entry->error, .lost_count = entry->lost_count, .record = ANSWER_NONE};
    snprintf(answer->id, sizeof(answer->id), "%.31s", entry->id);
    return 0;
}

void answers_ask(struct answers *answers, const struct history *history, struct cairn_op *op,
                 const struct cairn_ctx *ctx)
{
    static const struct cairn_watch quiet;
    void *data;
    size_t size;

    memset(answers, 0, sizeof(*answers));
    answers->latest_record = answers->intact_record = ANSWER_NONE;
    answers->listed = cairn_list(op, ctx, note_entry, answers);
    for (unsigned i = 0; i < answers->count; i++) {
        struct answer *answer = &answers->entries[i];
        answer->loaded = cairn_load(op, ctx, answer->id, &data, &size);
        if (answer->loaded != 0)
            continue;
        answer->record = identify(history, data, size, answer->id);
        cairn_free(data);
    }
    answers->latest = cairn_latest(op, ctx, &data, &size);
    if (answers->latest == 0) {
        answers->latest_record = identify(history, data, size, "latest");
        cairn_free(data);
    }
    answers->intact = cairn_latest_intact(op, ctx, NULL, &data, &size);
    if (answers->intact == 0) {
        answers->intact_record = identify(history, data, size, "latest_intact");
        cairn_free(data);
    }
    answers->verified = cairn_verify(op, ctx, &quiet);
    if (cairn_stat(op, ctx, &answers->stat) != 0)
        memset(&answers->stat, 0, sizeof(answers->stat));
}

void answers_take(struct answers *answers, const struct history *history, unsigned flags,
                  const struct cairn_ctx *ctx)
{
    struct cairn_op *op;

    int error = cairn_open(&op, ctx, place_path(), flags | CAIRN_NO_THREAD | CAIRN_EXISTING);
    if (error) {
        memset(answers, 0, sizeof(*answers));
        answers->opened = error;
        return;
    }
    answers_ask(answers, history, op, ctx);
    cairn_close(op);
}

const char *answers_differ(const struct answers *a, const struct answers *b)
{
    if (a->opened != b->opened)
        return "whether it can be opened";
    if (a->listed != b->listed || a->count != b->count)
        return "what is listed";
    for (unsigned i = 0; i < a->count; i++) {
        const struct answer *x = &a->entries[i], *y = &b->entries[i];
        if (strcmp(x->id, y->id) != 0 || x->shown != y->shown || x->lost_count != y->lost_count)
            return "an entry of the list";
        if (x->loaded != y->loaded || x->record != y->record)
            return "what loading gives";
    }
    if (a->latest != b->latest || a->latest_record != b->latest_record)
        return "the latest";
    if (a->intact != b->intact || a->intact_record != b->intact_record)
        return "the latest intact one";
    if (a->stat.count != b->stat.count || a->stat.lost != b->stat.lost)
        return "how many there are";
    if (a->stat.generation != b->stat.generation || a->stat.completed != b->stat.completed)
        return "the generation";
    return NULL;
}

uint64_t history_live(const struct history *history, unsigned index)
{
    const struct history_record *at = &history->records[index];
    const struct tail *tail = &history->tail;

    if (at->given_up || at->record.kind != RECORD_CHECKPOINT)
        return UINT64_MAX;
    if (tail->survivor_position == at->record.position)
        return 0;
    if (at->record.generation != tail->generation)
        return UINT64_MAX;
    return at->record.number;
}

void answers_check_whole(const struct answers *answers, const struct history *history, const char *who)
{
    unsigned count = 0;

    FUZZ_ASSERT(answers->opened == 0, "%s: it cannot be opened: %d, %s", who, answers->opened,
                cairn_message());
    FUZZ_ASSERT(answers->listed == 0, "%s: it cannot be listed: %d", who, answers->listed);
    for (unsigned i = 0; i < history->record_count; i++) {
        const uint64_t number = history_live(history, i);
        char id[32];
        if (number == UINT64_MAX)
            continue;
        snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, number, history->tail.generation);
        FUZZ_ASSERT(count < answers->count, "%s: %s is missing", who, id);
        const struct answer *answer = &answers->entries[count++];
        const int right = history->records[i].record.data_size ? (int)i : ANSWER_EMPTY;
        FUZZ_ASSERT(strcmp(answer->id, id) == 0 && answer->shown == 0 && answer->loaded == 0 &&
                        answer->record == right,
                    "%s: in the place of %s stands %s: %d, %d, record %d of %d", who, id, answer->id,
                    answer->shown, answer->loaded, answer->record, right);
    }
    FUZZ_ASSERT(count == answers->count, "%s: %s is there, and should not", who, answers->entries[count].id);
    FUZZ_ASSERT(answers->latest == (count ? 0 : CAIRN_ENONE), "%s: latest gives %d", who, answers->latest);
    FUZZ_ASSERT(count == 0 || answers->latest_record == answers->entries[count - 1].record,
                "%s: latest is record %d", who, answers->latest_record);
    FUZZ_ASSERT(answers->intact == answers->latest && answers->intact_record == answers->latest_record,
                "%s: latest_intact gives %d, record %d", who, answers->intact, answers->intact_record);
    FUZZ_ASSERT(answers->verified == 0, "%s: verify gives %d: %s", who, answers->verified, cairn_message());
    FUZZ_ASSERT(answers->stat.count == count && answers->stat.lost == 0 && answers->stat.damaged == 0 &&
                    answers->stat.generation == history->tail.generation,
                "%s: stat counts %" PRIu64 ", %" PRIu64 " lost", who, answers->stat.count,
                answers->stat.lost);
}

void answers_print(const struct answers *answers, const char *who)
{
    fprintf(stderr, "%s: opened %d listed %d latest %d (record %d) intact %d (record %d) verify %d\n", who,
            answers->opened, answers->listed, answers->latest, answers->latest_record, answers->intact,
            answers->intact_record, answers->verified);
    fprintf(stderr, "    count %" PRIu64 " lost %" PRIu64 " generation %" PRIu64 " damaged %d\n",
            answers->stat.count, answers->stat.lost, answers->stat.generation, answers->stat.damaged);
    for (unsigned i = 0; i < answers->count; i++)
        fprintf(stderr, "    %s shown %d lost %" PRIu64 " loaded %d record %d\n", answers->entries[i].id,
                answers->entries[i].shown, answers->entries[i].lost_count, answers->entries[i].loaded,
                answers->entries[i].record);
}
