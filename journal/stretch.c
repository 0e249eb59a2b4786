/* stretch.c -- see stretch.h. */
#include "journal/stretch.h"

#include <stdlib.h>

/* make_room -- for so many offsets; false if there is no memory. */
static bool make_room(struct stretch **stretch, uint32_t space)
{
    struct stretch *larger = realloc(*stretch, sizeof(*larger) + space * sizeof(larger->offsets[0]));

    if (larger == NULL)
        return false;
    larger->space = space;
    *stretch = larger;
    return true;
}

void stretch_begin(struct stretch **stretch, uint64_t position, uint64_t segment)
{
    if (*stretch == NULL && !make_room(stretch, 16))
        return;
    (*stretch)->position = position;
    (*stretch)->segment = segment;
    (*stretch)->count = 0;
}

void stretch_add(struct stretch **stretch, const struct record *record, uint64_t segment)
{
    struct stretch *to = *stretch;

    if (to == NULL || segment != to->segment || (to->count && record->number != to->number + to->count))
        return;
    const uint64_t begin = (record->position - to->position) / RECORD_ALIGN;
    const uint64_t end = (record_end(record) - to->position) / RECORD_ALIGN;
    if (begin > UINT16_MAX || (to->count + 2 > to->space && !make_room(stretch, to->space * 2)))
        return;
    to = *stretch;
    if (to->count == 0)
        to->number = record->number;
    to->offsets[to->count++] = (uint16_t)begin;
    to->offsets[to->count] = end < UINT16_MAX ? (uint16_t)end : UINT16_MAX;
}

bool stretch_find(const struct stretch *stretch, uint64_t number, uint64_t *position, uint64_t *room)
{
    if (number < stretch->number || number - stretch->number >= stretch->count)
        return false;
    const uint16_t *at = &stretch->offsets[number - stretch->number];
    *position = stretch->position + (uint64_t)at[0] * RECORD_ALIGN;
    *room = (uint64_t)(at[1] - at[0]) * RECORD_ALIGN;
    return true;
}
