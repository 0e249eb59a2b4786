/* allocations.c -- stands between a program and its allocator, counts the allocations and makes one fail.
 *
 * It is a shared object for LD_PRELOAD. Each function is passed on to the next one of that name, whosever
 * that is; before, it counts in a page that all processes of the workload share (counter.h). An allocation
 * that is to fail is not passed on. Without that page, everything is passed on.
 *
 * What the linker itself asks for while the next function is looked up comes from a small arena, and is never
 * given back. Nothing is looked up or opened once the constructor has run; so nothing takes a lock here, and
 * after a fork, in threads and in handlers of signals all is as it is with the next allocator.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture/preload/counter.h"

#define PUBLIC __attribute__((visibility("default")))

/* --- the next functions ------------------------------------------------------------------------------- */

enum function { MALLOC, CALLOC, REALLOC, POSIX_MEMALIGN, ALIGNED_ALLOC, MEMALIGN, FREE, FUNCTIONS };

static void *_Atomic next[FUNCTIONS];
static atomic_bool known;
/* Not by a call, which would allocate. */
static __thread bool looking __attribute__((tls_model("initial-exec")));

/* look -- for all of them. If another thread is at it, too, it finds the same. */
static void look(void)
{
    static const char *const names[FUNCTIONS] = {COUNTER_NAMES, "free"};
    const int error = errno;

    looking = true;
    for (enum function function = MALLOC; function < FUNCTIONS; function++)
        atomic_store_explicit(&next[function], dlsym(RTLD_NEXT, names[function]), memory_order_relaxed);
    looking = false;
    atomic_store_explicit(&known, true, memory_order_release);
    errno = error;
}

/* next_of -- NULL if there is none, or as long as this very thread looks for it. */
static void *next_of(enum function function)
{
    if (looking)
        return NULL;
    if (!atomic_load_explicit(&known, memory_order_acquire))
        look();
    return atomic_load_explicit(&next[function], memory_order_relaxed);
}

/* --- the arena ---------------------------------------------------------------------------------------- */

struct block {
    _Alignas(max_align_t) size_t size;
    _Alignas(max_align_t) unsigned char bytes[];
};

static _Alignas(max_align_t) unsigned char arena[8192];
static atomic_size_t arena_used;

/* arena_take -- all zero; NULL if the arena is used up. */
static void *arena_take(size_t size)
{
    const size_t whole =
        (sizeof(struct block) + size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);

    if (size > sizeof(arena) || atomic_load(&arena_used) > sizeof(arena) - sizeof(struct block))
        return NULL;
    const size_t at = atomic_fetch_add(&arena_used, whole);
    if (at > sizeof(arena) || whole > sizeof(arena) - at)
        return NULL;
    struct block *block = (struct block *)(void *)(arena + at);
    block->size = size;
    return block->bytes;
}

static bool arena_has(const void *pointer)
{
    const uintptr_t at = (uintptr_t)pointer, begin = (uintptr_t)arena;

    return at >= begin && at - begin < sizeof(arena);
}

static size_t arena_size(void *pointer)
{
    return ((struct block *)(void *)((unsigned char *)pointer - offsetof(struct block, bytes)))->size;
}

/* --- the page ----------------------------------------------------------------------------------------- */

static struct counter *_Atomic counter;
static atomic_bool sought;

/* map_counter -- NULL if the path is of no such file. */
static struct counter *map_counter(const char *path)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct counter *found = MAP_FAILED;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == sizeof(struct counter))
        found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    if (found != MAP_FAILED && found->magic != COUNTER_MAGIC) {
        munmap(found, sizeof(*found));
        found = MAP_FAILED;
    }
    return found == MAP_FAILED ? NULL : found;
}

/* find_counter -- the page; NULL if there is none, or not yet: the linker allocates before there is an
 * environment. */
static struct counter *find_counter(void)
{
    struct counter *found = atomic_load_explicit(&counter, memory_order_acquire), *none = NULL;

    if (found || environ == NULL || atomic_load_explicit(&sought, memory_order_acquire))
        return found;
    const int error = errno;
    const char *path = getenv(COUNTER_PATH);
    found = path ? map_counter(path) : NULL;
    if (found && !atomic_compare_exchange_strong(&counter, &none, found)) {
        munmap(found, sizeof(*found)); /* another thread was faster */
        found = none;
    }
    atomic_store_explicit(&sought, true, memory_order_release);
    errno = error;
    return found;
}

/* fails -- counts an allocation: whether it is to fail. */
static bool fails(enum function function)
{
    struct counter *page = find_counter();
    uint64_t none = 0;

    if (page == NULL)
        return false;
    const uint64_t number = atomic_fetch_add(&page->count, 1) + 1;
    if (page->at == 0 || number < page->at || (number > page->at && !page->from_then_on))
        return false;
    atomic_compare_exchange_strong(&page->hit, &none, (uint64_t)function + 1);
    return true;
}

__attribute__((constructor)) static void begin(void)
{
    (void)next_of(MALLOC);
    (void)find_counter();
}

/* --- what programs call ------------------------------------------------------------------------------- */

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

PUBLIC void *malloc(size_t size)
{
    void *(*const pass)(size_t) = (void *(*)(size_t))next_of(MALLOC);

    if (pass == NULL) {
        void *block = arena_take(size);
        return block ? block : no_memory();
    }
    return fails(MALLOC) ? no_memory() : pass(size);
}

PUBLIC void *calloc(size_t count, size_t size)
{
    void *(*const pass)(size_t, size_t) = (void *(*)(size_t, size_t))next_of(CALLOC);

    if (pass == NULL) {
        size_t whole;
        void *block = __builtin_mul_overflow(count, size, &whole) ? NULL : arena_take(whole);
        return block ? block : no_memory();
    }
    return fails(CALLOC) ? no_memory() : pass(count, size);
}

/* move_out -- what the arena has given, as a block of that size. */
static void *move_out(void *old, size_t size)
{
    void *block = malloc(size);
    const size_t had = arena_size(old);

    if (block)
        memcpy(block, old, had < size ? had : size);
    return block;
}

PUBLIC void *realloc(void *old, size_t size)
{
    void *(*const pass)(void *, size_t) = (void *(*)(void *, size_t))next_of(REALLOC);

    if (arena_has(old))
        return move_out(old, size);
    if (pass == NULL)
        return old ? no_memory() : malloc(size);
    if (old && size == 0) /* frees, or may */
        return pass(old, size);
    return fails(REALLOC) ? no_memory() : pass(old, size);
}

/* That of the C library calls realloc(), and would be counted twice. */
PUBLIC void *reallocarray(void *old, size_t count, size_t size)
{
    size_t whole;

    return __builtin_mul_overflow(count, size, &whole) ? no_memory() : realloc(old, whole);
}

PUBLIC int posix_memalign(void **block, size_t alignment, size_t size)
{
    int (*const pass)(void **, size_t, size_t) = (int (*)(void **, size_t, size_t))next_of(POSIX_MEMALIGN);

    return pass == NULL || fails(POSIX_MEMALIGN) ? ENOMEM : pass(block, alignment, size);
}

PUBLIC void *aligned_alloc(size_t alignment, size_t size)
{
    void *(*const pass)(size_t, size_t) = (void *(*)(size_t, size_t))next_of(ALIGNED_ALLOC);

    return pass == NULL || fails(ALIGNED_ALLOC) ? no_memory() : pass(alignment, size);
}

PUBLIC void *memalign(size_t alignment, size_t size)
{
    void *(*const pass)(size_t, size_t) = (void *(*)(size_t, size_t))next_of(MEMALIGN);

    return pass == NULL || fails(MEMALIGN) ? no_memory() : pass(alignment, size);
}

/* Those of the C library do not come by its memalign(). */
PUBLIC void *valloc(size_t size)
{
    return memalign((size_t)getpagesize(), size);
}

PUBLIC void *pvalloc(size_t size)
{
    const size_t page = (size_t)getpagesize();

    return size > SIZE_MAX - page ? no_memory() : memalign(page, (size + page - 1) / page * page);
}

PUBLIC void free(void *block)
{
    void (*const pass)(void *) = (void (*)(void *))next_of(FREE);

    if (block && pass && !arena_has(block))
        pass(block);
}
