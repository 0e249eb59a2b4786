/* must.c -- see must.h. */
#include "must.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *format, va_list args)
{
    fputs("cairn-bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    exit(1);
}

void leave_out(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    exit(STATUS_LEFT_OUT);
}

void must(bool ok, const char *what)
{
    if (!ok)
        die("%s: %s", what, strerror(errno));
}

void *must_alloc(size_t size)
{
    void *memory = calloc(1, size);

    must(memory != NULL, "memory");
    return memory;
}

void must_pwrite(int fd, const void *data, size_t size, off_t at)
{
    const char *next = data;

    for (ssize_t n; size > 0; next += n, at += n, size -= (size_t)n)
        must((n = pwrite(fd, next, size, at)) > 0, "pwrite");
}

void must_mkdir(const char *path)
{
    must(mkdir(path, 0755) == 0, path);
}

int must_open(const char *dir, const char *name, int flags)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        die("%s: the path is too long", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0644);
    must(fd >= 0, path);
    return fd;
}
