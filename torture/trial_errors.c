/* trial_errors.c -- see trials.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "torture/rerun.h"
#include "torture/trials.h"

struct failing {
    struct worker *worker;
    struct states_counts *counts;
    struct tree before;
    const struct injection *injection; /* that is under way */
};

/* describe -- which call fails how. */
static void describe(struct worker *worker, const struct injection *injection)
{
    const bool half = injection->kind == INJECT_HALF;

    snprintf(worker->note, sizeof(worker->note), "call %" PRIu64 ", %s, %s%s%s", injection->at,
             injection->call, half ? "does half" : "fails: ", half ? "" : strerror(injection->error),
             injection->from_then_on ? "; and all after it" : "");
}

/* test_failed -- a state that a call's failure has left, or a power cut after it. */
static bool test_failed(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                        uint64_t hash, size_t acks)
{
    struct failing *failing = arg;
    struct worker *worker = failing->worker;
    struct failure failure = {.acks = acks};

    if (failing->injection->call[0] && hashes_add(&worker->met, states_key(hash ^ model->profile, acks))) {
        failing->counts->distinct++;
        describe(worker, failing->injection);
        if (worker_check(worker, tree, hash, model->at, acks, model->profile != PROFILE_KILL,
                         &failure.checked))
            worker_found(worker, &failure, model, lost, hash);
    }
    tree_release(tree);
    return worker_goes_on(worker);
}

/* fail_call -- false if there is no such call. */
static bool fail_call(struct failing *failing, struct injection injection)
{
    struct rerun rerun = {.worker = failing->worker, .before = &failing->before, .injection = injection};

    rerun.injection.quiet = true;
    rerun.injection.timeout_s = failing->worker->campaign->timeout_s;
    failing->injection = &rerun.injection;
    failing->counts->made++;
    return rerun_states(&rerun, 0, test_failed, failing) && rerun.injection.call[0];
}

/* fail_at -- that call, in each way. */
static bool fail_at(struct failing *failing, uint64_t at)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE, ENOMEM, 0};
    bool hit = false;

    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        struct injection injection = {
            .kind = errors[i] ? INJECT_ERROR : INJECT_HALF, .error = errors[i], .at = at};
        if (worker_goes_on(failing->worker))
            hit |= fail_call(failing, injection);
        injection.from_then_on = true;
        /* Who tries again after EINTR is right to, and would do so for ever. */
        if (errors[i] != EINTR && worker_goes_on(failing->worker))
            hit |= fail_call(failing, injection);
    }
    return hit;
}

void trial_errors(struct worker *worker, struct states_counts *counts)
{
    const struct campaign *campaign = worker->campaign;
    struct failing failing = {.worker = worker, .counts = counts};

    rerun_before(campaign, &failing.before);
    for (uint64_t at = worker->index + 1; worker_goes_on(worker) && fail_at(&failing, at);
         at += campaign->workers)
        counts->points = at;
    tree_release(&failing.before);
}
