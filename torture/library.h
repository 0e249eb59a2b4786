/* library.h -- a check that is a shared library, which has
 *
 *     int torture_check(const char *dir, const char *acked);
 *
 * It says by 0 that the directory is well, and by any other number up to 125 that it is not; `acked` is the
 * file of the acknowledged lines. A process loads it once, and forks for each check: that saves the start of
 * a program.
 */
#ifndef TORTURE_LIBRARY_H
#define TORTURE_LIBRARY_H

#include <stdbool.h>
#include <sys/types.h>

/* Beside the path, all zero as long as nobody has loaded it. */
struct library {
    const char *path;
    pid_t pid;  /* of the process that has it loaded */
    int fd;     /* to that */
    int output; /* a file that has what the latest check has printed */
};

enum library_end { LIBRARY_ENDED, LIBRARY_HUNG, LIBRARY_GONE };

/* library_run -- runs the check, by a process that is started if there is none. *status is how it ended, as
 * of wait(); *left is set if processes that it started are left. If it is gone, for it could not be started,
 * or could not load the library, or hangs, it is to be forgotten. The environment is that of the first call,
 * but for TORTURE_FAULT. */
enum library_end library_run(struct library *library, unsigned timeout_s, int *status, bool *left);

/* library_forget -- ends the process, if there is one, or it has been killed. */
void library_forget(struct library *library);

/* library_call -- loads it and checks the directory TORTURE_DIR once: the exit status, 126 if it cannot be
 * loaded. library_serve -- loads it, and does what is asked for at descriptor 3 until that ends. Both are
 * what the program does when it is called to by a check's command. */
int library_call(const char *path);
int library_serve(const char *path);

#endif
