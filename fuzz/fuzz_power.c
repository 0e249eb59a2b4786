/* fuzz_power.c -- the power is cut while a process records, several times in a row, on what is left.
 *
 * The input is a program (program.h). Each round is run in this process while all that it does to its
 * directory is recorded (recording.h). Then the crash says after which of these operations, under which
 * profile of cairn-torture (torture/model.h), and what of that which is not durable is lost or torn; the
 * directory is made so, and opened read-only, or as a writer that recovers, or both. What was acknowledged
 * before the crash is there, in order, byte for byte; what was not is there whole or not at all.
 *
 * In some inputs syncs fail. Such a sync has made nothing durable, and what it should have written no later
 * one writes, unless it is written again (OP_SYNC_FAILED of torture/trace.h). A call may then give an error,
 * or go on some other way; but what it acknowledges is durable. Which sync of an action fails, or of the
 * opening, is said by the bits that program.h leaves in the action's byte, or in the crash's.
 *
 * And in some, where the program is one of a `dir:`, a rival (rival.h) takes the lock away when a checkpoint
 * is about to get its name, and records one of his own. The seventh byte of the crash says at which action.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/ledger.h"
#include "fuzz/place.h"
#include "fuzz/program.h"
#include "fuzz/recording.h"
#include "fuzz/rival.h"
#include "fuzz/target.h"
#include "torture/image.h"
#include "torture/memory.h"
#include "torture/model.h"
#include "torture/sequence.h"

enum {
    HOW_READER = PROGRAM_OWN,
    HOW_WRITER = 2 * PROGRAM_OWN,
    HOW_FAILING = 4 * PROGRAM_OWN,
    HOW_RIVAL = 8 * PROGRAM_OWN
};

#define EXCUSES_MAX 4 /* of a round: each may leave twice as many states that are right */

/* How often, and with what; FAILING() is what the bits are for the Nth sync, from 1 to FAILING_NTH. */
enum failing { FAIL_ONCE, FAIL_TWICE, FAIL_FULL, FAIL_ALL };
#define FAILING_NTH        8
#define FAILING(nth, what) ((uint8_t)(1 + (what)*FAILING_NTH + (nth)-1))

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
#define NEVER SIZE_MAX
static size_t begun[PROGRAM_ACTIONS + 1], acknowledged[LEDGER_STEPS];
static int errors[LEDGER_STEPS];
static char ids[LEDGER_STEPS][256];

/* --- recording -------------------------------------------------------------------------------------------
 */

/* Syncs that are to fail, counted from where it was armed. */
static struct {
    unsigned from, to; /* counted from 1; 0: none */
    int error;
    unsigned count;
} fault;

static bool is_open;     /* the opening is over */
static unsigned failed;  /* syncs of the round */
static unsigned excused; /* calls of the round */

/* The rival of a round. */
static struct {
    struct rival rival;
    bool is_there;   /* there is one */
    unsigned action; /* while which he comes */
    bool is_awaited; /* at the next name that is given */
    unsigned step;   /* of the ledger, his own */
    unsigned char data[40];
    size_t begun, ended; /* as `begun` and `acknowledged` above */
} comer;

/* expect_rival -- if the round has one. Its ledger keeps room for those who look. */
static void expect_rival(int dir)
{
    comer.is_there = comer.is_awaited = false;
    comer.begun = comer.ended = NEVER;
    if ((program.how & HOW_RIVAL) == 0 || !program.directory || !current->crashes || current->count == 0 ||
        ledger.step_count + PROGRAM_ROUNDS + 1 >= LEDGER_STEPS)
        return;
    comer.action = current->crash[6] % current->count;
    if (current->actions[comer.action].kind > ACTION_LARGE)
        return;
    comer.is_there = true;
    comer.step = ledger_add(&ledger, STEP_CHECKPOINT, sizeof(comer.data));
    const struct step *step = &ledger.steps[comer.step];
    memcpy(comer.data, ledger_data(step), sizeof(comer.data));
    comer.rival = (struct rival){
        .dir = dir, .url = url, .label = step->label, .data = comer.data, .size = sizeof(comer.data)};
}

static void arm(uint8_t rest)
{
    memset(&fault, 0, sizeof(fault));
    if ((program.how & HOW_FAILING) == 0 || rest == 0 || comer.is_there)
        return;
    const enum failing what = (enum failing)((rest - 1) / FAILING_NTH);
    fault.from = 1 + (rest - 1u) % FAILING_NTH;
    fault.to = what == FAIL_ALL ? UINT_MAX : fault.from + (what == FAIL_TWICE);
    fault.error = what == FAIL_FULL ? ENOSPC : EIO;
}

static int before_call(struct call *call)
{
    if (recording_sees(call) && ++fault.count >= fault.from && fault.count <= fault.to) {
        failed++;
        recording_note_failed(call);
        return fault.error;
    }
    if (comer.is_awaited && (call->kind == CALL_LINK || call->kind == CALL_RENAME)) {
        comer.is_awaited = false;
        comer.begun = recording_trace()->count;
        rival_record(&comer.rival);
        comer.ended = recording_trace()->count;
        FUZZ_ASSERT(comer.rival.error == 0, "the rival cannot record: %d", comer.rival.error);
    }
    return program_refuses(&program, call);
}

/* may_fail -- a call that fails is a finding, unless a sync has failed. */
static void may_fail(int error)
{
    if (failed == 0)
        ledger_print(&ledger);
    FUZZ_ASSERT(failed, "a call fails: %d, %s", error, cairn_message());
    FUZZ_ASSERT(error == CAIRN_EIO || error == CAIRN_ENOSPC, "a sync has failed, and a call says %d, %s",
                error, cairn_message());
}

static bool excuses(int error)
{
    may_fail(error);
    return ++excused < EXCUSES_MAX;
}

static void begin(unsigned action)
{
    begun[action] = recording_trace()->count;
    if (!is_open)
        arm(current->rest);
    else
        arm(action < current->count ? current->actions[action].rest : 0);
    comer.is_awaited = is_open && comer.is_there && action == comer.action;
    is_open = true;
}

static void acknowledge(unsigned step, int error, const char *id)
{
    acknowledged[step] = recording_trace()->count;
    errors[step] = error;
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

    is_open = false;
    failed = excused = 0;
    for (unsigned i = 0; i <= current->count; i++)
        begun[i] = NEVER;
    for (unsigned i = 0; i < LEDGER_STEPS; i++)
        acknowledged[i] = NEVER;
    expect_rival(dir);
    recording_begin(dir);
    calls_watch(before_call, recording_note);
    const int error = program_run(current, &ledger, url, CAIRN_NO_THREAD, &told);
    calls_watch(NULL, NULL);
    if (error)
        may_fail(error);
}

/* take_down_both -- a step, and the rival's that came in between. */
static void take_down_both(unsigned step, enum outcome outcome, const char *id, size_t at)
{
    const bool ended = comer.ended <= at;
    const unsigned steps[] = {step, comer.step};
    const enum outcome outcomes[] = {outcome, ended ? OUTCOME_DONE : OUTCOME_MAYBE};
    const char *const both[] = {id, ended ? comer.rival.id : NULL};

    ledger_end_both(&ledger, steps, outcomes, both);
}

/* take_down -- the steps as they are for who comes after a crash behind `at` operations. */
static void take_down(size_t at)
{
    for (unsigned i = 0; i < current->count; i++) {
        const struct action *action = &current->actions[i];
        if (action->kind > ACTION_COMPLETE || begun[i] > at)
            continue;
        const bool ended = acknowledged[action->step] <= at;
        const enum outcome outcome =
            ended ? ledger_outcome(&ledger, action->step, errors[action->step]) : OUTCOME_MAYBE;
        const char *id = outcome == OUTCOME_DONE ? ids[action->step] : NULL;
        if (comer.is_there && i == comer.action && comer.begun <= at)
            take_down_both(action->step, outcome, id, at);
        else
            ledger_end(&ledger, action->step, outcome, id);
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

/* crash_point -- after how many of the `end` operations of the trace the power is cut. */
static size_t crash_point(const struct round *round, size_t end)
{
    const size_t from = begun[round->crash[0] % (round->count + 1)];
    const size_t at = from == NEVER ? end : from + round->crash[1] % (end - from + 1);

    /* Between its name and its id a checkpoint may have the same number as the rival's, which the ledger does
     * not know. */
    if (comer.is_there && comer.ended < at && at < acknowledged[round->actions[comer.action].step])
        return acknowledged[round->actions[comer.action].step];
    return at;
}

static void run_round(struct round *round)
{
    int dir = open_place();

    current = round;
    round->excuses = excuses;
    record(dir);
    size_t at = recording_trace()->count;
    if (round->crashes) {
        at = crash_point(round, at);
        cut(at, round->crash);
    }
    take_down(at);
    recording_end();
    close(dir);
    /* Where calls fail, all rounds at once would leave more states that are right than the ledger can have.
     */
    if (program.how & (HOW_READER | HOW_FAILING | HOW_RIVAL))
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

/* sink_failing -- a round whose last action's Nth sync fails, and that ends when that has returned. */
static void sink_failing(struct sink *sink, unsigned before, enum action_kind kind, uint8_t rest)
{
    for (unsigned i = 0; i < before; i++)
        program_sink(sink, kind, 200);
    program_sink_with(sink, kind, rest, 200);
    sink_cut(sink, (uint8_t)(before + 1), 0, 0, LOSE_ALL, 0, 0);
}

static void seed_failing(target_seed *seed)
{
    static struct sink sink;

    for (unsigned i = 0; i < 2; i++) {
        sink.size = 0;
        sink_u8(&sink, i ? HOW_FAILING | PROGRAM_DIRECTORY : HOW_FAILING);
        sink_failing(&sink, 1, ACTION_CHECKPOINT, FAILING(1, FAIL_ONCE));
        sink_failing(&sink, 1, ACTION_CHECKPOINT, FAILING(2, FAIL_ONCE));
        sink_failing(&sink, 2, ACTION_LARGE, FAILING(2, FAIL_ONCE));
        sink_failing(&sink, 0, ACTION_LARGE, FAILING(3, FAIL_ONCE));
        sink_failing(&sink, 1, ACTION_COMPACT, FAILING(1, FAIL_FULL));
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        program_sink_with(&sink, ACTION_CHECKPOINT, FAILING(1, FAIL_ALL), 9);
        program_sink_with(&sink, ACTION_REOPEN, FAILING(2, FAIL_TWICE), 0);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        sink_cut(&sink, 5, 0, 0, LOSE_ALL, 0, 0);
        seed(i ? "dir-failing" : "journal-failing", sink.bytes, sink.size);
    }
}

/* seed_opening -- syncs of the opening fail, of a new journal's and then of a recovery's. */
static void seed_opening(target_seed *seed)
{
    static const uint8_t crash[PROGRAM_CRASH] = {[0] = 1, [3] = LOSE_ALL};
    static struct sink sink;

    sink.size = 0;
    sink_u8(&sink, HOW_FAILING);
    for (uint8_t nth = 2; nth > 0; nth--) {
        program_sink(&sink, ACTION_CHECKPOINT, 20);
        program_sink_crash_with(&sink, FAILING(nth, FAIL_ONCE), crash);
    }
    seed("journal-opening", sink.bytes, sink.size);
}

/* seed_returning -- the name of a segment that was given up is not durable, and neither is its removal; the
 * next one who opens the journal goes on in the segment before it. */
static void seed_returning(target_seed *seed)
{
    static struct sink sink;

    sink.size = 0;
    sink_u8(&sink, HOW_FAILING);
    program_sink(&sink, ACTION_LARGE, 200);
    program_sink(&sink, ACTION_LARGE, 200);
    program_sink_with(&sink, ACTION_LARGE, FAILING(3, FAIL_ALL), 200);
    program_sink(&sink, ACTION_REOPEN, 0);
    program_sink(&sink, ACTION_CHECKPOINT, 9);
    sink_cut(&sink, 5, 0, 0, LOSE_ONE, 50, 0);
    seed("journal-returning", sink.bytes, sink.size);
}

static void seed_rival(target_seed *seed)
{
    static const uint8_t crash[PROGRAM_CRASH] = {[0] = 2, [3] = LOSE_ALL, [6] = 1};
    static struct sink sink;

    sink.size = 0;
    sink_u8(&sink, HOW_RIVAL | PROGRAM_DIRECTORY);
    program_sink(&sink, ACTION_CHECKPOINT, 20);
    program_sink(&sink, ACTION_CHECKPOINT, 20);
    program_sink_crash(&sink, crash);
    seed("dir-rival", sink.bytes, sink.size);
}

/* seed_pieces -- data that is written in pieces, its header last: cut off within, where a sync of it fails,
 * and where what is kept is such data. */
static void seed_pieces(target_seed *seed)
{
    static struct sink sink;

    for (unsigned i = 0; i < 2; i++) {
        sink.size = 0;
        sink_u8(&sink, i ? HOW_FAILING : HOW_READER | HOW_WRITER);
        program_sink(&sink, ACTION_CHECKPOINT, 20);
        program_sink_with(&sink, ACTION_LARGE, i ? FAILING(3, FAIL_ONCE) : 0, LEDGER_IN_PIECES + 2);
        sink_cut(&sink, 1, 14, 0, LOSE_ONE, 0, 0x0f);
        program_sink(&sink, ACTION_LARGE, LEDGER_IN_PIECES);
        program_sink_with(&sink, ACTION_LARGE, i ? FAILING(1, FAIL_ONCE) : 0, LEDGER_IN_PIECES + 1);
        sink_cut(&sink, 1, 5, 1, LOSE_ALL_BUT, 0, 0);
        program_sink(&sink, ACTION_LARGE, LEDGER_IN_PIECES + 2);
        program_sink(&sink, ACTION_COMPACT, 0);
        program_sink(&sink, ACTION_LARGE, LEDGER_IN_PIECES + 1);
        sink_cut(&sink, 2, 3, 0, LOSE_ALL, 0, 0);
        program_sink(&sink, ACTION_CHECKPOINT, 9);
        seed(i ? "journal-pieces-failing" : "journal-pieces", sink.bytes, sink.size);
    }
}

/* seed_removing -- all is lost but the last of what a removal did. */
static void seed_removing(target_seed *seed)
{
    static struct sink sink;

    for (unsigned i = 0; i < 2; i++) {
        sink.size = 0;
        sink_u8(&sink, i ? HOW_READER | PROGRAM_DIRECTORY : HOW_READER);
        for (unsigned k = 0; k < 3; k++)
            program_sink(&sink, ACTION_LARGE, 200);
        program_sink(&sink, ACTION_COMPACT, 0);
        sink_cut(&sink, 3, 4, 0, LOSE_ALL_BUT, 0, 0);
        seed(i ? "dir-removing" : "journal-removing", sink.bytes, sink.size);
    }
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
    seed_failing(seed);
    seed_pieces(seed);
    seed_removing(seed);
    seed_rival(seed);
    seed_returning(seed);
    seed_opening(seed);
}
