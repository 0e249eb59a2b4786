/* sandbox.h -- a place where a crashed directory stands at its own path, and nobody else sees it.
 *
 * A process in mount and PID namespaces of its own, in a user namespace if it is not root: the directory is
 * an empty tmpfs, and the kernel tells another boot's id for each state that is laid out. What is started in
 * it ends with it, and so do its mounts, whatever ends it.
 */
#ifndef TORTURE_SANDBOX_H
#define TORTURE_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "torture/tree.h"

struct sandbox {
    const char *dir;
    int fd;           /* the directory */
    char scratch[64]; /* a directory that is its own: for the acknowledgements and the boot's id */
    bool boots;       /* it tells another boot's id */
    char boot[40];    /* this boot's */
};

/* sandbox_start -- runs `function` in a process in a new sandbox: its pid, of which the exit status is what
 * `function` returns; or SANDBOX_REFUSED if there can be none, with the reason on stderr. -1 if there are no
 * more processes to be had. */
#define SANDBOX_REFUSED 125
typedef int sandbox_fn(struct sandbox *sandbox, void *arg);
pid_t sandbox_start(const char *dir, sandbox_fn *function, void *arg);

/* sandbox_lay -- empties the directory and makes it hold the tree. False with a message on stderr. */
bool sandbox_lay(struct sandbox *sandbox, const struct tree *tree);

/* sandbox_boot -- from now on tells the id of a boot that is made from `number`; of this one, if that is 0.
 */
void sandbox_boot(struct sandbox *sandbox, uint64_t number);

#endif
