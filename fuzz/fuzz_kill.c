/* fuzz_kill.c -- a process that is killed while it records, several times in a row, on what is left.
 *
 * The input is a program (program.h). Each round is run by a forked child, which is killed
 *
 *   - before, after or in the midst of the Nth call that changes something (calls.h), counted from the
 *     beginning of one of its actions, or
 *   - so many microseconds after the beginning of one: a write that LMDB makes, or anything else that is no
 *     such call. What such an input finds may need more than one try to be found again.
 *
 * What it has acknowledged it writes to shared memory once the call has returned. Then this process looks,
 * read-only, or as a writer that recovers, or both; or it had a handle open all the time, and goes on with it.
 * What was acknowledged is there, in order, byte for byte; what was not is there whole or not at all.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/calls.h"
#include "fuzz/coverage.h"
#include "fuzz/ledger.h"
#include "fuzz/place.h"
#include "fuzz/program.h"
#include "fuzz/target.h"

enum { HOW_READER = PROGRAM_OWN, HOW_WRITER = 2 * PROGRAM_OWN, HOW_LIVE = 4 * PROGRAM_OWN,
       HOW_THREAD = 8 * PROGRAM_OWN };

enum way { WAY_BEFORE, WAY_AFTER, WAY_HALF, WAY_TIME, WAYS };

/* When it is to die. */
struct kill {
    enum way way;
    unsigned action; /* counted from the beginning of this one */
    unsigned nth;    /* call; or microseconds */
};

/* What the child leaves, whenever it dies. */
struct shared {
    _Atomic unsigned begun[LEDGER_STEPS], done[LEDGER_STEPS];
    char ids[LEDGER_STEPS][256];
    char message[1024];
};

static struct program program;
static struct ledger ledger;
static struct shared *shared;
static const struct round *current;
static struct kill aim;
static bool aiming;
static _Atomic unsigned counted;
static unsigned long kills, rounds;

/* --- the child ------------------------------------------------------------------------------------------- */

static _Noreturn void die(void)
{
    coverage_leave();
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static void time_is_up(int signal)
{
    (void)signal;
    die();
}

static int before_call(struct call *call)
{
    const int refused = program_refuses(&program, call);

    if (refused || !aiming || aim.way == WAY_TIME || atomic_fetch_add(&counted, 1) + 1 != aim.nth)
        return refused;
    if (aim.way == WAY_BEFORE)
        die();
    if (aim.way == WAY_HALF)
        call->most /= 2;
    return 0;
}

static void after_call(const struct call *call)
{
    (void)call;
    if (aiming && aim.way != WAY_TIME && atomic_load(&counted) == aim.nth)
        die();
}

static void begin(unsigned action)
{
    if (action < current->count && current->actions[action].kind <= ACTION_COMPLETE)
        atomic_store(&shared->begun[current->actions[action].step], 1);
    if (!current->crashes || action != aim.action || aiming)
        return;
    aiming = true;
    if (aim.way != WAY_TIME)
        return;
    const struct itimerval soon = {.it_value = {.tv_usec = aim.nth}};
    signal(SIGALRM, time_is_up);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void acknowledge(unsigned step, int error, const char *id)
{
    if (error)
        return;
    memcpy(shared->ids[step], id, sizeof(shared->ids[step]));
    atomic_store(&shared->done[step], 1);
}

static _Noreturn void child(const char *url)
{
    static const struct program_told told = {begin, acknowledge};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    calls_watch(before_call, after_call);
    const int error = program_run(current, &ledger, url, program.how & HOW_THREAD ? 0 : CAIRN_NO_THREAD, &told);
    if (error)
        snprintf(shared->message, sizeof(shared->message), "%d: %s", error, cairn_message());
    coverage_leave();
    _exit(error != 0);
}

/* --- the parent ------------------------------------------------------------------------------------------ */

static void decode_kill(const struct round *round)
{
    aim.way = round->crash[0] % WAYS;
    aim.action = round->crash[1] % (round->count + 1);
    aim.nth = (unsigned)(round->crash[2] | round->crash[3] << 8);
    aim.nth = aim.way == WAY_TIME ? 1 + aim.nth % 2000 : 1 + aim.nth % 256;
    aiming = false;
    atomic_store(&counted, 0);
}

static void run_child(const char *url)
{
    int status;

    memset(shared, 0, sizeof(*shared));
    const pid_t pid = fork();
    if (pid < 0) {
        perror("fuzz_kill: fork");
        _exit(2);
    }
    if (pid == 0)
        child(url);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    coverage_fetch();
    rounds++;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        kills++;
        return;
    }
    FUZZ_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with status 0x%x: %s",
                (unsigned)status, shared->message);
}

static void take_down(void)
{
    for (unsigned i = 0; i < current->count; i++) {
        const struct action *action = &current->actions[i];
        if (action->kind <= ACTION_COMPLETE && atomic_load(&shared->begun[action->step]))
            ledger_end(&ledger, action->step,
                       atomic_load(&shared->done[action->step]) ? OUTCOME_DONE : OUTCOME_MAYBE,
                       shared->ids[action->step]);
    }
}

static void look(const char *url, unsigned flags, const char *who)
{
    struct cairn_op *op;
    int error = cairn_open(&op, NULL, url, flags | CAIRN_NO_THREAD);

    if (error == CAIRN_ENONE && (flags & CAIRN_READONLY)) {
        ledger_check_none(&ledger, who);
        return;
    }
    if (error)
        ledger_print(&ledger);
    FUZZ_ASSERT(error == 0, "%s: it cannot be opened: %d, %s", who, error, cairn_message());
    ledger_check(&ledger, op, true, who);
    cairn_close(op);
}

/* go_on -- one that had it open all the time takes a step more. */
static void go_on(struct cairn_op *op)
{
    char id[256] = "";

    ledger_check(&ledger, op, false, "who lives on");
    const unsigned step = ledger_add(&ledger, STEP_CHECKPOINT, 100);
    const int error = ledger_take(&ledger, step, op, NULL, id);
    FUZZ_ASSERT(error == 0, "who lives on cannot record: %d, %s", error, cairn_message());
    ledger_end(&ledger, step, OUTCOME_DONE, id);
    ledger_check(&ledger, op, true, "who has gone on");
}

static void run_round(const struct round *round, const char *url)
{
    struct cairn_op *alive = NULL;

    current = round;
    decode_kill(round);
    if (program.how & HOW_LIVE)
        FUZZ_ASSERT(cairn_open(&alive, NULL, url, CAIRN_NO_THREAD) == 0, "%s", cairn_message());
    run_child(url);
    take_down();
    if (alive)
        go_on(alive);
    if (program.how & HOW_READER)
        look(url, CAIRN_READONLY, "a reader");
    if (program.how & HOW_WRITER)
        look(url, 0, "a writer");
    cairn_close(alive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};
    char path[PLACE_PATH_SIZE + 8];

    if (shared == NULL) {
        shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        FUZZ_ASSERT(shared != MAP_FAILED, "no shared memory");
        coverage_share();
    }
    program_decode(&program, &ledger, &source);
    program_prepare(&program);
    place_clear();
    snprintf(path, sizeof(path), "%s/o", place_path());
    const char *url = program_url(&program, path);
    for (unsigned i = 0; i < program.round_count; i++)
        run_round(&program.rounds[i], url);
    if (program.round_count)
        look(url, 0, "the last");
    return 0;
}

/* --- seeds ----------------------------------------------------------------------------------------------- */

static void sink_kill(struct sink *sink, enum way way, uint8_t action, uint8_t nth)
{
    const uint8_t crash[PROGRAM_CRASH] = {(uint8_t)way, action, nth};
    program_sink_crash(sink, crash);
}

void target_seeds(target_seed *seed)
{
    static const char *const names[] = {"journal", "dir", "journal-live", "dir-named"};
    static const uint8_t hows[] = {HOW_READER | HOW_WRITER, PROGRAM_DIRECTORY | HOW_WRITER, HOW_LIVE,
                                   PROGRAM_DIRECTORY | PROGRAM_NAMED | HOW_READER};
    static struct sink sink;

    for (unsigned i = 0; i < 4; i++) {
        sink.size = 0;
        sink_u8(&sink, hows[i]);
        program_sink(&sink, ACTION_CHECKPOINT, 20);
        program_sink(&sink, ACTION_CHECKPOINT, 200);
        sink_kill(&sink, WAY_HALF, 1, 2);
        program_sink(&sink, ACTION_LARGE, 200);
        program_sink(&sink, ACTION_LARGE, 200);
        program_sink(&sink, ACTION_LARGE, 200);
        sink_kill(&sink, WAY_BEFORE, 2, 9);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        program_sink(&sink, ACTION_COMPACT, 0);
        sink_kill(&sink, WAY_AFTER, 1, 7);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        sink_kill(&sink, WAY_TIME, 0, 200);
        program_sink(&sink, ACTION_LOOK, 0);
        program_sink(&sink, ACTION_COMPLETE, 0);
        seed(names[i], sink.bytes, sink.size);
    }
}
