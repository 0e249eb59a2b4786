/* ledger.c -- see ledger.h. */
#include "fuzz/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "fuzz/target.h"
#include "journal/segment.h"

#define NOBODY LEDGER_STEPS

/* What a handle shows. */
struct shown {
    char id[256];
    char label[LEDGER_LABEL_SIZE];
    uint64_t number, size, hash;
};

struct look {
    struct shown at[LEDGER_STEPS];
    unsigned count, lost;
    bool faulty; /* reading may fail meanwhile */
    const char *who;
    const struct ledger *ledger;
};

/* begin_states -- nothing is there. */
static void begin_states(struct ledger *ledger)
{
    ledger->state_count = 1;
    ledger->states[0] = (struct state){.kept_by = NOBODY};
    ledger->generation_min = ledger->generation_max = 1;
    ledger->log_end = 0;
}

void ledger_begin(struct ledger *ledger, bool directory)
{
    ledger->directory = directory;
    ledger->step_count = 0;
    begin_states(ledger);
}

/* buffer -- this thread's. It does not stand in the thread's own storage, for which Cairn's threads, whose
 * stacks are small, would have no room. */
static unsigned char *buffer(void)
{
    static unsigned char buffers[8][LEDGER_DATA_MAX];
    static _Atomic unsigned count;
    static _Thread_local unsigned mine; /* counted from 1 */

    if (mine == 0)
        mine = ++count;
    assert(mine <= sizeof(buffers) / sizeof(buffers[0]));
    return buffers[mine - 1];
}

uint32_t ledger_large(uint8_t byte)
{
    static const uint32_t in_pieces[] = {SEGMENT_LARGE, SEGMENT_LARGE + 40001, LEDGER_DATA_MAX - 5};
    const unsigned which = (unsigned)byte - LEDGER_IN_PIECES;

    return which < sizeof(in_pieces) / sizeof(in_pieces[0]) ? in_pieces[which] : 256u * byte;
}

const void *ledger_data(const struct step *step)
{
    unsigned char *data = buffer();
    uint64_t word = (uint64_t)step->seed * 0x9e3779b97f4a7c15u + 1;

    assert(step->size <= LEDGER_DATA_MAX);
    for (size_t i = 0; i < step->size; i += sizeof(word)) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        const size_t part = step->size - i < sizeof(word) ? step->size - i : sizeof(word);
        memcpy(data + i, &word, part);
    }
    return data;
}

static void make_label(struct step *step)
{
    switch (step->seed % 5) {
    case 0:
        step->label[0] = '\0';
        break;
    case 1:
        snprintf(step->label, sizeof(step->label), "\xc3\xa9\xf0\x9f\x8c\x8d%u", step->seed);
        break;
    case 2:
        memset(step->label, 'a' + (int)(step->seed % 26), sizeof(step->label) - 1);
        step->label[sizeof(step->label) - 1] = '\0';
        break;
    default:
        snprintf(step->label, sizeof(step->label), "step %u", step->seed);
    }
}

unsigned ledger_add(struct ledger *ledger, enum step_kind kind, uint32_t size)
{
    assert(ledger->step_count < LEDGER_STEPS);
    const unsigned i = ledger->step_count++;
    struct step *step = &ledger->steps[i];

    step->kind = kind;
    step->seed = i + 1;
    step->size = size;
    step->id[0] = '\0';
    make_label(step);
    if (kind == STEP_CHECKPOINT)
        step->hash = XXH3_64bits(ledger_data(step), step->size);
    return i;
}

int ledger_take(const struct ledger *ledger, unsigned i, struct cairn_op *op, const struct cairn_ctx *ctx,
                char *given)
{
    const struct step *step = &ledger->steps[i];
    struct cairn_id id;
    int error;

    switch (step->kind) {
    case STEP_CHECKPOINT:
        error = cairn_checkpoint(op, ctx, step->label, ledger_data(step), step->size, &id);
        if (error == 0 && given)
            memcpy(given, id.text, sizeof(id.text));
        return error;
    case STEP_COMPACT:
        return cairn_compact(op, ctx, step->label);
    case STEP_CLEAR:
        return cairn_clear(op, ctx);
    default:
        return cairn_complete(op, ctx);
    }
}

/* --- states -------------------------------------------------------------------------------------------- */

static void apply(struct state *state, const struct ledger *ledger, unsigned step)
{
    switch (ledger->steps[step].kind) {
    case STEP_CHECKPOINT:
        state->at[state->count++] = (uint8_t)step;
        state->completed = false;
        break;
    case STEP_COMPACT:
        if (state->count == 0)
            break;
        state->at[0] = state->at[state->count - 1];
        state->count = 1;
        state->optional = 0;
        state->kept_by = (uint8_t)step;
        break;
    default:
        state->count = 0;
        state->optional = 0;
        state->kept_by = NOBODY;
        state->completed = ledger->steps[step].kind == STEP_COMPLETE;
    }
}

/* apply_partly -- a directory's removal was cut short: the latest is there, of the others any may be gone. */
static void apply_partly(struct state *state)
{
    if (state->count)
        state->optional |= ((uint64_t)1 << (state->count - 1)) - 1;
}

static bool same(const struct state *a, const struct state *b)
{
    return a->count == b->count && a->optional == b->optional && a->kept_by == b->kept_by &&
           a->completed == b->completed && memcmp(a->at, b->at, a->count) == 0;
}

static void add_state(struct ledger *ledger, const struct state *state)
{
    for (unsigned i = 0; i < ledger->state_count; i++) {
        if (same(&ledger->states[i], state))
            return;
    }
    assert(ledger->state_count < LEDGER_STATES);
    ledger->states[ledger->state_count++] = *state;
}

enum outcome ledger_outcome(const struct ledger *ledger, unsigned step, int error)
{
    if (error == 0)
        return OUTCOME_DONE;
    if (error == CAIRN_EIO || (ledger->directory && ledger->steps[step].kind != STEP_CHECKPOINT))
        return OUTCOME_MAYBE;
    return OUTCOME_NEVER;
}

/* set_id -- the id that a step was given. */
static void set_id(struct ledger *ledger, unsigned i, const char *id)
{
    if (id == NULL || *id == '\0')
        return;
    snprintf(ledger->steps[i].id, sizeof(ledger->steps[i].id), "%s", id);
    for (unsigned k = 0; k < ledger->step_count && !ledger->directory; k++) {
        const bool twice = k != i && strcmp(ledger->steps[k].id, id) == 0;
        if (twice)
            ledger_print(ledger);
        FUZZ_ASSERT(!twice, "step %u has the id %s of step %u", i, id, k);
    }
}

/* count_removal -- what the step makes of the generation: a Compact of nothing does nothing. `alone`: no
 * other step was under way, so that it is known what there was. */
static void count_removal(struct ledger *ledger, unsigned i, enum outcome outcome, bool alone)
{
    const enum step_kind kind = ledger->steps[i].kind;
    bool sure = outcome == OUTCOME_DONE && (kind != STEP_COMPACT || alone);

    if (kind == STEP_CHECKPOINT || outcome == OUTCOME_NEVER)
        return;
    for (unsigned k = 0; k < ledger->state_count && kind == STEP_COMPACT; k++)
        sure &= ledger->states[k].count > 0;
    ledger->generation_min += sure;
    ledger->generation_max++;
}

/* end -- as ledger_end(), without the id. */
static void end(struct ledger *ledger, unsigned i, enum outcome outcome)
{
    const unsigned before = ledger->state_count;

    for (unsigned k = 0; k < before && outcome != OUTCOME_NEVER; k++) {
        struct state changed = ledger->states[k];
        apply(&changed, ledger, i);
        if (outcome == OUTCOME_DONE) {
            ledger->states[k] = changed;
            continue;
        }
        if (ledger->directory && ledger->steps[i].kind != STEP_CHECKPOINT)
            apply_partly(&ledger->states[k]);
        add_state(ledger, &changed);
    }
}

void ledger_end(struct ledger *ledger, unsigned i, enum outcome outcome, const char *id)
{
    set_id(ledger, i, id);
    count_removal(ledger, i, outcome, true);
    end(ledger, i, outcome);
}

void ledger_end_both(struct ledger *ledger, const unsigned steps[2], const enum outcome outcomes[2],
                     const char *const ids[2])
{
    static struct ledger other;

    set_id(ledger, steps[0], ids[0]);
    set_id(ledger, steps[1], ids[1]);
    for (unsigned i = 0; i < 2; i++)
        count_removal(ledger, steps[i], outcomes[i], false);
    other = *ledger;
    for (unsigned i = 0; i < 2; i++) {
        end(ledger, steps[i], outcomes[i]);
        end(&other, steps[1 - i], outcomes[1 - i]);
    }
    for (unsigned i = 0; i < other.state_count; i++)
        add_state(ledger, &other.states[i]);
}

bool ledger_may_be_latest(const struct ledger *ledger, const void *data, size_t size)
{
    for (unsigned i = 0; i < ledger->state_count; i++) {
        const struct state *state = &ledger->states[i];
        const struct step *last = state->count ? &ledger->steps[state->at[state->count - 1]] : NULL;
        if (last ? data && size == last->size && XXH3_64bits(data, size) == last->hash : data == NULL)
            return true;
    }
    return false;
}

/* --- looking -------------------------------------------------------------------------------------------- */

void ledger_print(const struct ledger *ledger)
{
    static const char *const names[] = {"checkpoint", "compact", "clear", "complete"};

    for (unsigned i = 0; i < ledger->step_count; i++) {
        const struct step *step = &ledger->steps[i];
        fprintf(stderr, "  step %u: %s, %u bytes, \"%.20s\": %.60s\n", i, names[step->kind], step->size,
                step->label, step->id);
    }
    for (unsigned i = 0; i < ledger->state_count; i++) {
        const struct state *state = &ledger->states[i];
        fprintf(stderr, "  may be there%s:", state->completed ? ", completed" : "");
        for (unsigned k = 0; k < state->count; k++)
            fprintf(stderr, " %u%s", state->at[k], state->optional >> k & 1 ? "?" : "");
        fprintf(stderr, state->kept_by == NOBODY ? "\n" : ", the first by step %u\n", state->kept_by);
    }
}

static void print_look(const struct look *look)
{
    ledger_print(look->ledger);
    for (unsigned i = 0; i < look->count; i++)
        fprintf(stderr, "  %s shows: %.60s, %" PRIu64 " bytes, \"%.20s\"\n", look->who, look->at[i].id,
                look->at[i].size, look->at[i].label);
}

#define LOOK_ASSERT(condition, look, ...)                                                                    \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            print_look(look);                                                                                \
        FUZZ_ASSERT(condition, __VA_ARGS__);                                                                 \
    } while (0)

static int show(void *arg, const struct cairn_entry *entry)
{
    struct look *look = arg;
    struct shown *shown = &look->at[look->count];

    if (entry->error && look->faulty) {
        look->lost++;
        return 0;
    }
    LOOK_ASSERT(entry->error == 0, look, "%s: %s is lost: %s", look->who, entry->id, entry->reason);
    LOOK_ASSERT(look->count < LEDGER_STEPS, look, "%s shows more than there was", look->who);
    snprintf(shown->id, sizeof(shown->id), "%s", entry->id);
    snprintf(shown->label, sizeof(shown->label), "%s", entry->label);
    shown->number = entry->number;
    shown->size = entry->size;
    look->count++;
    return 0;
}

/* load_all -- what is shown can be loaded, and has the size that is shown. */
static void load_all(struct look *look, struct cairn_op *op)
{
    for (unsigned i = 0; i < look->count; i++) {
        struct shown *shown = &look->at[i];
        void *data;
        size_t size;
        int error = cairn_load(op, NULL, shown->id, &data, &size);
        LOOK_ASSERT(error == 0, look, "%s: %s cannot be loaded: %s", look->who, shown->id, cairn_message());
        LOOK_ASSERT(size == shown->size, look, "%s: %s is %zu bytes", look->who, shown->id, size);
        shown->hash = XXH3_64bits(data, size);
        cairn_free(data);
    }
}

static void check_latest(const struct look *look, struct cairn_op *op)
{
    const struct shown *last = look->count ? &look->at[look->count - 1] : NULL;

    for (int intact = 0; intact < 2; intact++) {
        struct cairn_id id = {""};
        void *data;
        size_t size;
        int error =
            intact ? cairn_latest_intact(op, NULL, &id, &data, &size) : cairn_latest(op, NULL, &data, &size);
        LOOK_ASSERT(error == (last ? 0 : CAIRN_ENONE), look, "%s: latest gives %d: %s", look->who, error,
                    cairn_message());
        if (error)
            continue;
        LOOK_ASSERT(size == last->size && XXH3_64bits(data, size) == last->hash, look,
                    "%s: latest is not the last of the list", look->who);
        LOOK_ASSERT(!intact || strcmp(id.text, last->id) == 0, look, "%s: the latest intact is %s", look->who,
                    id.text);
        cairn_free(data);
    }
}

/* shows -- whether it is number k of the state. */
static bool shows(const struct ledger *ledger, const struct state *state, unsigned k,
                  const struct shown *shown)
{
    const struct step *step = &ledger->steps[state->at[k]];
    const struct step *named = k == 0 && state->kept_by != NOBODY ? &ledger->steps[state->kept_by] : step;

    return shown->size == step->size && shown->hash == step->hash &&
           strcmp(shown->label, named->label) == 0 &&
           (named->id[0] == '\0' || strcmp(shown->id, named->id) == 0);
}

/* fits -- whether what is shown may be this state; then it becomes that and nothing else. */
static bool fits(const struct look *look, struct state *state, const struct cairn_stat *stat)
{
    struct state now = {.kept_by = NOBODY, .completed = state->completed};
    unsigned at = 0;

    if (!look->ledger->directory && (stat->completed != 0) != state->completed)
        return false;
    for (unsigned k = 0; k < state->count; k++) {
        if (at < look->count && shows(look->ledger, state, k, &look->at[at])) {
            if (k == 0)
                now.kept_by = state->kept_by;
            now.at[now.count++] = state->at[k];
            at++;
        } else if ((state->optional >> k & 1) == 0) {
            return false;
        }
    }
    if (at < look->count)
        return false;
    *state = now;
    return true;
}

/* check_gone -- no id that was given leads to what is no longer there. A directory gives them again. */
static void check_gone(const struct look *look, struct cairn_op *op)
{
    const struct ledger *ledger = look->ledger;

    for (unsigned i = 0; i < ledger->step_count && !ledger->directory; i++) {
        bool there = ledger->steps[i].id[0] == '\0';
        for (unsigned k = 0; k < look->count && !there; k++)
            there = strcmp(look->at[k].id, ledger->steps[i].id) == 0;
        if (there)
            continue;
        void *data;
        size_t size;
        int error = cairn_load(op, NULL, ledger->steps[i].id, &data, &size);
        LOOK_ASSERT(error == CAIRN_ENOTFOUND, look, "%s: %s is gone, and load gives %d", look->who,
                    ledger->steps[i].id, error);
    }
}

/* learn_ids -- of what was not known to have been recorded, and of what was kept. */
static void learn_ids(struct ledger *ledger, const struct look *look, const struct state *state)
{
    for (unsigned k = 0; k < state->count; k++) {
        const unsigned i = k == 0 && state->kept_by != NOBODY ? state->kept_by : state->at[k];
        snprintf(ledger->steps[i].id, sizeof(ledger->steps[i].id), "%s", look->at[k].id);
    }
}

static int print_damage(void *arg, const struct cairn_damage *damage)
{
    (void)arg;
    fprintf(stderr, "  damage: %s, offset %" PRIu64 ", %" PRIu64 " bytes, %s and %" PRIu64 ": %s\n",
            damage->path, damage->offset, damage->size, damage->first, damage->count, damage->reason);
    return 0;
}

/* check_generation -- of a journal: what was removed tells it, and the ids have it. */
static void check_generation(const struct look *look, uint64_t generation)
{
    const struct ledger *ledger = look->ledger;
    char end[32];

    LOOK_ASSERT(generation >= ledger->generation_min && generation <= ledger->generation_max, look,
                "%s: stat tells of generation %" PRIu64 ", of %" PRIu64 " to %" PRIu64, look->who, generation,
                ledger->generation_min, ledger->generation_max);
    snprintf(end, sizeof(end), "@%" PRIu64, generation);
    for (unsigned k = 0; k < look->count; k++) {
        const char *at = strchr(look->at[k].id, '@');
        LOOK_ASSERT(at && strcmp(at, end) == 0, look, "%s: %s, and stat tells of generation %" PRIu64,
                    look->who, look->at[k].id, generation);
    }
}

/* check_log -- of a journal: where its log and its index end. The log's end never goes back. */
static void check_log(const struct look *look, const struct cairn_stat *stat)
{
    LOOK_ASSERT(stat->log_end >= look->ledger->log_end, look,
                "%s: stat has the log end at %" PRIu64 ", and it was %" PRIu64, look->who, stat->log_end,
                look->ledger->log_end);
    LOOK_ASSERT(stat->index_end <= stat->log_end && stat->index_lag <= look->count &&
                    (stat->index_lag == 0 || stat->index_end < stat->log_end),
                look, "%s: stat has the index end at %" PRIu64 " of %" PRIu64 ", with %" PRIu64 " behind",
                look->who, stat->index_end, stat->log_end, stat->index_lag);
}

/* check_figures -- what stat tells is what is shown, and what was done. */
static void check_figures(const struct look *look, const struct cairn_stat *stat)
{
    const char *who = look->who;
    uint64_t bytes = 0;

    for (unsigned k = 0; k < look->count; k++)
        bytes += look->at[k].size;
    LOOK_ASSERT(stat->count == look->count && stat->lost == 0 && !stat->damaged, look,
                "%s: stat counts %" PRIu64 ", %" PRIu64 " lost, damaged %d", who, stat->count, stat->lost,
                stat->damaged);
    LOOK_ASSERT(stat->data_bytes == bytes, look, "%s: stat counts %" PRIu64 " bytes of data, of %" PRIu64,
                who, stat->data_bytes, bytes);
    if (!look->ledger->directory) {
        check_generation(look, stat->generation);
        check_log(look, stat);
        return;
    }
    LOOK_ASSERT((stat->generation | stat->segments | stat->spares | stat->log_end | stat->index_end |
                 stat->index_lag) == 0 &&
                    !stat->completed,
                look, "%s: stat gives what a directory does not have", who);
}

void ledger_check(struct ledger *ledger, struct cairn_op *op, bool settle, const char *who)
{
    static struct look look;
    struct cairn_stat stat;
    struct state found = {0};
    bool one = false;

    look.count = 0;
    look.who = who;
    look.ledger = ledger;
    int error = cairn_stat(op, NULL, &stat);
    LOOK_ASSERT(error == 0, &look, "%s: stat gives %d: %s", who, error, cairn_message());
    look.faulty = false;
    error = cairn_list(op, NULL, show, &look);
    LOOK_ASSERT(error == 0, &look, "%s: list gives %d: %s", who, error, cairn_message());
    load_all(&look, op);
    check_latest(&look, op);
    check_figures(&look, &stat);
    error = cairn_verify(op, NULL, NULL);
    if (error) {
        static const struct cairn_watch tell = {.damage = print_damage};
        error = cairn_verify(op, NULL, &tell);
    }
    LOOK_ASSERT(error == 0, &look, "%s: verify gives %d: %s", who, error, cairn_message());
    for (unsigned k = 0; k < look.count; k++)
        LOOK_ASSERT(ledger->directory ? k == 0 || look.at[k].number > look.at[k - 1].number
                                      : look.at[k].number == k,
                    &look, "%s: %s is number %" PRIu64, who, look.at[k].id, look.at[k].number);
    for (unsigned i = 0; i < ledger->state_count && !one; i++) {
        found = ledger->states[i];
        one = fits(&look, &found, &stat);
    }
    LOOK_ASSERT(one, &look, "%s: what is there is no state that can be", who);
    check_gone(&look, op);
    ledger->log_end = stat.log_end;
    if (!settle)
        return;
    ledger->generation_min = ledger->generation_max = stat.generation;
    ledger->states[0] = found;
    ledger->state_count = 1;
    learn_ids(ledger, &look, &found);
}

void ledger_check_none(struct ledger *ledger, const char *who)
{
    bool one = false;

    for (unsigned i = 0; i < ledger->state_count && !one; i++)
        one = ledger->states[i].count == 0 && !ledger->states[i].completed;
    if (!one)
        ledger_print(ledger);
    FUZZ_ASSERT(one, "%s: there is nothing: %s", who, cairn_message());
    begin_states(ledger);
}

/* --- while calls fail -----------------------------------------------------------------------------------
 */

bool ledger_holds(const struct ledger *ledger, unsigned step)
{
    const struct state *state = &ledger->states[0];

    if (ledger->state_count != 1 || state->optional || ledger->steps[step].kind != STEP_CHECKPOINT ||
        ledger->steps[step].id[0] == '\0')
        return false;
    for (unsigned k = state->kept_by == NOBODY ? 0 : 1; k < state->count; k++) {
        if (state->at[k] == step)
            return true;
    }
    return false;
}

/* was_recorded -- whether this is the data of some step, and of that one whose id it has, if it is known. */
static bool was_recorded(const struct ledger *ledger, const char *id, const void *data, size_t size)
{
    const uint64_t hash = XXH3_64bits(data, size);
    bool some = false;

    for (unsigned i = 0; i < ledger->step_count; i++) {
        const struct step *step = &ledger->steps[i];
        if (step->kind != STEP_CHECKPOINT)
            continue;
        const bool same = step->size == size && step->hash == hash;
        if (id && !ledger->directory && strcmp(step->id, id) == 0)
            return same;
        some |= same;
    }
    return some;
}

/* may_be_empty -- whether nothing may be recorded. */
static bool may_be_empty(const struct ledger *ledger)
{
    return ledger_may_be_latest(ledger, NULL, 0);
}

bool ledger_may_fail(enum ledger_fails fails, int error)
{
    if (error == CAIRN_ECORRUPT)
        return fails == FAILS_SOMETHING;
    return error != CAIRN_EIO || fails != FAILS_NO_CALL;
}

static void glance_at_latest(const struct look *look, struct cairn_op *op, const struct cairn_ctx *ctx,
                             enum ledger_fails fails)
{
    const bool want = fails == FAILS_NO_CALL;
    const struct ledger *ledger = look->ledger;
    struct cairn_id id;
    void *data;
    size_t size;

    int error = cairn_latest(op, ctx, &data, &size);
    LOOK_ASSERT(error != CAIRN_ENONE || may_be_empty(ledger), look, "%s: latest gives none", look->who);
    if (error == 0) {
        LOOK_ASSERT(ledger_may_be_latest(ledger, data, size), look, "%s: this is not the latest", look->who);
        cairn_free(data);
    }
    LOOK_ASSERT(ledger_may_fail(fails, error), look, "%s: latest: %s", look->who, cairn_message());
    error = cairn_latest_intact(op, ctx, &id, &data, &size);
    LOOK_ASSERT(!want || error != CAIRN_ENONE || may_be_empty(ledger), look, "%s: none is intact", look->who);
    if (error == 0) {
        LOOK_ASSERT(was_recorded(ledger, id.text, data, size), look, "%s: %s is no latest intact one",
                    look->who, id.text);
        LOOK_ASSERT(!want || ledger_may_be_latest(ledger, data, size), look, "%s: %s is not the latest",
                    look->who, id.text);
        cairn_free(data);
    }
}

/* may_count -- whether there may be so many. */
static bool may_count(const struct ledger *ledger, uint64_t count)
{
    for (unsigned i = 0; i < ledger->state_count; i++) {
        const struct state *state = &ledger->states[i];
        if (count <= state->count && count + (unsigned)__builtin_popcountll(state->optional) >= state->count)
            return true;
    }
    return false;
}

void ledger_glance(const struct ledger *ledger, struct cairn_op *op, const struct cairn_ctx *ctx,
                   enum ledger_fails fails, const char *who)
{
    static struct look look;
    const bool want = fails == FAILS_NO_CALL;
    struct cairn_stat stat;
    void *data;
    size_t size;

    look.count = look.lost = 0;
    look.faulty = !want;
    look.who = who;
    look.ledger = ledger;
    int error = cairn_list(op, ctx, show, &look);
    LOOK_ASSERT(error || look.lost || may_count(ledger, look.count), &look, "%s: not all is listed", who);
    for (unsigned i = 0; i < look.count; i++) {
        error = cairn_load(op, ctx, look.at[i].id, &data, &size);
        LOOK_ASSERT(error != CAIRN_ENOTFOUND && ledger_may_fail(fails, error), &look,
                    "%s: %s is listed, and cannot be loaded: %d, %s", who, look.at[i].id, error,
                    cairn_message());
        if (error)
            continue;
        LOOK_ASSERT(was_recorded(ledger, look.at[i].id, data, size), &look, "%s: %s is other data", who,
                    look.at[i].id);
        cairn_free(data);
    }
    glance_at_latest(&look, op, ctx, fails);
    error = cairn_stat(op, ctx, &stat);
    LOOK_ASSERT(error || stat.lost || may_count(ledger, stat.count), &look, "%s: stat counts %" PRIu64, who,
                stat.count);
    LOOK_ASSERT(!want || error || !stat.damaged, &look, "%s: stat tells of damage", who);
    error = cairn_verify(op, ctx, NULL);
    LOOK_ASSERT(!want || error != CAIRN_ECORRUPT, &look, "%s: verify: %s", who, cairn_message());
}
