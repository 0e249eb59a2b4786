/* fuzz_directory.c -- a directory of hostile names and contents, opened as `dir:` or as a journal.
 *
 * An input says which, whether a good journal is there, what else is: files, links, fifos, sockets,
 * directories, under names that are right, or nearly, or nobody's; and then what is asked and done, call by
 * call.
 *
 * What must hold:
 *
 *   - nothing crashes or hangs;
 *   - nothing outside of the directory is given out or changed (canary.h);
 *   - of a `dir:` each answer is what a plain reading of the directory (listing.h) and the public header say,
 * and each call changes what it says and nothing else;
 *   - of a journal, nothing is given out that was not recorded, files of other names are not touched, none is
 * made where there are such, and beside these all that was recorded is there;
 *   - whatever fails does so with one of Cairn's errors, and a message.
 *
 * Left out: further names (hard links) of what is written to in its place, the lock and a journal's files.
 * Whoever can give a file such a name could as well write to it.
 */
#include <string.h>

#include "fuzz/canary.h"
#include "fuzz/hostile.h"
#include "fuzz/hostile_dir.h"
#include "fuzz/hostile_journal.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};

    hostile_begin();
    const uint8_t flags = source_u8(&source);
    hostile_make(&source, flags);
    if (flags & INPUT_JOURNAL)
        hostile_journal_run(&source, flags);
    else
        hostile_dir_run(&source, flags);
    canary_check();
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

static void add_file(struct sink *sink, const char *name, uint8_t content)
{
    sink_u8(sink, THING_FILE);
    sink_u8(sink, hostile_name(name));
    sink_u8(sink, content);
    if (content > 8)
        sink_bytes(sink, "some bytes that are some", content - 8u);
}

static void add_thing(struct sink *sink, enum thing thing, const char *name, uint8_t end)
{
    sink_u8(sink, (uint8_t)thing);
    sink_u8(sink, hostile_name(name));
    if (thing == THING_LINK)
        sink_u8(sink, end);
}

static void add_calls(struct sink *sink)
{
    static const uint8_t calls[] = {
        ASK_LATEST,     ASK_LIST, ASK_SINCE,  ASK_VERIFY, ASK_INTACT, ASK_LOAD,       0, ASK_LOAD, 3,
        ASK_CHECKPOINT, 1,        2,          'x',        'y',        ASK_CHECKPOINT, 3, 1,        'x',
        ASK_COMPACT,    2,        ASK_LATEST, ASK_CLEAR,  ASK_STAT};

    sink_bytes(sink, calls, sizeof(calls));
}

void target_seeds(target_seed *seed)
{
    static struct sink sink;

    sink.size = 0;
    sink_u8(&sink, 0);
    sink_u8(&sink, 6);
    add_file(&sink, "00000000.chk", 18);
    add_file(&sink, "00000001.chk", 12);
    add_file(&sink, "00000002a.chk", 20);
    add_file(&sink, "0000000a.chk", 8);
    add_file(&sink, "tmp-0123456789abcdef", 9);
    add_file(&sink, ".hidden", 9);
    add_calls(&sink);
    seed("dir", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, 0);
    sink_u8(&sink, 6);
    add_thing(&sink, THING_LINK, "00000001.chk", 0);
    add_thing(&sink, THING_LINK, "00000000a", 1);
    add_thing(&sink, THING_DIRECTORY, "00000000", 0);
    add_thing(&sink, THING_FIFO, "00000002a.chk", 0);
    add_file(&sink, "00000000.chk", 12);
    add_thing(&sink, THING_DEVICE, "99999998.chk", 0);
    sink_u8(&sink, ASK_LOAD);
    sink_u8(&sink, 1);
    add_calls(&sink);
    seed("dir-hostile", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, 0);
    sink_u8(&sink, 2);
    add_thing(&sink, THING_LINK, "lock", 2);
    add_file(&sink, "99999999.chk", 12);
    add_calls(&sink);
    seed("dir-lock", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, INPUT_JOURNAL | INPUT_BASE | INPUT_INDEX);
    sink_u8(&sink, 3);
    add_file(&sink, "00000000.chk", 18);
    add_thing(&sink, THING_LINK, ".hidden", 0);
    add_thing(&sink, THING_FIFO, "00000000a", 0);
    add_calls(&sink);
    seed("journal", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, INPUT_JOURNAL | INPUT_BASE);
    sink_u8(&sink, 7);
    add_thing(&sink, THING_LINK, "journal.ctl", 0);
    add_thing(&sink, THING_LINK, "index.mdb", 0);
    add_thing(&sink, THING_FIFO, "seg-00000003", 0);
    add_thing(&sink, THING_DIRECTORY, "spare-00000003", 0);
    add_thing(&sink, THING_LINK, "spare-reserve", 11);
    add_file(&sink, "seg-18446744073709551615", 0);
    add_file(&sink, "damaged-00000001-1", 1);
    add_calls(&sink);
    seed("journal-hostile", sink.bytes, sink.size);

    sink.size = 0;
    sink_u8(&sink, INPUT_JOURNAL);
    sink_u8(&sink, 2);
    add_file(&sink, ".hidden", 18);
    add_file(&sink, "spare-reserve", 8);
    add_calls(&sink);
    seed("journal-new", sink.bytes, sink.size);
}
