/* campaign.c -- see campaign.h. */
#include "torture/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xxhash.h>

#include "torture/memory.h"
#include "torture/recorder.h"

#define WORKERS_MAX 64
#define SHRINKS_MAX 400 /* checks that are spent on making one failing state smaller */

/* --- what was acknowledged ---------------------------------------------------------------------------- */

size_t acks_size(const struct trace *trace, size_t at)
{
    size_t size = 0;

    for (size_t i = 0; i < at && i < trace->count; i++)
        size += trace->ops[i].kind == OP_ACK ? trace->ops[i].data_size : 0;
    return size;
}

void *acks_take(const struct trace *trace, size_t size)
{
    char *text = memory_new(size + 1);
    size_t at = 0;

    for (size_t i = 0; i < trace->count && at < size; i++) {
        const struct op *op = &trace->ops[i];
        if (op->kind != OP_ACK)
            continue;
        const size_t part = op->data_size < size - at ? op->data_size : size - at;
        memcpy(text + at, op->data, part);
        at += part;
    }
    return text;
}

/* --- a worker ----------------------------------------------------------------------------------------- */

/* What workers tell: a byte of what it is, and then it. */
enum message { MESSAGE_TESTED = 1, MESSAGE_FAILURE, MESSAGE_END };

struct worker {
    const struct campaign *campaign;
    struct sandbox *sandbox;
    unsigned index;
    int out;
    const struct trace *trace; /* the campaign's; or of a check, while that is crashed */
    char *acks;                /* all of them */
    size_t acked;              /* bytes of them, while a check is crashed */
    uint64_t tested, told, failed, recoveries;
    uint64_t states;   /* distinct ones that failing calls left */
    char note[400];    /* which call fails how */
    struct hashes met; /* states that checks were crashed in */
    bool broken;
};

static bool send_all(int out, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        const ssize_t n = write(out, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static void tell(const struct worker *worker, enum message message, const void *data, size_t size)
{
    const uint8_t kind = (uint8_t)message;

    if (!send_all(worker->out, &kind, 1) || !send_all(worker->out, data, size))
        _exit(1); /* nobody listens any more */
}

/* tell_trace -- the trace as it stands in a file: how long, and then that. */
static void tell_trace(const struct worker *worker, const struct trace *trace)
{
    const int file = memfd_create("trace", MFD_CLOEXEC);
    char path[64], *bytes = NULL;
    uint64_t size = 0;
    struct stat st;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (file >= 0 && trace_save(trace, path) && fstat(file, &st) == 0) {
        size = (uint64_t)st.st_size;
        bytes = memory_new(size);
        if (pread(file, bytes, size, 0) != st.st_size)
            size = 0;
    }
    if (!send_all(worker->out, &size, sizeof(size)) || !send_all(worker->out, bytes, size))
        _exit(1);
    free(bytes);
    if (file >= 0)
        close(file);
}

static void tell_failure(const struct worker *worker, const struct failure *failure)
{
    tell(worker, MESSAGE_FAILURE, failure, sizeof(*failure));
    if (!send_all(worker->out, failure->crash.losses, failure->crash.count * sizeof(struct loss)))
        _exit(1);
    if (!send_all(worker->out, worker->acks, failure->acks))
        _exit(1);
    if (failure->trace)
        tell_trace(worker, failure->trace);
}

/* check_tree -- lays the tree out and runs the check; `cut`: the power was cut, and it is another boot. */
static void check_tree(struct worker *worker, const struct tree *tree, uint64_t hash, size_t acks, bool cut,
                       struct checked *checked)
{
    const struct campaign *campaign = worker->campaign;
    const struct check check = {.command = campaign->check,
                                .timeout_s = campaign->timeout_s,
                                .fault = profile_fault(campaign->profile),
                                .acks = worker->acks,
                                .acks_size = acks};

    sandbox_boot(worker->sandbox, cut ? hash | 1 : 0);
    *checked = (struct checked){.verdict = CHECK_NOT_RUN};
    if (sandbox_lay(worker->sandbox, tree))
        check_run(checked, worker->sandbox, &check);
    if (checked->verdict == CHECK_NOT_RUN && !worker->broken) {
        fprintf(stderr, "cairn-torture: the check could not be run: %s\n", checked->output);
        worker->broken = true;
    }
}

static bool is_failure(const struct checked *checked)
{
    return checked->verdict != CHECK_PASSED && checked->verdict != CHECK_NOT_RUN;
}

/* try_without -- whether the check still fails when the losses from `begin` to `end` are given up. If so, the
 * failure becomes that. */
static bool try_without(struct worker *worker, struct failure *failure, size_t begin, size_t end)
{
    struct crash fewer = failure->crash;
    struct tree tree;
    struct checked checked = {.verdict = CHECK_PASSED};

    fewer.count = 0;
    fewer.losses = memory_new((failure->crash.count + 1) * sizeof(*fewer.losses));
    for (size_t i = 0; i < failure->crash.count; i++) {
        if (i < begin || i >= end)
            fewer.losses[fewer.count++] = failure->crash.losses[i];
    }
    /* What was given up may be lost all the same, with something else. */
    if (crash_make(&fewer, worker->trace, &tree) && fewer.count < failure->crash.count) {
        check_tree(worker, &tree, fewer.hash, failure->acks, fewer.profile != PROFILE_KILL, &checked);
        worker->tested++;
    }
    tree_release(&tree);
    const bool fails = is_failure(&checked);
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

/* name_hash -- of a name, to which one with other digits is equal: step-1 and step-2 are alike. */
static uint64_t name_hash(const char *name)
{
    char text[256];
    size_t size = 0;

    for (; *name && size < sizeof(text); name++) {
        if (*name < '0' || *name > '9')
            text[size++] = *name;
        else if (size == 0 || text[size - 1] != '0')
            text[size++] = '0';
    }
    return XXH3_64bits(text, size);
}

/* kind_of -- a number for what was lost: two failures have the same one if the same calls did the same to
 * files of like names. It is taken for the same fault in the program. */
static uint64_t kind_of(const struct trace *trace, const struct crash *crash)
{
    uint64_t sum = crash->count == 0;

    /* What came later may be lost only because it cannot be there without that. */
    for (size_t i = 0; i < crash->count && i < 1; i++) {
        const struct op *op = &trace->ops[crash->losses[i].op];
        const char *name = op->name;
        for (size_t k = 0; *name == '\0' && k < trace->count; k++) {
            if (trace->ops[k].object == op->object)
                name = trace->ops[k].name;
        }
        const uint64_t parts[] = {op->kind, crash->losses[i].kind, XXH3_64bits(op->call, strlen(op->call)),
                                  name_hash(name)};
        if (i == 0 || crash->losses[i].op != crash->losses[i - 1].op)
            sum += XXH3_64bits(parts, sizeof(parts));
    }
    return sum;
}

static uint64_t state_key(uint64_t hash, size_t acks)
{
    return hash ^ (uint64_t)acks * 0x9e3779b97f4a7c15u;
}

/* found -- a state that fails: it is made smaller, and told. */
static void found(struct worker *worker, struct failure *failure, const struct model *model,
                  const uint8_t *lost, uint64_t hash)
{
    worker->failed++;
    failure->alike = 1;
    failure->trace =
        worker->trace == worker->campaign->trace ? NULL : (struct trace *)(uintptr_t)worker->trace;
    crash_take(&failure->crash, model, lost, hash);
    shrink(worker, failure);
    failure->kind = kind_of(worker->trace, &failure->crash) + (failure->trace != NULL);
    tell_failure(worker, failure);
    crash_release(&failure->crash);
}

static void worker_progress(struct worker *worker)
{
    const uint64_t more = worker->tested - worker->told;

    if (more < 64)
        return;
    tell(worker, MESSAGE_TESTED, &more, sizeof(more));
    worker->told = worker->tested;
}

static bool goes_on(const struct worker *worker)
{
    return worker->failed < worker->campaign->failures_max && !worker->broken;
}

/* test_recovery_state -- a state in which a check was that crashed itself: it must pass now. */
static bool test_recovery_state(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                                uint64_t hash, size_t acks)
{
    struct worker *worker = arg;
    struct failure failure = {.acks = worker->acked};

    (void)acks; /* what the check prints promises nothing */
    if (hashes_add(&worker->met, state_key(hash, worker->acked))) {
        check_tree(worker, tree, hash, worker->acked, model->profile != PROFILE_KILL, &failure.checked);
        worker->tested++;
        if (is_failure(&failure.checked))
            found(worker, &failure, model, lost, hash);
    }
    tree_release(tree);
    return goes_on(worker);
}

/* crash_recovery -- runs the check again on a state that it has passed, recorded, and crashes that. */
static void crash_recovery(struct worker *worker, const struct tree *tree, uint64_t hash, size_t acks)
{
    const struct campaign *campaign = worker->campaign;
    const bool killed = campaign->profile == PROFILE_KILL;
    const struct states_options options = {.profile = campaign->profile,
                                           .seed = campaign->seed ^ hash,
                                           .samples = campaign->samples,
                                           .dropped = DROPPED_NONE,
                                           .to = SIZE_MAX};
    const struct check check = {
        .fault = profile_fault(campaign->profile), .acks = worker->acks, .acks_size = acks};
    char *copy = memory_text(campaign->check), *words[CHECK_WORDS_MAX + 1];
    struct states_counts counts;
    struct trace trace;

    check_words(words, copy);
    sandbox_boot(worker->sandbox, killed ? 0 : hash | 1);
    if (sandbox_lay(worker->sandbox, tree) && check_prepare(worker->sandbox, &check) &&
        recorder_run(&trace, worker->sandbox->dir, words, NULL)) {
        worker->recoveries++;
        worker->trace = &trace;
        worker->acked = acks;
        if (trace.gap_count == 0)
            states_all(&trace, &options, test_recovery_state, worker, &counts);
        worker->trace = campaign->trace;
        trace_release(&trace);
    }
    free(copy);
}

static bool test_state(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                       uint64_t hash, size_t acks)
{
    struct worker *worker = arg;
    const struct campaign *campaign = worker->campaign;
    struct failure failure = {.acks = acks};

    if (hash % campaign->workers != worker->index ||
        (campaign->known && hashes_has(campaign->known, state_key(hash, acks)))) {
        tree_release(tree);
        return true;
    }
    check_tree(worker, tree, hash, acks, model->profile != PROFILE_KILL, &failure.checked);
    worker->tested++;
    if (is_failure(&failure.checked))
        found(worker, &failure, model, lost, hash);
    else if (campaign->deep && hash / campaign->workers % campaign->deep == 0)
        crash_recovery(worker, tree, hash, acks);
    tree_release(tree);
    worker_progress(worker);
    return goes_on(worker);
}

struct ending {
    struct states_counts counts;
    uint64_t tested, failed, recoveries;
    bool stopped, broken;
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

static bool note_state(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                       uint64_t hash, size_t acks)
{
    (void)model;
    (void)lost;
    hashes_add(arg, state_key(hash, acks));
    tree_release(tree);
    return true;
}

void campaign_states(const struct campaign *campaign, struct hashes *states)
{
    const struct states_options options = options_of(campaign);
    struct states_counts counts;

    states_all(campaign->trace, &options, note_state, states, &counts);
}

/* rotting -- a worker that goes through what may rot. */
struct rotting {
    struct worker *worker;
    const struct tree *whole;
    struct states_counts *counts;
};

static bool test_rot(void *arg, const struct rot *rot)
{
    const struct rotting *rotting = arg;
    struct worker *worker = rotting->worker;
    const struct trace *trace = worker->campaign->trace;
    struct failure failure = {.acks = acks_size(trace, trace->count), .alike = 1};
    struct tree tree;

    tree_clone(&tree, rotting->whole);
    rot_apply(rot, trace, &tree);
    const uint64_t hash = tree_hash(&tree);
    rotting->counts->made++;
    if (hashes_add(&worker->met, hash)) {
        rotting->counts->distinct++;
        if (hash % worker->campaign->workers == worker->index) {
            check_tree(worker, &tree, hash, failure.acks, true, &failure.checked);
            worker->tested++;
            if (is_failure(&failure.checked)) {
                worker->failed++;
                failure.crash = (struct crash){.profile = PROFILE_ROT,
                                               .dropped = DROPPED_NONE,
                                               .at = trace->count,
                                               .rot = *rot,
                                               .hash = hash};
                failure.kind = (uint64_t)rot->object << 8 | rot->kind;
                tell_failure(worker, &failure);
            }
        }
    }
    tree_release(&tree);
    return goes_on(worker);
}

/* rot -- each of what may rot, one at a time, in the directory as the workload has left it. */
static void rot(struct worker *worker, struct states_counts *counts)
{
    const struct trace *trace = worker->campaign->trace;
    struct rotting rotting = {.worker = worker, .counts = counts};
    struct tree whole;

    tree_begin(&whole, trace->objects);
    for (size_t i = 0; i < trace->count; i++)
        tree_apply(&whole, &trace->ops[i]);
    rotting.whole = &whole;
    hashes_add(&worker->met, tree_hash(&whole)); /* what has not rotted */
    counts->points = 1;
    rot_all(trace, &whole, worker->campaign->seed, 8 * worker->campaign->samples + 8, test_rot, &rotting);
    tree_release(&whole);
}

/* --- calls that fail --- */

/* test_failed_state -- a state that a call's failure has left, or a power cut after it. */
static bool test_failed_state(void *arg, const struct model *model, const uint8_t *lost, struct tree *tree,
                              uint64_t hash, size_t acks)
{
    struct worker *worker = arg;
    struct failure failure = {.acks = acks};

    memcpy(failure.note, worker->note, sizeof(failure.note));
    if (hashes_add(&worker->met, state_key(hash ^ model->profile, acks))) {
        check_tree(worker, tree, hash, acks, model->profile != PROFILE_KILL, &failure.checked);
        worker->tested++;
        worker->states++;
        if (is_failure(&failure.checked))
            found(worker, &failure, model, lost, hash);
    }
    tree_release(tree);
    return goes_on(worker);
}

static void tell_hang(struct worker *worker, const struct injection *injection)
{
    struct failure failure = {.alike = 1, .crash = {.profile = PROFILE_KILL, .dropped = DROPPED_NONE}};

    memcpy(failure.note, worker->note, sizeof(failure.note));
    failure.checked.verdict = CHECK_HUNG;
    snprintf(failure.checked.output, sizeof(failure.checked.output),
             "the workload itself did not end in %u seconds", injection->timeout_s);
    failure.crash.at = worker->trace->count;
    failure.kind = 1;
    failure.trace = (struct trace *)(uintptr_t)worker->trace;
    worker->failed++;
    tell_failure(worker, &failure);
}

/* run_with -- runs the workload with the injection, on the directory as it was, and checks what that leaves:
 * as it is, and after a power cut at the end. False if there was no such call. */
static bool run_with(struct worker *worker, const struct tree *before, struct injection *injection)
{
    static const enum profile profiles[] = {PROFILE_KILL, PROFILE_STRICT};
    const struct campaign *campaign = worker->campaign;
    struct states_counts counts;
    struct trace trace;

    sandbox_boot(worker->sandbox, 0);
    if (!sandbox_lay(worker->sandbox, before) ||
        !recorder_run(&trace, worker->sandbox->dir, campaign->command, injection)) {
        worker->broken = true;
        return false;
    }
    const bool hit = injection->call[0] != '\0';
    snprintf(worker->note, sizeof(worker->note), "call %" PRIu64 ", %s, %s%s", injection->at, injection->call,
             injection->error ? "fails: " : "does half", injection->error ? strerror(injection->error) : "");
    if (injection->from_then_on)
        strncat(worker->note, "; and all after it", sizeof(worker->note) - strlen(worker->note) - 1);
    if (injection->source[0]) {
        const size_t size = strlen(worker->note);
        snprintf(worker->note + size, sizeof(worker->note) - size, ", at %s", injection->source);
    }
    char *acks = worker->acks;
    worker->acks = acks_take(&trace, acks_size(&trace, trace.count));
    worker->trace = &trace;
    if (hit && injection->timed_out)
        tell_hang(worker, injection);
    for (size_t i = 0; i < 2 && hit && !injection->timed_out; i++) {
        const struct states_options options = {.profile = profiles[i],
                                               .seed = campaign->seed,
                                               .dropped = DROPPED_NONE,
                                               .from = trace.count,
                                               .to = SIZE_MAX};
        states_all(&trace, &options, test_failed_state, worker, &counts);
    }
    worker->trace = campaign->trace;
    free(worker->acks);
    worker->acks = acks;
    trace_release(&trace);
    return hit;
}

/* fail_calls -- each call in turn, with each error, once and from then on; the workers take turns. */
static void fail_calls(struct worker *worker, struct states_counts *counts)
{
    static const int errors[] = {EIO, ENOSPC, EINTR, EMFILE, ENOMEM, 0};
    const struct campaign *campaign = worker->campaign;
    struct tree before;

    tree_begin(&before, campaign->trace->objects);
    for (size_t i = 0; i < campaign->trace->count && (campaign->trace->ops[i].flags & OP_BASE); i++)
        tree_apply(&before, &campaign->trace->ops[i]);
    for (uint64_t at = 1; goes_on(worker); at++) {
        bool hit = false;
        for (size_t i = 0; i < sizeof(errors) / sizeof(*errors) && goes_on(worker); i++) {
            /* Who tries again after EINTR is right to, and would do so for ever. */
            for (int then_on = 0; then_on < (errors[i] == EINTR ? 1 : 2) && goes_on(worker); then_on++) {
                struct injection injection = {.error = errors[i],
                                              .at = at,
                                              .from_then_on = then_on,
                                              .quiet = true,
                                              .timeout_s = campaign->timeout_s};
                if (at % campaign->workers != worker->index)
                    continue;
                counts->made++;
                hit |= run_with(worker, &before, &injection);
            }
        }
        /* A worker whose turn it is not cannot tell: the trace has an operation or less for each call. */
        if ((at % campaign->workers == worker->index && !hit) || at > campaign->trace->count * 4 + 64)
            break;
        counts->points = at;
        worker_progress(worker);
    }
    counts->distinct = worker->states;
    tree_release(&before);
}

static int work(struct sandbox *sandbox, void *arg)
{
    struct worker *worker = arg;
    const struct campaign *campaign = worker->campaign;
    const struct states_options options = options_of(campaign);
    struct ending ending = {.stopped = false};

    worker->sandbox = sandbox;
    worker->trace = campaign->trace;
    worker->acks = acks_take(campaign->trace, acks_size(campaign->trace, campaign->trace->count));
    if (campaign->profile == PROFILE_ERRORS)
        fail_calls(worker, &ending.counts);
    else if (campaign->profile == PROFILE_ROT)
        rot(worker, &ending.counts);
    else
        states_all(campaign->trace, &options, test_state, worker, &ending.counts);
    ending.tested = worker->tested - worker->told;
    ending.failed = worker->failed;
    ending.recoveries = worker->recoveries;
    ending.stopped = worker->failed >= campaign->failures_max;
    ending.broken = worker->broken;
    tell(worker, MESSAGE_END, &ending, sizeof(ending));
    return 0;
}

/* --- who they work for -------------------------------------------------------------------------------- */

struct listening {
    struct pollfd from[WORKERS_MAX];
    pid_t pids[WORKERS_MAX];
    bool ended[WORKERS_MAX];
    bool apart; /* what one worker makes the others do not */
};

static bool receive(int from, void *data, size_t size)
{
    char *at = data;

    while (size > 0) {
        const ssize_t n = read(from, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* compare_crashes -- which is to be shown first: that with the fewest losses, and of these the earliest. A
 * total order, so that the result does not depend on which worker was faster. */
static int compare_crashes(const struct crash *a, const struct crash *b)
{
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->rot.kind != b->rot.kind || a->rot.object != b->rot.object || a->rot.offset != b->rot.offset) {
        const uint64_t left[] = {a->rot.object, a->rot.kind, a->rot.offset};
        const uint64_t right[] = {b->rot.object, b->rot.kind, b->rot.offset};
        return memcmp(left, right, sizeof(left)) < 0 ? -1 : 1;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct loss *x = &a->losses[i], *y = &b->losses[i];
        const uint64_t left[] = {x->op, x->kind, x->number, x->sectors},
                       right[] = {y->op, y->kind, y->number, y->sectors};
        for (size_t k = 0; k < sizeof(left) / sizeof(*left); k++) {
            if (left[k] != right[k])
                return left[k] < right[k] ? -1 : 1;
        }
    }
    return 0;
}

static int by_crash(const void *left, const void *right)
{
    const struct failure *a = left, *b = right;
    return compare_crashes(&a->crash, &b->crash);
}

/* receive_trace -- of a check that was crashed itself. */
static struct trace *receive_trace(int from)
{
    const int file = memfd_create("trace", MFD_CLOEXEC);
    struct trace *trace = memory_new(sizeof(*trace));
    char path[64], *bytes = NULL;
    uint64_t size;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    bool ok = file >= 0 && receive(from, &size, sizeof(size));
    if (ok) {
        bytes = memory_new(size);
        ok = receive(from, bytes, size) && send_all(file, bytes, size) && trace_load(trace, path);
    }
    free(bytes);
    if (file >= 0)
        close(file);
    if (ok)
        return trace;
    trace_release(trace);
    free(trace);
    return NULL;
}

static void failure_release(struct failure *failure)
{
    crash_release(&failure->crash);
    free(failure->acked);
    if (failure->trace)
        trace_release(failure->trace);
    free(failure->trace);
}

static bool receive_failure(struct result *result, int from)
{
    struct failure failure;

    if (!receive(from, &failure, sizeof(failure)))
        return false;
    failure.crash.losses = memory_new(failure.crash.count * sizeof(struct loss));
    if (!receive(from, failure.crash.losses, failure.crash.count * sizeof(struct loss))) {
        crash_release(&failure.crash);
        return false;
    }
    failure.acked = memory_new(failure.acks + 1);
    bool whole = receive(from, failure.acked, failure.acks);
    if (failure.trace) {
        failure.trace = whole ? receive_trace(from) : NULL;
        whole = failure.trace != NULL;
    }
    if (!whole) {
        failure_release(&failure);
        return false;
    }
    for (size_t i = 0; i < result->failure_count; i++) {
        struct failure *known = &result->failures[i];
        if (known->kind != failure.kind)
            continue;
        if (compare_crashes(&failure.crash, &known->crash) < 0) {
            failure.alike += known->alike;
            failure_release(known);
            *known = failure;
        } else {
            known->alike++;
            failure_release(&failure);
        }
        return true;
    }
    result->failures =
        memory_grow(result->failures, result->failure_count, &result->failure_space, sizeof(failure));
    result->failures[result->failure_count++] = failure;
    return true;
}

/* hear -- one message; false if the worker says no more. */
static bool hear(struct result *result, struct listening *listening, unsigned index)
{
    const int from = listening->from[index].fd;
    struct ending ending;
    uint64_t tested;
    uint8_t kind;

    if (!receive(from, &kind, 1))
        return false;
    switch (kind) {
    case MESSAGE_TESTED:
        if (!receive(from, &tested, sizeof(tested)))
            return false;
        result->tested += tested;
        return true;
    case MESSAGE_FAILURE:
        return receive_failure(result, from);
    case MESSAGE_END:
        if (!receive(from, &ending, sizeof(ending)))
            return false;
        result->tested += ending.tested;
        result->failed += ending.failed;
        result->recoveries += ending.recoveries;
        result->stopped |= ending.stopped;
        result->broken |= ending.broken;
        if (listening->apart) { /* each of them made its own */
            result->counts.made += ending.counts.made;
            result->counts.distinct += ending.counts.distinct;
            if (result->counts.points < ending.counts.points)
                result->counts.points = ending.counts.points;
        } else if (ending.counts.made > result->counts.made) {
            result->counts = ending.counts; /* each of them made all, unless it stopped early */
        }
        listening->ended[index] = true;
        return true;
    default:
        return false;
    }
}

static void show_progress(const struct campaign *campaign, const struct result *result)
{
    if (campaign->progress)
        fprintf(stderr, "\r\033[Kcairn-torture: %s: %" PRIu64 " states tested, %zu failures",
                profile_name(campaign->profile), result->tested, result->failure_count);
}

static void listen_to_all(const struct campaign *campaign, struct result *result, struct listening *listening)
{
    unsigned left = campaign->workers;

    while (left > 0) {
        if (poll(listening->from, campaign->workers, 200) < 0 && errno != EINTR)
            break;
        for (unsigned i = 0; i < campaign->workers; i++) {
            struct pollfd *from = &listening->from[i];
            if (from->fd < 0 || (from->revents & (POLLIN | POLLHUP | POLLERR)) == 0)
                continue;
            if (!hear(result, listening, i)) {
                close(from->fd);
                from->fd = -1;
                left--;
            }
        }
        show_progress(campaign, result);
    }
    if (campaign->progress)
        fputs("\r\033[K", stderr);
}

void campaign_run(const struct campaign *asked, struct result *result)
{
    struct campaign campaign = *asked;
    struct listening listening = {.apart = asked->profile == PROFILE_ERRORS};
    struct worker worker = {.campaign = &campaign};

    *result = (struct result){.broken = false};
    if (campaign.workers > WORKERS_MAX)
        campaign.workers = WORKERS_MAX;
    for (unsigned i = 0; i < campaign.workers; i++) {
        int ends[2];
        listening.from[i] = (struct pollfd){.fd = -1, .events = POLLIN};
        if (pipe2(ends, O_CLOEXEC) != 0)
            continue;
        worker.index = i;
        worker.out = ends[1];
        listening.pids[i] = sandbox_start(campaign.trace->dir, work, &worker);
        close(ends[1]);
        listening.from[i].fd = ends[0];
    }
    listen_to_all(&campaign, result, &listening);
    for (unsigned i = 0; i < campaign.workers; i++) {
        int status = 0;
        if (listening.pids[i] > 0)
            while (waitpid(listening.pids[i], &status, 0) < 0 && errno == EINTR)
                ;
        result->broken |= !listening.ended[i];
    }
    if (result->failure_count)
        qsort(result->failures, result->failure_count, sizeof(*result->failures), by_crash);
}

void result_release(struct result *result)
{
    for (size_t i = 0; i < result->failure_count; i++)
        failure_release(&result->failures[i]);
    free(result->failures);
    *result = (struct result){.broken = false};
}
