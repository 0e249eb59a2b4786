/* measure_calls.c -- what an append asks of the heap and of the kernel.
 *
 * Calls of the heap are those of the thread that appends. Calls of the system are those of all threads of the
 * engine meanwhile: a process that is traced appends in a directory of its own, and says where the appends
 * that count begin and end by a call that nobody else makes. A flush is a call that makes something durable:
 * fsync, fdatasync, syncfs, msync with MS_SYNC, a write with RWF_DSYNC, or one to a descriptor with O_DSYNC.
 */
#include "child.h"
#include "heap.h"
#include "must.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* <sys/ptrace.h> and <linux/ptrace.h> do not go together. */
extern long ptrace(int request, ...);

#define APPENDS_BEFORE 64u
#define APPENDS        256u
#define APPENDS_LARGE  32u

#define MARK_BEGIN 0x62676e21 /* no option of prctl() */
#define MARK_END   0x656e6421

struct calls {
    uint64_t all, flushes;
    bool counting;
};

static unsigned appends_of(const struct job *job)
{
    return job->work->size < 1 << 20 ? APPENDS : APPENDS_LARGE;
}

static void append_all(const struct job *job, void *self, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        job->engine->append(self, job->payload, job->work->size);
}

static void heap_measure(const struct job *job, const char *dir)
{
    must_mkdir(dir);
    void *self = job->engine->open(dir, job->work->size, ENGINE_NEW);
    append_all(job, self, APPENDS_BEFORE);
    heap_begin();
    append_all(job, self, appends_of(job));
    figure_print("heap calls", (double)heap_end() / appends_of(job), "");
    job->engine->close(self);
}

/* --- The traced process ----------------------------------------------------------------------------- */

_Noreturn static void traced_run(const struct job *job, const char *dir)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    must(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0, "ptrace");
    raise(SIGSTOP);
    must_mkdir(dir);
    void *self = job->engine->open(dir, job->work->size, ENGINE_NEW);
    append_all(job, self, APPENDS_BEFORE);
    prctl(MARK_BEGIN);
    append_all(job, self, appends_of(job));
    prctl(MARK_END);
    job->engine->close(self);
    _exit(0);
}

/* Returns whether what a thread writes to this descriptor is durable when the call returns. */
static bool is_synced(pid_t thread, uint64_t fd)
{
    char path[64], line[128];
    unsigned flags = 0;

    snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", (int)thread, (int)fd);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "flags: %o", &flags) == 1)
            break;
    fclose(file);
    return (flags & O_DSYNC) != 0;
}

static bool is_flush(pid_t thread, uint64_t number, const uint64_t args[6])
{
    switch (number) {
    case SYS_fsync:
    case SYS_fdatasync:
    case SYS_syncfs:
        return true;
    case SYS_msync:
        return (args[2] & MS_SYNC) != 0;
    case SYS_pwritev2:
        return (args[5] & (RWF_DSYNC | RWF_SYNC)) != 0 || is_synced(thread, args[0]);
    case SYS_write:
    case SYS_writev:
    case SYS_pwrite64:
    case SYS_pwritev:
        return is_synced(thread, args[0]);
    default:
        return false;
    }
}

static void call_note(struct calls *calls, pid_t thread)
{
    struct ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    const uint64_t *args = (const uint64_t *)info.entry.args;
    if (info.entry.nr == SYS_prctl && (args[0] == MARK_BEGIN || args[0] == MARK_END)) {
        calls->counting = args[0] == MARK_BEGIN;
    } else if (calls->counting) {
        calls->all++;
        calls->flushes += is_flush(thread, info.entry.nr, args);
    }
}

/* Follows all threads to the end of the process. */
static void trace(pid_t pid, struct calls *calls)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    int status, give = 0;

    must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "the traced process");
    must(ptrace(PTRACE_SETOPTIONS, pid, NULL, options) == 0, "ptrace");
    for (pid_t thread = pid;;) {
        /* It may have been killed meanwhile: then waiting tells. */
        ptrace(PTRACE_SYSCALL, thread, NULL, (long)give);
        do {
            must((thread = waitpid(-1, &status, __WALL)) > 0, "the traced process");
            if (thread == pid && !WIFSTOPPED(status)) {
                if (status != 0)
                    die("the traced process failed");
                return;
            }
        } while (!WIFSTOPPED(status));
        give = WSTOPSIG(status);
        if (give == (SIGTRAP | 0x80))
            call_note(calls, thread);
        if (give == (SIGTRAP | 0x80) || status >> 16 != 0 || give == SIGSTOP || give == SIGTRAP)
            give = 0; /* the trace's own stops, and those of new threads */
    }
}

/* Returns whether a process may be traced here. */
static bool may_trace(void)
{
    int status;
    const pid_t pid = fork();

    must(pid >= 0, "fork");
    if (pid == 0)
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? 0 : 1);
    must(waitpid(pid, &status, 0) == pid, "waitpid");
    return status == 0;
}

static void system_measure(const struct job *job, const char *dir)
{
    struct calls calls = {0};

    fflush(stdout);
    const pid_t pid = fork();
    must(pid >= 0, "fork");
    if (pid == 0)
        traced_run(job, dir);
    trace(pid, &calls);
    figure_print("system calls", (double)calls.all / appends_of(job), "");
    figure_print("flushes", (double)calls.flushes / appends_of(job), "");
}

void measure_calls(const struct job *job)
{
    char dir[PATH_MAX];

    /* First the process that is forked: an engine that is open has threads, which a child would not have. */
    if (may_trace()) {
        snprintf(dir, sizeof dir, "%s/traced", job->dir);
        system_measure(job, dir);
    }
    if (heap_counts()) {
        snprintf(dir, sizeof dir, "%s/heap", job->dir);
        heap_measure(job, dir);
    }
}
