/* allocations.c -- see allocations.h. */
#include "torture/allocations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "torture/memory.h"
#include "torture/preload/counter.h"

/* The shared object itself, whose path the build gives: so the harness is one file. */
__asm__(".pushsection .rodata\n"
        ".global allocations_object, allocations_object_end\n"
        ".hidden allocations_object, allocations_object_end\n"
        "allocations_object:\n"
        ".incbin \"" ALLOCATIONS_OBJECT "\"\n"
        "allocations_object_end:\n"
        ".popsection\n");
extern const char allocations_object[], allocations_object_end[];

#define PRELOAD "LD_PRELOAD"

static bool complain(const char *path)
{
    fprintf(stderr, "cairn-torture: %s: %s\n", path, strerror(errno));
    return false;
}

/* new_file -- one that no earlier run has mapped; its descriptor, or -1. */
static int new_file(const char *path)
{
    (void)unlink(path);
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
}

static bool write_object(const char *path)
{
    const size_t size = (size_t)(allocations_object_end - allocations_object);
    const int fd = new_file(path);
    const bool ok = fd >= 0 && write(fd, allocations_object, size) == (ssize_t)size;

    if (fd >= 0)
        close(fd);
    return ok || complain(path);
}

/* map_counter -- a new one; NULL with a message. */
static struct counter *map_counter(const char *path)
{
    struct counter *counter = MAP_FAILED;
    const int fd = new_file(path);

    if (fd >= 0 && ftruncate(fd, sizeof(*counter)) == 0)
        counter = mmap(NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (counter == MAP_FAILED)
        complain(path);
    if (fd >= 0)
        close(fd);
    return counter == MAP_FAILED ? NULL : counter;
}

/* set_environment -- what was preloaded by itself stays so, behind ours. */
static bool set_environment(const char *object, const char *counter, const char *preload)
{
    char *list = memory_new(strlen(object) + 1 + (preload ? strlen(preload) : 0) + 1);

    sprintf(list, "%s%s%s", object, preload && *preload ? ":" : "", preload ? preload : "");
    const bool ok = setenv(PRELOAD, list, 1) == 0 && setenv(COUNTER_PATH, counter, 1) == 0;
    free(list);
    return ok;
}

bool allocations_begin(struct allocations *allocations, const char *scratch,
                       const struct injection *injection)
{
    const char *preload = getenv(PRELOAD);
    char object[128], path[128];

    *allocations = (struct allocations){.preload = preload ? memory_text(preload) : NULL};
    snprintf(object, sizeof(object), "%s/allocations.so", scratch);
    snprintf(path, sizeof(path), "%s/allocations", scratch);
    if (write_object(object))
        allocations->counter = map_counter(path);
    if (allocations->counter == NULL || !set_environment(object, path, preload)) {
        allocations_end(allocations, NULL);
        return false;
    }
    allocations->counter->at = injection->at;
    allocations->counter->from_then_on = injection->from_then_on;
    allocations->counter->magic = COUNTER_MAGIC;
    return true;
}

void allocations_end(struct allocations *allocations, struct injection *injection)
{
    static const char *const names[] = {"", COUNTER_NAMES};
    struct counter *counter = allocations->counter;

    if (allocations->preload)
        (void)setenv(PRELOAD, allocations->preload, 1);
    else
        (void)unsetenv(PRELOAD);
    (void)unsetenv(COUNTER_PATH);
    free(allocations->preload);
    if (counter && injection) {
        const uint64_t hit = counter->hit;
        injection->allocations = counter->count;
        snprintf(injection->call, sizeof(injection->call), "%s",
                 hit < sizeof(names) / sizeof(*names) ? names[hit] : "");
    }
    if (counter)
        munmap(counter, sizeof(*counter));
    *allocations = (struct allocations){.counter = NULL};
}
