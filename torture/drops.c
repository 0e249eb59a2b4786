/* drops.c -- see drops.h. */
#include "torture/drops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"
#include "torture/report.h"

/* Syncs that are alike, and made at one place of the source, for it is such a place that can go without: how
 * many there were, and how many a check missed. */
struct alike {
    char text[256];
    const char *source;
    unsigned count, missed;
};

static bool is_sync(const struct op *op)
{
    return op->kind == OP_SYNC || op->kind == OP_DATASYNC || op->kind == OP_SYNC_ALL ||
           ((op->flags & (OP_DSYNC | OP_FSYNC)) && (op->flags & OP_IMPORTED) == 0);
}

/* end_of -- the operation behind the next sync of the same object: there the one that was left out is made up
 * for. */
static size_t end_of(const struct trace *trace, size_t sync)
{
    for (size_t i = sync + 1; i < trace->count; i++) {
        const struct op *op = &trace->ops[i];
        if (op->kind == OP_SYNC_ALL || (is_sync(op) && op->object == trace->ops[sync].object))
            return i + 1;
    }
    return SIZE_MAX;
}

void drops_try(const struct campaign *like, const struct trace *trace, enum profile profile)
{
    struct campaign campaign = *like;
    struct alike *alikes = NULL;
    struct hashes known = {0};
    size_t count = 0, space = 0;

    campaign.trace = trace;
    campaign.profile = profile;
    campaign_states(&campaign, &known);
    campaign.known = &known;
    campaign.failures_max = 1;
    campaign.deep = 0;
    for (size_t i = 0; i < trace->count; i++) {
        struct result result;
        char text[256];
        size_t at = 0;
        if (!is_sync(&trace->ops[i]))
            continue;
        report_alike(trace, i, text);
        const char *source = trace->ops[i].source;
        while (at < count && (strcmp(alikes[at].text, text) != 0 || strcmp(alikes[at].source, source) != 0))
            at++;
        if (at == count) {
            alikes = memory_grow(alikes, count, &space, sizeof(*alikes));
            alikes[count] = (struct alike){.source = source};
            snprintf(alikes[count++].text, sizeof(alikes->text), "%s", text);
        }
        campaign.dropped = i;
        campaign.from = i + 1;
        campaign.to = end_of(trace, i);
        campaign_run(&campaign, &result);
        alikes[at].count++;
        alikes[at].missed += result.failure_count > 0;
        result_release(&result);
    }
    printf("%-6s  syncs left out, one at a time:\n", profile_name(profile));
    for (size_t i = 0; i < count; i++)
        printf("  %s %u of %u: %s%s%s\n", alikes[i].missed ? "missed    " : "NOT MISSED", alikes[i].missed,
               alikes[i].count, alikes[i].text, *alikes[i].source ? "  at " : "", alikes[i].source);
    fflush(stdout);
    hashes_release(&known);
    free(alikes);
}
