/* worker.h -- one of those who run the check, each in a sandbox of its own.
 *
 * Which states there are is a matter of what is tried: trials.h.
 */
#ifndef TORTURE_WORKER_H
#define TORTURE_WORKER_H

#include <time.h>

#include "torture/campaign.h"
#include "torture/oracle.h"
#include "torture/sandbox.h"

/* What workers tell: a byte of what it is, and then it. */
enum message {
    MESSAGE_TESTED = 1, /* a number of checks, uint64_t */
    MESSAGE_FAILURE,    /* wire_send_failure() */
    MESSAGE_END         /* struct ending */
};

struct ending {
    struct states_counts counts;
    uint64_t tested, failed, recoveries, refused;
    struct allocated allocated;
    bool stopped, late, unlike, broken;
};

struct worker {
    const struct campaign *campaign;
    struct sandbox *sandbox;
    unsigned index;
    int out;
    const struct trace *trace; /* the campaign's; or of another run, while that is crashed */
    struct oracle oracle;
    char *acks;     /* all that was acknowledged in it */
    char note[400]; /* what is done to that other run; "" */
    uint64_t tested, told, failed, recoveries, refused;
    struct allocated allocated;
    struct hashes met; /* states that were tested, as far as a trial notes that */
    struct timespec begun;
    bool late;   /* the time is up */
    bool unlike; /* as in struct result */
    bool broken;
};

/* worker_run -- does its part of the campaign, and tells `out`. */
void worker_run(struct worker *worker, struct sandbox *sandbox);

/* worker_check -- whether the check fails on the tree, whose hash that is, when so many operations of the
 * campaign's trace had been done, and the first `acks` bytes been acknowledged. `cut`: the power was cut. */
bool worker_check(struct worker *worker, const struct tree *tree, uint64_t hash, size_t at, size_t acks,
                  bool cut, struct checked *checked);

/* worker_found -- a state fails, of which `point`, `acks` and `checked` are filled in: it is made smaller,
 * and told. Its kind is by what is lost; what stands there already is added to it, and keeps kinds apart. */
void worker_found(struct worker *worker, struct failure *failure, const struct model *model,
                  const uint8_t *lost, uint64_t hash);

/* worker_tell -- the same as it is. */
void worker_tell(struct worker *worker, const struct failure *failure);

/* worker_goes_on -- false if enough has failed, or the time is up. Tells how far it has come, now and then.
 */
bool worker_goes_on(struct worker *worker);

#endif
