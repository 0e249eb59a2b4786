/* damaged_repair.c -- see damaged_repair.h. */
#include "fuzz/damaged_repair.h"

#include <inttypes.h>
#include <stdbool.h>

#include <cairn/cairn.h>

#include "fuzz/calls.h"
#include "fuzz/damaged_faults.h"
#include "fuzz/damaged_looks.h"
#include "fuzz/damaged_table.h"
#include "fuzz/place.h"
#include "fuzz/target.h"

/* What a repair or a verify shows. */
struct shown {
    unsigned count;
    bool ends; /* at the first */
};

static int show(void *arg, const struct cairn_damage *damage)
{
    struct shown *shown = arg;

    FUZZ_ASSERT(damage->path[0] && damage->reason[0], "a damaged place is not told of");
    shown->count += !damage->accepted;
    return shown->ends;
}

static void show_progress(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    FUZZ_ASSERT(done <= total, "%" PRIu64 " of %" PRIu64 " bytes are done", done, total);
}

void damaged_repair(const struct damaged *journal, const struct answers *writer)
{
    static struct answers after;
    struct shown shown = {.ends = true};
    const struct cairn_watch watch = {.damage = show, .progress = show_progress, .arg = &shown};
    struct cairn_op *op;

    if (writer->opened || cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING) != 0)
        return;
    int error = cairn_verify(op, NULL, &watch);
    FUZZ_ASSERT(journal->lies || error == (shown.count ? 1 : 0), "verify gives %d, and has shown %u", error,
                shown.count);
    shown = (struct shown){0};
    const struct cairn_ctx *ctx = damaged_fail(journal, AT_REPAIR);
    if (calls_inside()) {
        (void)!cairn_repair(op, ctx, &watch);
        damaged_fail_no_more();
        cairn_close(op);
        error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
        FUZZ_ASSERT(error == 0 || journal->lies, "after a repair that failed it cannot be opened: %d, %s",
                    error, cairn_message());
        if (error)
            return;
    }
    error = cairn_repair(op, NULL, &watch);
    FUZZ_ASSERT(error == 0 || journal->lies, "repair gives %d: %s", error, cairn_message());
    if (error == 0 && !journal->lies) {
        answers_ask(&after, &journal->history, op, NULL);
        FUZZ_ASSERT(after.verified == 0, "it is repaired, and verify gives %d: %s", after.verified,
                    cairn_message());
        FUZZ_ASSERT(!after.stat.damaged, "it is repaired, and stat says that it is damaged");
        FUZZ_ASSERT(after.latest == after.intact && after.latest_record == after.intact_record,
                    "it is repaired, and latest gives %d, record %d; latest_intact %d, record %d",
                    after.latest, after.latest_record, after.intact, after.intact_record);
        after.latest = writer->latest;
        after.latest_record = writer->latest_record;
        if (!journal->blind)
            damaged_compare(writer, "the writer", &after, "who has repaired it");
        shown = (struct shown){0};
        error = cairn_repair(op, NULL, &watch);
        FUZZ_ASSERT(error == 0 && shown.count == 0, "a second repair gives %d, and has shown %u", error,
                    shown.count);
        damaged_check_table(journal, op, 0, "who has repaired it");
    }
    cairn_close(op);
}
