/* process.h -- what a stopped thread of the workload's has: descriptors and memory. */
#ifndef TORTURE_PROCESS_H
#define TORTURE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The process that a thread belongs to. */
struct process {
    pid_t thread;
    int fd; /* of pidfd_open() */
};

/* Those that have been asked for, by thread. */
struct processes {
    struct process *all;
    size_t count, space;
};

/* process_borrow -- a duplicate of the thread's descriptor, with the same file, position and flags; -1. */
int process_borrow(struct processes *processes, pid_t thread, int fd);

/* process_peek -- what stands in its memory; false if not all of it is to be had. */
bool process_peek(pid_t thread, uint64_t address, void *data, size_t size);

/* process_peek_text -- false if it is not to be had, or as long as `size`. */
bool process_peek_text(pid_t thread, uint64_t address, char *text, size_t size);

/* process_ended -- the thread is gone, or has become another program's. */
void process_ended(struct processes *processes, pid_t thread);

void processes_release(struct processes *processes);

#endif
