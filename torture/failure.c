/* failure.c -- see failure.h. */
#include "torture/failure.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

void failure_release(struct failure *failure)
{
    crash_release(&failure->crash);
    free(failure->acked);
    if (failure->trace)
        trace_release(failure->trace);
    free(failure->trace);
}

/* name_hash -- of a name, to which one with other digits is equal: step-1 and step-2 are alike. */
static uint64_t name_hash(const char *name)
{
    char text[256];
    size_t size = 0;

    for (; *name && size < sizeof(text); name++) {
        if (*name < '0' || *name > '9')
            text[size++] = *name;
        else if (size == 0 || text[size - 1] != '0')
            text[size++] = '0';
    }
    return XXH3_64bits(text, size);
}

uint64_t failure_kind(const struct trace *trace, const struct crash *crash)
{
    if (crash->count == 0)
        return 1;
    /* What came later may be lost only because it cannot be there without the first. */
    const struct loss *loss = &crash->losses[0];
    const struct op *op = &trace->ops[loss->op];
    const char *name = op->name;

    for (size_t i = 0; *name == '\0' && i < trace->count; i++) {
        if (trace->ops[i].object == op->object)
            name = trace->ops[i].name;
    }
    const uint64_t parts[] = {op->kind, loss->kind, XXH3_64bits(op->call, strlen(op->call)), name_hash(name)};
    return XXH3_64bits(parts, sizeof(parts));
}

static int compare_numbers(const uint64_t *left, const uint64_t *right, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

int failure_compare(const struct failure *left, const struct failure *right)
{
    const struct crash *a = &left->crash, *b = &right->crash;
    const uint64_t first[] = {a->count, a->at, a->rot.object, a->rot.kind, a->rot.offset},
                   second[] = {b->count, b->at, b->rot.object, b->rot.kind, b->rot.offset};
    int result = compare_numbers(first, second, sizeof(first) / sizeof(*first));

    for (size_t i = 0; result == 0 && i < a->count; i++) {
        const struct loss *x = &a->losses[i], *y = &b->losses[i];
        const uint64_t one[] = {x->op, x->kind, x->number, x->sectors},
                       other[] = {y->op, y->kind, y->number, y->sectors};
        result = compare_numbers(one, other, sizeof(one) / sizeof(*one));
    }
    return result;
}
