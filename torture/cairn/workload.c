/* workload.c -- does with Cairn what its users do, for cairn-torture to watch.
 *
 *     workload URL SCENARIO COUNT [THREADS [PROCESSES]]
 *
 * Before each call it prints what it is about to do, and after it what it has done:
 *
 *     begin checkpoint SEED SIZE      done checkpoint SEED SIZE ID
 *     begin compact                   done compact
 *     begin clear                     done clear          (and complete)
 *
 * The bytes of a checkpoint follow from its seed and size. check.c reads these lines.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "torture/cairn/body.h"

static struct {
    const char *url, *scenario;
    struct cairn_op *op;
    unsigned count, threads, processes, process;
} work;

/* say -- a line, by one write. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    const int size = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    if (write(STDOUT_FILENO, line, (size_t)size) != size)
        exit(1);
}

/* must -- a full disk is part of some scenarios; any other error is none. */
static void must(int error, const char *call)
{
    if (error == 0 || (error == CAIRN_ENOSPC && strcmp(work.scenario, "full") == 0))
        return;
    fprintf(stderr, "%s: %s\n", call, cairn_message());
    exit(1);
}

static void checkpoint(uint32_t seed, size_t size)
{
    struct cairn_id id;
    char label[32];
    void *body = body_make(seed, size);

    snprintf(label, sizeof(label), "seed %u", seed);
    say("begin checkpoint %u %zu\n", seed, size);
    const int error = cairn_checkpoint(work.op, NULL, label, body, size, &id);
    must(error, "checkpoint");
    free(body);
    if (error == 0)
        say("done checkpoint %u %zu %s\n", seed, size, id.text);
    else
        say("failed checkpoint %u %zu\n", seed, size);
}

static void remove_some(const char *name, int error)
{
    must(error, name);
    if (error == 0)
        say("done %s\n", name);
    else
        say("failed %s\n", name);
}

static void compact(void)
{
    say("begin compact\n");
    remove_some("compact", cairn_compact(work.op, NULL, "kept"));
}

static void clear(void)
{
    say("begin clear\n");
    remove_some("clear", cairn_clear(work.op, NULL));
}

static void complete(void)
{
    say("begin complete\n");
    remove_some("complete", cairn_complete(work.op, NULL));
}

static void *record(void *arg)
{
    const unsigned thread = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < work.count; i++)
        checkpoint((work.process * work.threads + thread) * 10000 + i, 20 + i * 37 % 300);
    return NULL;
}

static void record_by_threads(void)
{
    pthread_t threads[64];

    for (unsigned i = 0; i < work.threads; i++)
        if (pthread_create(&threads[i], NULL, record, (void *)(uintptr_t)i) != 0)
            exit(1);
    for (unsigned i = 0; i < work.threads; i++)
        pthread_join(threads[i], NULL);
}

static void reopen(void)
{
    cairn_close(work.op);
    must(cairn_open(&work.op, NULL, work.url, 0), "open");
}

/* Everything that a user does, in turn. */
static void mixed(void)
{
    uint32_t seed = 0;

    for (unsigned round = 0; round < work.count; round++) {
        checkpoint(seed++, 0);
        checkpoint(seed++, 100);
        checkpoint(seed++, 5000);
        compact();
        checkpoint(seed++, 10);
        compact();
        compact();
        reopen();
        checkpoint(seed++, 300);
        clear();
        clear();
        checkpoint(seed++, 700);
        complete();
        checkpoint(seed++, 1);
    }
}

/* Bodies that fill a segment each. */
static void rolls(void)
{
    for (unsigned i = 0; i < work.count; i++) {
        checkpoint(i, 700000);
        checkpoint(1000 + i, 50);
    }
}

static int run(void)
{
    must(cairn_open(&work.op, NULL, work.url, CAIRN_NO_THREAD * (work.threads == 0)), "open");
    if (strcmp(work.scenario, "mixed") == 0)
        mixed();
    else if (strcmp(work.scenario, "rolls") == 0)
        rolls();
    else
        record_by_threads();
    cairn_close(work.op);
    return 0;
}

int main(int argc, char **argv)
{
    int status, failed = 0;

    if (argc < 4) {
        fputs("usage: workload URL record|mixed|rolls COUNT [THREADS [PROCESSES]]\n", stderr);
        return 2;
    }
    work.url = argv[1];
    work.scenario = argv[2];
    work.count = (unsigned)atoi(argv[3]);
    work.threads = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
    work.processes = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
    if (work.processes == 1)
        return run();
    for (work.process = 0; work.process < work.processes; work.process++) {
        if (fork() == 0)
            return run();
    }
    while (wait(&status) > 0)
        failed |= status;
    return failed != 0;
}
