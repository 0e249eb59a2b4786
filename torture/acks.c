/* acks.c -- see acks.h. */
#include "torture/acks.h"

#include <string.h>

#include "torture/memory.h"

size_t acks_size(const struct trace *trace, size_t at)
{
    size_t size = 0;

    for (size_t i = 0; i < at && i < trace->count; i++)
        size += trace->ops[i].kind == OP_ACK ? trace->ops[i].data_size : 0;
    return size;
}

void *acks_take(const struct trace *trace, size_t size)
{
    char *text = memory_new(size + 1);
    size_t at = 0;

    for (size_t i = 0; i < trace->count && at < size; i++) {
        const struct op *op = &trace->ops[i];
        if (op->kind != OP_ACK)
            continue;
        const size_t part = op->data_size < size - at ? op->data_size : size - at;
        memcpy(text + at, op->data, part);
        at += part;
    }
    return text;
}
