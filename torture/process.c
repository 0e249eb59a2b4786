/* process.c -- see process.h. */
#include "torture/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "torture/memory.h"

/* process_of -- the process that a thread belongs to, by a descriptor that stands for it; -1. It is looked up
 * once for a thread. */
static int process_of(struct processes *processes, pid_t thread)
{
    char path[64], text[512];
    const char *line;

    for (size_t i = 0; i < processes->count; i++) {
        if (processes->all[i].thread == thread)
            return processes->all[i].fd;
    }
    snprintf(path, sizeof(path), "/proc/%d/status", thread);
    const int status = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = status < 0 ? -1 : read(status, text, sizeof(text) - 1);
    if (status >= 0)
        close(status);
    text[n > 0 ? n : 0] = '\0';
    line = strstr(text, "\nTgid:");
    const int fd = line ? (int)syscall(SYS_pidfd_open, atoi(line + 6), 0) : -1;
    if (fd >= 0) {
        processes->all =
            memory_grow(processes->all, processes->count, &processes->space, sizeof(*processes->all));
        processes->all[processes->count++] = (struct process){thread, fd};
    }
    return fd;
}

void process_ended(struct processes *processes, pid_t thread)
{
    for (size_t i = 0; i < processes->count; i++) {
        if (processes->all[i].thread != thread)
            continue;
        close(processes->all[i].fd);
        processes->all[i] = processes->all[--processes->count];
        return;
    }
}

int process_borrow(struct processes *processes, pid_t thread, int fd)
{
    const int process = process_of(processes, thread);
    return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

void processes_release(struct processes *processes)
{
    for (size_t i = 0; i < processes->count; i++)
        close(processes->all[i].fd);
    free(processes->all);
}

bool process_peek(pid_t thread, uint64_t address, void *data, size_t size)
{
    const struct iovec here = {data, size}, there = {(void *)(uintptr_t)address, size};
    return process_vm_readv(thread, &here, 1, &there, 1, 0) == (ssize_t)size;
}

bool process_peek_text(pid_t thread, uint64_t address, char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        /* No further than the page: the next one may not be there. */
        size_t part = 4096 - (size_t)((address + at) % 4096);
        if (part > size - at)
            part = size - at;
        if (!process_peek(thread, address + at, text + at, part))
            return false;
        if (memchr(text + at, '\0', part))
            return true;
        at += part;
    }
    return false;
}
