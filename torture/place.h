/* place.h -- where a path of the workload's leads. */
#ifndef TORTURE_PLACE_H
#define TORTURE_PLACE_H

#include <sys/types.h>

#include "torture/calls.h"
#include "torture/known.h"

/* A path's last part, and the directory that it is in. */
struct place {
    int fd;       /* the directory, by O_PATH; -1 */
    uint32_t dir; /* its object; 0 if it is outside */
    char name[256];
};

/* place_find -- where a path of a stopped thread's leads, which stands at `address` and begins at the
 * directory `fd`; with `follow`, where a symbolic link at its end does. What is there need not exist. If
 * true, it is to be released. */
bool place_find(const struct known *known, struct place *place, pid_t thread, int fd, uint64_t address,
                bool follow);
void place_release(struct place *place);

/* place_find_both -- where the two paths of a call lead; if false, either may be to be released. */
bool place_find_both(const struct known *known, struct place *place, struct place *place2, pid_t thread,
                     const struct call *call);

/* place_object -- what is there now: an object that is known, or 0 and an identity; false if nothing is
 * there. */
bool place_object(const struct known *known, const struct place *place, uint32_t *object,
                  struct identity *identity);

#endif
