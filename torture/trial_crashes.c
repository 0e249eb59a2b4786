/* trial_crashes.c -- see trials.h. Each worker makes all states, and tests those whose hash is its share. */
#include <stdlib.h>

#include "torture/memory.h"
#include "torture/recorder.h"
#include "torture/trials.h"

/* A check that is crashed itself. */
struct recovery {
    struct worker *worker;
    size_t at, acks; /* of the campaign's trace: what had been done and acknowledged before it */
};

static struct states_options options_of(const struct campaign *campaign)
{
    return (struct states_options){.profile = campaign->profile,
                                   .seed = campaign->seed,
                                   .samples = campaign->samples,
                                   .dropped = campaign->dropped,
                                   .from = campaign->from,
                                   .to = campaign->to};
}

/* test_recovery -- a state in which a check was that crashed itself: it must pass now. */
static bool test_recovery(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                          uint64_t hash, size_t acks)
{
    const struct recovery *recovery = arg;
    struct worker *worker = recovery->worker;
    struct failure failure = {.point = recovery->at, .acks = recovery->acks};

    (void)acks; /* what the check prints promises nothing */
    if (hashes_add(&worker->met, states_key(hash, recovery->acks)) &&
        worker_check(worker, tree, hash, recovery->at, recovery->acks, model->profile != PROFILE_KILL,
                     &failure.checked))
        worker_found(worker, &failure, model, lost, hash);
    tree_release(tree);
    return worker_goes_on(worker);
}

/* crash_recovery -- runs the check again on a state that it has passed, recorded, and crashes that. */
static void crash_recovery(struct worker *worker, const struct tree *tree, uint64_t hash, size_t at,
                           size_t acks)
{
    const struct campaign *campaign = worker->campaign;
    const bool killed = campaign->profile == PROFILE_KILL;
    const struct states_options options = {.profile = campaign->profile,
                                           .seed = campaign->seed ^ hash,
                                           .samples = campaign->samples,
                                           .dropped = DROPPED_NONE,
                                           .to = SIZE_MAX};
    const struct check check = {.fault = profile_fault(campaign->profile, campaign->profile),
                                .acks = worker->acks,
                                .acks_size = acks};
    struct recovery recovery = {worker, at, acks};
    struct injection injection = {.ends_with_it = true, .quiet = true, .timeout_s = campaign->timeout_s};
    char *copy = memory_text(campaign->check), *words[CHECK_WORDS_MAX + 1];
    struct states_counts counts;
    struct trace trace;

    library_forget(&worker->oracle.library); /* who records waits for all processes */
    check_words(words, copy);
    sandbox_boot(worker->sandbox, killed ? 0 : hash | 1);
    if (sandbox_lay(worker->sandbox, tree) && check_prepare(worker->sandbox, &check) &&
        recorder_run(&trace, worker->sandbox->dir, words, &injection)) {
        worker->recoveries++;
        worker->trace = &trace;
        if (trace.gap_count == 0)
            states_all(&trace, &options, test_recovery, &recovery, &counts);
        worker->trace = campaign->trace;
        trace_release(&trace);
    }
    free(copy);
}

static bool test_crash(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                       uint64_t hash, size_t acks)
{
    struct worker *worker = arg;
    const struct campaign *campaign = worker->campaign;
    struct failure failure = {.point = model->at, .acks = acks};
    const bool is_ours = hash % campaign->workers == worker->index &&
                         !(campaign->known && hashes_has(campaign->known, states_key(hash, acks)));

    if (!is_ours)
        ;
    else if (worker_check(worker, tree, hash, model->at, acks, model->profile != PROFILE_KILL,
                          &failure.checked))
        worker_found(worker, &failure, model, lost, hash);
    else if (campaign->deep && campaign->oracle != ORACLE_HISTORY &&
             hash / campaign->workers % campaign->deep == 0)
        crash_recovery(worker, tree, hash, model->at, acks);
    tree_release(tree);
    return worker_goes_on(worker);
}

void trial_crashes(struct worker *worker, struct states_counts *counts)
{
    const struct states_options options = options_of(worker->campaign);

    states_all(worker->campaign->trace, &options, test_crash, worker, counts);
}

static bool note_state(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                       uint64_t hash, size_t acks)
{
    (void)model;
    (void)lost;
    hashes_add(arg, states_key(hash, acks));
    tree_release(tree);
    return true;
}

void campaign_states(const struct campaign *campaign, struct hashes *states)
{
    const struct states_options options = options_of(campaign);
    struct states_counts counts;

    states_all(campaign->trace, &options, note_state, states, &counts);
}
