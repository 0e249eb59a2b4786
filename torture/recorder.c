/* recorder.c -- see recorder.h. */
#include "torture/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "torture/calls.h"
#include "torture/memory.h"
#include "torture/registers.h"
#include "torture/source.h"
#include "torture/watch.h"

#define SYSCALL_STOP (SIGTRAP | 0x80) /* as PTRACE_O_TRACESYSGOOD makes it */

struct thread {
    pid_t id;
    enum { THREAD_RUNS, THREAD_WAITS, THREAD_CALLS } state; /* at nothing, for its turn, in a call */
    struct deed deed;                                       /* but when it runs */
    int injected;                                           /* errno that its call fails with; 0 */
};

struct recorder {
    struct trace *trace;
    struct watch *watch;
    struct thread *threads; /* those that are in a call, or wait for their turn, oldest first */
    size_t count, space;
    pid_t first; /* the workload itself */
    bool runs;   /* it has become the command */
    bool ended;  /* it has ended itself, and others may be left */
    pid_t *all;  /* all threads that are there */
    size_t all_count, all_space;
    unsigned linger_s; /* how long those that are left have; 0: for ever */
    struct injection *injection;
    struct sources *sources; /* NULL: only that of the call that is injected is asked for */
};

/* --- the threads -------------------------------------------------------------------------------------- */

static struct thread *thread_find(struct recorder *recorder, pid_t id)
{
    for (size_t i = 0; i < recorder->count; i++) {
        if (recorder->threads[i].id == id)
            return &recorder->threads[i];
    }
    return NULL;
}

static void thread_forget(struct recorder *recorder, struct thread *thread)
{
    const size_t at = (size_t)(thread - recorder->threads);

    recorder->count--;
    memmove(thread, thread + 1, (recorder->count - at) * sizeof(*thread));
}

static bool somebody_alone(const struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++) {
        if (recorder->threads[i].state == THREAD_CALLS && recorder->threads[i].deed.alone)
            return true;
    }
    return false;
}

/* let_go -- lets a stopped thread go on; one that is gone will be reported. */
static void let_go(pid_t id, bool to_the_end_of_the_call, int signal)
{
    ptrace(to_the_end_of_the_call ? PTRACE_SYSCALL : PTRACE_CONT, id, 0, (uintptr_t)signal);
}

/* end_all -- kills the workload. In a PID namespace of our own all others are its processes. */
static void end_all(const struct recorder *recorder)
{
    if (getpid() == 1)
        kill(-1, SIGKILL);
    for (size_t i = 0; i < recorder->all_count; i++)
        kill(recorder->all[i], SIGKILL);
}

static void all_add(struct recorder *recorder, pid_t id)
{
    for (size_t i = 0; i < recorder->all_count; i++) {
        if (recorder->all[i] == id)
            return;
    }
    recorder->all = memory_grow(recorder->all, recorder->all_count, &recorder->all_space, sizeof(id));
    recorder->all[recorder->all_count++] = id;
}

static void all_remove(struct recorder *recorder, pid_t id)
{
    for (size_t i = 0; i < recorder->all_count; i++) {
        if (recorder->all[i] == id)
            recorder->all[i] = recorder->all[--recorder->all_count];
    }
}

/* inject -- what is to be done to the thread's call, or at it. */
static void inject(struct recorder *recorder, struct thread *thread)
{
    struct injection *injection = recorder->injection;
    bool hit = false;

    if (injection == NULL || thread->deed.is_ack)
        return;
    injection->calls++;
    if (injection->at == 0 || injection->calls < injection->at ||
        (injection->calls > injection->at && !injection->from_then_on))
        return;
    switch (injection->kind) {
    case INJECT_NOTHING:
    case INJECT_ALLOCATION: /* is a matter of rerun.c */
        break;
    case INJECT_ERROR:
        hit = registers_skip(thread->id);
        thread->injected = hit ? injection->error : 0;
        break;
    case INJECT_HALF:
        hit = thread->deed.call.count && registers_halve(thread->id, thread->deed.call.count);
        break;
    case INJECT_KILL:
        hit = registers_skip(thread->id); /* it is not known how far it would come */
        injection->killed = true;
        end_all(recorder);
        break;
    }
    if (!hit || injection->call[0])
        return;
    snprintf(injection->call, sizeof(injection->call), "%s", thread->deed.call.name);
    if (injection->kind == INJECT_KILL)
        return; /* there is no thread to be asked any more */
    struct sources *sources = sources_new();
    snprintf(injection->source, sizeof(injection->source), "%s", source_of(sources, thread->id));
    sources_release(sources);
}

static void call_begins(struct recorder *recorder, struct thread *thread)
{
    thread->state = THREAD_CALLS;
    if (recorder->sources)
        thread->deed.source = memory_text(source_of(recorder->sources, thread->id));
    inject(recorder, thread);
    watch_go(recorder->watch, &thread->deed);
    let_go(thread->id, true, 0);
}

/* next_turn -- whoever waits first goes on, if nobody is in the way any more. */
static void next_turn(struct recorder *recorder)
{
    for (size_t i = 0; i < recorder->count; i++) {
        struct thread *thread = &recorder->threads[i];
        if (thread->state != THREAD_WAITS || somebody_alone(recorder))
            continue;
        /* What it was about may have changed while it waited. */
        const struct call call = thread->deed.call;
        const uint64_t begin = thread->deed.begin;
        deed_forget(&thread->deed);
        if (watch_deed(recorder->watch, &thread->deed, thread->id, &call)) {
            thread->deed.begin = thread->deed.alone ? begin : 0; /* what is synced is what there is now */
            call_begins(recorder, thread);
        } else {
            let_go(thread->id, false, 0);
            thread_forget(recorder, thread);
            i--;
        }
    }
}

/* --- the stops ---------------------------------------------------------------------------------------- */

/* wait_or_begin -- the thread's call begins, unless it has to wait for its turn. */
static void wait_or_begin(struct recorder *recorder, const struct deed *deed, bool waits)
{
    recorder->threads =
        memory_grow(recorder->threads, recorder->count, &recorder->space, sizeof(struct thread));
    struct thread *thread = &recorder->threads[recorder->count++];
    *thread = (struct thread){.id = deed->thread, .state = THREAD_WAITS, .deed = *deed};
    if (waits)
        thread->deed.begin = ++recorder->trace->ticks; /* so it overlaps with what it waits for */
    else
        call_begins(recorder, thread);
}

/* at_entry -- a thread is about to make a call that the filter reports. */
static void at_entry(struct recorder *recorder, pid_t id)
{
    struct __ptrace_syscall_info info;
    struct call call;
    struct deed deed;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_SECCOMP)
        return;
    uint64_t args[6];
    memcpy(args, info.seccomp.args, sizeof(args));
    if (calls_foreign(info.arch) || !calls_decode(&call, info.seccomp.nr, args)) {
        trace_gap(recorder->trace, "a call of another architecture was made, number %llu",
                  (unsigned long long)info.seccomp.nr);
        let_go(id, false, 0);
        return;
    }
    const bool about = watch_deed(recorder->watch, &deed, id, &call);
    if (somebody_alone(recorder) && (!about || deed.alone)) {
        /* Whether it is about the directory may depend on what is being made just now. */
        wait_or_begin(recorder, &deed, true);
    } else if (about) {
        wait_or_begin(recorder, &deed, false);
    } else {
        let_go(id, false, 0);
    }
}

/* at_exit -- a call has ended. */
static void at_exit(struct recorder *recorder, pid_t id)
{
    struct thread *thread = thread_find(recorder, id);
    struct __ptrace_syscall_info info;

    if (thread && thread->state == THREAD_CALLS &&
        ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof(info), &info) > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT) {
        if (thread->injected)
            registers_return(id, -thread->injected);
        watch_done(recorder->watch, &thread->deed, thread->injected ? -thread->injected : info.exit.rval);
        thread_forget(recorder, thread);
    }
    let_go(id, false, 0);
    next_turn(recorder);
}

/* at_end -- a thread is gone. */
static void at_end(struct recorder *recorder, pid_t id)
{
    struct thread *thread = thread_find(recorder, id);

    watch_ended(recorder->watch, id);
    if (recorder->sources)
        source_ended(recorder->sources, id);
    if (thread == NULL)
        return;
    if (thread->state == THREAD_CALLS)
        watch_drop(recorder->watch, &thread->deed);
    else
        deed_forget(&thread->deed);
    thread_forget(recorder, thread);
    next_turn(recorder);
}

static void at_stop(struct recorder *recorder, pid_t id, int status)
{
    const int event = status >> 16, signal = WSTOPSIG(status);

    if (event == PTRACE_EVENT_STOP)
        all_add(recorder, id);
    if (event == PTRACE_EVENT_SECCOMP) {
        at_entry(recorder, id);
    } else if (signal == SYSCALL_STOP) {
        at_exit(recorder, id);
    } else if (event == PTRACE_EVENT_EXEC) {
        recorder->runs |= id == recorder->first;
        at_end(recorder, id); /* of what the other threads were at nothing is left */
        let_go(id, false, 0);
    } else if (event == PTRACE_EVENT_STOP &&
               (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU)) {
        ptrace(PTRACE_LISTEN, id, 0, 0); /* stopped by somebody, as it would be without us */
    } else {
        let_go(id, thread_find(recorder, id) != NULL, event ? 0 : signal);
    }
}

/* --- running it --------------------------------------------------------------------------------------- */

/* become -- in the child: the workload, once it is followed. */
static _Noreturn void become(char *const command[], const struct sock_fprog *filter, int acks, bool quiet,
                             int go)
{
    char byte;

    if (read(go, &byte, 1) != 1)
        _exit(127);
    if (dup2(acks, STDOUT_FILENO) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) != 0) {
        fprintf(stderr, "cairn-torture: cannot have the system calls reported: %s\n", strerror(errno));
        _exit(127);
    }
    const int nowhere = quiet ? open("/dev/null", O_WRONLY) : -1;
    if (nowhere >= 0)
        dup2(nowhere, STDERR_FILENO);
    execvp(command[0], command);
    fprintf(stderr, "cairn-torture: %s: cannot run it: %s\n", command[0], strerror(errno));
    _exit(127);
}

static volatile sig_atomic_t timed_out;

static void on_alarm(int number)
{
    (void)number;
    timed_out = 1;
}

/* set_alarm -- again and again, for a signal between two waits is not noticed. 0: no more. */
static void set_alarm(uint64_t after_us)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval timer = {
        .it_value = {.tv_sec = (time_t)(after_us / 1000000), .tv_usec = (suseconds_t)(after_us % 1000000)},
        .it_interval = {.tv_usec = after_us ? 10000 : 0}};

    timed_out = 0;
    (void)sigaction(SIGALRM, &action, NULL);
    (void)setitimer(ITIMER_REAL, &timer, NULL);
}

/* alarm_of -- after which time the workload is killed; 0: never. */
static uint64_t alarm_of(const struct injection *injection)
{
    return injection->kind == INJECT_KILL && injection->after_us ? injection->after_us
                                                                 : injection->timeout_s * (uint64_t)1000000;
}

/* at_alarm -- the time is over. */
static void at_alarm(struct recorder *recorder)
{
    struct injection *injection = recorder->injection;

    if (injection == NULL)
        fprintf(stderr,
                "cairn-torture: the workload has ended, and what it left running is ended after %u seconds\n",
                recorder->linger_s);
    else if (injection->kind == INJECT_KILL && injection->after_us)
        injection->killed = true;
    else
        injection->timed_out = true;
    end_all(recorder);
}

/* first_ended -- the workload itself has. */
static void first_ended(struct recorder *recorder, int status)
{
    recorder->trace->status = status;
    recorder->ended = true;
    if (recorder->injection && recorder->injection->ends_with_it)
        end_all(recorder);
    else if (recorder->linger_s)
        set_alarm(recorder->linger_s * (uint64_t)1000000);
}

static bool follow(struct recorder *recorder)
{
    int status;

    for (;;) {
        const pid_t id = waitpid(-1, &status, __WALL);
        if (id < 0 && errno == EINTR) {
            if (timed_out && (recorder->injection || recorder->ended))
                at_alarm(recorder);
            continue;
        }
        if (id < 0)
            break;
        if (WIFSTOPPED(status)) {
            at_stop(recorder, id, status);
        } else {
            at_end(recorder, id);
            all_remove(recorder, id);
            if (id == recorder->first)
                first_ended(recorder, status);
        }
    }
    return errno == ECHILD;
}

/* start -- the workload, followed. */
static bool start(struct recorder *recorder, char *const command[], int acks)
{
    const unsigned options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |
                             PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                             PTRACE_O_TRACEEXEC;
    struct sock_fprog filter;
    size_t count;
    int go[2];

    filter.filter = calls_filter(&count, recorder->injection && recorder->injection->reads);
    filter.len = (unsigned short)count;
    if (pipe2(go, O_CLOEXEC) != 0) {
        free(filter.filter);
        return false;
    }
    recorder->first = fork();
    if (recorder->first == 0) {
        close(go[1]);
        become(command, &filter, acks, recorder->injection && recorder->injection->quiet, go[0]);
    }
    free(filter.filter);
    close(go[0]);
    if (recorder->first > 0)
        all_add(recorder, recorder->first);
    const bool ok = recorder->first > 0 && ptrace(PTRACE_SEIZE, recorder->first, 0, options) == 0 &&
                    write(go[1], "", 1) == 1;
    close(go[1]);
    if (!ok) {
        fprintf(stderr, "cairn-torture: cannot follow a process: %s\n", strerror(errno));
        if (recorder->first > 0) {
            kill(recorder->first, SIGKILL);
            waitpid(recorder->first, NULL, 0);
        }
    }
    return ok;
}

static char *joined(char *const command[])
{
    size_t size = 1;

    for (size_t i = 0; command[i]; i++)
        size += strlen(command[i]) + 1;
    char *text = memory_new(size), *at = text;
    for (size_t i = 0; command[i]; i++)
        at += sprintf(at, "%s%s", i ? " " : "", command[i]);
    return text;
}

/* was_run -- whether the command was; why not is on stderr. Who was killed at once may not have come to it.
 */
static bool was_run(const struct recorder *recorder)
{
    const struct injection *injection = recorder->injection;

    return recorder->runs || (injection && (injection->killed || injection->timed_out));
}

static bool run(struct trace *trace, const char *dir, char *const command[], struct injection *injection,
                struct sources *sources, unsigned linger_s)
{
    struct recorder recorder = {
        .trace = trace, .injection = injection, .sources = sources, .linger_s = linger_s};
    struct rlimit limit;

    *trace = (struct trace){.command = joined(command)};
    trace->dir = realpath(dir, NULL);
    if (trace->dir == NULL) {
        trace->dir = memory_text(dir);
        fprintf(stderr, "cairn-torture: %s: %s\n", dir, strerror(errno));
        return false;
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) { /* a descriptor for each file that is written to */
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    const int acks = memfd_create("acknowledgements", MFD_CLOEXEC);
    /* Its lines are written behind each other, whoever writes them at the same time. */
    if (acks < 0 || fcntl(acks, F_SETFL, O_APPEND) != 0) {
        fprintf(stderr, "cairn-torture: no file for the acknowledgements: %s\n", strerror(errno));
        return false;
    }
    recorder.watch = watch_begin(trace, trace->dir, acks);
    const bool started = recorder.watch && start(&recorder, command, acks);
    if (injection)
        set_alarm(alarm_of(injection));
    const bool ok = started && follow(&recorder) && was_run(&recorder);
    set_alarm(0);
    if (ok)
        watch_end(recorder.watch);
    watch_release(recorder.watch);
    free(recorder.threads);
    free(recorder.all);
    close(acks);
    return ok;
}

bool recorder_run(struct trace *trace, const char *dir, char *const command[], struct injection *injection)
{
    return run(trace, dir, command, injection, NULL, 0);
}

bool recorder_run_with_sources(struct trace *trace, const char *dir, char *const command[], unsigned linger_s)
{
    struct sources *sources = sources_new();
    const bool ok = run(trace, dir, command, NULL, sources, linger_s);

    sources_release(sources);
    return ok;
}
