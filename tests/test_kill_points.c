/* test_kill_points.c -- a process is held and then killed at each point of its work, one after the other,
 * while others use the journal.
 *
 * A point is the moment before or after one of the calls named in test_kill_points.wrap: those that change
 * files, and those that take and give back the shared locks, publish the tail and wake the waiters. At each,
 *
 *   - the victim stops there;
 *   - a process comes in and looks, if it is let in;
 *   - the victim is killed; those that live, and one more that comes in, go on recording, past the
 *     end of a segment;
 *   - one that comes in then looks whether all is there that was acknowledged. Then all are killed, another
 *     recovers the journal, is killed at some point of that, and it is looked again.
 *
 * Steps are taken one after the other, by whatever process, so their order is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <lmdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "journal/control.h"
#include "scratch.h"

#define STEPS_MAX    128
#define HANG_SECONDS 600 /* a guard against a hang */
#define LOOK_MS      30  /* a process that comes in may have to wait for the one that is held */

struct noted {
    struct cairn_id id;
    uint64_t number, generation;
    size_t size;
    _Atomic int acknowledged;
};

struct shared {
    _Atomic pid_t victim;
    _Atomic uint64_t target; /* the point at which it stops; 0: it does not */
    _Atomic uint64_t point;
    char where[64];

    _Atomic uint32_t begun; /* steps; the first is 1 */
    struct noted steps[STEPS_MAX];
    _Atomic uint32_t removals_begun, removals_done;
    _Atomic uint32_t kept_at_least; /* the last step acknowledged before the last Compact */
    _Atomic int failed;
    char message[1024];
};

static struct shared *shared;
static char base[SCRATCH_PATH_SIZE];
static char journal[SCRATCH_PATH_SIZE];

/* --- points -------------------------------------------------------------------------------------- */

static void point(const char *name, const char *when)
{
    if (shared == NULL || atomic_load(&shared->victim) != getpid())
        return;
    if (atomic_fetch_add(&shared->point, 1) + 1 == atomic_load(&shared->target)) {
        snprintf(shared->where, sizeof(shared->where), "%s %s", when, name);
        kill(getpid(), SIGSTOP);
    }
}

/* at_sync -- the point that is before any fdatasync of a segment: with the sync lock in hand. */
#define SYNC_POINT UINT64_MAX
static void at_sync(int fd)
{
    char link[64], path[SCRATCH_PATH_SIZE];

    if (shared == NULL || atomic_load(&shared->victim) != getpid() ||
        atomic_load(&shared->target) != SYNC_POINT)
        return;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof(path) - 1);
    path[size < 0 ? 0 : size] = '\0';
    if (strstr(path, "/seg-")) {
        snprintf(shared->where, sizeof(shared->where), "before the sync of a segment");
        kill(getpid(), SIGSTOP);
    }
}

#define POINTS(type, name, parameters, arguments) POINTS_AT((void)0, type, name, parameters, arguments)
#define POINTS_AT(special, type, name, parameters, arguments)                                                \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        special;                                                                                             \
        point(#name, "before");                                                                              \
        type result_ = __real_##name arguments;                                                              \
        const int errno_ = errno;                                                                            \
        point(#name, "after");                                                                               \
        errno = errno_;                                                                                      \
        return result_;                                                                                      \
    }
#define POINTS_VOID(name, parameters, arguments)                                                             \
    void __real_##name parameters;                                                                           \
    void __wrap_##name parameters;                                                                           \
    void __wrap_##name parameters                                                                            \
    {                                                                                                        \
        point(#name, "before");                                                                              \
        __real_##name arguments;                                                                             \
        point(#name, "after");                                                                               \
    }

POINTS(ssize_t, pwritev, (int fd, const struct iovec *iov, int count, off_t offset), (fd, iov, count, offset))
POINTS(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t offset), (fd, data, size, offset))
POINTS_AT(at_sync(fd), int, fdatasync, (int fd), (fd))
POINTS(int, fsync, (int fd), (fd))
POINTS(int, renameat, (int from_dir, const char *from, int to_dir, const char *to),
       (from_dir, from, to_dir, to))
POINTS(int, unlinkat, (int dir, const char *name, int flags), (dir, name, flags))
POINTS(int, mdb_txn_commit, (MDB_txn * txn), (txn))
POINTS_VOID(control_set_tail, (struct control * control, const struct tail *tail), (control, tail))
POINTS(int, control_lock, (pthread_mutex_t * mutex, const struct cairn_ctx *ctx), (mutex, ctx))
POINTS(int, control_trylock, (pthread_mutex_t * mutex), (mutex))
POINTS_VOID(control_unlock, (pthread_mutex_t * mutex), (mutex))
POINTS_VOID(control_wake, (struct control * control), (control))

/* --- steps --------------------------------------------------------------------------------------- */

static void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void wrong(const char *format, ...)
{
    int none = 0;
    va_list args;

    if (atomic_compare_exchange_strong(&shared->failed, &none, 1)) {
        va_start(args, format);
        vsnprintf(shared->message, sizeof(shared->message), format, args);
        va_end(args);
    }
}

static unsigned char *step_data(uint32_t step, size_t size)
{
    unsigned char *data = malloc(size + 1);
    uint64_t state = step * 0x9e3779b97f4a7c15u;

    if (data == NULL)
        abort();
    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0)
            state = state * 6364136223846793005u + 1442695040888963407u;
        data[i] = (unsigned char)(state >> (i % 8 * 8));
    }
    return data;
}

static void record_step(struct cairn_op *op, size_t size)
{
    uint32_t step = atomic_fetch_add(&shared->begun, 1) + 1;
    struct noted *noted = &shared->steps[step];
    char label[32];

    if (step >= STEPS_MAX)
        abort();
    noted->size = size;
    unsigned char *data = step_data(step, size);
    snprintf(label, sizeof(label), "step %u", step);
    int error = cairn_checkpoint(op, NULL, label, data, size, &noted->id);
    free(data);
    if (error)
        wrong("step %u: %d: %s", step, error, cairn_message());
    else if (sscanf(noted->id.text, "%" SCNu64 "@%" SCNu64, &noted->number, &noted->generation) != 2)
        wrong("step %u: \"%s\" is no id", step, noted->id.text);
    else
        atomic_store(&noted->acknowledged, 1);
}

static int compact(struct cairn_op *op)
{
    return cairn_compact(op, NULL, "kept");
}

static int complete(struct cairn_op *op)
{
    return cairn_complete(op, NULL);
}

static void remove_step(struct cairn_op *op, int (*removal)(struct cairn_op *op))
{
    uint32_t last = atomic_load(&shared->begun);

    while (last > 0 && !atomic_load(&shared->steps[last].acknowledged))
        last--;
    if (removal == compact)
        atomic_store(&shared->kept_at_least, last);
    atomic_fetch_add(&shared->removals_begun, 1);
    int error = removal(op);
    if (error)
        wrong("a removal: %d: %s", error, cairn_message());
    else
        atomic_fetch_add(&shared->removals_done, 1);
}

static struct cairn_op *open_journal(unsigned flags)
{
    struct cairn_op *op = NULL;
    int error = cairn_open(&op, NULL, journal, flags);

    if (error)
        wrong("open: %d: %s", error, cairn_message());
    return op;
}

static void look(struct cairn_op *op)
{
    void *data;
    size_t size;
    int error = cairn_latest(op, NULL, &data, &size);

    if (error == 0)
        cairn_free(data);
    else if (error != CAIRN_ENONE)
        wrong("latest: %d: %s", error, cairn_message());
}

/* --- what is there ------------------------------------------------------------------------------- */

struct seen {
    uint64_t count;
    uint32_t last;             /* step */
    bool kept;                 /* number 0 was kept by a Compact */
    uint32_t steps[STEPS_MAX]; /* by number */
};

static int see(void *arg, const struct cairn_entry *entry)
{
    struct seen *seen = arg;
    uint32_t step = 0;

    if (entry->error || entry->number != seen->count || seen->count >= STEPS_MAX) {
        wrong("list shows %s (%s) where number %" PRIu64 " should be", entry->id, entry->reason, seen->count);
        return 1;
    }
    seen->kept |= entry->number == 0 && strcmp(entry->label, "kept") == 0;
    if (!(seen->kept && entry->number == 0)) {
        if (sscanf(entry->label, "step %u", &step) != 1 || step <= seen->last ||
            step > atomic_load(&shared->begun) || shared->steps[step].size != entry->size) {
            wrong("%s is \"%s\", after step %u", entry->id, entry->label, seen->last);
            return 1;
        }
        seen->last = step;
    }
    seen->steps[seen->count++] = step;
    return 0;
}

/* check_data -- that number `number` is what was recorded; for one that was kept, the step that it was. */
static void check_data(struct cairn_op *op, struct seen *seen, uint64_t number, uint64_t generation)
{
    char id[64];
    void *data;
    size_t size;

    snprintf(id, sizeof(id), "%08" PRIu64 "@%" PRIu64, number, generation);
    int error = cairn_load(op, NULL, id, &data, &size);
    if (error) {
        wrong("load of %s: %d: %s", id, error, cairn_message());
        return;
    }
    bool same = false;
    uint32_t first = seen->steps[number], last = seen->steps[number];
    if (first == 0) {
        first = atomic_load(&shared->kept_at_least);
        last = atomic_load(&shared->begun);
    }
    for (uint32_t step = first; step <= last && !same; step++) {
        if (shared->steps[step].size != size)
            continue;
        unsigned char *wanted = step_data(step, size);
        same = memcmp(wanted, data, size) == 0;
        free(wanted);
    }
    cairn_free(data);
    if (!same)
        wrong("%s is not what was recorded", id);
}

static void check(unsigned flags)
{
    struct cairn_op *op = open_journal(flags);
    struct cairn_stat stat = {0};
    struct seen seen = {0};

    if (op == NULL)
        return;
    int error = cairn_list(op, NULL, see, &seen);
    if (error == 0)
        error = cairn_stat(op, NULL, &stat);
    if (error == 0)
        error = cairn_verify(op, NULL, NULL);
    if (error)
        wrong("list, stat or verify: %d: %s", error, cairn_message());
    if (stat.generation < 1 + atomic_load(&shared->removals_done) ||
        stat.generation > 1 + atomic_load(&shared->removals_begun))
        wrong("the generation is %" PRIu64, stat.generation);
    for (uint64_t number = 0; number < seen.count && !atomic_load(&shared->failed); number++)
        check_data(op, &seen, number, stat.generation);
    for (uint32_t step = 1; step <= atomic_load(&shared->begun); step++) {
        const struct noted *noted = &shared->steps[step];
        if (!atomic_load(&noted->acknowledged) || noted->generation < stat.generation)
            continue;
        if (noted->generation > stat.generation || noted->number >= seen.count ||
            seen.steps[noted->number] != step)
            wrong("step %u was acknowledged as %s and is not there", step, noted->id.text);
    }
    cairn_close(op);
}

/* --- processes ----------------------------------------------------------------------------------- */

struct helper {
    pid_t pid;
    int to, from;
};

static pid_t spawn(void (*work)(void))
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        alarm(HANG_SECONDS);
        work();
        _exit(atomic_load(&shared->failed) != 0);
    }
    return pid;
}

static void end(pid_t pid, int signal)
{
    int status;

    if (signal)
        kill(pid, signal);
    waitpid(pid, &status, 0);
    if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0) &&
        !(WIFSIGNALED(status) && WTERMSIG(status) == signal))
        wrong("a process ended with status 0x%x", (unsigned)status);
}

static int helper_in, helper_out;
static unsigned helper_flags;

/* helper_work -- opens the journal, looks, says so; then records a step of each size that it is told. */
static void helper_work(void)
{
    struct cairn_op *op = open_journal(helper_flags);
    uint32_t size = 0;

    if (op)
        look(op);
    while (write(helper_out, &size, sizeof(size)) == sizeof(size) &&
           read(helper_in, &size, sizeof(size)) == sizeof(size)) {
        if (op) {
            record_step(op, size);
            look(op);
        }
    }
}

static struct helper helper_start(unsigned flags)
{
    int to[2], from[2];

    assert_int_equal(pipe(to), 0);
    assert_int_equal(pipe(from), 0);
    helper_in = to[0];
    helper_out = from[1];
    helper_flags = flags;
    struct helper helper = {.pid = spawn(helper_work), .to = to[1], .from = from[0]};
    close(to[0]);
    close(from[1]);
    return helper;
}

/* helper_wait -- until it has done what it was told, or for some time only. */
static bool helper_wait(const struct helper *helper, int timeout_ms)
{
    struct pollfd wait = {.fd = helper->from, .events = POLLIN};
    uint32_t size;

    if (poll(&wait, 1, timeout_ms) != 1)
        return false;
    if (read(helper->from, &size, sizeof(size)) != sizeof(size))
        wrong("a helper has ended");
    return true;
}

static void helper_record(const struct helper *helper, uint32_t size)
{
    if (write(helper->to, &size, sizeof(size)) != sizeof(size))
        wrong("a helper has ended");
    helper_wait(helper, -1);
}

static void helper_end(struct helper *helper)
{
    end(helper->pid, SIGKILL);
    close(helper->to);
    close(helper->from);
}

/* --- what a victim does -------------------------------------------------------------------------- */

static void aim(uint64_t target)
{
    atomic_store(&shared->point, 0);
    atomic_store(&shared->target, target);
    atomic_store(&shared->victim, target ? getpid() : 0);
}

static uint64_t next_target;

/* work_all -- records beyond the end of two segments, and removes. */
static void work_all(void)
{
    aim(next_target);
    struct cairn_op *op = open_journal(CAIRN_NO_THREAD);
    record_step(op, 100);
    record_step(op, 200000);
    look(op);
    remove_step(op, compact);
    record_step(op, 2500000);
    remove_step(op, complete);
    record_step(op, 50);
    remove_step(op, compact); /* a second removal in one segment */
    record_step(op, 60);
    cairn_close(op);
}

static void work_little(void)
{
    aim(next_target);
    struct cairn_op *op = open_journal(CAIRN_NO_THREAD);
    record_step(op, 100);
    record_step(op, 100);
}

/* work_open -- only opens and closes: recovers. */
static void work_open(void)
{
    aim(next_target);
    cairn_close(open_journal(CAIRN_NO_THREAD));
}

/* work_indexed -- brings the log near the end of its segment, and the index up to there. */
static void work_indexed(void)
{
    struct cairn_op *op = open_journal(CAIRN_NO_THREAD);
    record_step(op, 30);
    record_step(op, 900000);
    cairn_close(op);
}

/* run_victim -- until it stops at the point, or has done its work (false). It is there, stopped. */
static bool run_victim(void (*work)(void), uint64_t target, pid_t *pid)
{
    int status;

    next_target = target;
    *pid = spawn(work);
    waitpid(*pid, &status, WUNTRACED);
    if (WIFSTOPPED(status))
        return true;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        wrong("the victim ended with status 0x%x", (unsigned)status);
    return false;
}

static void begin(void)
{
    atomic_store(&shared->victim, 0);
    memset(shared, 0, sizeof(*shared));
    scratch_remove(journal);
}

static unsigned check_flags;

static void check_work(void)
{
    check(check_flags);
}

static void check_apart(unsigned flags)
{
    check_flags = flags;
    end(spawn(check_work), 0);
}

/* recover_and_check -- nobody is alive: a reader looks, then somebody recovers and is killed at that, then it
 * is looked again. */
static void recover_and_check(uint64_t target)
{
    pid_t pid;

    check_apart(CAIRN_READONLY);
    if (run_victim(work_open, target, &pid))
        end(pid, SIGKILL);
    check_apart(0);
    check_apart(CAIRN_READONLY);
}

static void report(const char *scenario, uint64_t target)
{
    if (atomic_load(&shared->failed))
        fail_msg("%s: killed at point %" PRIu64 ", %s: %s (kept: %s)", scenario, target, shared->where,
                 shared->message, base);
}

/* sweep -- `scenario` at one point in three, beginning anywhere, until it says that there are no more. All of
 * them with CAIRN_KILL_EACH=1, just one with CAIRN_KILL_POINT=N. */
static void sweep(const char *name, bool (*scenario)(uint64_t target))
{
    const char *only = getenv("CAIRN_KILL_POINT");
    const uint64_t stride = getenv("CAIRN_KILL_EACH") ? 1 : 3;
    uint64_t target = only ? strtoull(only, NULL, 10) : 1 + (uint64_t)time(NULL) % stride, done = 0;

    for (bool more = true; more; target += stride, done++) {
        begin();
        more = scenario(target) && !only;
        report(name, target);
    }
    print_message("%s: %" PRIu64 " points of %" PRIu64 "\n", name, done - 1, target - stride);
    assert_true(only || done > 10);
}

/* --- the scenarios ------------------------------------------------------------------------------- */

static bool among_others(uint64_t target)
{
    pid_t victim;

    struct helper old = helper_start(CAIRN_NO_THREAD);
    helper_wait(&old, -1);
    end(spawn(work_indexed), 0);
    bool stopped = run_victim(work_all, target, &victim);
    struct helper newer = helper_start(0);
    bool looked = helper_wait(&newer, stopped ? LOOK_MS : -1);
    if (stopped)
        end(victim, SIGKILL);
    if (!looked)
        helper_wait(&newer, -1);
    helper_record(&old, 300);
    helper_record(&newer, 200000);
    helper_record(&old, 2000000);
    helper_record(&newer, 20);
    helper_record(&old, 5000000);
    helper_record(&newer, 20);
    check_apart(0);
    helper_end(&newer);
    helper_end(&old);
    recover_and_check(1 + target * 7 % 60);
    return stopped;
}

/* giving_up -- another has died with the sync lock, so the victim has to give the segment up. */
static bool giving_up(uint64_t target)
{
    pid_t victim;

    struct helper old = helper_start(CAIRN_NO_THREAD);
    helper_wait(&old, -1);
    helper_record(&old, 30);
    if (run_victim(work_little, SYNC_POINT, &victim))
        end(victim, SIGKILL);
    else
        wrong("no process could be held at a sync");
    bool stopped = run_victim(work_little, target, &victim);
    struct helper newer = helper_start(0);
    bool looked = helper_wait(&newer, stopped ? LOOK_MS : -1);
    if (stopped)
        end(victim, SIGKILL);
    if (!looked)
        helper_wait(&newer, -1);
    helper_record(&old, 300);
    helper_record(&newer, 200);
    helper_record(&old, 2000000);
    check_apart(CAIRN_READONLY);
    helper_end(&newer);
    helper_end(&old);
    recover_and_check(1 + target * 7 % 60);
    return stopped;
}

/* alone -- the victim makes the journal, or recovers it, nobody else is there. */
static bool alone(uint64_t target)
{
    pid_t victim;

    bool stopped = run_victim(work_all, target, &victim);
    if (stopped)
        end(victim, SIGKILL);
    if (access(journal, F_OK) == 0 && atomic_load(&shared->steps[1].acknowledged))
        check_apart(CAIRN_READONLY);
    if (run_victim(work_little, 1 + target * 5 % 90, &victim))
        end(victim, SIGKILL);
    if (run_victim(work_little, 1 + target * 3 % 70, &victim))
        end(victim, SIGKILL);
    end(spawn(work_indexed), 0);
    recover_and_check(1 + target * 7 % 60);
    return stopped;
}

static void kill_points__a_process_killed_among_others_harms_none_of_them(void **state)
{
    (void)state;
    sweep("among others", among_others);
}

static void kill_points__a_process_killed_while_giving_up_a_segment_harms_none(void **state)
{
    (void)state;
    sweep("giving up", giving_up);
}

static void kill_points__a_process_killed_alone_loses_nothing_acknowledged(void **state)
{
    (void)state;
    sweep("alone", alone);
}

static int set_up(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    scratch_make(base, true);
    scratch_join(journal, base, "journal");
    alarm(HANG_SECONDS);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (!atomic_load(&shared->failed))
        scratch_remove(base);
    munmap(shared, sizeof(*shared));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_points__a_process_killed_among_others_harms_none_of_them),
        cmocka_unit_test(kill_points__a_process_killed_while_giving_up_a_segment_harms_none),
        cmocka_unit_test(kill_points__a_process_killed_alone_loses_nothing_acknowledged),
    };
    return cmocka_run_group_tests_name("kill_points", tests, set_up, tear_down);
}
