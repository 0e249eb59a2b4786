/* measure_store.c -- long logs: making one, reading from it, appending to it, opening and compacting it. */
#include "child.h"
#include "clock.h"
#include "must.h"
#include "process.h"
#include "random.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Making one ------------------------------------------------------------------------------------- */

struct filling {
    const struct job *job;
    void *self;
    _Atomic uint64_t taken;
};

static void *filler_run(void *arg)
{
    struct filling *filling = arg;
    const struct job *job = filling->job;

    while (atomic_fetch_add(&filling->taken, 1) < job->work->count)
        job->engine->append(filling->self, job->payload, job->work->size);
    return NULL;
}

void store_fill(const struct job *job)
{
    struct filling filling = {.job = job};
    pthread_t threads[WORK_THREADS_MAX];
    const unsigned count = job->engine->fill_threads;

    filling.self = job->engine->open(job->dir, job->work->size, ENGINE_FILL);
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, filler_run, &filling) != 0)
            die("cannot start a thread");
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    fflush(stdout);
    raise(SIGKILL);
}

/* Dies if the store has lost something: `data` is its latest checkpoint. */
static void check(const struct job *job, void *self, const char *data)
{
    if (job->engine->count(self) < job->work->count || memcmp(data, job->payload, job->work->size) != 0)
        die("the store has not what was recorded");
}

/* --- Reading ---------------------------------------------------------------------------------------- */

#define READ_BLOCK 64u    /* reads between two looks at the clock */
#define READ_HOT   65536u /* so many are read at most, spread over all, so that they stay in memory */

struct reading {
    const struct job *job;
    void *self;
    char *data;
    uint64_t hot, stride;
};

static void read_load(const struct reading *reading, uint64_t chance)
{
    if (!reading->job->engine->load(reading->self, chance % reading->hot * reading->stride, reading->data,
                                    reading->job->work->size))
        die("a checkpoint is not there");
}

static void read_latest(const struct reading *reading, uint64_t chance)
{
    (void)chance;
    reading->job->engine->latest(reading->self, reading->data, reading->job->work->size);
}

/* Reads for half of the time, and prints what a read took: the median of the blocks. */
static void read_measure(const struct reading *reading, void (*read)(const struct reading *, uint64_t),
                         const char *metric)
{
    static struct latency blocks;
    const uint64_t end = clock_ns() + (uint64_t)(reading->job->seconds * 0.5e9);

    memset(&blocks, 0, sizeof blocks);
    do {
        const uint64_t start = clock_ns();
        for (unsigned i = 0; i < READ_BLOCK; i++)
            read(reading, random_next() >> 33);
        latency_add(&blocks, clock_ns() - start);
    } while (clock_ns() < end);
    figure_print(metric, latency_us(&blocks, 0.5) / READ_BLOCK, "us");
}

void measure_read(const struct job *job)
{
    const struct work *work = job->work;
    struct reading reading = {.job = job, .data = must_alloc(work->size)};

    reading.self = job->engine->open(job->dir, work->size, ENGINE_RESUME);
    reading.hot = work->count < READ_HOT ? work->count : READ_HOT;
    reading.stride = work->count / reading.hot;
    for (uint64_t i = 0; i < reading.hot; i++)
        read_load(&reading, i);
    read_measure(&reading, read_load, "load");
    read_measure(&reading, read_latest, "latest");
    check(job, reading.self, reading.data);
    figure_print("peak memory", process_peak_mib(), "MiB");
    job->engine->close(reading.self);
    free(reading.data);
}

/* --- Appending -------------------------------------------------------------------------------------- */

#define COST_SMALL 10u /* checkpoints in the store that is compared with */
#define COST_BLOCK 32u /* appends to one store, then to the other */

static void append_block(const struct job *job, void *self, struct latency *latency)
{
    for (unsigned i = 0; i < COST_BLOCK; i++) {
        const uint64_t start = clock_ns();
        job->engine->append(self, job->payload, job->work->size);
        latency_add(latency, clock_ns() - start);
    }
}

/* In turns, so that the disk is as fast for one store as for the other. */
void measure_cost(const struct job *job)
{
    static struct latency before, large, small;
    const struct engine *engine = job->engine;
    char dir[PATH_MAX];

    snprintf(dir, sizeof dir, "%s.small", job->dir);
    must_mkdir(dir);
    void *many = engine->open(job->dir, job->work->size, ENGINE_RESUME);
    void *few = engine->open(dir, job->work->size, ENGINE_NEW);
    for (unsigned i = 0; i < COST_SMALL; i++)
        engine->append(few, job->payload, job->work->size);
    append_block(job, many, &before);
    append_block(job, few, &before);
    settle(job->dir);
    const uint64_t end = clock_ns() + (uint64_t)(job->seconds * 2e9);
    do {
        append_block(job, few, &small);
        append_block(job, many, &large);
    } while (clock_ns() < end);
    engine->close(few);
    engine->close(many);
    figure_print("append", latency_mean_us(&large), "us");
    figure_print("append at 10", latency_mean_us(&small), "us");
    figure_print("to that at 10", latency_mean_us(&large) / latency_mean_us(&small), "");
}

/* --- Opening and compacting ------------------------------------------------------------------------- */

/* Returns the milliseconds to open the store and to have its latest checkpoint. */
static double open_timed(const struct job *job)
{
    char *data = must_alloc(job->work->size);

    settle(job->dir);
    const uint64_t start = clock_ns();
    void *self = job->engine->open(job->dir, job->work->size, ENGINE_RESUME);
    job->engine->latest(self, data, job->work->size);
    const uint64_t end = clock_ns();
    check(job, self, data);
    job->engine->close(self);
    free(data);
    return (double)(end - start) * 1e-6;
}

void measure_open(const struct job *job)
{
    figure_print("open after a kill", open_timed(job), "ms");
    figure_print("peak memory", process_peak_mib(), "MiB");
    figure_print("open after closing", open_timed(job), "ms");
}

void measure_compact(const struct job *job)
{
    char *data = must_alloc(job->work->size);
    void *self = job->engine->open(job->dir, job->work->size, ENGINE_RESUME);

    settle(job->dir);
    const uint64_t start = clock_ns();
    job->engine->compact(self);
    figure_print("compact", (double)(clock_ns() - start) * 1e-6, "ms");
    job->engine->latest(self, data, job->work->size);
    if (memcmp(data, job->payload, job->work->size) != 0)
        die("the latest checkpoint is another after compacting");
    job->engine->close(self);
    free(data);
}
