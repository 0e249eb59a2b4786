/* hostile_journal.c -- see hostile_journal.h. */
#include "fuzz/hostile_journal.h"

#include <string.h>
#include <sys/stat.h>

#include "fuzz/answers.h"
#include "fuzz/canary.h"
#include "fuzz/hostile.h"
#include "fuzz/target.h"

static struct cairn_op *handle;
static struct listing before, after;

static bool minds_all(const struct found *file)
{
    (void)file;
    return true;
}

/* minds_foreign -- what is no file of a journal. */
static bool minds_foreign(const struct found *file)
{
    return !hostile_is_of_journal(file->name);
}

/* has -- whether there is a file that `minds` holds for. */
static bool has(const struct listing *listing, listing_minds *minds)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (minds(&listing->files[i]))
            return true;
    }
    return false;
}

static bool is_segment(const struct found *file)
{
    return strncmp(file->name, "seg-", 4) == 0;
}

static bool is_in_the_way(const struct found *file)
{
    return minds_foreign(file) && file->name[0] != '.' && strcmp(file->name, "lost+found") != 0;
}

/* is_good -- whether all of a journal's files there are as they were made. */
static bool is_good(const struct listing *listing)
{
    size_t good = 0;

    for (size_t i = 0; i < listing->count; i++) {
        const struct found *file = &listing->files[i];
        if (hostile_is_image(file))
            good += is_segment(file);
        else if (!minds_foreign(file))
            return false;
    }
    return good == 2;
}

static void check_foreign(const struct listing *first, const char *what)
{
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(first, &after, minds_foreign);
    FUZZ_ASSERT(file == NULL, "%s: %s is not as it was", what, file->name);
}

/* journal_call -- one that changes something. A checkpoint of no data is like no other's. */
static int journal_call(enum asked asked, const char *label, const struct cairn_ctx *ctx)
{
    switch (asked) {
    case ASK_CHECKPOINT:
        return cairn_checkpoint(handle, ctx, label, "", 0, NULL);
    case ASK_COMPACT:
        return cairn_compact(handle, ctx, label);
    case ASK_CLEAR:
        return cairn_clear(handle, ctx);
    case ASK_COMPLETE:
        return cairn_complete(handle, ctx);
    case ASK_REPAIR:
        return cairn_repair(handle, ctx, NULL);
    default:
        return 0;
    }
}

static void journal_ask(const struct listing *first, bool good)
{
    static struct answers answers;
    struct cairn_ctx soon;

    cairn_ctx_with_timeout(&soon, 20000000);
    answers_ask(&answers, hostile_history(), handle, good ? NULL : &soon);
    if (good)
        answers_check_whole(&answers, hostile_history(), "beside other files");
    check_foreign(first, "asking");
}

void hostile_journal_run(struct source *source, uint8_t flags)
{
    static struct listing first;
    char text[300];
    void *data;
    size_t size;

    listing_take(&first, canary_work());
    const bool good = is_good(&first), none = !has(&first, is_segment) && has(&first, is_in_the_way);
    hostile_open(&handle, flags, "journal");
    check_foreign(&first, "open");
    FUZZ_ASSERT(!good || handle, "a good journal is not opened: %s", cairn_message());
    if (none) {
        FUZZ_ASSERT(handle == NULL, "a journal is made where there is something else");
        const struct found *file = listing_differ(&first, &after, minds_all);
        FUZZ_ASSERT(file == NULL, "open fails, and %s is not as it was", file->name);
    }
    if (handle)
        journal_ask(&first, good);
    for (unsigned calls = 0; handle && calls < 8 && source->left; calls++) {
        const enum asked asked = (enum asked)(source_u8(source) % ASK_OF_BOTH);
        struct cairn_ctx soon;
        cairn_ctx_with_timeout(&soon, 20000000);
        listing_take(&before, canary_work());
        if (asked == ASK_LOAD) {
            hostile_id(source, &before, text);
            const int error = cairn_load(handle, &soon, text, &data, &size);
            hostile_check_error(error, "load");
            hostile_check_data(error, data, size, "load");
            if (error == 0)
                cairn_free(data);
        } else if (asked == ASK_REOPEN) {
            hostile_open(&handle, source_u8(source), "journal");
        } else {
            hostile_label(source, text);
            hostile_check_error(journal_call(asked, text, &soon), "a call");
        }
        if (handle)
            journal_ask(&first, false);
    }
    cairn_close(handle);
    handle = NULL;
}
