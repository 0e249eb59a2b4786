/* wire.h -- what workers tell: bytes through a pipe, from a process to one of the same program. */
#ifndef TORTURE_WIRE_H
#define TORTURE_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "torture/failure.h"

/* wire_send, wire_receive -- all of the bytes; false if the other one is gone. */
bool wire_send(int out, const void *data, size_t size);
bool wire_receive(int from, void *data, size_t size);

/* wire_send_failure, wire_receive_failure -- one with all that it has; `acked` are its acknowledged bytes.
 * What was received is to be released, unless that failed. */
bool wire_send_failure(int out, const struct failure *failure, const char *acked);
bool wire_receive_failure(int from, struct failure *failure);

#endif
