/* budget.c -- see budget.h. */
#include "fuzz/budget.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "fuzz/target.h"

#define CPU_MAX_NS 1000000000

/* Of AddressSanitizer's runtime, if that is there. */
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                              void (*freed)(const volatile void *)) __attribute__((weak));
size_t __sanitizer_get_allocated_size(const volatile void *pointer) __attribute__((weak));

static atomic_bool counting;
static atomic_long now, most;

static void allocated(const volatile void *pointer, size_t size)
{
    (void)pointer;
    if (!atomic_load_explicit(&counting, memory_order_relaxed))
        return;
    long sum = atomic_fetch_add(&now, (long)size) + (long)size;
    long seen = atomic_load(&most);
    while (sum > seen && !atomic_compare_exchange_weak(&most, &seen, sum))
        ;
}

static void freed(const volatile void *pointer)
{
    if (pointer && atomic_load_explicit(&counting, memory_order_relaxed))
        atomic_fetch_sub(&now, (long)__sanitizer_get_allocated_size(pointer));
}

static int64_t cpu_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void budget_begin(struct budget *budget, const char *what)
{
    static bool installed;

    if (!installed && __sanitizer_install_malloc_and_free_hooks && __sanitizer_get_allocated_size)
        __sanitizer_install_malloc_and_free_hooks(allocated, freed);
    installed = true;
    budget->what = what;
    atomic_store(&now, 0);
    atomic_store(&most, 0);
    atomic_store(&counting, true);
    budget->began_ns = cpu_ns();
}

void budget_end(struct budget *budget, size_t bytes)
{
    const int64_t spent_ns = cpu_ns() - budget->began_ns;

    atomic_store(&counting, false);
    budget->peak = (size_t)atomic_load(&most);
    FUZZ_ASSERT(spent_ns <= CPU_MAX_NS, "%s took %lld ms of CPU", budget->what,
                (long long)(spent_ns / 1000000));
    FUZZ_ASSERT(budget->peak <= bytes, "%s allocated %zu bytes at once; %zu may be", budget->what,
                budget->peak, bytes);
}
