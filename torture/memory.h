/* memory.h -- memory that is there: who asks for more than there is ends the harness with a message, for a
 * run that has forgotten something is worth nothing. */
#ifndef TORTURE_MEMORY_H
#define TORTURE_MEMORY_H

#include <stddef.h>

/* memory_new -- `size` bytes, all zero. memory_copy -- a copy of them. To be freed with free(). */
void *memory_new(size_t size);
void *memory_copy(const void *data, size_t size);
char *memory_text(const char *text);

/* memory_grow -- sees that an array of `item` bytes each has room for one more than `count`; *space is how
 * many it has room for. */
void *memory_grow(void *array, size_t count, size_t *space, size_t item);

/* memory_lacks -- ends the harness with that message, for who asked for memory otherwise. */
_Noreturn void memory_lacks(void);

#endif
