/* fuzz_directory.c -- a directory of hostile names and contents, opened as `dir:` or as a journal.
 *
 * An input says which, whether a good journal is there, what else is: files, links, fifos, sockets,
 * directories, under names that are right, or nearly, or nobody's (hostile.h); and then what is asked and
 * done, call by call. Of a `dir:` it may also say what the system lacks and who is asking (hostile_system.h),
 * and before a call what becomes of it: who has the lock, how the context ends, what somebody does between
 * two of its calls of the system (hostile_dir.h).
 *
 * What must hold:
 *
 *   - nothing crashes or hangs;
 *   - nothing outside of the directory is given out or changed (canary.h);
 *   - of a `dir:` each answer is what a plain reading of the directory (listing.h) and the public header say,
 * and each call changes what it says and nothing else (hostile_asked.h); of a call that was meddled with,
 * what was acknowledged is there, under a number of its own, and nothing that was not meant to be
 * (hostile_meddler.h);
 *   - of a journal, nothing is given out that was not recorded, files of other names are not touched, none is
 * made where there are such, and beside these all that was recorded is there (hostile_journal.h);
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
#include "fuzz/hostile_meddler.h"
#include "fuzz/hostile_memo.h"
#include "fuzz/hostile_system.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};

    hostile_begin();
    const uint8_t flags = source_u8(&source);
    hostile_make(&source, flags);
    if (flags & INPUT_SYSTEM && !(flags & INPUT_JOURNAL)) {
        const uint8_t lacks = source_u8(&source);
        hostile_system_begin(lacks, source_u8(&source));
    }
    if (flags & INPUT_JOURNAL)
        hostile_journal_run(&source, flags);
    else
        hostile_dir_run(&source, flags);
    hostile_system_end();
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

/* BYTES -- what is asked, and what belongs to it. */
#define BYTES(...) sink_bytes(&sink, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static struct sink sink;

#define POINTS 14 /* of a call, about */

enum { LABEL_EMPTY = 0, LABEL_A = 1, LABEL_SLASH = 3, LABEL_NO_TEXT = 5, LABEL_LONG = 200 };

/* begin -- the first bytes of an input that is a dir:, with so many things in it. */
static void begin(uint8_t flags, uint8_t things)
{
    sink.size = 0;
    BYTES(flags, things);
}

/* begin_system -- the same with hostile_system.h's two bytes, and the usual things: two checkpoints, a closed
 * one and what a killed process has left. */
static void begin_system(uint8_t lacks, uint8_t who, bool with_lock)
{
    begin(INPUT_SYSTEM, with_lock ? 5 : 4);
    add_file(&sink, "00000000.chk", 18);
    add_file(&sink, "00000001.chk", 12);
    add_file(&sink, "tmp-0123456789abcdef", 9);
    BYTES(THING_CLOSED, hostile_name("00000002a.chk"), 9, 'x');
    if (with_lock)
        add_file(&sink, "lock", 8);
    BYTES(lacks, who);
}

static void seed_arguments(target_seed *seed)
{
    begin(0, 3);
    add_file(&sink, "00000000.chk", 18);
    add_file(&sink, "tmp-0123456789abcde", 9);
    add_file(&sink, "99999999.chk", 12);
    BYTES(ASK_CHECKPOINT, LABEL_EMPTY, 0, ASK_CHECKPOINT, LABEL_LONG, 0, ASK_COMPACT, LABEL_NO_TEXT, ASK_LOAD,
          8, ASK_FOLLOW, 2, ASK_FOLLOW, 0, ASK_FOLLOW, 0, ASK_FORKED, ASK_CHECKPOINT, LABEL_A, 1, 'x',
          ASK_FORKED, ASK_LATEST, ASK_FORKED, ASK_VERIFY, ASK_CONTEXT, 0, ASK_CHECKPOINT, LABEL_A, 1, 'x',
          ASK_CONTEXT, 1, ASK_LATEST, ASK_MOVE, ASK_COMPACT, LABEL_A, ASK_CHECKPOINT, LABEL_A, 1, 'y',
          ASK_FOLLOW, 1, ASK_REOPEN, INPUT_READONLY, ASK_CHECKPOINT, LABEL_A, 0, ASK_LATEST, ASK_COMPACT,
          LABEL_A, ASK_CLEAR, ASK_REPAIR, ASK_LOSE, ASK_LATEST, ASK_CHECKPOINT, LABEL_A, 0, ASK_REOPEN,
          INPUT_READONLY, ASK_LIST, ASK_FOLLOW, 0);
    seed("dir-arguments", sink.bytes, sink.size);

    begin(INPUT_READONLY, 1);
    add_file(&sink, "journal.ctl", 9);
    BYTES(ASK_LATEST);
    seed("dir-journal", sink.bytes, sink.size);
}

static void seed_strangers(target_seed *seed)
{
    for (uint8_t lacks = 0; lacks < 3; lacks++) {
        static const char *const names[] = {"dir-strangers", "dir-strangers-named", "dir-strangers-lacks"};
        begin(INPUT_SYSTEM, 9);
        add_file(&sink, "00000001.chk", 12);
        add_thing(&sink, THING_DIRECTORY, "00000002a.chk", 0);
        add_thing(&sink, THING_SOCKET, "99999998.chk", 0);
        add_thing(&sink, THING_FIFO, "99999999.chk", 0);
        add_thing(&sink, THING_DIRECTORY, "0000000a.chk", 0);
        add_file(&sink, "+0000001.chk", 12);
        add_thing(&sink, THING_DIRECTORY, "tmp-0123456789abcdef", 0);
        BYTES(THING_LINK, 160 + 20);
        sink_bytes(&sink, "tmp-0123456789abcde0", 20);
        BYTES(2, THING_FILE, 160 + 20);
        sink_bytes(&sink, "tmp-0123456789abcdeg", 20);
        BYTES(8);
        BYTES(lacks == 0 ? 0 : lacks == 1 ? LACKS_UNNAMED : LACKS_UNNAMED | LACKS_NOREPLACE | LACKS_PROC, 0);
        BYTES(ASK_CHECKPOINT, LABEL_A, 1, 'x', ASK_VERIFY, ASK_LOAD, 255);
        for (uint8_t id = 12; id < 24; id++)
            BYTES(ASK_LOAD, id);
        BYTES(ASK_COMPACT, LABEL_A);
        seed(names[lacks], sink.bytes, sink.size);
    }
    begin(0, 2);
    add_file(&sink, "00000001.chk", 12);
    BYTES(THING_DIRECTORY, 97, 0, 'a'); /* 00000000a.chk */
    BYTES(ASK_COMPACT, LABEL_A, ASK_STAT);
    seed("dir-in-the-way", sink.bytes, sink.size);

    begin(0, 1);
    add_thing(&sink, THING_FIFO, "lock", 0);
    BYTES(ASK_LATEST, ASK_CHECKPOINT, LABEL_A, 0, ASK_REOPEN, INPUT_READONLY, ASK_LATEST);
    seed("dir-lock-fifo", sink.bytes, sink.size);

    begin(0, 1);
    add_thing(&sink, THING_SOCKET, "lock", 0);
    BYTES(ASK_LATEST, ASK_CHECKPOINT, LABEL_A, 0, ASK_REOPEN, INPUT_READONLY, ASK_LATEST);
    seed("dir-lock-socket", sink.bytes, sink.size);
}

static void seed_forked(target_seed *seed)
{
    static const uint8_t calls[] = {ASK_LATEST, ASK_LIST,   ASK_STAT,   ASK_VERIFY,
                                    ASK_CLEAR,  ASK_INTACT, ASK_REPAIR, ASK_SINCE};

    begin(0, 1);
    add_file(&sink, "00000001.chk", 12);
    for (size_t i = 0; i < COUNT_OF(calls); i++)
        BYTES(ASK_FORKED, calls[i]);
    BYTES(ASK_FORKED, ASK_LOAD, 1, ASK_FORKED, ASK_COMPACT, LABEL_A, ASK_LATEST);
    seed("dir-forked", sink.bytes, sink.size);
}

static void seed_watch(target_seed *seed)
{
    begin(0, 5);
    add_file(&sink, "00000000.chk", 18);
    add_file(&sink, "0000000a.chk", 12);
    add_thing(&sink, THING_DIRECTORY, "00000001.chk", 0);
    add_thing(&sink, THING_LARGE, "00000002a.chk", 0);
    BYTES(THING_FILE, 97, 2, 'b', 9, 'x'); /* 00000002b.chk */
    BYTES(ASK_WATCH, 0, ASK_WATCH, 1, ASK_WATCH, 2, ASK_WATCH, 8 | 16, ASK_CONTEXT, 2, ASK_WATCH, 4,
          ASK_CONTEXT, 3, 3, ASK_WATCH, 0, ASK_CONTEXT, 3, 6, ASK_LIST, ASK_CONTEXT, 3, 6, ASK_FOLLOW, 0,
          ASK_LATEST);
    seed("dir-watch", sink.bytes, sink.size);

    begin(0, 2);
    BYTES(THING_MANY, hostile_name("a.chk"), 255, THING_MANY, hostile_name(".hidden"), 20);
    BYTES(ASK_CONTEXT, 3, 3, ASK_CHECKPOINT, LABEL_A, 0, ASK_CONTEXT, 3, 2, ASK_CLEAR, ASK_STAT, ASK_LATEST);
    seed("dir-many", sink.bytes, sink.size);
}

static void seed_held(target_seed *seed)
{
    for (uint8_t threads = 0; threads < 2; threads++) {
        begin_system(threads ? 0 : LACKS_THREADS, 0, true);
        for (unsigned held = 0; held < HELD_COUNT; held++) {
            BYTES(ASK_HELD, (uint8_t)held, ASK_CHECKPOINT, LABEL_A, 1, 'x', ASK_HELD, (uint8_t)held | 8,
                  ASK_COMPACT, LABEL_A);
            BYTES(ASK_HELD, (uint8_t)held | 8, ASK_STAT, ASK_HELD, (uint8_t)held | 8, ASK_INTACT, ASK_HELD,
                  (uint8_t)held, ASK_LOAD, 0);
        }
        seed(threads ? "dir-held" : "dir-held-no-thread", sink.bytes, sink.size);
    }
}

static void seed_memo(target_seed *seed)
{
    begin(0, 2);
    add_file(&sink, "00000000.chk", 18);
    add_file(&sink, "00000001.chk", 12);
    BYTES(ASK_CHECKPOINT, LABEL_A, 1, 'x');
    for (uint8_t way = 0; way < HOSTILE_MEMO_WAYS; way++) {
        BYTES(ASK_MEMO, way);
        BYTES(ASK_FOLLOW, 0, ASK_LATEST);
    }
    BYTES(ASK_CHANGE, ASK_FOLLOW, 0, ASK_CLEAR, ASK_FOLLOW, 1);
    seed("dir-memo", sink.bytes, sink.size);
}

static void seed_system(target_seed *seed)
{
    static const struct {
        const char *name;
        uint8_t lacks, who;
        bool with_lock;
    } systems[] = {
        {"dir-lacks", LACKS_UNNAMED | LACKS_NOREPLACE | LACKS_TYPES | LACKS_HANDLES, 0, false},
        {"dir-lacks-more", LACKS_PROC | LACKS_SYNC | LACKS_TIMES, 0, true},
        {"dir-guest", 0, 1, true},
        {"dir-guest-no-lock", 0, 1, false},
        {"dir-guest-writes", LACKS_SYNC, 2, true},
        {"dir-guest-locks", 0, 2, false},
        {"dir-guest-sticky", LACKS_UNNAMED, 3, true},
        {"dir-guest-blind", 0, 1 | WHO_BLIND, true},
        {"dir-read-only", LACKS_SYNC, WHO_READ_ONLY, true},
        {"dir-rotten", 0, WHO_ROTTEN, false},
        {"dir-guest-rotten", 0, 2 | WHO_ROTTEN, true},
    };

    for (size_t i = 0; i < COUNT_OF(systems); i++) {
        begin_system(systems[i].lacks, systems[i].who, systems[i].with_lock);
        BYTES(ASK_INTACT, ASK_LATEST, ASK_FOLLOW, 0, ASK_WATCH, 0, ASK_CHECKPOINT, LABEL_A, 1, 'x',
              ASK_LATEST, ASK_INTACT, ASK_LOAD, 14, ASK_FOLLOW, 0, ASK_COMPACT, LABEL_A, ASK_CHECKPOINT, 2, 1,
              'y', ASK_INTACT, ASK_FOLLOW, 0, ASK_CLEAR, ASK_INTACT, ASK_STAT);
        seed(systems[i].name, sink.bytes, sink.size);
    }
}

/* seed_meddled -- each deed at each of the first points of a call. */
static void seed_meddled(target_seed *seed)
{
    static const struct {
        const char *name;
        enum deed deed;
        uint8_t canceled, lacks, who; /* the first with the point's number */
        uint8_t call[3], size;
    } meddled[] = {
        {"record", DEED_RECORD, 0, 0, 0, {ASK_CHECKPOINT, LABEL_A, 0}, 3},
        {"lock", DEED_BAD_LOCK, 0, 0, 0, {ASK_CHECKPOINT, LABEL_A, 0}, 3},
        {"lock-stat", DEED_BAD_LOCK, 0, 0, 0, {ASK_STAT}, 1},
        {"lock-rotten", DEED_BAD_LOCK, 0, 0, WHO_ROTTEN, {ASK_INTACT}, 1},
        {"compact", DEED_RECORD, 0, 0, 0, {ASK_COMPACT, LABEL_A}, 2},
        {"compact-remove", DEED_REMOVE, 0, 0, 0, {ASK_COMPACT, LABEL_A}, 2},
        {"clear", DEED_REMOVE, 0, 0, 0, {ASK_CLEAR}, 1},
        {"open", DEED_OPEN, 0, LACKS_UNNAMED | LACKS_NOREPLACE, 0, {ASK_CHECKPOINT, LABEL_A, 0}, 3},
        {"latest", DEED_REMOVE, 0, 0, 0, {ASK_LATEST}, 1},
        {"latest-ends", DEED_REMOVE, 64, 0, 0, {ASK_LATEST}, 1},
        {"since", DEED_REMOVE, 0, LACKS_TYPES, 0, {ASK_SINCE}, 1},
        {"verify", DEED_CLEAR, 0, 0, 0, {ASK_VERIFY}, 1},
    };
    char name[64];

    for (size_t i = 0; i < COUNT_OF(meddled); i++) {
        begin_system(meddled[i].lacks, meddled[i].who, true);
        for (uint8_t nth = 0; nth < POINTS; nth++) {
            if (meddled[i].deed == DEED_BAD_LOCK)
                BYTES(ASK_MEDDLED, DEED_NO_LOCK, 0, ASK_LIST);
            if (meddled[i].call[0] != ASK_CHECKPOINT)
                BYTES(ASK_CHECKPOINT, 2, 1, 'x');
            BYTES(ASK_MEDDLED, (uint8_t)meddled[i].deed, meddled[i].canceled | nth);
            sink_bytes(&sink, meddled[i].call, meddled[i].size);
        }
        snprintf(name, sizeof(name), "dir-meddled-%s", meddled[i].name);
        seed(name, sink.bytes, sink.size);
    }
    for (uint8_t nth = 0; nth < 2; nth++) {
        begin_system(nth ? LACKS_UNNAMED | LACKS_NOREPLACE : 0, 0, true);
        for (uint8_t at = 0; at < POINTS; at++)
            BYTES(ASK_MEDDLED, DEED_LOSE, at, ASK_CHECKPOINT, LABEL_A, 0, ASK_REOPEN, 0, ASK_CHECKPOINT,
                  LABEL_EMPTY, 0);
        seed(nth ? "dir-meddled-lose-named" : "dir-meddled-lose", sink.bytes, sink.size);
    }
}

void target_seeds(target_seed *seed)
{
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

    seed_arguments(seed);
    seed_strangers(seed);
    seed_forked(seed);
    seed_watch(seed);
    seed_held(seed);
    seed_memo(seed);
    seed_system(seed);
    seed_meddled(seed);
}
