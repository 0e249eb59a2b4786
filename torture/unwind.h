/* unwind.h -- through which calls a stopped thread came to where it is, and which lines of the program's
 * source these are: what libdw knows. Built without it, there is no unwinder, and nothing is known. */
#ifndef TORTURE_UNWIND_H
#define TORTURE_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "torture/stack.h"

#define CHAIN_LINKS 32  /* calls that are looked at */
#define CHAIN_TEXT  240 /* bytes, with the NUL */

/* How to find from a function's registers those of the one that called it. Its frame ends where its caller's
 * stack pointer will be. */
struct link {
    bool by_fp;           /* that is told by the frame pointer, and not by the stack pointer */
    int64_t size;         /* from there to the end of the frame */
    int64_t fp_at, ra_at; /* from the end of the frame to where these were saved; 0: they were not */
    uint64_t address;     /* that the call returns to */
};

/* A chain of calls. */
struct chain {
    uint64_t ip;
    struct link links[CHAIN_LINKS]; /* from the innermost on */
    size_t count;
    bool simple;           /* the links are as said; else the chain is to be asked for each time */
    bool astray;           /* one of them leads to code that was in no file when the unwinder was made */
    char text[CHAIN_TEXT]; /* "work.c:42 append < work.c:97 main"; "" */
};

/* unwinder_new -- for a process with that /proc/PID/maps, whose one thread is `thread`; NULL if there is
 * nothing to be known. */
struct unwinder;
struct unwinder *unwinder_new(const char *maps, pid_t thread);
void unwinder_release(struct unwinder *unwinder);

/* unwinder_walk -- the calls that the stack shows. */
void unwinder_walk(struct unwinder *unwinder, const struct stack *stack, struct chain *chain);

/* chain_fits -- whether the stack shows these calls, if the chain is a simple one: much faster. */
bool chain_fits(const struct chain *chain, const struct stack *stack);

#endif
