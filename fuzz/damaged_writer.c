/* damaged_writer.c -- see damaged_writer.h. */
#include "fuzz/damaged_writer.h"

#include <string.h>

#include <cairn/cairn.h>

#include "fuzz/calls.h"
#include "fuzz/damaged_faults.h"
#include "fuzz/damaged_table.h"
#include "fuzz/place.h"
#include "fuzz/target.h"

void damaged_go_on(const struct damaged *journal, const struct answers *writer)
{
    static const char data[] = "\377more"; /* no record of the history begins so */
    struct cairn_op *op;
    struct cairn_id id;
    void *got;
    size_t size;

    int error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
    if (error) {
        FUZZ_ASSERT(journal->lies || writer->opened, "it was opened, and cannot be again: %d, %s", error,
                    cairn_message());
        return;
    }
    const struct cairn_ctx *ctx = damaged_fail(journal, AT_GOING_ON);
    if (calls_inside()) {
        (void)!cairn_checkpoint(op, ctx, "more", data, sizeof(data), &id);
        damaged_fail_no_more();
        /* What has failed for good is mended by opening it anew. */
        cairn_close(op);
        error = cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
        FUZZ_ASSERT(error == 0 || journal->lies, "after a call that failed it cannot be opened: %d, %s",
                    error, cairn_message());
        if (error)
            return;
    }
    error = cairn_checkpoint(op, NULL, "more", data, sizeof(data), &id);
    FUZZ_ASSERT(error == 0 || journal->lies, "nothing can be recorded: %d, %s", error, cairn_message());
    if (error == 0) {
        error = cairn_load(op, NULL, id.text, &got, &size);
        FUZZ_ASSERT(error == 0 || journal->lies, "%s was just recorded, and load gives %d, %s", id.text,
                    error, cairn_message());
        if (error == 0) {
            FUZZ_ASSERT(size == sizeof(data) && memcmp(got, data, size) == 0, "%s is other data", id.text);
            cairn_free(got);
        }
    }
    if (error == 0 && !journal->lies)
        damaged_check_new(journal, id.text);
    cairn_close(op);
}
