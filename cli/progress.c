/* progress.c -- see progress.h. */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUIET_NS    1000000000 /* what is done sooner needs no line */
#define INTERVAL_NS 200000000

static struct {
    const char *command; /* NULL: there is no terminal to draw on */
    int64_t next_ns;     /* when to draw again */
    bool drawn;
} line;

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void progress_begin(const char *command)
{
    const char *terminal = getenv("TERM");

    if (isatty(STDERR_FILENO) != 1 || terminal == NULL || strcmp(terminal, "dumb") == 0)
        return;
    line.command = command;
    line.next_ns = now_ns() + QUIET_NS;
}

__attribute__((format(printf, 1, 2))) static void draw(const char *format, ...)
{
    int64_t now = line.command != NULL ? now_ns() : 0;
    va_list args;

    if (line.command == NULL || now < line.next_ns)
        return;
    fprintf(stderr, "\r\033[Kcairn: %s: ", line.command);
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
    line.drawn = true;
    line.next_ns = now + INTERVAL_NS;
}

void progress_percent(uint64_t done, uint64_t total)
{
    if (total > 0)
        draw("%d%%", done < total ? (int)((double)done * 100 / (double)total) : 100);
}

void progress_bytes(const char *what, uint64_t bytes)
{
    draw("%s %.1f MiB", what, (double)bytes / (1 << 20));
}

void progress_count(const char *what, uint64_t how_many)
{
    draw("%s %" PRIu64, what, how_many);
}

void progress_erase(void)
{
    if (!line.drawn)
        return;
    line.drawn = false;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}
