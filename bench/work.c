/* work.c -- see work.h. */
#include "work.h"

#include <stdio.h>

#define B    ((size_t)1)
#define KIB  ((size_t)1 << 10)
#define MIB  ((size_t)1 << 20)
#define K    ((uint64_t)1000)
#define MILL ((uint64_t)1000000)

#define APPEND(size, threads, quick)                                                                         \
    {                                                                                                        \
        WORK_APPEND, size, threads, 1, 0, quick                                                              \
    }
#define PROCESSES(size, count, quick)                                                                        \
    {                                                                                                        \
        WORK_APPEND, size, 1, count, 0, quick                                                                \
    }
#define STORE(kind, size, count, quick)                                                                      \
    {                                                                                                        \
        kind, size, 1, 1, count, quick                                                                       \
    }

/* Works on one store (the same size and count) stand in a row: it is made once for them. */
const struct work works[] = {
    APPEND(100 * B, 1, true),
    APPEND(100 * B, 4, false),
    APPEND(100 * B, 16, true),
    APPEND(100 * B, 64, false),
    PROCESSES(100 * B, 4, false),
    PROCESSES(100 * B, 16, true),
    APPEND(4 * KIB, 1, true),
    APPEND(4 * KIB, 4, false),
    APPEND(4 * KIB, 16, false),
    APPEND(4 * KIB, 64, true),
    PROCESSES(4 * KIB, 4, false),
    PROCESSES(4 * KIB, 16, false),
    APPEND(64 * KIB, 1, false),
    APPEND(64 * KIB, 4, false),
    APPEND(64 * KIB, 16, false),
    APPEND(64 * KIB, 64, false),
    APPEND(1 * MIB, 1, true),
    APPEND(1 * MIB, 4, false),
    APPEND(1 * MIB, 16, false),
    APPEND(1 * MIB, 64, false),
    APPEND(64 * MIB, 1, false),
    APPEND(64 * MIB, 4, false),
    APPEND(64 * MIB, 16, false),
    APPEND(64 * MIB, 64, false),
    {WORK_RECYCLE, 1 * MIB, 1, 1, 0, true},
    {WORK_RECYCLE, 64 * MIB, 1, 1, 0, false},
    {WORK_FOLLOW, 100 * B, 1, 1, 0, false},
    {WORK_ROLL, 64 * KIB, 1, 1, 0, false},
    {WORK_CALLS, 100 * B, 1, 1, 0, true},
    {WORK_CALLS, 4 * KIB, 1, 1, 0, false},
    {WORK_CALLS, 1 * MIB, 1, 1, 0, false},
    STORE(WORK_READ, 100 * B, 10, true),
    STORE(WORK_COST, 100 * B, 10, true),
    STORE(WORK_OPEN, 100 * B, 10, true),
    STORE(WORK_COMPACT, 100 * B, 10, true),
    STORE(WORK_READ, 4 * KIB, 10, false),
    STORE(WORK_READ, 100 * B, 10 * K, true),
    STORE(WORK_COST, 100 * B, 10 * K, true),
    STORE(WORK_OPEN, 100 * B, 10 * K, true),
    STORE(WORK_COMPACT, 100 * B, 10 * K, false),
    STORE(WORK_READ, 4 * KIB, 10 * K, false),
    STORE(WORK_READ, 100 * B, MILL, false),
    STORE(WORK_COST, 100 * B, MILL, false),
    STORE(WORK_OPEN, 100 * B, MILL, false),
    STORE(WORK_COMPACT, 100 * B, MILL, false),
    STORE(WORK_READ, 4 * KIB, MILL, false),
};
const unsigned works_count = sizeof works / sizeof works[0];

void size_name(size_t size, char name[WORK_NAME_MAX])
{
    if (size < KIB)
        snprintf(name, WORK_NAME_MAX, "%zu B", size);
    else if (size < MIB)
        snprintf(name, WORK_NAME_MAX, "%zu KiB", size / KIB);
    else
        snprintf(name, WORK_NAME_MAX, "%zu MiB", size / MIB);
}

void work_name(const struct work *work, char name[WORK_NAME_MAX])
{
    static const char *const words[] = {
        [WORK_APPEND] = "append", [WORK_RECYCLE] = "recycle", [WORK_FOLLOW] = "follow",
        [WORK_ROLL] = "roll",     [WORK_CALLS] = "calls",     [WORK_READ] = "read",
        [WORK_COST] = "cost",     [WORK_OPEN] = "open",       [WORK_COMPACT] = "compact",
    };
    char size[WORK_NAME_MAX];

    size_name(work->size, size);
    if (work->count > 0)
        snprintf(name, WORK_NAME_MAX, "%s, %.16s, %llu", words[work->kind], size,
                 (unsigned long long)work->count);
    else if (work->processes > 1)
        snprintf(name, WORK_NAME_MAX, "%s, %.16s, %u processes", words[work->kind], size, work->processes);
    else if (work->kind == WORK_APPEND)
        snprintf(name, WORK_NAME_MAX, "%s, %.16s, %u thread%s", words[work->kind], size, work->threads,
                 work->threads == 1 ? "" : "s");
    else
        snprintf(name, WORK_NAME_MAX, "%s, %.16s", words[work->kind], size);
}

static bool can(const struct work *work, const struct engine *engine)
{
    switch (work->kind) {
    case WORK_RECYCLE:
        return engine->recycle != NULL;
    case WORK_FOLLOW:
        return engine->load != NULL;
    case WORK_ROLL:
    case WORK_CALLS:
    case WORK_APPEND:
        return work->processes == 1 || engine->processes;
    case WORK_READ:
    case WORK_COST:
    case WORK_OPEN:
        return engine->fill_threads > 0;
    case WORK_COMPACT:
        return engine->fill_threads > 0 && engine->compact != NULL;
    }
    return false;
}

bool work_is_too_large(const struct work *work)
{
    return (uint64_t)work->threads * work->size > WORK_BYTES_MAX;
}

const char *work_leaves_out(const struct work *work, const struct engine *engine)
{
    if (engine->missing != NULL)
        return ""; /* which is said once */
    if (!can(work, engine))
        return "";
    if (engine->fill_max > 0 && work->count > engine->fill_max)
        return "it would take too long to make that many files";
    return NULL;
}
