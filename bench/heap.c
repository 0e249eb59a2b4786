/* heap.c -- see heap.h. The allocator is glibc's, by the names that it keeps for those who stand before it.
 */
#include "heap.h"

#ifdef BENCH_HEAP
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static _Thread_local bool counting;
static _Thread_local uint64_t calls;

void *malloc(size_t size)
{
    calls += counting;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    calls += counting;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    calls += counting;
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    calls += counting;
    return __libc_memalign(alignment, size);
}

void *memalign(size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size)
{
    calls += counting;
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    calls += counting;
    void *got = __libc_memalign(alignment, size);
    if (got == NULL)
        return ENOMEM;
    *memory = got;
    return 0;
}

void free(void *memory)
{
    calls += counting;
    __libc_free(memory);
}

bool heap_counts(void)
{
    return true;
}

void heap_begin(void)
{
    calls = 0;
    counting = true;
}

uint64_t heap_end(void)
{
    counting = false;
    return calls;
}

#else

bool heap_counts(void)
{
    return false;
}

void heap_begin(void) {}

uint64_t heap_end(void)
{
    return 0;
}
#endif
