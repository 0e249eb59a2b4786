/* deed.h -- a system call that is about the directory that is watched, from when it begins until it ends. */
#ifndef TORTURE_DEED_H
#define TORTURE_DEED_H

#include "torture/calls.h"
#include "torture/outside.h"
#include "torture/place.h"
#include "torture/process.h"
#include "torture/trace.h"

struct deed {
    struct call call;
    pid_t thread;
    uint64_t begin;  /* tick; 0: it has not begun, and does not wait */
    bool is_ack;     /* it prints acknowledgements */
    bool alone;      /* no other one that is `alone` may be under way meanwhile */
    int fd;          /* a duplicate of its descriptor; -1 */
    uint32_t object; /* that its descriptor stands for; 0 */
    struct place place, place2;
    char *source; /* where it was made; NULL: that is not known */
};

/* Where it is looked whether a call is one. */
struct scene {
    struct known known;
    struct processes processes;
    struct outside outside;
    struct trace *trace; /* for what cannot be followed */
};

/* deed_begin -- a stopped thread is about to make a call: false if that is not about the directory. If it is,
 * the deed is to be ended by deed_forget(). */
bool deed_begin(struct deed *deed, struct scene *scene, pid_t thread, const struct call *call);
void deed_forget(struct deed *deed);

#endif
