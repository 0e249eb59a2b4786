/* states.h -- the states in which a crash may leave the directory, one after the other.
 *
 * At each point of a trace, from first to last: nothing lost and everything; each of the latest parts alone
 * lost, and alone kept; the latest operations cut off one by one; all combinations, if there are few parts;
 * the latest pages torn; and a number of combinations by a random sequence. Which of them are the same is
 * told by their hash.
 */
#ifndef TORTURE_STATES_H
#define TORTURE_STATES_H

#include "torture/model.h"
#include "torture/rot.h"

/* A part that a crash has lost, or some sectors of it. */
struct loss {
    size_t op;
    enum part_kind kind;
    uint32_t number;
    uint8_t sectors;
};

/* A state, to be made again from its trace. */
struct crash {
    enum profile profile;
    size_t dropped; /* a sync that was taken for none; DROPPED_NONE */
    size_t at;      /* so many operations had taken effect */
    struct loss *losses;
    size_t count;
    struct rot rot; /* of the profile of that name: nothing is lost there */
    uint64_t hash;  /* of the tree */
};

struct states_options {
    enum profile profile;
    uint64_t seed;
    unsigned samples; /* by the random sequence, at each point */
    size_t dropped;   /* a sync that is taken for none; DROPPED_NONE */
    size_t from, to;  /* crashes behind so many operations at least, and fewer than that */
};

struct states_counts {
    uint64_t points;     /* of the trace */
    uint64_t made;       /* combinations that were looked at */
    uint64_t distinct;   /* states among them */
    uint64_t incomplete; /* points with more combinations than were looked at */
};

/* states_all -- calls `fn` for each distinct state: the model stands where the crash was, lost[] is what is
 * lost, and `acks` is how many bytes had been acknowledged. `fn` takes the tree over. A result other than
 * true ends it. */
typedef bool states_fn(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                       uint64_t hash, size_t acks);
void states_all(const struct trace *trace, const struct states_options *options, states_fn *fn, void *arg,
                struct states_counts *counts);

/* states_key -- a number for a tree of that hash when so many bytes had been acknowledged: the same for equal
 * states. */
uint64_t states_key(uint64_t hash, size_t acks);

/* crash_take -- the state as such; crash_release() frees it. */
void crash_take(struct crash *crash, const struct model *model, const uint8_t *lost, uint64_t hash);
void crash_release(struct crash *crash);

/* crash_make -- the tree again, which is to be released, and the crash becomes what the profile allows of it.
 * False if it does not fit the trace. */
bool crash_make(struct crash *crash, const struct trace *trace, struct tree *tree);

#endif
