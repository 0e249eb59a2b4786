/* campaign.h -- a check on every state that a crash may have left, by several workers at once.
 *
 * Each worker makes all states, and runs the check on those whose hash is its share; so they need to tell
 * each other nothing, and a state that is met twice is tested once. A state that fails is made smaller: as
 * long as the check still fails, one loss after the other is given up.
 */
#ifndef TORTURE_CAMPAIGN_H
#define TORTURE_CAMPAIGN_H

#include "torture/failure.h"
#include "torture/hashes.h"
#include "torture/oracle.h"

struct campaign {
    const struct trace *trace;
    enum profile profile;
    enum oracle_kind oracle;
    const char *check;   /* or what recovers; "" if there is neither */
    const char *library; /* which that check calls: it is loaded, and called as library.h says; NULL */
    const struct readings *readings; /* for the oracle of these */
    char *const *command;            /* the workload, to be run again */
    unsigned timeout_s;
    uint64_t seed;
    unsigned samples;
    unsigned workers;
    unsigned failures_max; /* a worker that has met so many stops */
    unsigned seconds;      /* after so many it stops, too; 0: never */
    unsigned rounds;       /* of PROFILE_ROUNDS */
    unsigned allocations;  /* of PROFILE_ERRORS: so many are tried at most */
    bool cuts;             /* the power is cut in some of them, too */
    unsigned deep;         /* one state in so many is crashed again, while the check is at it; 0: none */
    size_t dropped;        /* as in states_options, as are the next two */
    size_t from, to;
    const struct hashes *known; /* states that need not be tested; NULL */
    bool progress;              /* on stderr */
};

/* The workload's allocations of memory, as PROFILE_ERRORS sees them. */
struct allocated {
    uint64_t seen;    /* in a run in which none fails */
    uint64_t failed;  /* of these, so many were made to fail */
    uint64_t crashes; /* runs that a signal has ended then */
    bool unlike;      /* that run ended otherwise than one in which they are not counted: none was tried */
};

struct result {
    struct states_counts counts;
    uint64_t tested, failed;
    uint64_t recoveries; /* checks that were crashed themselves */
    struct allocated allocated;
    uint64_t refused; /* rounds in which the workload ended otherwise than well, and was not killed */
    bool stopped;     /* not all states were tested, for too many failed */
    bool late;        /* the same, for the time was up */
    bool unlike;      /* a run in which nothing was made to fail ended otherwise than the recorded one */
    bool broken;      /* a worker could not do its work; why is on stderr */
    struct failure *failures; /* one for each kind */
    size_t failure_count, failure_space;
};

/* result_is_part -- whether it tells of a part of the states only. */
static inline bool result_is_part(const struct result *result)
{
    return result->late || result->unlike;
}

/* campaign_run -- *result is to be released whatever happens. */
void campaign_run(const struct campaign *campaign, struct result *result);
void result_release(struct result *result);

/* campaign_states -- which states there are, for `known`. */
void campaign_states(const struct campaign *campaign, struct hashes *states);

#endif
