/* recorder.c -- what calls cost: bench/recorder.sh runs it plain and beneath cairn-torture's recorder.
 *
 *     cairn-bench-recorder DIR CALLS
 *
 * Prints a line on standard error for each kind of call: its name and what one took, in nanoseconds: the
 * median of CALLS calls. Standard output is left alone, since a line there is an acknowledgement to the
 * recorder. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char block[4096] = {1};
static int file;

static long now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000L + t.tv_nsec;
}

static bool call_pwrite(long i)
{
    return pwrite(file, block, sizeof(block), i % 256 * (off_t)sizeof(block)) == sizeof(block);
}

static bool call_write(long i)
{
    (void)i;
    return write(file, block, 100) == 100;
}

static bool call_truncate(long i)
{
    return ftruncate(file, 1048576 + i % 2) == 0;
}

static bool call_rename(long i)
{
    return i % 2 == 0 ? rename("here", "there") == 0 : rename("there", "here") == 0;
}

static bool call_create(long i)
{
    char name[32];

    snprintf(name, sizeof(name), "new%ld", i);
    const int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    return fd >= 0 && close(fd) == 0;
}

static bool call_unlink(long i)
{
    char name[32];

    snprintf(name, sizeof(name), "new%ld", i);
    return unlink(name) == 0;
}

static bool call_pread(long i)
{
    return pread(file, block, sizeof(block), i % 256 * (off_t)sizeof(block)) == sizeof(block);
}

static bool call_stat(long i)
{
    struct stat found;

    (void)i;
    return fstat(file, &found) == 0;
}

static const struct {
    const char *name;
    bool (*call)(long i);
} kinds[] = {{"pwrite-4096", call_pwrite}, {"write-100", call_write},   {"ftruncate", call_truncate},
             {"rename", call_rename},      {"open-close", call_create}, {"unlink", call_unlink},
             {"pread-4096", call_pread},   {"fstat", call_stat}};

static int by_size(const void *left, const void *right)
{
    const long a = *(const long *)left, b = *(const long *)right;

    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    const long calls = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    long *took = calls > 0 && calls <= 1000000 ? calloc((size_t)calls, sizeof(*took)) : NULL;
    int other;

    if (took == NULL || chdir(argv[1]) != 0)
        return fprintf(stderr, "usage: cairn-bench-recorder DIR CALLS\n"), 2;
    file = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    other = open("here", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || other < 0)
        return perror("cairn-bench-recorder"), 1;
    for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
        for (long i = 0; i < calls; i++) {
            const long begin = now();

            if (!kinds[kind].call(i))
                return perror(kinds[kind].name), 1;
            took[i] = now() - begin;
        }
        qsort(took, (size_t)calls, sizeof(*took), by_size);
        fprintf(stderr, "cost %s %ld\n", kinds[kind].name, took[calls / 2]);
    }
    close(other);
    close(file);
    free(took);
    return 0;
}
