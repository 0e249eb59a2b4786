/* fuzz_control.c -- the bytes of journal.ctl, the page that live processes share.
 *
 * An input says when the page is changed and how (patch.h). At rest, nobody lives, and the page means nothing
 * but, perhaps, whose journal it is: all is answered right, by a reader and by a writer. Live, a writer has
 * the journal open, and what comes then is asked of it and of one who joins.
 *
 * While somebody lives the page is the truth (control.h), so what is asked then is less:
 *
 *   - nothing crashes or hangs, and nothing is given out that was not recorded;
 *   - if the tails are as they were and the writer has only read since, all is there when everybody has gone.
 *
 * The locks in the page are left as they are: they are the C library's, and who overwrites a lock that is
 * held breaks whoever holds it.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/answers.h"
#include "fuzz/budget.h"
#include "fuzz/history.h"
#include "fuzz/patch.h"
#include "fuzz/place.h"
#include "fuzz/sink.h"
#include "fuzz/target.h"
#include "journal/control.h"

enum { INPUT_LIVE = 1, INPUT_WRITES = 2, INPUT_RAW = 4 };

static struct history history;           /* the log beside it; the same for all inputs */
static unsigned char page[CONTROL_SIZE]; /* as a process leaves it that has ended */

static void make_page(void)
{
    struct cairn_op *op;
    size_t size;

    if (history.segment_count)
        return;
    history_begin(&history, HISTORY_CAPACITY);
    for (unsigned i = 0; i < 3; i++)
        history_append(&history, RECORD_CHECKPOINT, 3, 100);
    history_sync(&history);
    history_append(&history, RECORD_COMPACT, 3, 0);
    history_next(&history, HISTORY_CAPACITY, true);
    for (unsigned i = 0; i < 3; i++)
        history_append(&history, RECORD_CHECKPOINT, 3, 100);
    place_clear();
    history_write(&history);
    FUZZ_ASSERT(cairn_open(&op, NULL, place_path(), CAIRN_NO_THREAD) == 0, "%s", cairn_message());
    cairn_close(op);
    unsigned char *left = place_read(CONTROL_NAME, &size);
    FUZZ_ASSERT(left && size == sizeof(page), "no page was left");
    memcpy(page, left, size);
    free(left);
}

/* rest -- nobody lives, and the page is this. */
static void rest(struct source *source, bool raw)
{
    static const unsigned flags[] = {CAIRN_READONLY, 0};
    static struct answers answers;
    unsigned char bytes[CONTROL_SIZE];
    size_t size = sizeof(bytes);

    memcpy(bytes, page, sizeof(bytes));
    if (raw)
        source_bytes(source, bytes, size = source->left < size ? source->left : size);
    else
        size = patch_apply(source, bytes, size);
    place_write(CONTROL_NAME, bytes, size);
    for (unsigned i = 0; i < 2; i++) {
        struct budget budget;
        struct cairn_op *op;
        budget_begin(&budget, "opening");
        int error = cairn_open(&op, NULL, place_path(), flags[i] | CAIRN_NO_THREAD | CAIRN_EXISTING);
        budget_end(&budget, 1024 * 1024);
        FUZZ_ASSERT(error == 0, "it cannot be opened: %d, %s", error, cairn_message());
        answers_ask(&answers, &history, op, NULL);
        answers_check_whole(&answers, &history, i ? "a writer" : "a reader");
        cairn_close(op);
    }
}

/* change_page -- what is not the locks' of the page that is in use. Whether its tails are as they were. */
static bool change_page(struct source *source)
{
    const size_t tails = offsetof(struct control, appended);
    const size_t locks = offsetof(struct control, append), behind = offsetof(struct control, retired);
    unsigned char bytes[CONTROL_SIZE], before[CONTROL_SIZE];
    struct control *control;

    if (control_map(&control, place_dir(), place_path(), true, false) != 0)
        return true;
    memcpy(before, (void *)control, sizeof(before));
    memcpy(bytes, before, sizeof(bytes));
    patch_apply(source, bytes, sizeof(bytes));
    memcpy(bytes + locks, before + locks, behind - locks);
    memcpy((void *)control, bytes, sizeof(bytes));
    control_unmap(control);
    return memcmp(before + tails, bytes + tails, offsetof(struct control, spare) - tails) == 0;
}

/* live -- a writer has it open. Each call has an end: what a page says that is not so may be waited for. */
static void live(struct source *source, bool writes)
{
    static const char more[] = "\377more";
    static struct answers answers;
    struct cairn_op *writer, *reader;
    struct cairn_ctx soon;

    int error = cairn_open(&writer, NULL, place_path(), CAIRN_NO_THREAD | CAIRN_EXISTING);
    FUZZ_ASSERT(error == 0, "it cannot be opened: %d, %s", error, cairn_message());
    const bool tails = change_page(source);
    cairn_ctx_with_timeout(&soon, 20000000);
    if (cairn_open(&reader, &soon, place_path(), CAIRN_READONLY) == 0) {
        answers_ask(&answers, &history, reader, &soon);
        cairn_close(reader);
    }
    cairn_ctx_with_timeout(&soon, 20000000);
    answers_ask(&answers, &history, writer, &soon);
    if (writes) {
        cairn_ctx_with_timeout(&soon, 20000000);
        if (cairn_checkpoint(writer, &soon, "more", more, sizeof(more), NULL) == 0 &&
            cairn_compact(writer, &soon, "") == 0)
            (void)!cairn_clear(writer, &soon);
    }
    cairn_close(writer);
    if (writes || !tails)
        return;
    answers_take(&answers, &history, 0, NULL);
    for (unsigned i = 0; i < history.record_count; i++) {
        const uint64_t number = history_live(&history, i);
        bool there = number == UINT64_MAX;
        for (unsigned k = 0; k < answers.count && !there; k++)
            there = answers.entries[k].record == (int)i;
        FUZZ_ASSERT(there, "record %u is not there any more; opening gives %d", i, answers.opened);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};
    const uint8_t how = source_u8(&source);

    make_page();
    place_clear();
    history_write(&history);
    if (how & INPUT_LIVE)
        live(&source, how & INPUT_WRITES);
    else
        rest(&source, how & INPUT_RAW);
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

static void word(struct sink *sink, size_t at, uint16_t value)
{
    sink_u8(sink, PATCH_WORD);
    sink_u16(sink, (uint16_t)at);
    sink_u16(sink, value);
    sink_u8(sink, 0);
}

void target_seeds(target_seed *seed)
{
    static const char *const names[] = {"rest", "live", "", "live-writes", "raw"};
    static struct sink sink;

    for (unsigned how = 0; how <= INPUT_RAW; how++) {
        if (names[how][0] == '\0')
            continue;
        sink.size = 0;
        sink_u8(&sink, (uint8_t)how);
        if (how == INPUT_RAW) {
            sink_u64(&sink, CONTROL_MAGIC);
            sink_u32(&sink, CONTROL_VERSION);
            seed(names[how], sink.bytes, sink.size);
            continue;
        }
        word(&sink, offsetof(struct control, uuid), 77);
        word(&sink, offsetof(struct control, epoch), 1);
        word(&sink, offsetof(struct control, spare), 9);
        if (how == INPUT_LIVE)
            word(&sink, offsetof(struct control, index_end), 0);
        seed(names[how], sink.bytes, sink.size);
    }
}
