/* registers.h -- a stopped thread's registers, as far as a system call's fate depends on them. Each is false
 * if it cannot be done. */
#ifndef TORTURE_REGISTERS_H
#define TORTURE_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* registers_skip -- the call that is about to begin does nothing. */
bool registers_skip(pid_t thread);

/* registers_halve -- that argument, counted from 1, becomes half of what it is; false if that is less than
 * two. */
bool registers_halve(pid_t thread, unsigned argument);

/* registers_return -- the call that has ended returns that. */
bool registers_return(pid_t thread, int64_t result);

#endif
