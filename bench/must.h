/* must.h -- a benchmark has no use for a figure in spite of an error: what fails ends the process. */
#ifndef BENCH_MUST_H
#define BENCH_MUST_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What a process ends with that has found out that here an engine cannot do a work; the reason is on stderr.
 */
#define STATUS_LEFT_OUT 3

/* Says why, and exits with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);

/* Says why, and exits with STATUS_LEFT_OUT. */
__attribute__((format(printf, 1, 2), noreturn)) void leave_out(const char *format, ...);

/* Dies unless `ok`, with `what` and errno. */
void must(bool ok, const char *what);

void *must_alloc(size_t size); /* zeroed */
void must_pwrite(int fd, const void *data, size_t size, off_t at);
void must_mkdir(const char *path);

/* Opens the file `name` in `dir` to read and write it, with further `flags`; makes it if need be. */
int must_open(const char *dir, const char *name, int flags);

#endif
