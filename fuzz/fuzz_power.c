/* fuzz_power.c -- the power is cut while a process records, several times in a row, on what is left.
 *
 * The input is a program (program.h). Each round is run in this process while all that it does to its
 * directory is recorded (recording.h). Then the crash says after which of these operations, under which
 * profile of cairn-torture (torture/model.h), and what of that which is not durable is lost or torn; the
 * directory is made so, and opened read-only, or as a writer that recovers, or both. What was acknowledged
 * before the crash is there, in order, byte for byte; what was not is there whole or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/ledger.h"
#include "fuzz/place.h"
#include "fuzz/program.h"
#include "fuzz/recording.h"
#include "fuzz/target.h"
#include "torture/image.h"
#include "torture/memory.h"
#include "torture/model.h"
#include "torture/sequence.h"

enum { HOW_READER = PROGRAM_OWN, HOW_WRITER = 2 * PROGRAM_OWN };

/* What of the parts that are not durable is lost. */
enum losing {
    LOSE_NONE,
    LOSE_ALL,
    LOSE_ONE,     /* or some sectors of it */
    LOSE_ALL_BUT, /* one, or some sectors of it */
    LOSE_LATEST,  /* that and all after it */
    LOSE_BITS,    /* of the latest 32, those whose bits are set */
    LOSE_CHANCE,
    LOSINGS
};

static struct program program;
static struct ledger ledger;
static const struct round *current;
static char url[PLACE_PATH_SIZE + 32];
/* After how many operations of the trace an action began, and a step had been acknowledged. */
static size_t begun[PROGRAM_ACTIONS + 1], acknowledged[LEDGER_STEPS];
static bool refused[LEDGER_STEPS];
static char ids[LEDGER_STEPS][256];

/* --- recording -------------------------------------------------------------------------------------------
 */

static int before_call(struct call *call)
{
    return program_refuses(&program, call);
}

static void begin(unsigned action)
{
    begun[action] = recording_trace()->count;
}

static void acknowledge(unsigned step, int error, const char *id)
{
    acknowledged[step] = recording_trace()->count;
    refused[step] = error != 0;
    memcpy(ids[step], id, sizeof(ids[step]));
}

static int open_place(void)
{
    if (mkdirat(place_dir(), "o", 0755) != 0 && errno != EEXIST)
        _exit(2);
    int dir = openat(place_dir(), "o", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        _exit(2);
    return dir;
}

static void record(int dir)
{
    static const struct program_told told = {begin, acknowledge};

    recording_begin(dir);
    calls_watch(before_call, recording_note);
    const int error = program_run(current, &ledger, url, CAIRN_NO_THREAD, &told);
    calls_watch(NULL, NULL);
    if (error)
        ledger_print(&ledger);
    FUZZ_ASSERT(error == 0, "a call fails: %d, %s", error, cairn_message());
}

/* take_down -- the steps as they are for who comes after a crash behind `at` operations. */
static void take_down(size_t at)
{
    for (unsigned i = 0; i < current->count; i++) {
        const struct action *action = &current->actions[i];
        if (action->kind > ACTION_COMPLETE || begun[i] > at)
            continue;
        const bool done = acknowledged[action->step] <= at;
        ledger_end(&ledger, action->step, done ? OUTCOME_DONE : OUTCOME_MAYBE,
                   done ? ids[action->step] : NULL);
    }
}

/* --- the crash -------------------------------------------------------------------------------------------
 */

/* choose -- lost[] by the crash's bytes from the third on. */
static void choose(const struct model *model, const uint8_t crash[PROGRAM_CRASH], uint8_t *lost)
{
    uint32_t bits;
    memcpy(&bits, crash + 4, sizeof(bits));
    const unsigned losing = crash[3] % LOSINGS;
    struct sequence random = sequence_of(bits);
    size_t left = 0; /* how many there are behind it that may be lost */

    for (size_t i = 0; i < model->count; i++)
        left += !model->parts[i].durable;
    const size_t one = left ? left - 1 - crash[4] % left : 0; /* 0 is the latest */
    for (size_t i = 0, k = 0; i < model->count; i++) {
        if (model->parts[i].durable)
            continue;
        const uint8_t sectors = crash[5] ? crash[5] : SECTORS_ALL;
        const uint64_t chance = losing == LOSE_CHANCE ? sequence_next(&random) : 0;
        left--;
        switch (losing) {
        case LOSE_NONE:
            break;
        case LOSE_ALL:
            lost[i] = SECTORS_ALL;
            break;
        case LOSE_ONE:
            lost[i] = k == one ? sectors : 0;
            break;
        case LOSE_ALL_BUT:
            lost[i] = k == one ? (uint8_t)~sectors : SECTORS_ALL;
            break;
        case LOSE_LATEST:
            lost[i] = k >= one ? SECTORS_ALL : 0;
            break;
        case LOSE_BITS:
            lost[i] = left < 32 && bits >> left & 1 ? SECTORS_ALL : 0;
            break;
        default:
            lost[i] = chance & 3 ? (chance & 4 ? SECTORS_ALL : 0) : (uint8_t)(chance >> 8);
        }
        k++;
    }
}

/* cut -- makes the directory what a power cut leaves of it. */
static void cut(size_t at, const uint8_t crash[PROGRAM_CRASH])
{
    static const enum profile profiles[] = {PROFILE_STRICT, PROFILE_EXT4, PROFILE_XFS, PROFILE_BTRFS};
    struct model model;
    struct tree tree;

    model_begin(&model, recording_trace(), profiles[crash[2] % 4], DROPPED_NONE);
    while (model.at < at && model_step(&model))
        ;
    uint8_t *lost = memory_new(model.count + 1);
    choose(&model, crash, lost);
    model_allow(&model, lost);
    model_state(&model, lost, &tree);
    if (getenv("FUZZ_TELL")) {
        trace_lines(recording_trace(), 0, recording_trace()->count, stderr);
        fprintf(stderr, "%s: crash behind operation %zu\n", profile_name(model.profile), at);
        for (size_t i = 0; i < model.count; i++)
            fprintf(stderr, "  part of operation %zu, %u: lost %02x\n", model.parts[i].op,
                    model.parts[i].number, lost[i]);
    }
    place_clear();
    int dir = open_place();
    FUZZ_ASSERT(image_write(&tree, dir), "the directory cannot be made");
    close(dir);
    tree_release(&tree);
    free(lost);
    model_release(&model);
}

/* --- looking ---------------------------------------------------------------------------------------------
 */

static void look(unsigned flags, const char *who)
{
    struct cairn_op *op;
    int error = cairn_open(&op, NULL, url, flags | CAIRN_NO_THREAD);

    if (error == CAIRN_ENONE && (flags & CAIRN_READONLY)) {
        ledger_check_none(&ledger, who);
        return;
    }
    if (error)
        ledger_print(&ledger);
    FUZZ_ASSERT(error == 0, "%s: it cannot be opened: %d, %s", who, error, cairn_message());
    ledger_check(&ledger, op, true, who);
    if ((flags & CAIRN_READONLY) == 0) {
        char id[256] = "";
        const unsigned step = ledger_add(&ledger, STEP_CHECKPOINT, 30);
        error = ledger_take(&ledger, step, op, NULL, id);
        FUZZ_ASSERT(error == 0, "%s: nothing can be recorded: %d, %s", who, error, cairn_message());
        ledger_end(&ledger, step, OUTCOME_DONE, id);
        ledger_check(&ledger, op, true, who);
    }
    cairn_close(op);
}

static void run_round(const struct round *round)
{
    int dir = open_place();

    current = round;
    record(dir);
    size_t at = recording_trace()->count;
    if (round->crashes) {
        const size_t from = begun[round->crash[0] % (round->count + 1)];
        at = from + round->crash[1] % (at - from + 1);
        cut(at, round->crash);
    }
    take_down(at);
    recording_end();
    close(dir);
    if (program.how & HOW_READER)
        look(CAIRN_READONLY, "a reader");
    if (program.how & HOW_WRITER)
        look(0, "a writer");
}

/* What is freed is held back less long than it is by default: an input frees megabytes, and to touch as many
 * new ones is half of what it costs. */
extern const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};
    char path[PLACE_PATH_SIZE + 8];

    program_decode(&program, &ledger, &source);
    program_prepare(&program);
    place_clear();
    snprintf(path, sizeof(path), "%s/o", place_path());
    snprintf(url, sizeof(url), "%s", program_url(&program, path));
    for (unsigned i = 0; i < program.round_count; i++)
        run_round(&program.rounds[i]);
    if (program.round_count)
        look(0, "the last");
    return 0;
}

/* --- seeds -----------------------------------------------------------------------------------------------
 */

static void sink_cut(struct sink *sink, uint8_t action, uint8_t behind, uint8_t profile, enum losing losing,
                     uint8_t part, uint8_t sectors)
{
    const uint8_t crash[PROGRAM_CRASH] = {action, behind, profile, (uint8_t)losing, part, sectors};
    program_sink_crash(sink, crash);
}

void target_seeds(target_seed *seed)
{
    static const char *const names[] = {"journal", "dir", "journal-recovered-later", "dir-named"};
    static const uint8_t hows[] = {HOW_READER | HOW_WRITER, PROGRAM_DIRECTORY | HOW_WRITER, 0,
                                   PROGRAM_DIRECTORY | PROGRAM_NAMED | HOW_READER};
    static struct sink sink;

    for (unsigned i = 0; i < 4; i++) {
        sink.size = 0;
        sink_u8(&sink, hows[i]);
        program_sink(&sink, ACTION_CHECKPOINT, 20);
        program_sink(&sink, ACTION_CHECKPOINT, 200);
        sink_cut(&sink, 1, 1, 0, LOSE_ALL, 0, 0);
        program_sink(&sink, ACTION_LARGE, 200);
        program_sink(&sink, ACTION_LARGE, 200);
        program_sink(&sink, ACTION_LARGE, 200);
        sink_cut(&sink, 2, 4, 1, LOSE_ONE, 1, 0x0f);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        program_sink(&sink, ACTION_COMPACT, 0);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        sink_cut(&sink, 1, 3, 2, LOSE_ALL_BUT, 0, 0);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        program_sink(&sink, ACTION_REOPEN, 0);
        sink_cut(&sink, 1, 30, 0, LOSE_BITS, 0x55, 0x55);
        program_sink(&sink, ACTION_LOOK, 0);
        program_sink(&sink, ACTION_COMPLETE, 0);
        sink_cut(&sink, 1, 2, 3, LOSE_CHANCE, 1, 2);
        program_sink(&sink, ACTION_CHECKPOINT, 60);
        seed(names[i], sink.bytes, sink.size);
    }
}
