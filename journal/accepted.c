/* accepted.c -- see accepted.h. */
#include "journal/accepted.h"

#include <stdlib.h>

#include "journal/journal.h"

int accepted_load(struct journal *journal, const struct tail *at, struct accepted *accepted)
{
    const struct segment *segment;
    struct record record = {0};
    const char *reason;
    int failed, error = 0;

    *accepted = (struct accepted){0};
    if (at->accepted_segment == 0)
        return 0;
    error = files_get(journal, at->accepted_segment, &segment, &reason);
    if (error)
        return reason ? 0 : error; /* a list that is lost accepts nothing */
    if (segment_read(segment, at->accepted_position, &record, sizeof(record), &failed) == sizeof(record) &&
        record_check(&record, at->accepted_position, segment_limit(segment), segment->header.salt) == NULL &&
        record.kind == RECORD_ACCEPTED && record.label_size == 0 && record.data_size > 0 &&
        scan_cut_off(segment, &record) == NULL) {
        accepted->ranges = malloc((size_t)record.data_size);
        if (accepted->ranges == NULL)
            error = cairn_set_message(CAIRN_ENOMEM, "%s: no memory for the list of losses", journal->path);
        else if (scan_read_body(segment, &record, accepted->ranges, &failed) == NULL)
            accepted->count = (size_t)record.data_size / sizeof(accepted->ranges[0]);
    }
    files_put(journal, segment);
    return error;
}

void accepted_release(struct accepted *accepted)
{
    free(accepted->ranges);
    *accepted = (struct accepted){0};
}

int accepted_add(struct accepted *accepted, uint64_t position, uint64_t end)
{
    struct accepted_range *larger = realloc(accepted->ranges, (accepted->count + 1) * sizeof(*larger));
    if (larger == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "no memory for the list of losses");
    accepted->ranges = larger;
    if (end <= position)
        end = position + 1; /* a file as such, or a segment that was missing and empty */
    accepted->ranges[accepted->count++] = (struct accepted_range){position, end};
    return 0;
}

bool accepted_has(const struct accepted *accepted, uint64_t position, uint64_t end)
{
    do {
        size_t i = 0;
        while (i < accepted->count &&
               (position < accepted->ranges[i].position || position >= accepted->ranges[i].end))
            i++;
        if (i == accepted->count)
            return false;
        position = accepted->ranges[i].end;
    } while (position < end);
    return true;
}
