/* stretch.c -- see stretch.h. */
#include "journal/stretch.h"

#include <stdlib.h>

void stretch_begin(struct stretch *stretch, uint64_t position, uint64_t segment)
{
    stretch->position = position;
    stretch->segment = segment;
    stretch->count = 0;
}

void stretch_release(struct stretch *stretch)
{
    free(stretch->offsets);
    *stretch = (struct stretch){0};
}

void stretch_add(struct stretch *stretch, const struct record *record, uint64_t segment)
{
    const uint64_t begin = (record->position - stretch->position) / RECORD_ALIGN;
    const uint64_t end = (record_end(record) - stretch->position) / RECORD_ALIGN;

    if (segment != stretch->segment || end > UINT32_MAX ||
        (stretch->count && record->number != stretch->number + stretch->count))
        return;
    if (stretch->count + 2 > stretch->space) {
        const uint32_t space = stretch->space ? stretch->space * 2 : 16;
        uint32_t *larger = realloc(stretch->offsets, space * sizeof(*larger));
        if (larger == NULL)
            return;
        stretch->offsets = larger;
        stretch->space = space;
    }
    if (stretch->count == 0)
        stretch->number = record->number;
    stretch->offsets[stretch->count++] = (uint32_t)begin;
    stretch->offsets[stretch->count] = (uint32_t)end;
}

bool stretch_find(const struct stretch *stretch, uint64_t number, uint64_t *position, uint64_t *room)
{
    if (number < stretch->number || number - stretch->number >= stretch->count)
        return false;
    const uint32_t *at = &stretch->offsets[number - stretch->number];
    *position = stretch->position + (uint64_t)at[0] * RECORD_ALIGN;
    *room = (uint64_t)(at[1] - at[0]) * RECORD_ALIGN;
    return true;
}
