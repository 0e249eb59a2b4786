/* workload.c -- does with Cairn what its users do, for cairn-torture to watch.
 *
 *     workload URL SCENARIO COUNT [THREADS [PROCESSES]]
 *
 * Before each call it prints what it is about to do, and after it what it has done:
 *
 *     begin checkpoint SEED SIZE      done checkpoint SEED SIZE ID
 *     begin compact                   done compact
 *     begin clear                     done clear          (and complete)
 *     begin damage SEED SIZE          done damage SEED SIZE
 *     begin repair                    done repair
 *
 * In place of `done` it is `failed` if the call has done nothing, or `unknown`. told.c reads these lines. The
 * bytes of a checkpoint follow from its seed and size; WORKLOAD_SEED makes other sizes. The exit status is 1
 * if a call failed that should not have, and it goes on as long as it can tell what has become of what it
 * did.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "torture/cairn/body.h"
#include "torture/cairn/damage.h"

static struct {
    const char *url, *scenario;
    struct cairn_op *op;
    unsigned count, threads, processes, process;
    unsigned seed;            /* WORKLOAD_SEED */
    uint32_t next;            /* seed of the next checkpoint, where there is one thread */
    bool full_disk;           /* for want of space calls may fail */
    atomic_bool disappointed; /* a call has failed that should not have */
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

/* note -- an error; a full disk is part of some scenarios, any other one is none. */
static void note(int error, const char *call)
{
    if (error == CAIRN_ENOSPC && work.full_disk)
        return;
    fprintf(stderr, "%s: %s\n", call, cairn_message());
    work.disappointed = true;
}

static void must(int error, const char *call)
{
    if (error == 0)
        return;
    note(error, call);
    exit(1);
}

static void open_it(void)
{
    must(cairn_open(&work.op, NULL, work.url, CAIRN_NO_THREAD * (work.threads == 0)), "open");
}

static void reopen(void)
{
    cairn_close(work.op);
    open_it();
}

/* some_size -- of a body: one that the run's seed changes. */
static size_t some_size(unsigned i)
{
    return 20 + (i * 37 + work.seed * 101) % 300;
}

/* checkpoint -- false if it could not be recorded. */
static bool checkpoint_as(uint32_t seed, size_t size)
{
    struct cairn_id id;
    char label[32];
    void *body = body_make(seed, size);

    snprintf(label, sizeof(label), "seed %u", seed);
    say("begin checkpoint %u %zu\n", seed, size);
    const int error = cairn_checkpoint(work.op, NULL, label, body, size, &id);
    free(body);
    if (error == 0) {
        say("done checkpoint %u %zu %s\n", seed, size, id.text);
        return true;
    }
    note(error, "checkpoint");
    say("%s checkpoint %u %zu\n", error == CAIRN_EIO ? "unknown" : "failed", seed, size);
    return false;
}

static bool checkpoint(size_t size)
{
    return checkpoint_as(work.next++, size);
}

/* removed -- after a removal of which it is not known what it has done, nothing can be said of what comes. */
static void removed(const char *name, int error)
{
    if (error == 0) {
        say("done %s\n", name);
        return;
    }
    note(error, name);
    if (error != CAIRN_ENOSPC || strncmp(work.url, "dir:", 4) == 0)
        exit(1);
    say("failed %s\n", name);
}

static void compact(void)
{
    say("begin compact\n");
    removed("compact", cairn_compact(work.op, NULL, "kept"));
}

static void clear(void)
{
    say("begin clear\n");
    removed("clear", cairn_clear(work.op, NULL));
}

static void complete(void)
{
    say("begin complete\n");
    removed("complete", cairn_complete(work.op, NULL));
}

/* --- many threads, and processes ---------------------------------------------------------------------- */

static void *record(void *arg)
{
    const unsigned thread = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < work.count; i++)
        checkpoint_as((work.process * work.threads + thread) * 10000 + i, some_size(i));
    return NULL;
}

/* record_or_remove -- the first thread of the first process removes what the others record. */
static void *record_or_remove(void *arg)
{
    if (work.process > 0 || (uintptr_t)arg > 0)
        return record(arg);
    for (unsigned i = 0; i < work.count; i++) {
        compact();
        if (i % 2)
            clear();
        else
            complete();
    }
    return NULL;
}

static void by_threads(void *(*what)(void *))
{
    pthread_t threads[64];

    for (unsigned i = 0; i < work.threads; i++)
        if (pthread_create(&threads[i], NULL, what, (void *)(uintptr_t)i) != 0)
            exit(1);
    for (unsigned i = 0; i < work.threads; i++)
        pthread_join(threads[i], NULL);
}

static void record_by_threads(void)
{
    by_threads(record);
}

static void remove_by_threads(void)
{
    by_threads(record_or_remove);
}

/* --- one thread --------------------------------------------------------------------------------------- */

/* Everything that a user does, in turn. */
static void mixed(void)
{
    for (unsigned round = 0; round < work.count; round++) {
        checkpoint(0);
        checkpoint(100 + work.seed);
        checkpoint(5000 + work.seed);
        compact();
        checkpoint(10);
        compact();
        compact();
        reopen();
        checkpoint(300 + work.seed);
        clear();
        clear();
        checkpoint(700 + work.seed);
        complete();
        checkpoint(1);
    }
}

/* One kind of removal, with something before it and behind. */
static void remove_by(void (*removal)(void))
{
    for (unsigned round = 0; round < work.count; round++) {
        checkpoint(some_size(round));
        checkpoint(some_size(round + 1));
        removal();
        checkpoint(some_size(round + 2));
    }
}

static void compacts(void)
{
    remove_by(compact);
}

static void clears(void)
{
    remove_by(clear);
}

static void completes(void)
{
    remove_by(complete);
}

/* Bodies that fill a segment each. */
static void rolls(void)
{
    for (unsigned i = 0; i < work.count; i++) {
        checkpoint(700000 + work.seed);
        checkpoint(50 + work.seed);
    }
}

static void fill(size_t size)
{
    for (unsigned i = 0, refused = 0; i < 16 && refused < 2; i++)
        refused += !checkpoint(size);
}

/* full -- until there is no space, and on. */
static void full(void)
{
    for (unsigned round = 0; round < work.count; round++) {
        for (size_t size = 250000; size > 20; size /= 8) /* until there is no space for the smallest one */
            fill(size + work.seed);
        reopen();
        compact();
        checkpoint(1000);
        fill(300000);
        clear();
        checkpoint(700);
        fill(400000);
        complete();
        checkpoint(40);
    }
}

/* is_vouched -- the index, too, knows of all that is recorded: else damage to the newest cannot be told from
 * a torn write (docs/protocol.md, the exception). It is so when the journal was closed, unless a call failed.
 */
static bool is_vouched(void)
{
    struct cairn_op *op;
    struct cairn_stat stat;

    if (cairn_open(&op, NULL, work.url, CAIRN_READONLY) != 0)
        return false;
    const bool vouched = cairn_stat(op, NULL, &stat) == 0 && stat.index_end == stat.log_end;
    cairn_close(op);
    return vouched;
}

/* damage -- of a checkpoint, while nobody has the journal open; `before` bytes before its data. */
static void damage(uint32_t seed, size_t size, size_t before)
{
    void *body = body_make(seed, size);

    cairn_close(work.op);
    if (is_vouched()) {
        say("begin damage %u %zu\n", seed, size);
        if (!damage_body(work.url, body, size, before)) {
            fprintf(stderr, "damage: the bytes of checkpoint %u are not there\n", seed);
            exit(1);
        }
        say("done damage %u %zu\n", seed, size);
    } else {
        fprintf(stderr, "damage: the index is behind\n");
        work.disappointed = true;
    }
    free(body);
    open_it();
}

static void repair(void)
{
    say("begin repair\n");
    const int error = cairn_repair(work.op, NULL, NULL);
    if (error)
        note(error, "repair");
    say("%s repair\n", error ? "failed" : "done");
}

/* repairs -- of data; of the newest one's header; and of one in a segment that is not the newest. */
static void repairs(void)
{
    enum { HEADER_TOO = 40 }; /* the label, and the end of the header */

    for (unsigned round = 0; round < work.count; round++) {
        const uint32_t first = work.next;
        checkpoint(60);
        checkpoint(600);
        checkpoint(61);
        damage(first + 1, 600, 0);
        checkpoint(62);
        repair();
        checkpoint(90);
        damage(first + 4, 90, HEADER_TOO);
        repair();
        checkpoint(63);
        damage(first + 2, 61, HEADER_TOO);
        repair();
        clear();
        checkpoint(64);
    }
}

/* stranger -- what a Go program does in a directory: a file under the next number, and nothing synced. */
static void stranger(uint32_t seed, size_t size, unsigned number)
{
    void *body = body_make(seed, size);
    char path[4096];

    snprintf(path, sizeof(path), "%s/%08ustranger.chk", work.url + 4, number);
    say("begin checkpoint %u %zu\n", seed, size);
    FILE *file = fopen(path, "we");
    if (file == NULL || fwrite(body, 1, size, file) != size || fclose(file) != 0)
        exit(1);
    free(body);
}

/* strange -- what a stranger wrote is durable once it was given as the latest; and before Compact keeps it.
 */
static void strange(void)
{
    for (unsigned round = 0; round < work.count; round++) {
        void *data;
        size_t size = 50 + work.seed;
        checkpoint(30);
        compact();
        stranger(work.next, size, 1);
        must(cairn_latest(work.op, NULL, &data, &size), "latest");
        cairn_free(data);
        say("done checkpoint %u %zu 00000001stranger.chk\n", work.next++, size);
        stranger(work.next++, 80, 2);
        compact();
        checkpoint(40);
        clear();
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} scenarios[] = {
    {"record", record_by_threads},
    {"remove", remove_by_threads},
    {"mixed", mixed},
    {"compact", compacts},
    {"clear", clears},
    {"complete", completes},
    {"rolls", rolls},
    {"full", full},
    {"repair", repairs},
    {"strange", strange},
    {"left", record_by_threads},
};

/* leave -- what a process leaves that was killed when it had made the directory. */
static void leave(void)
{
    if (mkdir(strncmp(work.url, "dir:", 4) == 0 ? work.url + 4 : work.url, 0755) != 0)
        exit(1);
}

static int run(void)
{
    if (strcmp(work.scenario, "left") == 0)
        leave();
    open_it();
    for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
        if (strcmp(work.scenario, scenarios[i].name) == 0)
            scenarios[i].run();
    }
    cairn_close(work.op);
    return work.disappointed;
}

int main(int argc, char **argv)
{
    int status, failed = 0;

    if (argc < 4) {
        fputs("usage: workload URL record|remove|mixed|compact|clear|complete|rolls|full|repair|strange|left "
              "COUNT\n"
              "                [THREADS [PROCESSES]]\n",
              stderr);
        return 2;
    }
    work.url = argv[1];
    work.scenario = argv[2];
    work.count = (unsigned)atoi(argv[3]);
    work.threads = argc > 4 ? (unsigned)atoi(argv[4]) : 1;
    work.processes = argc > 5 ? (unsigned)atoi(argv[5]) : 1;
    const char *seed = getenv("WORKLOAD_SEED");
    work.seed = seed ? (unsigned)atoi(seed) : 0;
    work.full_disk = strcmp(work.scenario, "full") == 0;
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
