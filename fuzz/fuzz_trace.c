/* fuzz_trace.c -- the files of cairn-torture: a trace, which `show` tells, and a file to replay.
 *
 * An input is a trace: which operations, and for a file to replay which crash of it; what the harness itself
 * writes of that is then patched (patch.h), and its hash is made to fit again unless a bit says otherwise. Or
 * it is the bytes behind the head of a file, as they are. Then all is done that `show` does, and what
 * `replay` does short of starting the check: the state is made, laid out, judged as without a check, and
 * told.
 *
 * What must hold:
 *
 *   - nothing crashes, hangs, or takes more time or memory than the file is worth;
 *   - what is wrong is told in one line of text that names the file;
 *   - what can be read is written again, and read again is the same;
 *   - laying out makes nothing outside of its directory.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "fuzz/budget.h"
#include "fuzz/canary.h"
#include "fuzz/patch.h"
#include "fuzz/place.h"
#include "fuzz/said.h"
#include "fuzz/sink.h"
#include "fuzz/target.h"
#include "torture/image.h"
#include "torture/memory.h"
#include "torture/report.h"
#include "torture/repro.h"

#define NAME_GIVEN    CANARY_WORK "/given"
#define NAME_AGAIN    CANARY_WORK "/again"
#define NAME_THIRD    CANARY_WORK "/third"
#define NAME_LAID     CANARY_WORK "/laid"
#define HEAD          16u /* of a file: magic and version */
#define ALLOWED(size) (1024 * 1024 + 256 * (size))

enum { INPUT_REPRO = 1, INPUT_RAW = 2, INPUT_UNMENDED = 4, INPUT_LAID = 8 };

static struct said told; /* on standard error */
static bool running;

/* ended -- who lacks memory ends the program, which is a finding. */
static void ended(void)
{
    if (running)
        abort();
}

/* --- making a file ------------------------------------------------------------------------------------- */

static char *take_name(struct source *source)
{
    static const char *const names[] = {"a",       "b",    "c",   "d",           "e",
                                        "",        ".",    "..",  "../../stray", "a/b",
                                        "/tmp",    "a\nb", "\\x", "..",          "../../beside/00000000.chk",
                                        "\xff\xfe"};
    const uint8_t which = source_u8(source);
    char text[UINT8_MAX + 1];

    if (which < sizeof(names) / sizeof(names[0]))
        return memory_text(names[which]);
    if (which < 128)
        return memory_text(names[which % 5]);
    source_bytes(source, text, which - 128u);
    text[which - 128u] = '\0';
    return memory_text(text);
}

/* take_number -- two bytes for any that is of interest. */
static uint64_t take_number(struct source *source)
{
    const uint8_t value = source_u8(source), shift = source_u8(source);

    return shift & 64 ? ~((uint64_t)value << shift % 64) : (uint64_t)value << shift % 64;
}

static void take_op(struct source *source, struct trace *trace)
{
    static const char *const calls[] = {"", "openat", "write", "rename", "a call with a very long name"};
    struct op op = {.kind = (enum op_kind)(source_u8(source) % (OP_KINDS + 1)), .thread = 7};
    const uint8_t ticks = source_u8(source);

    op.flags = source_u8(source) % (4 * OP_IMPORTED);
    snprintf(op.call, sizeof(op.call), "%s", calls[ticks % 5]);
    op.begin = trace->ticks - (ticks >> 6 < trace->ticks ? ticks >> 6 : 0);
    op.end = trace->ticks = trace->ticks + ticks % 4;
    op.object = (uint32_t)take_number(source);
    op.dir = (uint32_t)take_number(source);
    op.dir2 = (uint32_t)take_number(source);
    op.type = (enum object_type)(source_u8(source) % (TYPE_OTHER + 2));
    op.mode = source_u16(source) % 010001;
    op.offset = take_number(source);
    op.size = take_number(source);
    op.name = take_name(source);
    op.name2 = take_name(source);
    op.data_size = source_u8(source) * (op.flags & OP_MAPPED ? 64u : 1u);
    op.data = memory_new(op.data_size + 1);
    memset(op.data, op.flags & OP_DSYNC ? 0 : 'd', op.data_size);
    trace_add(trace, &op);
}

static void take_trace(struct source *source, struct trace *trace)
{
    trace->dir = memory_text("/a directory");
    trace->command = memory_text("a command");
    trace->status = source_u8(source) << 8;
    for (unsigned i = source_u8(source) % 4; i > 0; i--) {
        char *name = take_name(source);
        trace_gap(trace, "%s %u", name, i);
        free(name);
    }
    const unsigned count = source_u8(source);
    for (unsigned i = 0; i < count && source->left; i++)
        take_op(source, trace);
}

static void take_crash(struct source *source, struct crash *crash)
{
    const uint8_t profile = source_u8(source);

    crash->profile = (enum profile)(profile % (PROFILES + 1));
    crash->dropped = profile & 128 ? (size_t)take_number(source) : DROPPED_NONE;
    crash->at = (size_t)take_number(source);
    if (profile & 64) {
        crash->rot.kind = (enum rot_kind)(source_u8(source) % (ROT_KINDS + 1));
        crash->rot.object = (uint32_t)take_number(source);
        crash->rot.offset = take_number(source);
    }
    crash->hash = source_u8(source);
    crash->count = source_u8(source) % 16;
    crash->losses = memory_new(crash->count * sizeof(*crash->losses));
    for (size_t i = 0; i < crash->count; i++) {
        crash->losses[i].op = (size_t)take_number(source);
        crash->losses[i].kind = (enum part_kind)(source_u8(source) % 4);
        crash->losses[i].number = (uint32_t)take_number(source);
        crash->losses[i].sectors = source_u8(source);
    }
}

static void take_repro(struct source *source, struct repro *repro)
{
    struct hashes *expected[] = {&repro->expected.statuses, &repro->expected.known, &repro->expected.due};
    static const char acks[] = "one\ntwo\nthree";

    repro->oracle = (enum oracle_kind)(source_u8(source) % (ORACLES + 1));
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned count = source_u8(source) % 8; count > 0; count--)
            hashes_add(expected[i], take_number(source));
    }
    repro->check = memory_text("true");
    repro->fault = take_name(source);
    repro->note = take_name(source);
    repro->timeout_s = (unsigned)take_number(source);
    repro->acks_size = source_u8(source) % sizeof(acks);
    repro->acks = memory_copy(acks, sizeof(acks));
    repro->verdict = (enum verdict)(source_u8(source) % (CHECK_NOT_RUN + 2));
    repro->number = (int)take_number(source);
    take_crash(source, &repro->crash);
    take_trace(source, &repro->trace);
}

static const char *path_of(const char *name)
{
    static char paths[3][PLACE_PATH_SIZE * 2];
    static unsigned next;
    char *path = paths[next++ % 3];

    snprintf(path, sizeof(paths[0]), "%s/%s", place_path(), name);
    return path;
}

/* save -- what the harness writes of it. */
static void save(const struct repro *repro, bool whole, const char *name)
{
    FUZZ_ASSERT(whole ? repro_save(repro, path_of(name)) : trace_save(&repro->trace, path_of(name)),
                "it cannot be written");
}

/* make_file -- writes what the input describes; true if it is as the harness would write it. */
static bool make_file(struct source *source, uint8_t flags, size_t *size)
{
    const bool whole = flags & INPUT_REPRO;
    struct repro repro = {.check = NULL};
    bool plain = true;

    if (flags & INPUT_RAW) {
        repro.check = memory_text("");
        repro.fault = memory_text("");
        repro.note = memory_text("");
        repro.trace.dir = memory_text("");
        repro.trace.command = memory_text("");
    } else if (whole) {
        take_repro(source, &repro);
    } else {
        take_trace(source, &repro.trace);
    }
    save(&repro, whole, NAME_GIVEN);
    repro_release(&repro);
    unsigned char *bytes = place_read(NAME_GIVEN, size);
    FUZZ_ASSERT(bytes && *size >= HEAD + 8, "nothing was written");
    if (flags & INPUT_RAW) {
        const size_t left = source->left;
        unsigned char *more = memory_new(HEAD + left + 8);
        memcpy(more, bytes, HEAD);
        source_bytes(source, more + HEAD, left);
        free(bytes);
        bytes = more;
        *size = HEAD + left + 8;
        plain = false;
    } else if (source->left) {
        *size = patch_apply(source, bytes, *size);
        plain = false;
    }
    if (*size >= 8 && !(flags & INPUT_UNMENDED)) {
        const uint64_t hash = XXH3_64bits(bytes, *size - 8);
        memcpy(bytes + *size - 8, &hash,
               sizeof(hash)); /* of this machine, which is little-endian, as all are */
    }
    place_write(NAME_GIVEN, bytes, *size);
    free(bytes);
    return plain;
}

/* --- what is done with it ------------------------------------------------------------------------------ */

static bool load(struct repro *repro, bool whole, const char *name)
{
    FILE *before = stderr;

    *repro = (struct repro){.check = NULL};
    stderr = said_open(&told);
    const bool loaded = whole ? repro_load(repro, path_of(name)) : trace_load(&repro->trace, path_of(name));
    fclose(stderr);
    stderr = before;
    if (loaded) {
        FUZZ_ASSERT(told.total == 0, "it is read, and yet: %s", told.text);
    } else {
        FUZZ_ASSERT(strncmp(told.text, "cairn-torture: ", 15) == 0 && strstr(told.text, name) &&
                        said_is_text(&told) && strchr(told.text, '\n') == told.text + told.size - 1,
                    "what is wrong is not told in a line: %s", told.text);
    }
    return loaded;
}

/* check_again -- what was read is written, and that read again is the same. */
static void check_again(const struct repro *repro, bool whole)
{
    struct repro again;
    size_t size = 0, other_size = 0;

    save(repro, whole, NAME_AGAIN);
    FUZZ_ASSERT(load(&again, whole, NAME_AGAIN), "what was read and written cannot be read: %s", told.text);
    save(repro, false, NAME_AGAIN); /* the trace: of sets of hashes the order is nobody's */
    save(&again, false, NAME_THIRD);
    unsigned char *one = place_read(NAME_AGAIN, &size), *other = place_read(NAME_THIRD, &other_size);
    FUZZ_ASSERT(one && other && size == other_size && memcmp(one, other, size) == 0,
                "read and written again it is another");
    free(one);
    free(other);
    repro_release(&again);
}

/* lay -- as for a check, and it must be that. */
static void lay(const struct tree *tree)
{
    FILE *before = stderr;
    char what[256];

    FUZZ_ASSERT(mkdirat(canary_work(), "laid", 0700) == 0, "no directory can be made");
    const int dir = openat(canary_work(), "laid", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    stderr = said_open(&told);
    const bool laid = image_write(tree, dir);
    fclose(stderr);
    stderr = before;
    if (laid)
        image_differs(tree, dir, what);
    else
        FUZZ_ASSERT(said_is_text(&told) || strchr(told.text, '\n'), "it says nothing of why");
    close(dir);
}

static void replay(struct repro *repro, bool laid)
{
    struct failure failure = {.checked = {.verdict = repro->verdict, .number = repro->number}};
    struct tree tree = {0};
    static struct said words;
    char what[256];

    crash_make(&repro->crash, &repro->trace, &tree);
    FUZZ_ASSERT(tree_hash(&tree) == repro->crash.hash, "the state has another hash");
    if (laid)
        lay(&tree);
    if (repro->oracle == ORACLE_HISTORY) {
        struct history *history = history_make(&repro->trace);
        history_fits(history, &tree, repro->crash.at, what, sizeof(what));
        history_release(history);
    }
    FILE *stream = said_open(&words);
    failure.crash = repro->crash;
    snprintf(failure.note, sizeof(failure.note), "%s", repro->note);
    report_failure(stream, &repro->trace, &failure, repro->acks);
    fclose(stream);
    FUZZ_ASSERT(words.total > 0, "nothing is told");
    tree_release(&tree);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct said shown;
    static bool registered;
    struct source source = {data, size};
    struct repro repro;
    struct budget budget;
    size_t file_size;

    if (!registered)
        atexit(ended);
    registered = running = true;
    canary_begin();
    const uint8_t flags = source_u8(&source);
    const bool whole = flags & INPUT_REPRO;
    make_file(&source, flags, &file_size);
    budget_begin(&budget, "reading and showing");
    const bool loaded = load(&repro, whole, NAME_GIVEN);
    if (loaded) {
        FILE *stream = said_open(&shown);
        trace_show(&repro.trace, stream);
        fclose(stream);
        FUZZ_ASSERT(shown.total <= ALLOWED(file_size), "of %zu bytes %zu are shown", file_size, shown.total);
    }
    budget_end(&budget, ALLOWED(file_size));
    FUZZ_ASSERT(repro_is(path_of(NAME_GIVEN)) == whole || file_size < 8 || !loaded,
                "it is taken for the other kind");
    if (loaded)
        check_again(&repro, whole);
    if (loaded && whole) {
        budget_begin(&budget, "making the state");
        replay(&repro, flags & INPUT_LAID);
        budget_end(&budget, ALLOWED(file_size));
    }
    repro_release(&repro);
    canary_check();
    running = false;
    return 0;
}

/* --- seeds --------------------------------------------------------------------------------------------- */

struct seed_op {
    uint8_t kind, flags, object, dir, dir2, type, offset, size, name, name2, data;
};

static void add_number(struct sink *sink, uint8_t number)
{
    sink_u8(sink, number);
    sink_u8(sink, 0);
}

static void add_trace(struct sink *sink, const struct seed_op *ops, uint8_t count)
{
    sink_u8(sink, 0);
    sink_u8(sink, 1);
    sink_u8(sink, 2);
    sink_u8(sink, count);
    for (const struct seed_op *op = ops; op < ops + count; op++) {
        sink_u8(sink, op->kind);
        sink_u8(sink, 1);
        sink_u8(sink, op->flags);
        add_number(sink, op->object);
        add_number(sink, op->dir);
        add_number(sink, op->dir2);
        sink_u8(sink, op->type);
        sink_u16(sink, 0644);
        add_number(sink, op->offset);
        add_number(sink, op->size);
        sink_u8(sink, op->name);
        sink_u8(sink, op->name2);
        sink_u8(sink, op->data);
    }
}

static void add_repro(struct sink *sink, uint8_t oracle, uint8_t profile, uint8_t at, uint8_t rot)
{
    sink_u8(sink, oracle);
    for (unsigned i = 0; i < 3; i++) {
        sink_u8(sink, 1);
        add_number(sink, (uint8_t)i);
    }
    sink_u8(sink, 0);
    sink_u8(sink, 5);
    add_number(sink, 20);
    sink_u8(sink, 8);
    sink_u8(sink, CHECK_FAILED);
    add_number(sink, 1);
    sink_u8(sink, rot ? (uint8_t)(profile | 64) : profile);
    add_number(sink, at);
    if (rot) {
        sink_u8(sink, rot);
        add_number(sink, 2);
        add_number(sink, 1);
    }
    sink_u8(sink, 0);
    sink_u8(sink, 1);
    add_number(sink, (uint8_t)(at - 1));
    sink_u8(sink, PART_BYTES);
    add_number(sink, 0);
    sink_u8(sink, 0xff);
}

void target_seeds(target_seed *seed)
{
    static const struct seed_op ops[] = {
        {OP_CREATE, OP_BASE, 2, 1, 0, TYPE_FILE, 0, 0, 0, 5, 0},
        {OP_CREATE, 0, 3, 1, 0, TYPE_DIRECTORY, 0, 0, 1, 5, 0},
        {OP_CREATE, 0, 4, 3, 0, TYPE_SYMLINK, 0, 0, 2, 5, 9},
        {OP_NEW, 0, 5, 0, 0, TYPE_FILE, 0, 0, 5, 5, 0},
        {OP_WRITE, OP_MAPPED, 2, 0, 0, 0, 100, 0, 5, 5, 80},
        {OP_LINK, 0, 5, 3, 0, 0, 0, 0, 3, 5, 0},
        {OP_SYNC, 0, 2, 0, 0, 0, 0, 0, 5, 5, 0},
        {OP_ACK, 0, 0, 0, 0, 0, 0, 0, 5, 5, 3},
        {OP_RENAME, 0, 2, 1, 3, 0, 0, 0, 0, 4, 0},
        {OP_EXCHANGE, 0, 2, 3, 3, 0, 0, 0, 4, 3, 0},
        {OP_ZERO, 0, 2, 0, 0, 0, 3, 90, 5, 5, 0},
        {OP_RESIZE, 0, 2, 0, 0, 0, 0, 150, 5, 5, 0},
        {OP_DATASYNC, 0, 2, 0, 0, 0, 0, 0, 5, 5, 0},
        {OP_SYNC_FAILED, 0, 2, 0, 0, 0, 0, 0, 5, 5, 0},
        {OP_UNLINK, 0, 2, 3, 0, 0, 0, 0, 3, 5, 0},
        {OP_SYNC_ALL, 0, 0, 0, 0, 0, 0, 0, 5, 5, 0},
        {OP_WRITE, OP_FSYNC, 5, 0, 0, 0, 0, 0, 5, 5, 30},
        {OP_WRITE, 0, 5, 0, 0, 0, 30, 0, 5, 5, 30},
    };
    static const struct seed_op outside = {OP_CREATE, 0, 2, 1, 0, TYPE_FILE, 0, 0, 8, 5, 0};
    const uint8_t count = sizeof(ops) / sizeof(ops[0]);
    static struct sink sink;
    char name[32];

    sink.size = 0;
    sink_u8(&sink, 0);
    add_trace(&sink, ops, count);
    seed("trace", sink.bytes, sink.size);
    sink_u8(&sink, PATCH_WORD);
    sink_u16(&sink, 200);
    sink_u16(&sink, 1);
    sink_u8(&sink, 40);
    seed("trace-patched", sink.bytes, sink.size);
    for (enum profile profile = PROFILE_KILL; profile < PROFILES; profile++) {
        sink.size = 0;
        sink_u8(&sink, INPUT_REPRO | INPUT_LAID);
        add_repro(&sink, (uint8_t)(profile % (unsigned)ORACLES), (uint8_t)profile, count,
                  profile == PROFILE_ROT ? (uint8_t)ROT_OLDER : 0);
        add_trace(&sink, ops, count);
        snprintf(name, sizeof(name), "repro-%s", profile_name(profile));
        seed(name, sink.bytes, sink.size);
    }
    /* What is refused, so that it is noticed if it is not: a name that leads out, and a length. */
    sink.size = 0;
    sink_u8(&sink, INPUT_REPRO | INPUT_LAID);
    add_repro(&sink, ORACLE_CHECK, PROFILE_XFS, 1, 0);
    add_trace(&sink, &outside, 1);
    seed("name-outside", sink.bytes, sink.size);
    sink.size = 0;
    sink_u8(&sink, 0);
    add_trace(&sink, ops, 2);
    sink_u8(&sink, PATCH_WORD);
    sink_u16(&sink, HEAD);
    sink_u16(&sink, 1);
    sink_u8(&sink, 20);
    seed("length", sink.bytes, sink.size);
    sink.size = 0;
    sink_u8(&sink, INPUT_RAW);
    sink_bytes(&sink, "\0\0\0\0\0\0\0\0", 8);
    seed("raw", sink.bytes, sink.size);
}
