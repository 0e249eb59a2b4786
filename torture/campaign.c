/* campaign.c -- see campaign.h. */
#include "torture/campaign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/memory.h"
#include "torture/sandbox.h"
#include "torture/wire.h"
#include "torture/worker.h"

#define WORKERS_MAX 64

static int work(struct sandbox *sandbox, void *arg)
{
    worker_run(arg, sandbox);
    return 0;
}

struct listening {
    struct pollfd from[WORKERS_MAX];
    pid_t pids[WORKERS_MAX];
    bool ended[WORKERS_MAX];
    bool apart; /* what one worker makes the others do not */
};

static int by_crash(const void *left, const void *right)
{
    return failure_compare(left, right);
}

/* add_failure -- takes it over: one of each kind is kept, that which is to be shown first. */
static void add_failure(struct result *result, struct failure *failure)
{
    for (size_t i = 0; i < result->failure_count; i++) {
        struct failure *known = &result->failures[i];
        if (known->kind != failure->kind)
            continue;
        if (failure_compare(failure, known) < 0) {
            failure->alike += known->alike;
            failure_release(known);
            *known = *failure;
        } else {
            known->alike++;
            failure_release(failure);
        }
        return;
    }
    result->failures =
        memory_grow(result->failures, result->failure_count, &result->failure_space, sizeof(*failure));
    result->failures[result->failure_count++] = *failure;
}

/* hear -- one message; false if the worker says no more. */
static bool hear(const struct campaign *campaign, struct result *result, struct listening *listening,
                 unsigned index)
{
    const int from = listening->from[index].fd;
    struct failure failure;
    struct ending ending;
    uint64_t tested;
    uint8_t kind;

    if (!wire_receive(from, &kind, 1))
        return false;
    switch (kind) {
    case MESSAGE_TESTED:
        if (!wire_receive(from, &tested, sizeof(tested)))
            return false;
        result->tested += tested;
        return true;
    case MESSAGE_FAILURE:
        if (!wire_receive_failure(from, &failure))
            return false;
        add_failure(result, &failure);
        return true;
    case MESSAGE_END:
        if (!wire_receive(from, &ending, sizeof(ending)))
            return false;
        result->tested += ending.tested;
        result->failed += ending.failed;
        result->recoveries += ending.recoveries;
        result->refused += ending.refused;
        if (result->allocated.seen < ending.allocated.seen) /* they differ by threads that were faster */
            result->allocated.seen = ending.allocated.seen;
        result->allocated.failed += ending.allocated.failed;
        result->allocated.crashes += ending.allocated.crashes;
        result->allocated.unlike |= ending.allocated.unlike;
        result->stopped |= ending.stopped;
        result->late |= ending.late;
        result->unlike |= ending.unlike;
        result->broken |= ending.broken;
        if (listening->apart) { /* each of them made its own */
            result->counts.made += ending.counts.made;
            result->counts.distinct += ending.counts.distinct;
            if (campaign->profile == PROFILE_ROUNDS)
                result->counts.points += ending.counts.points;
            else if (result->counts.points < ending.counts.points)
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
            if (!hear(campaign, result, listening, i)) {
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
    struct listening listening = {.apart =
                                      asked->profile == PROFILE_ERRORS || asked->profile == PROFILE_ROUNDS};
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
