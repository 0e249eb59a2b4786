/* follower.c -- see follower.h. */
#include "fuzz/follower.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz/target.h"

#define BIT(k) ((uint64_t)1 << (k))

static_assert(LEDGER_STEPS <= 64, "sets of steps are of 64 bits");

struct walk {
    struct follower *follower;
    const struct ledger *ledger;
    enum ledger_fails fails;
    unsigned count;  /* of the entries */
    uint64_t number; /* of the last */
    bool ends;       /* with the first */
    bool follows;    /* nothing is to be shown again */
    bool lost;       /* one could not be read, so that it is not known what is behind the mark */
};

#define WALK_ASSERT(condition, walk, ...)                                                                    \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            ledger_print((walk)->ledger);                                                                    \
        FUZZ_ASSERT(condition, __VA_ARGS__);                                                                 \
    } while (0)

/* matches -- whether what is shown may be number k of the state. */
static bool matches(const struct ledger *ledger, const struct state *state, unsigned k,
                    const struct cairn_entry *entry)
{
    const struct step *step = &ledger->steps[state->at[k]];
    const bool kept = k == 0 && state->kept_by < LEDGER_STEPS;
    const struct step *named = kept ? &ledger->steps[state->kept_by] : step;

    return entry->size == step->size && strcmp(entry->label, named->label) == 0 &&
           (named->id[0] == '\0' || strcmp(entry->id, named->id) == 0);
}

/* may_be -- the checkpoints that this may be. */
static uint64_t may_be(const struct ledger *ledger, const struct cairn_entry *entry)
{
    uint64_t set = 0;

    for (unsigned i = 0; i < ledger->state_count; i++) {
        const struct state *state = &ledger->states[i];
        for (unsigned k = 0; k < state->count; k++)
            set |= matches(ledger, state, k, entry) ? BIT(state->at[k]) : 0;
    }
    return set;
}

/* possible -- those that may be there. */
static uint64_t possible(const struct ledger *ledger)
{
    uint64_t set = 0;

    for (unsigned i = 0; i < ledger->state_count; i++)
        for (unsigned k = 0; k < ledger->states[i].count; k++)
            set |= BIT(ledger->states[i].at[k]);
    return set;
}

/* certain -- those that are there, whichever state it is. */
static uint64_t certain(const struct ledger *ledger)
{
    uint64_t all = UINT64_MAX;

    for (unsigned i = 0; i < ledger->state_count; i++) {
        const struct state *state = &ledger->states[i];
        uint64_t set = 0;
        for (unsigned k = 0; k < state->count; k++)
            set |= state->optional >> k & 1 ? 0 : BIT(state->at[k]);
        all &= set;
    }
    return all;
}

static int show(void *arg, const struct cairn_entry *entry)
{
    struct walk *walk = arg;
    struct follower *follower = walk->follower;
    const uint64_t which = may_be(walk->ledger, entry);

    if (entry->error) {
        WALK_ASSERT(walk->fails == FAILS_SOMETHING ||
                        (walk->fails == FAILS_READING && entry->error == CAIRN_EIO),
                    walk, "%s is whole, and shown with %d: %s", entry->id, entry->error, entry->reason);
        walk->count++;
        walk->lost = true;
        return 0;
    }
    WALK_ASSERT(which, walk, "what is shown as new was not recorded: %s, %" PRIu64 " bytes, \"%.20s\"",
                entry->id, entry->size, entry->label);
    WALK_ASSERT((which & ~follower->shown) || !walk->follows, walk, "%s is shown again", entry->id);
    WALK_ASSERT(walk->count == 0 || walk->lost || entry->number > walk->number, walk,
                "%s is shown behind number %" PRIu64, entry->id, walk->number);
    walk->count++;
    walk->number = entry->number;
    follower->past |= which;
    follower->last = which & (which - 1) ? 0 : which;
    follower->shown |= follower->last;
    return walk->ends;
}

/* pass -- all that there is now is behind the mark. */
static void pass(struct follower *follower, const struct ledger *ledger)
{
    const struct state *state = &ledger->states[0];
    const bool one = ledger->state_count == 1 && state->count;

    follower->past |= possible(ledger);
    follower->shown |= certain(ledger);
    follower->last = one ? BIT(state->at[state->count - 1]) : 0;
}

/* follows -- whether what was shown is not to be shown again. A directory's mark is the file that was shown
 * last: where that was removed, and by a call that failed before it had removed the older ones, they are. */
static bool follows(const struct follower *follower, const struct ledger *ledger)
{
    return !ledger->directory || (follower->last & certain(ledger));
}

/* look -- one walk. *count is how many were shown. */
static int look(struct follower *follower, const struct ledger *ledger, struct cairn_op *op,
                const struct cairn_ctx *ctx, enum ledger_fails fails, unsigned how, unsigned *count)
{
    struct walk walk = {.follower = follower,
                        .ledger = ledger,
                        .fails = fails,
                        .ends = how & FOLLOWER_ENDS,
                        .follows = follows(follower, ledger)};

    const int error = cairn_list_since(op, ctx, &follower->mark, how & FOLLOWER_PASSES ? NULL : show, &walk);
    *count = walk.count;
    if (walk.lost)
        follower->past |= possible(ledger);
    if (error)
        return error > 0 ? 0 : error;
    if (how & FOLLOWER_PASSES)
        pass(follower, ledger);
    const uint64_t missing = certain(ledger) & ~follower->past;
    for (unsigned k = 0; k < LEDGER_STEPS; k++)
        WALK_ASSERT((missing >> k & 1) == 0, &walk, "step %u's checkpoint is new, and is not shown", k);
    return 0;
}

int follower_look(struct follower *follower, const struct ledger *ledger, struct cairn_op *op,
                  const struct cairn_ctx *ctx, enum ledger_fails fails, unsigned how)
{
    unsigned count;

    int error = look(follower, ledger, op, ctx, fails, how, &count);
    if (error || (how & (FOLLOWER_PASSES | FOLLOWER_ENDS)))
        return error;
    error = look(follower, ledger, op, ctx, fails, how, &count);
    FUZZ_ASSERT(error || count == 0, "what was shown is shown again");
    return error;
}
