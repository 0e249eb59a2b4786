/* measure_roll.c -- the slowest appends while a log goes from one file to the next.
 *
 * That it does is seen from outside: the directory has changed. An append is called steady if the directory
 * changed neither during the ROLL_NEAR appends before it nor during those behind it. */
#include "child.h"
#include "clock.h"
#include "must.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROLL_NEAR    32u
#define ROLL_FIRST   40u /* MiB that are appended untimed: a log's first files are smaller */
#define ROLL_TIMES   4u  /* as long as other works: what is rare is to be seen */
#define ROLL_MAX     1000000u
#define ROLL_APPENDS 1000u /* of fewer nobody knows a p99.9 */

struct append {
    uint64_t ns;
    bool rolled;
};

static bool changed(int dir, struct timespec *since)
{
    struct stat info;

    must(fstat(dir, &info) == 0, "fstat");
    const bool is = memcmp(&info.st_mtim, since, sizeof *since) != 0;
    *since = info.st_mtim;
    return is;
}

/* Returns how many appends stand in `appends`. */
static size_t run(const struct job *job, void *self, struct append *appends)
{
    const int dir = open(job->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const uint64_t end = clock_ns() + (uint64_t)(job->seconds * ROLL_TIMES * 1e9);
    struct timespec since = {0, 0};
    size_t count = 0;

    must(dir >= 0, job->dir);
    changed(dir, &since);
    while (count < ROLL_MAX && clock_ns() < end) {
        const uint64_t start = clock_ns();
        job->engine->append(self, job->payload, job->work->size);
        appends[count].ns = clock_ns() - start;
        appends[count++].rolled = changed(dir, &since);
    }
    close(dir);
    return count;
}

void measure_roll(const struct job *job)
{
    static struct latency all, steady;
    struct append *appends = must_alloc(ROLL_MAX * sizeof *appends);
    void *self = job->engine->open(job->dir, job->work->size, ENGINE_NEW);
    size_t rolls = 0;

    for (uint64_t at = 0; at >> 20 < ROLL_FIRST; at += job->work->size)
        job->engine->append(self, job->payload, job->work->size);
    settle(job->dir);
    const size_t count = run(job, self, appends);
    for (size_t i = 0; i < count; i++) {
        bool near = false;
        for (size_t k = i > ROLL_NEAR ? i - ROLL_NEAR : 0; k < count && k <= i + ROLL_NEAR; k++)
            near = near || appends[k].rolled;
        latency_add(&all, appends[i].ns);
        if (!near)
            latency_add(&steady, appends[i].ns);
        rolls += appends[i].rolled;
    }
    job->engine->close(self);
    free(appends);

    latency_print(&all);
    figure_print("rolls", (double)rolls, "");
    if (steady.calls > 0)
        figure_print("steady p99", latency_us(&steady, 0.99), "us");
    if (steady.calls > 0 && rolls > 0 && count >= ROLL_APPENDS) {
        figure_print("p99.9 to steady p99", latency_us(&all, 0.999) / latency_us(&steady, 0.99), "");
    }
}
