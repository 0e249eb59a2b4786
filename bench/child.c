/* child.c -- see child.h. */
#include "child.h"

#include "must.h"
#include "random.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void figure_print(const char *metric, double value, const char *unit)
{
    printf("%s\t%.6g\t%s\n", metric, value, unit);
}

void latency_print(const struct latency *latency)
{
    figure_print("mean", latency_mean_us(latency), "us");
    figure_print("p50", latency_us(latency, 0.5), "us");
    figure_print("p90", latency_us(latency, 0.9), "us");
    figure_print("p99", latency_us(latency, 0.99), "us");
    figure_print("p99.9", latency_us(latency, 0.999), "us");
    figure_print("max", latency_us(latency, 1), "us");
}

void settle(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    must(fd >= 0 && syncfs(fd) == 0, dir);
    close(fd);
}

char *payload_make(size_t size)
{
    const size_t all = (size + ENGINE_PAGE - 1) / ENGINE_PAGE * ENGINE_PAGE;
    char *payload = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    must(payload != MAP_FAILED, "memory");
    for (size_t i = 0; i < all; i += sizeof(uint32_t)) {
        const uint32_t bytes = (uint32_t)(random_next() >> 32);
        memcpy(payload + i, &bytes, sizeof bytes);
    }
    return payload;
}

/* --- For a trace ------------------------------------------------------------------------------------ */

struct marker {
    const struct job *job;
    void *self;
    unsigned number;
    unsigned long count;
};

static void *marker_run(void *arg)
{
    const struct marker *marker = arg;
    const struct job *job = marker->job;
    char mark[64], *payload = payload_make(job->work->size);

    for (unsigned long i = 0; i < marker->count; i++) {
        const int length = snprintf(mark, sizeof mark, "MARK-%u-%lu.", marker->number, i);
        if ((size_t)length > job->work->size)
            die("the checkpoint is too small for its mark");
        memcpy(payload, mark, (size_t)length);
        job->engine->append(marker->self, payload, job->work->size);
        dprintf(STDOUT_FILENO, "%s\n", mark);
    }
    return NULL;
}

void append_marked(const struct job *job, unsigned threads, unsigned long count, bool unsynced)
{
    void *self = job->engine->open(job->dir, job->work->size, unsynced ? ENGINE_FILL : ENGINE_NEW);
    struct marker markers[WORK_THREADS_MAX];
    pthread_t ids[WORK_THREADS_MAX];

    if (threads > WORK_THREADS_MAX)
        die("too many threads");
    for (unsigned i = 0; i < threads; i++) {
        markers[i] = (struct marker){job, self, i, count};
        if (pthread_create(&ids[i], NULL, marker_run, &markers[i]) != 0)
            die("cannot start a thread");
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    job->engine->close(self);
}
