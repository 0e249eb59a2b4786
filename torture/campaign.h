/* campaign.h -- a check on every state that a crash may have left, by several workers at once.
 *
 * Each worker makes all states, and runs the check on those whose hash is its share; so they need to tell
 * each other nothing, and a state that is met twice is tested once. A state that fails is made smaller: as
 * long as the check still fails, one loss after the other is given up.
 */
#ifndef TORTURE_CAMPAIGN_H
#define TORTURE_CAMPAIGN_H

#include "torture/check.h"
#include "torture/hashes.h"
#include "torture/states.h"

struct campaign {
    const struct trace *trace;
    enum profile profile;
    const char *check;
    char *const *command; /* the workload, to be run again */
    unsigned timeout_s;
    uint64_t seed;
    unsigned samples;
    unsigned workers;
    unsigned failures_max; /* a worker that has met so many stops */
    unsigned deep;         /* one state in so many is crashed again, while the check is at it; 0: none */
    size_t dropped;        /* as in states_options, as are the next two */
    size_t from, to;
    const struct hashes *known; /* states that need not be tested; NULL */
    bool progress;              /* on stderr */
};

struct failure {
    struct crash crash;
    struct trace *trace; /* of the check, if it was that which crashed; else NULL: the campaign's */
    size_t acks;         /* bytes that had been acknowledged */
    char *acked;         /* these */
    char note[400];      /* which call failed how; "" */
    struct checked checked;
    uint64_t kind;  /* the same for those that are taken for one fault in the program */
    uint64_t alike; /* how many states of that kind failed, this one included */
};

struct result {
    struct states_counts counts;
    uint64_t tested, failed;
    uint64_t recoveries;      /* checks that were crashed themselves */
    bool stopped;             /* not all states were tested, for too many failed */
    bool broken;              /* a worker could not do its work; why is on stderr */
    struct failure *failures; /* one for each kind */
    size_t failure_count, failure_space;
};

/* campaign_run -- *result is to be released whatever happens. */
void campaign_run(const struct campaign *campaign, struct result *result);
void result_release(struct result *result);

/* campaign_states -- which states there are, for `known`. */
void campaign_states(const struct campaign *campaign, struct hashes *states);

/* acks_size -- how many bytes the workload had printed by that operation; acks_take -- a copy of them. */
size_t acks_size(const struct trace *trace, size_t at);
void *acks_take(const struct trace *trace, size_t size);

#endif
