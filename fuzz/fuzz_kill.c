/* fuzz_kill.c -- a process that is killed while it records, several times in a row, on what is left.
 *
 * The input is a program (program.h). Each round is run by a forked child, which is killed
 *
 *   - before, after or in the midst of the Nth call that changes something (calls.h), counted from the
 *     beginning of one of its actions, or when there are no more of them, or
 *   - so many microseconds after the beginning of one: a write that LMDB makes, or anything else that is no
 *     such call. What such an input finds may need more than one try to be found again.
 *
 * What it has acknowledged it writes to shared memory once the call has returned. Then this process looks,
 * read-only, or as a writer that recovers, or both; or it had a handle open all the time, and goes on with
 * it. What was acknowledged is there, in order, byte for byte; what was not is there whole or not at all.
 *
 * The kills of all processes together are counted in the file that FUZZ_KILLS names, a number of this
 * machine's; an engine's own at its end.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/calls.h"
#include "fuzz/coverage.h"
#include "fuzz/forker.h"
#include "fuzz/ledger.h"
#include "fuzz/place.h"
#include "fuzz/program.h"
#include "fuzz/target.h"

enum {
    HOW_READER = PROGRAM_OWN,
    HOW_WRITER = 2 * PROGRAM_OWN,
    HOW_LIVE = 4 * PROGRAM_OWN,
    HOW_THREAD = 8 * PROGRAM_OWN
};

enum way { WAY_BEFORE, WAY_AFTER, WAY_HALF, WAY_TIME, WAYS };

/* When it is to die. */
struct kill {
    enum way way;
    unsigned action; /* counted from the beginning of this one */
    unsigned nth;    /* call; or microseconds */
};

/* What both processes have: what the child is to do, and what it leaves, whenever it dies. */
struct shared {
    struct program program;
    struct ledger ledger;
    struct kill aim;
    unsigned round;
    char url[PLACE_PATH_SIZE + 32];
    _Atomic unsigned begun[LEDGER_STEPS], done[LEDGER_STEPS];
    char ids[LEDGER_STEPS][256];
    char message[1024];
};

static struct shared *shared;
static const struct round *current;
static struct kill aim; /* the child's */
static bool aiming;
static _Atomic unsigned counted;
static unsigned long kills;          /* that hit */
static _Atomic unsigned long *total; /* those of all processes of a run, if anybody asks */
static struct timespec began;

/* --- the child -------------------------------------------------------------------------------------------
 */

static _Noreturn void die(void)
{
    coverage_leave();
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* time_is_up -- a signal handler: it copies bytes and ends the process. */
static void time_is_up(int signal)
{
    (void)signal;
    die();
}

static int before_call(struct call *call)
{
    const int refused = program_refuses(&shared->program, call);

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
    if (aiming && action == current->count)
        die(); /* at the latest, when all is done and before it is closed */
    if (!current->crashes || action != aim.action || aiming)
        return;
    aiming = true;
    if (aim.way != WAY_TIME)
        return;
    const struct itimerval soon = {.it_value = {.tv_usec = aim.nth}};
    const struct sigaction on_alarm = {.sa_handler = time_is_up};
    sigaction(SIGALRM, &on_alarm, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void acknowledge(unsigned step, int error, const char *id)
{
    if (error)
        return;
    memcpy(shared->ids[step], id, sizeof(shared->ids[step]));
    atomic_store(&shared->done[step], 1);
}

static void child(void)
{
    static const struct program_told told = {begin, acknowledge};
    const unsigned how = shared->program.how;

    aim = shared->aim;
    current = &shared->program.rounds[shared->round];
    program_prepare(&shared->program);
    calls_watch(before_call, after_call);
    const int error =
        program_run(current, &shared->ledger, shared->url, how & HOW_THREAD ? 0 : CAIRN_NO_THREAD, &told);
    if (error)
        snprintf(shared->message, sizeof(shared->message), "%d: %s", error, cairn_message());
    coverage_leave();
    _exit(error != 0);
}

/* --- the parent ------------------------------------------------------------------------------------------
 */

static void decode_kill(const struct round *round)
{
    struct kill *kill = &shared->aim;

    kill->way = round->crash[0] % WAYS;
    kill->action = round->crash[1] % (round->count + 1);
    kill->nth = (unsigned)(round->crash[2] | round->crash[3] << 8);
    /* Most actions make fewer than 24 calls; opening may make more, and the calls go on behind an action. */
    if (kill->way == WAY_TIME)
        kill->nth = 1 + kill->nth % 1000;
    else
        kill->nth = 1 + kill->nth % (kill->nth >> 15 ? 200 : 24);
}

static void run_child(void)
{
    memset(shared->begun, 0, sizeof(shared->begun));
    memset(shared->done, 0, sizeof(shared->done));
    shared->message[0] = '\0';
    const int status = forker_run();
    coverage_fetch();
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        kills++;
        if (total)
            atomic_fetch_add(total, 1);
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
            ledger_end(&shared->ledger, action->step,
                       atomic_load(&shared->done[action->step]) ? OUTCOME_DONE : OUTCOME_MAYBE,
                       atomic_load(&shared->done[action->step]) ? shared->ids[action->step] : NULL);
    }
}

static void look(unsigned flags, const char *who)
{
    struct cairn_op *op;
    int error = cairn_open(&op, NULL, shared->url, flags | CAIRN_NO_THREAD);

    if (error == CAIRN_ENONE && (flags & CAIRN_READONLY)) {
        ledger_check_none(&shared->ledger, who);
        return;
    }
    if (error)
        ledger_print(&shared->ledger);
    FUZZ_ASSERT(error == 0, "%s: it cannot be opened: %d, %s", who, error, cairn_message());
    ledger_check(&shared->ledger, op, true, who);
    cairn_close(op);
}

/* go_on -- one that had it open all the time takes a step more. */
static void go_on(struct cairn_op *op)
{
    char id[256] = "";

    ledger_check(&shared->ledger, op, false, "who lives on");
    const unsigned step = ledger_add(&shared->ledger, STEP_CHECKPOINT, 100);
    const int error = ledger_take(&shared->ledger, step, op, NULL, id);
    FUZZ_ASSERT(error == 0, "who lives on cannot record: %d, %s", error, cairn_message());
    ledger_end(&shared->ledger, step, OUTCOME_DONE, id);
    ledger_check(&shared->ledger, op, true, "who has gone on");
}

static void run_round(unsigned i)
{
    const unsigned how = shared->program.how;
    struct cairn_op *alive = NULL;

    shared->round = i;
    current = &shared->program.rounds[i];
    decode_kill(current);
    if (how & HOW_LIVE)
        FUZZ_ASSERT(cairn_open(&alive, NULL, shared->url, CAIRN_NO_THREAD) == 0, "%s", cairn_message());
    run_child();
    take_down();
    if (alive)
        go_on(alive);
    if (how & HOW_READER)
        look(CAIRN_READONLY, "a reader");
    if (how & HOW_WRITER)
        look(0, "a writer");
    cairn_close(alive);
}

/* tell -- how fast it was, when the process ends: by the clock, and by the CPU's time that it and the
 * children had. */
static void tell(void)
{
    struct timespec now;
    struct rusage own, children;

    forker_end();
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &children);
    const double seconds = (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) / 1e9;
    double cpu = 0;
    const struct timeval times[] = {own.ru_utime, own.ru_stime, children.ru_utime, children.ru_stime};
    for (unsigned i = 0; i < 4; i++)
        cpu += (double)times[i].tv_sec + (double)times[i].tv_usec / 1e6;
    fprintf(stderr, "fuzz_kill: %lu kills, %.0f a second, %.0f a second of CPU\n", kills,
            (double)kills / seconds, (double)kills / cpu);
}

/* count_in_file -- a process of AFL++ is killed at its end, so it counts in a file as it goes. */
static void count_in_file(const char *path)
{
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

    FUZZ_ASSERT(fd >= 0 && ftruncate(fd, sizeof(*total)) == 0, "cannot make %s", path);
    total = mmap(NULL, sizeof(*total), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    FUZZ_ASSERT(total != MAP_FAILED, "cannot map %s", path);
    close(fd);
}

static void prepare(void)
{
    if (shared)
        return;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FUZZ_ASSERT(shared != MAP_FAILED, "no shared memory");
    const char *kills_file = getenv("FUZZ_KILLS");
    if (kills_file)
        count_in_file(kills_file);
    coverage_share();
    forker_begin(child);
    clock_gettime(CLOCK_MONOTONIC, &began);
    atexit(tell);
}

/* prepare_early -- before libFuzzer has begun, so that the forker is small. AFL++ forks this process itself,
 * and each of those has a forker of its own. */
__attribute__((constructor)) static void prepare_early(void)
{
    if (coverage_share())
        prepare();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};
    char path[PLACE_PATH_SIZE + 8];

    prepare();
    program_decode(&shared->program, &shared->ledger, &source);
    program_prepare(&shared->program);
    place_clear();
    snprintf(path, sizeof(path), "%s/o", place_path());
    snprintf(shared->url, sizeof(shared->url), "%s", program_url(&shared->program, path));
    for (unsigned i = 0; i < shared->program.round_count; i++)
        run_round(i);
    if (shared->program.round_count)
        look(0, "the last");
    return 0;
}

/* --- seeds -----------------------------------------------------------------------------------------------
 */

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
        sink_kill(&sink, WAY_HALF, 1, 1);
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
    /* Data that is written in pieces, its header last. */
    sink.size = 0;
    sink_u8(&sink, HOW_READER | HOW_WRITER);
    for (uint8_t i = 0; i < 3; i++) {
        program_sink(&sink, ACTION_CHECKPOINT, 20);
        program_sink(&sink, ACTION_LARGE, LEDGER_IN_PIECES + i);
        sink_kill(&sink, i & 1 ? WAY_AFTER : WAY_HALF, 1, 12 + i);
    }
    program_sink(&sink, ACTION_COMPACT, 0);
    seed("journal-pieces", sink.bytes, sink.size);
}
