/* trial_errors.c -- see trials.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "torture/rerun.h"
#include "torture/trials.h"

struct failing {
    struct worker *worker;
    struct states_counts *counts;
    struct tree before;
    const struct injection *injection; /* that is under way */
};

/* describe -- which call, or which allocation, fails how. */
static void describe(void *arg)
{
    const struct failing *failing = arg;
    const struct injection *injection = failing->injection;
    const bool half = injection->kind == INJECT_HALF;
    char *note = failing->worker->note;
    const size_t size = sizeof(failing->worker->note);

    if (injection->call[0] == '\0')
        snprintf(note, size, "a run in which nothing was made to fail");
    else
        snprintf(note, size, "%s %" PRIu64 ", %s, %s%s%s%s%s",
                 injection->kind == INJECT_ALLOCATION ? "allocation" : "call", injection->at, injection->call,
                 half ? "does half" : "fails: ", half ? "" : strerror(injection->error),
                 injection->from_then_on ? "; and all after it" : "", injection->source[0] ? ", at " : "",
                 injection->source);
}

/* test_failed -- a state that the failure of a call or an allocation has left, or a power cut after it. */
static bool test_failed(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                        uint64_t hash, size_t acks)
{
    struct failing *failing = arg;
    struct worker *worker = failing->worker;
    struct failure failure = {.acks = acks, .kind = failing->injection->kind == INJECT_ALLOCATION};

    if (failing->injection->call[0] && hashes_add(&worker->met, states_key(hash ^ model->profile, acks))) {
        failing->counts->distinct++;
        if (worker_check(worker, tree, hash, model->at, acks, model->profile != PROFILE_KILL,
                         &failure.checked))
            worker_found(worker, &failure, model, lost, hash);
    }
    tree_release(tree);
    return worker_goes_on(worker);
}

/* run -- the workload once more, with that injection. */
static struct rerun run(struct failing *failing, struct injection injection)
{
    struct rerun rerun = {
        .worker = failing->worker, .before = &failing->before, .injection = injection, .describe = describe};

    rerun.injection.quiet = true;
    rerun.injection.reads = true;
    rerun.injection.ends_with_it = true;
    rerun.injection.timeout_s = failing->worker->campaign->timeout_s;
    failing->injection = &rerun.injection;
    (void)rerun_states(&rerun, 0, test_failed, failing);
    failing->injection = NULL;
    return rerun;
}

/* fail_one -- once, and from then on: whether there is such a call or allocation. */
static bool fail_one(struct failing *failing, struct injection injection)
{
    bool hit = false;

    for (int i = 0; i < 2 && worker_goes_on(failing->worker); i++) {
        injection.from_then_on = i == 1;
        failing->counts->made++;
        const struct rerun rerun = run(failing, injection);
        hit |= rerun.injection.call[0] != '\0';
        if (injection.kind == INJECT_ALLOCATION && WIFSIGNALED(rerun.status) && !rerun.injection.timed_out)
            failing->worker->allocated.crashes++;
        /* Who tries again after EINTR is right to, and would do so for ever. */
        if (injection.error == EINTR)
            break;
    }
    return hit;
}

/* fail_call -- that call, in each way. */
static bool fail_call(struct failing *failing, uint64_t at)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE, ENOMEM, 0};
    bool hit = false;

    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        const struct injection injection = {
            .kind = errors[i] ? INJECT_ERROR : INJECT_HALF, .error = errors[i], .at = at};
        hit |= fail_one(failing, injection);
    }
    return hit;
}

/* run_as_it_was -- with nothing that fails: the directory is another one, of another file system. */
static void run_as_it_was(struct failing *failing)
{
    struct worker *worker = failing->worker;
    const struct rerun rerun = run(failing, (struct injection){.kind = INJECT_NOTHING});

    worker->unlike = rerun.status != worker->campaign->trace->status;
}

/* count_allocations -- by a run in which none fails. */
static void count_allocations(struct failing *failing)
{
    struct worker *worker = failing->worker;
    const struct rerun rerun = run(failing, (struct injection){.kind = INJECT_ALLOCATION});

    worker->allocated.unlike = rerun.status != worker->campaign->trace->status;
    worker->allocated.seen = rerun.injection.allocations;
}

/* fail_allocations -- the worker's share of them: of all, or of as many as are asked for, which are the
 * first, the last and some evenly between these. */
static void fail_allocations(struct failing *failing)
{
    struct worker *worker = failing->worker;
    const struct campaign *campaign = worker->campaign;
    const uint64_t seen = worker->allocated.unlike ? 0 : worker->allocated.seen,
                   tries = seen < campaign->allocations ? seen : campaign->allocations;

    for (uint64_t i = worker->index; i < tries && worker_goes_on(worker); i += campaign->workers) {
        const uint64_t at = 1 + (tries > 1 ? i * (seen - 1) / (tries - 1) : 0);
        const struct injection injection = {.kind = INJECT_ALLOCATION, .error = ENOMEM, .at = at};
        worker->allocated.failed += fail_one(failing, injection);
    }
}

void trial_errors(struct worker *worker, struct states_counts *counts)
{
    const struct campaign *campaign = worker->campaign;
    struct failing failing = {.worker = worker, .counts = counts};

    rerun_before(campaign, &failing.before);
    run_as_it_was(&failing);
    if (campaign->allocations)
        count_allocations(&failing);
    for (uint64_t at = worker->index + 1; worker_goes_on(worker) && fail_call(&failing, at);
         at += campaign->workers)
        counts->points = at;
    fail_allocations(&failing);
    tree_release(&failing.before);
}
