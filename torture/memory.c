/* memory.c -- see memory.h. */
#include "torture/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void memory_lacks(void)
{
    fputs("cairn-torture: out of memory\n", stderr);
    exit(4);
}

static void *there(void *memory)
{
    if (memory == NULL)
        memory_lacks();
    return memory;
}

void *memory_new(size_t size)
{
    return there(calloc(1, size ? size : 1));
}

void *memory_copy(const void *data, size_t size)
{
    void *copy = memory_new(size);

    if (size)
        memcpy(copy, data, size);
    return copy;
}

char *memory_text(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

void *memory_grow(void *array, size_t count, size_t *space, size_t item)
{
    if (count < *space)
        return array;
    *space = *space ? *space * 2 : 16;
    return there(reallocarray(array, *space, item));
}
