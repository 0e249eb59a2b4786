/* worker.c -- see worker.h. */
#include "torture/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "torture/acks.h"
#include "torture/memory.h"
#include "torture/trials.h"
#include "torture/wire.h"

#define SHRINKS_MAX 400 /* checks that are spent on making one failing state smaller */
#define TELLS_EVERY 64  /* checks */

static void tell(const struct worker *worker, enum message message, const void *data, size_t size)
{
    const uint8_t kind = (uint8_t)message;

    if (!wire_send(worker->out, &kind, 1) || !wire_send(worker->out, data, size))
        _exit(1); /* nobody listens any more */
}

bool worker_check(struct worker *worker, const struct tree *tree, uint64_t hash, size_t at, size_t acks,
                  bool cut, struct checked *checked)
{
    const struct question question = {
        .tree = tree,
        .hash = hash,
        .cut = cut,
        .fault = profile_fault(worker->campaign->profile, cut ? PROFILE_STRICT : PROFILE_KILL),
        .acks = worker->acks,
        .acks_size = acks,
        .at = at};

    oracle_ask(&worker->oracle, worker->sandbox, &question, checked);
    worker->tested++;
    if (checked->verdict == CHECK_NOT_RUN && !worker->broken) {
        fprintf(stderr, "cairn-torture: the check could not be run: %s\n", checked->output);
        worker->broken = true;
    }
    return checked->verdict != CHECK_PASSED && checked->verdict != CHECK_NOT_RUN;
}

/* try_without -- whether the check still fails when the losses from `begin` to `end` are given up. If so, the
 * failure becomes that. */
static bool try_without(struct worker *worker, struct failure *failure, size_t begin, size_t end)
{
    struct crash fewer = failure->crash;
    struct tree tree;
    struct checked checked;
    bool fails = false;

    fewer.count = 0;
    fewer.losses = memory_new((failure->crash.count + 1) * sizeof(*fewer.losses));
    for (size_t i = 0; i < failure->crash.count; i++) {
        if (i < begin || i >= end)
            fewer.losses[fewer.count++] = failure->crash.losses[i];
    }
    /* What was given up may be lost all the same, with something else. */
    if (crash_make(&fewer, worker->trace, &tree) && fewer.count < failure->crash.count)
        fails = worker_check(worker, &tree, fewer.hash, failure->point, failure->acks,
                             fewer.profile != PROFILE_KILL, &checked);
    tree_release(&tree);
    if (fails) {
        crash_release(&failure->crash);
        failure->crash = fewer;
        failure->checked = checked;
    } else {
        crash_release(&fewer);
    }
    return fails;
}

/* shrink -- gives up halves of the losses, then quarters, down to single ones until none is left to be given
 * up. */
static void shrink(struct worker *worker, struct failure *failure)
{
    unsigned tries = 0;
    bool fewer = true;

    for (size_t part = failure->crash.count;
         part > 0 && tries<SHRINKS_MAX; part = part> 1 ? part / 2 : fewer) {
        fewer = false;
        for (size_t i = 0; i < failure->crash.count && tries < SHRINKS_MAX; tries++) {
            const size_t end = i + part < failure->crash.count ? i + part : failure->crash.count;
            if (try_without(worker, failure, i, end))
                fewer = true;
            else
                i = end;
        }
    }
}

void worker_tell(struct worker *worker, const struct failure *failure)
{
    worker->failed++;
    tell(worker, MESSAGE_FAILURE, NULL, 0);
    if (!wire_send_failure(worker->out, failure, worker->acks))
        _exit(1);
}

void worker_found(struct worker *worker, struct failure *failure, const struct model *model,
                  const uint8_t *lost, uint64_t hash)
{
    failure->alike = 1;
    if (worker->trace != worker->campaign->trace) {
        failure->trace = (struct trace *)(uintptr_t)worker->trace;
        snprintf(failure->note, sizeof(failure->note), "%s", worker->note);
    }
    crash_take(&failure->crash, model, lost, hash);
    shrink(worker, failure);
    failure->kind += failure_kind(worker->trace, &failure->crash) + (failure->trace != NULL);
    worker_tell(worker, failure);
    crash_release(&failure->crash);
}

static bool time_is_up(const struct worker *worker)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return worker->campaign->seconds && now.tv_sec - worker->begun.tv_sec >= worker->campaign->seconds;
}

bool worker_goes_on(struct worker *worker)
{
    const uint64_t more = worker->tested - worker->told;

    if (more >= TELLS_EVERY) {
        tell(worker, MESSAGE_TESTED, &more, sizeof(more));
        worker->told = worker->tested;
    }
    worker->late = worker->late || time_is_up(worker);
    return worker->failed < worker->campaign->failures_max && !worker->broken && !worker->late;
}

void worker_run(struct worker *worker, struct sandbox *sandbox)
{
    const struct campaign *campaign = worker->campaign;
    struct ending ending = {.stopped = false};

    worker->sandbox = sandbox;
    worker->trace = campaign->trace;
    clock_gettime(CLOCK_MONOTONIC, &worker->begun);
    worker->oracle = (struct oracle){.kind = campaign->oracle,
                                     .command = campaign->check,
                                     .library = {.path = campaign->library},
                                     .timeout_s = campaign->timeout_s,
                                     .readings = campaign->readings};
    if (campaign->oracle == ORACLE_HISTORY)
        worker->oracle.history = history_make(campaign->trace);
    worker->acks = acks_take(campaign->trace, acks_size(campaign->trace, campaign->trace->count));
    switch (campaign->profile) {
    case PROFILE_ERRORS:
        trial_errors(worker, &ending.counts);
        break;
    case PROFILE_ROUNDS:
        trial_rounds(worker, &ending.counts);
        break;
    case PROFILE_ROT:
        trial_rot(worker, &ending.counts);
        break;
    default:
        trial_crashes(worker, &ending.counts);
        break;
    }
    ending.tested = worker->tested - worker->told;
    ending.failed = worker->failed;
    ending.recoveries = worker->recoveries;
    ending.refused = worker->refused;
    ending.allocated = worker->allocated;
    ending.stopped = worker->failed >= campaign->failures_max;
    ending.late = worker->late;
    ending.unlike = worker->unlike;
    ending.broken = worker->broken;
    tell(worker, MESSAGE_END, &ending, sizeof(ending));
    library_forget(&worker->oracle.library);
    history_release(worker->oracle.history);
    hashes_release(&worker->met);
    free(worker->acks);
}
