/* leftover.c -- see leftover.h. */
#include "fuzz/leftover.h"

#include <dirent.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/place.h"
#include "fuzz/target.h"

#define DESCRIPTORS "/proc/self/fd"
#define THREADS     "/proc/self/task"

/* A thread that has been joined, or has let go of its last lock, is still listed for a moment. */
#define MOMENT_NS   1000000
#define MOMENTS_MAX 10000

static unsigned descriptors, threads;

/* count -- how many entries the directory has. With `tell` it prints them. */
static unsigned count(const char *path, bool tell)
{
    DIR *list = opendir(path);
    unsigned n = 0;

    FUZZ_ASSERT(list, "%s cannot be read", path);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char to[512];
        if (*entry->d_name == '.')
            continue;
        n++;
        const ssize_t size = tell ? readlinkat(dirfd(list), entry->d_name, to, sizeof(to) - 1) : -1;
        if (tell)
            fprintf(stderr, "  %s/%s: %.*s\n", path, entry->d_name, size < 0 ? 0 : (int)size, to);
    }
    closedir(list);
    return n;
}

/* is_mapped -- whether a file of the target's place is. */
static bool is_mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[1024];
    bool is = false;

    FUZZ_ASSERT(maps, "the mappings cannot be read");
    while (!is && fgets(line, sizeof(line), maps))
        is = strstr(line, place_path()) != NULL;
    if (is)
        fprintf(stderr, "  %s", line);
    fclose(maps);
    return is;
}

void leftover_begin(void)
{
    place_dir(); /* it is made at the first call, and stays */
    descriptors = count(DESCRIPTORS, false);
    threads = count(THREADS, false);
}

void leftover_thread(void)
{
    threads++;
}

void leftover_check(const char *who)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    unsigned now = count(THREADS, false);

    for (unsigned i = 0; now > threads && i < MOMENTS_MAX; i++) {
        nanosleep(&moment, NULL);
        now = count(THREADS, false);
    }
    FUZZ_ASSERT(now <= threads, "%s: %u threads are running, and %u were", who, now, threads);
    now = count(DESCRIPTORS, false);
    if (now > descriptors)
        count(DESCRIPTORS, true);
    FUZZ_ASSERT(now <= descriptors, "%s: %u descriptors are open, and %u were", who, now, descriptors);
    FUZZ_ASSERT(!is_mapped(), "%s: a file is still mapped", who);
}
