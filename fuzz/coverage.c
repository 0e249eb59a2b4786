/* coverage.c -- see coverage.h. */
#include "fuzz/coverage.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The section that clang's inline counters stand in; the linker gives it these names, if there is one. */
extern uint8_t __start___sancov_cntrs[] __attribute__((weak, visibility("hidden")));
extern uint8_t __stop___sancov_cntrs[] __attribute__((weak, visibility("hidden")));

struct left {
    int there;
    uint8_t counts[];
};

static struct left *left;

static size_t count(void)
{
    return __start___sancov_cntrs ? (size_t)(__stop___sancov_cntrs - __start___sancov_cntrs) : 0;
}

bool coverage_share(void)
{
    if (left || count() == 0)
        return left != NULL;
    left = mmap(NULL, sizeof(*left) + count(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (left == MAP_FAILED) {
        perror("coverage: mmap");
        _Exit(2);
    }
    return true;
}

void coverage_leave(void)
{
    if (left == NULL)
        return;
    memcpy(left->counts, __start___sancov_cntrs, count());
    left->there = 1;
}

void coverage_fetch(void)
{
    if (left == NULL || !left->there)
        return;
    for (size_t i = 0; i < count(); i++) {
        const unsigned sum = (unsigned)left->counts[i] + __start___sancov_cntrs[i];
        __start___sancov_cntrs[i] = sum > UINT8_MAX ? UINT8_MAX : (uint8_t)sum;
    }
    left->there = 0;
}
