/* measure_append.c -- appends by threads and by processes, and how long each took.
 *
 * Every worker appends untimed for a quarter of the time, then all wait for each other, and then each append
 * is timed. A worker makes a few appends at least, however long they take. In the end the engine must have as
 * many checkpoints as it took. */
#include "child.h"
#include "clock.h"
#include "latency.h"
#include "must.h"
#include "process.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define TIMED_MIN     3u                   /* appends of each worker */
#define CYCLE_BYTES   ((uint64_t)64 << 20) /* at least, between two recyclings, and so many appends */
#define CYCLE_APPENDS 4u

struct worker {
    struct shared *shared;
    void *self;                               /* the engine, in the process that this worker is in */
    uint64_t start_ns, end_ns, before, timed; /* appends */
    struct latency latency;
};

/* In memory that processes share. */
struct shared {
    const struct job *job;
    uint64_t cycle; /* appends after which the space is recycled; 0 for never */
    pthread_barrier_t barrier;
    struct worker workers[WORK_THREADS_MAX];
};

static void append_one(const struct worker *worker)
{
    const struct job *job = worker->shared->job;
    const uint64_t cycle = worker->shared->cycle, number = worker->before + worker->timed;

    job->engine->append(worker->self, job->payload, job->work->size);
    if (cycle > 0 && (number + 1) % cycle == 0)
        job->engine->recycle(worker->self);
}

static void *worker_run(void *arg)
{
    struct worker *worker = arg;
    struct shared *shared = worker->shared;
    const uint64_t timed_ns = (uint64_t)(shared->job->seconds * 1e9);

    for (uint64_t end = clock_ns() + timed_ns / 4; clock_ns() < end || worker->before < 2 * shared->cycle;
         worker->before++)
        append_one(worker);
    pthread_barrier_wait(&shared->barrier);
    uint64_t now = worker->start_ns = clock_ns();
    for (; now - worker->start_ns < timed_ns || worker->timed < TIMED_MIN; worker->timed++) {
        const uint64_t then = now;
        append_one(worker);
        now = clock_ns();
        latency_add(&worker->latency, now - then);
    }
    worker->end_ns = now;
    return NULL;
}

static void threads_run(struct shared *shared, unsigned count, void *self)
{
    pthread_t threads[WORK_THREADS_MAX];

    for (unsigned i = 0; i < count; i++) {
        shared->workers[i].self = self;
        if (pthread_create(&threads[i], NULL, worker_run, &shared->workers[i]) != 0)
            die("cannot start a thread");
    }
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* Each opens the store for itself. */
static void processes_run(struct shared *shared, unsigned count)
{
    const struct job *job = shared->job;
    pid_t pids[WORK_THREADS_MAX];

    for (unsigned i = 0; i < count; i++) {
        pids[i] = fork();
        if (pids[i] != 0)
            continue;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        shared->workers[i].self = job->engine->open(job->dir, job->work->size, ENGINE_RESUME);
        worker_run(&shared->workers[i]);
        job->engine->close(shared->workers[i].self);
        _exit(0);
    }
    for (unsigned i = 0; i < count; i++)
        process_wait(pids[i], "a process that appends");
}

/* --- A reader beside them --------------------------------------------------------------------------- */

struct follower {
    const struct job *job;
    void *self;
    atomic_bool over;
    uint64_t number; /* of the next that it has not read */
};

static uint64_t follow(const struct job *job, void *self, uint64_t from, void *data)
{
    if (job->engine->follow != NULL)
        return job->engine->follow(self, from, data, job->work->size);
    while (job->engine->load(self, from, data, job->work->size))
        from++;
    return from;
}

static void *follower_run(void *arg)
{
    struct follower *follower = arg;
    void *data = must_alloc(follower->job->work->size);

    while (!follower->over) {
        follower->number = follow(follower->job, follower->self, follower->number, data);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    free(data);
    return NULL;
}

/* ---------------------------------------------------------------------------------------------------- */

/* Prints what the workers have done, and returns how many appends that were in all. */
static uint64_t workers_print(const struct shared *shared, unsigned count)
{
    static struct latency latency;
    uint64_t start = UINT64_MAX, end = 0, all = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct worker *worker = &shared->workers[i];
        start = worker->start_ns < start ? worker->start_ns : start;
        end = worker->end_ns > end ? worker->end_ns : end;
        all += worker->before + worker->timed;
        latency_merge(&latency, &worker->latency);
    }
    const double rate = (double)latency.calls / ((double)(end - start) * 1e-9);
    figure_print("rate", rate, "1/s");
    figure_print("throughput", rate * (double)shared->job->work->size * 1e-6, "MB/s");
    latency_print(&latency);
    return all;
}

void measure_append(const struct job *job)
{
    const struct work *work = job->work;
    const unsigned workers = work->threads * work->processes;
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct follower follower = {.job = job};
    pthread_barrierattr_t attributes;
    pthread_t thread;

    must(shared != MAP_FAILED, "memory");
    shared->job = job;
    pthread_barrierattr_init(&attributes);
    pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_barrier_init(&shared->barrier, &attributes, workers);
    for (unsigned i = 0; i < workers; i++)
        shared->workers[i].shared = shared;
    if (work->kind == WORK_RECYCLE) {
        const uint64_t cycle = CYCLE_BYTES / work->size;
        shared->cycle = cycle < CYCLE_APPENDS ? CYCLE_APPENDS : cycle;
    }

    void *self = job->engine->open(job->dir, work->size, ENGINE_NEW);
    settle(job->dir);
    if (work->kind == WORK_FOLLOW) {
        follower.self = self;
        if (pthread_create(&thread, NULL, follower_run, &follower) != 0)
            die("cannot start a thread");
    }
    if (work->processes > 1) {
        job->engine->close(self); /* a child is not to have it by inheritance */
        processes_run(shared, workers);
        self = job->engine->open(job->dir, work->size, ENGINE_RESUME);
    } else {
        threads_run(shared, workers, self);
    }
    const uint64_t all = workers_print(shared, workers);
    if (work->kind == WORK_FOLLOW) {
        follower.over = true;
        pthread_join(thread, NULL);
        figure_print("followed", (double)follower.number / (double)all, "");
    }
    if (work->kind != WORK_RECYCLE && job->engine->count != NULL && job->engine->count(self) != all)
        die("it has %llu checkpoints, and took %llu", (unsigned long long)job->engine->count(self),
            (unsigned long long)all);
    job->engine->close(self);
    if (work->processes == 1)
        figure_print("peak memory", process_peak_mib(), "MiB");
}
