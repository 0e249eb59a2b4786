/* wire.c -- see wire.h. */
#include "torture/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture/memory.h"

bool wire_send(int out, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        const ssize_t n = write(out, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

bool wire_receive(int from, void *data, size_t size)
{
    char *at = data;

    while (size > 0) {
        const ssize_t n = read(from, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* A trace is told as it stands in a file: how long that is, and then it. */

static bool send_trace(int out, const struct trace *trace)
{
    const int file = memfd_create("trace", MFD_CLOEXEC);
    char path[64], *bytes = NULL;
    uint64_t size = 0;
    struct stat st;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (file >= 0 && trace_save(trace, path) && fstat(file, &st) == 0) {
        size = (uint64_t)st.st_size;
        bytes = memory_new(size);
        if (pread(file, bytes, size, 0) != st.st_size)
            size = 0;
    }
    const bool sent = wire_send(out, &size, sizeof(size)) && wire_send(out, bytes, size);
    free(bytes);
    if (file >= 0)
        close(file);
    return sent;
}

static struct trace *receive_trace(int from)
{
    const int file = memfd_create("trace", MFD_CLOEXEC);
    struct trace *trace = memory_new(sizeof(*trace));
    char path[64], *bytes = NULL;
    uint64_t size;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    bool ok = file >= 0 && wire_receive(from, &size, sizeof(size));
    if (ok) {
        bytes = memory_new(size);
        ok = wire_receive(from, bytes, size) && wire_send(file, bytes, size) && trace_load(trace, path);
    }
    free(bytes);
    if (file >= 0)
        close(file);
    if (ok)
        return trace;
    trace_release(trace);
    free(trace);
    return NULL;
}

bool wire_send_failure(int out, const struct failure *failure, const char *acked)
{
    return wire_send(out, failure, sizeof(*failure)) &&
           wire_send(out, failure->crash.losses, failure->crash.count * sizeof(struct loss)) &&
           wire_send(out, acked, failure->acks) && (!failure->trace || send_trace(out, failure->trace));
}

bool wire_receive_failure(int from, struct failure *failure)
{
    if (!wire_receive(from, failure, sizeof(*failure)))
        return false;
    const bool has_trace = failure->trace != NULL;
    const size_t losses = failure->crash.count * sizeof(struct loss);

    failure->trace = NULL;
    failure->crash.losses = memory_new(losses);
    failure->acked = memory_new(failure->acks + 1);
    bool whole = wire_receive(from, failure->crash.losses, losses) &&
                 wire_receive(from, failure->acked, failure->acks);
    if (whole && has_trace) {
        failure->trace = receive_trace(from);
        whole = failure->trace != NULL;
    }
    if (!whole)
        failure_release(failure);
    return whole;
}
