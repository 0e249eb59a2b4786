/* fuzz_operations.c -- the interface, call by call, against a plain model of it (ledger.h): from two handles
 * and two threads, while calls of the operating system fail, there is no memory, and others hold the locks.
 *
 * The input is a byte of bits (HOW_*), and then actions. An action's byte says what is done, by which handle
 * and in which thread, and whether something comes between:
 *
 *   - a fault, two bytes: the Nth call of a class (calls.h) fails, or writes or reads less, and so may some
 *     behind it. The classes are the calls that change something, those that read, and those that ask for
 *     memory; or nothing fails, but at the Nth call of any class the context ends;
 *   - the other thread, a byte: at the Nth such call this action is held until the next action, which the
 *     other thread does by the other handle, has ended; or has not after a moment, for it may need what this
 *     one holds. Whichever was the first, nothing else can come of the two.
 *
 * After each action all is asked of a handle and compared with the model. A call that fails has done nothing,
 * but where it is not known (CAIRN_EIO, and what a directory removes): then it is compared when all has been
 * closed and opened again.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/calls.h"
#include "fuzz/fault.h"
#include "fuzz/figures.h"
#include "fuzz/follower.h"
#include "fuzz/holder.h"
#include "fuzz/ledger.h"
#include "fuzz/leftover.h"
#include "fuzz/place.h"
#include "fuzz/sink.h"
#include "fuzz/source.h"
#include "fuzz/target.h"
#include "journal/control.h"
#include "journal/segment.h"

#define ACTIONS_MAX 40
#define UNKNOWN_MAX 4       /* steps of which it is not known whether they were done */
#define MOMENT_NS   2000000 /* that the other thread is waited for, if it waits for this one */

enum {
    HOW_DIRECTORY = 1,
    HOW_NAMED = 2,
    HOW_USUAL = 4,
    HOW_READER = 8, /* the second handle only reads */
    HOW_PLAIN = 16, /* as calls_plain */
    HOW_THREAD = 32 /* handles have a thread of their own */
};

enum action_kind {
    ACTION_CHECKPOINT, /* and a byte for its size */
    ACTION_LARGE,
    ACTION_COMPACT,
    ACTION_CLEAR,
    ACTION_COMPLETE,
    ACTION_LATEST,
    ACTION_LOAD, /* and a byte: which */
    ACTION_REOPEN,
    ACTION_RENEW, /* all handles are closed, and opened again; with a fault, first while that may fail, and by
                     the second handle, where nothing was; in the other thread, where one that was killed has
                     left something */
    ACTION_REPAIR,
    ACTION_GLANCE, /* all questions, while they may fail */
    ACTION_SINCE,  /* and a byte: how */
    ACTION_ALONE,  /* a reader is alone, and then others come and go; while it may fail */
    ACTION_ODD,    /* and a byte: which call with arguments that cannot be */
    ACTION_DIES,   /* and a byte: the owner of which lock */
    ACTION_HELD,   /* and a byte: which lock somebody has during the next action */
    ACTION_KINDS
};

enum { ACTION_MASK = 15, ACTION_SECOND = 16, ACTION_THREAD = 32, ACTION_FAULT = 64, ACTION_BETWEEN = 128 };

/* An action, and what came of it. */
struct job {
    enum action_kind kind;
    unsigned handle, step; /* of the ledger */
    uint8_t byte;
    bool writes;
    bool beside; /* another one is under way, and it is not known what is there */
    int error;
    char id[256];
    char message[1024];
};

static struct ledger ledger;
static uint8_t how;
static char url[PLACE_PATH_SIZE + 32];
static struct cairn_op *handles[2];
static unsigned unknown;             /* steps of which it is not known whether they were done */
static struct follower followers[2]; /* who follows by the one handle, and by the other */
static int held = -1;                /* the byte of ACTION_HELD, for the next action */

/* What is to come between an action's calls. */
static struct {
    struct fault fault;
    struct job *job;             /* for the other thread, at the call that the fault says */
    const struct cairn_ctx *use; /* what the calls are given */
    struct cairn_ctx patience;
} between;

/* --- the other thread -------------------------------------------------------------------------------------
 */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct job *given; /* that it is at */
static pid_t threaded;    /* the process that it runs in */
static _Thread_local bool is_second;

static void perform(struct job *job);

static void *second(void *arg)
{
    is_second = true;
    pthread_mutex_lock(&mutex);
    for (;;) {
        while (given == NULL)
            pthread_cond_wait(&changed, &mutex);
        struct job *job = given;
        pthread_mutex_unlock(&mutex);
        perform(job);
        pthread_mutex_lock(&mutex);
        given = NULL;
        pthread_cond_broadcast(&changed);
    }
    return arg;
}

static void give(struct job *job)
{
    pthread_t thread;

    if (threaded != getpid()) {
        FUZZ_ASSERT(pthread_create(&thread, NULL, second, NULL) == 0, "no thread");
        pthread_detach(thread);
        threaded = getpid();
        leftover_thread();
    }
    pthread_mutex_lock(&mutex);
    given = job;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

/* wait_for_it -- until it has done what it was given, or, if it may be waiting for us, for a moment. */
static void wait_for_it(bool for_a_moment)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MOMENT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&mutex);
    while (given && error == 0)
        error = for_a_moment ? pthread_cond_timedwait(&changed, &mutex, &until)
                             : pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

/* --- what comes between -----------------------------------------------------------------------------------
 */

static int before_call(struct call *call)
{
    if (is_second && between.job)
        return 0; /* what comes between is not come between */
    if ((how & HOW_NAMED) && call->kind == CALL_OPEN && (call->flags & O_TMPFILE) == O_TMPFILE)
        return EOPNOTSUPP;
    if (!calls_inside() || !fault_now(&between.fault, call))
        return 0;
    if (between.job) {
        give(between.job);
        wait_for_it(true);
        return 0;
    }
    return fault_refusal(&between.fault, call);
}

/* --- actions ----------------------------------------------------------------------------------------------
 */

static unsigned flags_of(unsigned handle)
{
    return (how & HOW_THREAD ? 0 : CAIRN_NO_THREAD) |
           (handle == 1 && (how & HOW_READER) ? CAIRN_READONLY : 0);
}

static int look(struct job *job)
{
    void *data = NULL;
    size_t size = 0;
    int error = cairn_latest(handles[job->handle], between.use, &data, &size);

    if (error == 0 || error == CAIRN_ENONE) {
        FUZZ_ASSERT(job->beside || ledger_may_be_latest(&ledger, data, size), "latest gives %d", error);
        error = 0;
    }
    cairn_free(data);
    return error;
}

static int load(struct job *job)
{
    const struct step *step = ledger.step_count ? &ledger.steps[job->byte % ledger.step_count] : NULL;
    void *data;
    size_t size;

    if (step == NULL || step->id[0] == '\0' || ledger.directory)
        return 0;
    int error = cairn_load(handles[job->handle], between.use, step->id, &data, &size);
    if (error == 0) {
        /* Of what Compact has kept, whose data it is is told by ledger_check(). */
        FUZZ_ASSERT(step->kind == STEP_COMPACT ||
                        (size == step->size && memcmp(data, ledger_data(step), size) == 0),
                    "%s is other data", step->id);
        cairn_free(data);
    }
    if (!job->beside && unknown == 0 && ledger_holds(&ledger, job->byte % ledger.step_count))
        FUZZ_ASSERT(error != CAIRN_ENOTFOUND, "%s is said not to be there", step->id);
    return error == CAIRN_ENOTFOUND ? 0 : error;
}

static int reopen(unsigned handle)
{
    cairn_close(handles[handle]);
    handles[handle] = NULL;
    return cairn_open(&handles[handle], between.use, url, flags_of(handle));
}

static void close_all(void)
{
    for (unsigned i = 2; i-- > 0;) {
        cairn_close(handles[i]);
        handles[i] = NULL;
    }
}

/* renew_faulty -- all is closed and opened again, as far as that succeeds. */
static int renew_faulty(void)
{
    close_all();
    const int first = reopen(0), then = reopen(1);
    return first ? first : then;
}

/* failing -- what fails meanwhile. */
static enum ledger_fails failing(void)
{
    static const enum ledger_fails fails[] = {[CLASS_CHANGES] = FAILS_SOMETHING,
                                              [CLASS_READS] = FAILS_READING,
                                              [CLASS_MEMORY] = FAILS_NO_CALL,
                                              [CLASS_CONTEXT] = FAILS_NO_CALL};

    return fails[between.fault.class];
}

static void glance(struct job *job, const char *who)
{
    ledger_glance(&ledger, handles[job->handle], between.use, failing(), who);
}

/* very_long -- a label that no operation takes. */
static const char *very_long(void)
{
    static char label[CAIRN_JOURNAL_LABEL_MAX + 2];

    memset(label, 'l', sizeof(label) - 1);
    return label;
}

/* odd -- a call that can do nothing, whatever else is. */
static int odd(struct job *job)
{
    static const char *const ids[] = {"",
                                      "x",
                                      "1",
                                      "00000000@",
                                      "00000000@0x1",
                                      "0@1",
                                      "00000001@1 ",
                                      "99999999999999999999@1",
                                      "00000000@99999999999999999999",
                                      "00000000/../lock.chk",
                                      "00000007.chk"};
    static char label[300];
    struct cairn_op *op = handles[job->handle];
    void *data;
    size_t size;
    int error;

    memset(label, 'l', sizeof(label) - 1);
    switch (job->byte % 16) {
    case 0:
        error = cairn_checkpoint(op, NULL, "\xff", "", 0, NULL);
        break;
    case 1:
        error = cairn_compact(op, NULL, "\xed\xa0\x80");
        break;
    case 2:
        error = ledger.directory
                    ? cairn_checkpoint(op, NULL, label, "", 0, NULL)
                    : cairn_checkpoint(op, NULL, "", "", (size_t)CAIRN_JOURNAL_DATA_MAX + 1, NULL);
        break;
    case 3:
        error = ledger.directory ? cairn_checkpoint(op, NULL, "a/b", "", 0, NULL) : CAIRN_EINVAL;
        break;
    case 4:
        error = cairn_compact(op, NULL, very_long());
        break;
    default:
        error =
            cairn_load(op, NULL, ids[(job->byte % 16 - 5u) % (sizeof(ids) / sizeof(ids[0]))], &data, &size);
        if (error == 0)
            cairn_free(data);
        return 0;
    }
    FUZZ_ASSERT(error, "call %u with what cannot be succeeds", job->byte % 16u);
    return 0;
}

static struct cairn_op *open_alone(unsigned handle)
{
    struct cairn_op *op;
    const int error = cairn_open(&op, NULL, url, CAIRN_NO_THREAD | (handle ? CAIRN_READONLY : 0));

    FUZZ_ASSERT(error == 0, "one who is alone cannot open it: %d, %s", error, cairn_message());
    return op;
}

/* alone -- a reader who is alone, and stays while a writer comes, records one more, and goes. */
static void alone(struct job *job)
{
    struct cairn_op *reader, *writer;
    const struct cairn_ctx *ctx = between.use;
    const enum ledger_fails fails = failing();

    if (cairn_open(&reader, ctx, url, CAIRN_NO_THREAD | CAIRN_READONLY) != 0) {
        calls_leave();
        reader = open_alone(1);
        calls_enter();
    }
    ledger_glance(&ledger, reader, ctx, fails, "a reader who is alone");
    calls_leave();
    writer = open_alone(0);
    job->error = ledger_take(&ledger, job->step, writer, NULL, job->id);
    FUZZ_ASSERT(job->error == 0, "one who is alone cannot record: %d, %s", job->error, cairn_message());
    ledger_end(&ledger, job->step, OUTCOME_DONE, job->id);
    cairn_close(writer);
    calls_enter();
    ledger_glance(&ledger, reader, ctx, fails, "a reader while another one came and went");
    calls_leave();
    ledger_check(&ledger, reader, false, "a reader who has seen another one come and go");
    cairn_close(reader);
    calls_enter();
}

static void perform(struct job *job)
{
    struct cairn_op *op = handles[job->handle];

    calls_enter();
    switch (job->kind) {
    case ACTION_LATEST:
        job->error = look(job);
        break;
    case ACTION_LOAD:
        job->error = load(job);
        break;
    case ACTION_REOPEN:
        job->error = reopen(job->handle);
        break;
    case ACTION_RENEW:
        job->error = renew_faulty();
        break;
    case ACTION_REPAIR:
        job->error = cairn_repair(op, between.use, NULL);
        break;
    case ACTION_GLANCE:
        glance(job, "who looks");
        break;
    case ACTION_SINCE:
        job->error = follower_look(&followers[job->handle], &ledger, op, between.use, job->byte);
        break;
    case ACTION_ALONE:
        alone(job);
        break;
    case ACTION_ODD:
        job->error = odd(job);
        break;
    default:
        job->error = ledger_take(&ledger, job->step, op, between.use, job->id);
    }
    calls_leave();
    if (job->error)
        snprintf(job->message, sizeof(job->message), "%s", cairn_message());
}

/* operation_path -- where it is. */
static const char *operation_path(void)
{
    static char path[PLACE_PATH_SIZE + 8];

    snprintf(path, sizeof(path), "%s/o", place_path());
    return path;
}

/* renew -- all is closed and opened again, and nothing fails: what is there now is what there is. */
static void renew(void)
{
    calls_watch(before_call, NULL);
    close_all();
    leftover_check("all is closed");
    for (unsigned i = 0; i < 2; i++) {
        int error = reopen(i);
        if (error)
            ledger_print(&ledger);
        FUZZ_ASSERT(error == 0, "handle %u cannot be opened: %d, %s", i, error, cairn_message());
        ledger_check(&ledger, handles[i], true, "who has opened it again");
        if ((how & HOW_THREAD) == 0)
            figures_check(handles[i], operation_path(), ledger.directory, "who has opened it again");
    }
    unknown = 0;
}

/* decode -- false if it is one that is not run as the others. */
static void decode(struct job *job, uint8_t byte, struct source *source)
{
    static const enum step_kind kinds[] = {STEP_CHECKPOINT, STEP_CHECKPOINT, STEP_COMPACT, STEP_CLEAR,
                                           STEP_COMPLETE};

    *job = (struct job){.kind = (byte & ACTION_MASK) % ACTION_KINDS, .handle = byte & ACTION_SECOND ? 1 : 0};
    if (job->kind <= ACTION_LARGE || job->kind == ACTION_LOAD || job->kind == ACTION_SINCE ||
        job->kind >= ACTION_ODD)
        job->byte = source_u8(source);
    job->writes = job->kind <= ACTION_COMPLETE;
    if ((job->writes || job->kind == ACTION_ALONE) && ledger.step_count + 2 > LEDGER_STEPS)
        job->writes = (job->kind = ACTION_LATEST) == ACTION_CHECKPOINT;
    if (job->kind == ACTION_ALONE)
        job->step = ledger_add(&ledger, STEP_CHECKPOINT, 77);
    if (job->writes)
        job->step = ledger_add(&ledger, kinds[job->kind],
                               job->kind == ACTION_CHECKPOINT ? job->byte
                               : job->kind == ACTION_LARGE    ? 256u * job->byte
                                                              : 0);
}

/* judge -- whether the error is one that may be. */
static enum outcome judge(const struct job *job, bool faulty)
{
    const bool reader = job->handle == 1 && (how & HOW_READER);

    if (job->writes && reader) {
        FUZZ_ASSERT(job->error == CAIRN_EACCES || (faulty && job->error), "a reader's call gives %d",
                    job->error);
    } else if (!faulty && unknown == 0) {
        const int refusal = ledger.directory ? CAIRN_ENOTSUP : reader ? CAIRN_EACCES : 0;
        const bool none = job->kind == ACTION_REPAIR && job->error == refusal;
        if (job->error && !none)
            ledger_print(&ledger);
        FUZZ_ASSERT(job->error == 0 || none, "action %d fails: %d, %s", (int)job->kind, job->error,
                    job->message);
    }
    return job->writes ? ledger_outcome(&ledger, job->step, job->error) : OUTCOME_NEVER;
}

/* arm -- what is to come between, from the input. */
static void arm(uint8_t byte, struct source *source, struct job *other)
{
    memset(&between, 0, sizeof(between));
    if (byte & ACTION_FAULT) {
        const uint8_t nth = source_u8(source);
        fault_arm(&between.fault, nth, source_u8(source));
        if (between.fault.class == CLASS_CONTEXT)
            between.use = &between.fault.ctx;
    } else if (other) {
        between.fault.nth = 1 + source_u8(source) % 32;
        between.job = other;
    }
}

/* hold -- has somebody take the lock that `held` says, for a moment; what is done meanwhile has a context, if
 * it says so, that ends before or behind that. */
static void hold(void)
{
    static const int64_t patience_ns[] = {0, 2000000, 200000000, 2000000};
    const int64_t patience = patience_ns[held >> 3 & 3];

    if (held < 0 ||
        !holder_begin(operation_path(), ledger.directory ? HOLD_FILE : (enum hold)(held & 3), 5000000, false))
        return;
    if (patience && between.use == NULL) {
        cairn_ctx_with_timeout(&between.patience, patience);
        between.use = &between.patience;
    }
}

/* die -- has the owner of a lock of the journal die with it. */
static void die(uint8_t byte)
{
    holder_begin(operation_path(), (enum hold)(HOLD_APPEND + byte % 3), 0, true);
    holder_end();
}

/* settle -- an action has ended: what that makes of the model. */
static void settle(struct job *job, bool faulty)
{
    const bool reads = between.fault.fired && between.fault.class == CLASS_READS;

    FUZZ_ASSERT(ledger_may_fail(&ledger, failing(), job->error) ||
                    (job->error == CAIRN_EIO && job->kind != ACTION_LATEST && job->kind != ACTION_LOAD &&
                     job->kind != ACTION_SINCE),
                "for what cannot be read, or for want of memory, action %d gives %d: %s", (int)job->kind,
                job->error, job->message);
    if (reads && (job->kind == ACTION_REOPEN || job->kind == ACTION_RENEW))
        ledger.may_jump = true;
    /* Repairing writes, and may have been what failed for good. */
    if (faulty && job->kind == ACTION_REPAIR && job->error == CAIRN_EIO)
        unknown++;
}

/* begin_anew -- all is closed and removed: what is opened now is made. Or somebody was killed before he
 * could. */
static void begin_anew(bool remnants)
{
    static const unsigned char page[16] = {0};

    close_all();
    place_clear();
    ledger_begin(&ledger, ledger.directory);
    memset(followers, 0, sizeof(followers));
    unknown = 0;
    if (!remnants || ledger.directory)
        return;
    if (mkdirat(place_dir(), "o", 0755) != 0)
        _exit(2);
    place_write("o/" CONTROL_NAME, page, 0);
    place_write("o/spare-00000001", page, sizeof(page));
    place_write("o/.hidden", page, sizeof(page));
}

/* run_one -- an action, and the one that comes between its calls, if one does. */
static void run_one(struct source *source)
{
    const uint8_t byte = source_u8(source);
    const bool faulty = byte & ACTION_FAULT;
    static struct job job, other;
    enum outcome outcome;
    bool both = false;

    decode(&job, byte, source);
    if (job.kind == ACTION_RENEW && !faulty) {
        renew();
        return;
    }
    if (job.kind == ACTION_DIES || job.kind == ACTION_HELD) {
        if (job.kind == ACTION_DIES)
            die(job.byte);
        else
            held = job.byte;
        return;
    }
    if (job.kind == ACTION_ALONE)
        close_all();
    if (job.kind == ACTION_RENEW && (byte & ACTION_SECOND))
        begin_anew(byte & ACTION_THREAD);
    if ((byte & ACTION_BETWEEN) && !faulty && job.writes && unknown == 0) {
        decode(&other, source_u8(source), source);
        /* Closing waits for others longer than anybody wants to. */
        both = other.kind != ACTION_REOPEN && other.kind != ACTION_RENEW && other.kind < ACTION_GLANCE;
        other.handle = 1 - job.handle;
        other.beside = true;
    }
    arm(byte, source, both ? &other : NULL);
    hold();
    calls_watch(before_call, NULL);
    if ((byte & ACTION_THREAD) && !both) {
        give(&job);
        wait_for_it(false);
    } else {
        perform(&job);
    }
    const bool fired = between.fault.fired, timed = between.use;
    if (both && fired)
        wait_for_it(false);
    holder_end();
    held = -1;
    settle(&job, faulty);
    memset(&between, 0, sizeof(between));
    if (both && !fired)
        perform(&other); /* there were fewer calls: it comes afterwards */

    outcome = judge(&job, faulty || timed);
    unknown += outcome == OUTCOME_MAYBE;
    if (both && job.writes && other.writes) {
        const enum outcome second_outcome = judge(&other, faulty || timed);
        ledger_end_both(&ledger, (const unsigned[]){job.step, other.step},
                        (const enum outcome[]){outcome, second_outcome},
                        (const char *const[]){job.id, other.id});
    } else {
        if (both)
            judge(&other, faulty || timed);
        if (job.writes)
            ledger_end(&ledger, job.step, outcome, job.id);
    }
    if (unknown >= UNKNOWN_MAX || handles[0] == NULL || handles[1] == NULL)
        renew();
    else if (unknown == 0)
        ledger_check(&ledger, handles[job.step & 1], true, job.step & 1 ? "the second" : "the first");
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

    how = source_u8(&source);
    ledger_begin(&ledger, how & HOW_DIRECTORY);
    calls_segment_max = how & HOW_USUAL ? UINT64_MAX : SEGMENT_SIZE_MIN;
    calls_plain = how & HOW_PLAIN;
    memset(&between, 0, sizeof(between));
    memset(followers, 0, sizeof(followers));
    held = -1;
    place_clear();
    snprintf(url, sizeof(url), "%s:%s", ledger.directory ? "dir" : "journal", operation_path());
    leftover_begin();
    renew();
    for (unsigned i = 0; i < ACTIONS_MAX && source.left; i++)
        run_one(&source);
    renew();
    calls_watch(NULL, NULL);
    close_all();
    leftover_check("the last handle is closed");
    return 0;
}

/* --- seeds -------------------------------------------------------------------------------------------------
 */

#define BYTES(...) sink_bytes(&sink, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Sixteen times the same action, each of its calls failing in turn from the `base`-th on. Each is the only
 * one that reaches something. */
static const struct {
    uint8_t how, action, what, base;
} sweeps[] = {
    {0, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 5, 0), 32},
    {0, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 16},
    {0, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 32},
    {0, ACTION_CLEAR, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {0, ACTION_GLANCE, FAULT_WHAT(CLASS_READS, 0, 3), 16},
    {0, ACTION_GLANCE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 0},
    {0, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 0), 16},
    {0, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {0, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 2, 3), 16},
    {0, ACTION_REPAIR, FAULT_WHAT(CLASS_READS, 2, 3), 16},
    {HOW_DIRECTORY, ACTION_ALONE, FAULT_WHAT(CLASS_CONTEXT, 0, 0), 32},
    {HOW_DIRECTORY, ACTION_ALONE, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, 48},
    {HOW_DIRECTORY, ACTION_CLEAR, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY, ACTION_COMPACT, FAULT_WHAT(CLASS_READS, 1, 0), 16},
    {HOW_DIRECTORY, ACTION_LARGE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 0, 0), 0},
    {HOW_DIRECTORY, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_MEMORY, 0, 0), 0},
    {HOW_DIRECTORY, ACTION_SINCE, FAULT_WHAT(CLASS_READS, 5, 0), 0},
    {HOW_DIRECTORY, ACTION_SINCE, FAULT_WHAT(CLASS_CONTEXT, 0, 0), 32},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_CHANGES, 0, 0), 48},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0), 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 2, 3), 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 16},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_LARGE, FAULT_WHAT(CLASS_READS, 2, 3), 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_LATEST, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {HOW_READER, ACTION_COMPACT, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER, ACTION_LARGE, FAULT_WHAT(CLASS_READS, 1, 0), 0},
    {HOW_READER, ACTION_RENEW | ACTION_SECOND, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER, ACTION_RENEW | ACTION_SECOND, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 48},
    {HOW_READER, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 1, 0), 16},
    {HOW_READER, ACTION_SINCE, FAULT_WHAT(CLASS_CONTEXT, 0, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_COMPACT, FAULT_WHAT(CLASS_CHANGES, 2, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_CHECKPOINT, FAULT_WHAT(CLASS_CHANGES, 2, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_CHECKPOINT, FAULT_WHAT(CLASS_READS, 1, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_GLANCE, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER,
     0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_SINCE, FAULT_WHAT(CLASS_READS, 1, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_SINCE, FAULT_WHAT(CLASS_READS, 2, 3), 16},
    {HOW_READER | HOW_THREAD, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 48},
    {HOW_READER | HOW_THREAD, ACTION_ALONE, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER | HOW_THREAD, ACTION_CLEAR, FAULT_WHAT(CLASS_CHANGES, 2, 0), 0},
    {HOW_READER | HOW_THREAD, ACTION_COMPACT, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {HOW_READER | HOW_THREAD, ACTION_CHECKPOINT, FAULT_WHAT(CLASS_CHANGES, 5, 0), 0},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 2, 0), 16},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 5, 0), 16},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 16},
    {HOW_READER | HOW_THREAD, ACTION_LOAD, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND, FAULT_WHAT(CLASS_CHANGES, 2, 0), 32},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_CHANGES, 2, 0),
     16},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_CHANGES, 5, 0),
     0},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 1, 0),
     32},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 1, 0),
     48},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_MEMORY, 0, 0),
     0},
    {HOW_READER | HOW_THREAD, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 3), 32},
    {HOW_READER | HOW_THREAD, ACTION_RENEW, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER | HOW_THREAD, ACTION_REPAIR, FAULT_WHAT(CLASS_READS, 0, 3), 0},
};

/* What is done while somebody has a lock, or after its owner has died with it. */
static const uint8_t locked[][2] = {
    {HOW_DIRECTORY, 8},
    {HOW_DIRECTORY, 16},
    {0, 8},
    {0, 17},
    {0, 23},
    {0, 25},
    {HOW_READER, 4},
    {HOW_READER, 10},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, 29},
};

static void sweep(struct sink *sink, size_t i)
{
    const uint8_t kind = sweeps[i].action & ACTION_MASK;

    sink->size = 0;
    sink_bytes(
        sink,
        (const uint8_t[]){sweeps[i].how, ACTION_CHECKPOINT, 20, ACTION_LARGE, 200, ACTION_CHECKPOINT, 30}, 7);
    for (unsigned k = 0; k < 16; k++) {
        sink_u8(sink, sweeps[i].action | ACTION_FAULT);
        if (kind <= ACTION_LARGE || kind == ACTION_LOAD || kind == ACTION_SINCE)
            sink_u8(sink, kind == ACTION_LARGE ? 255 : kind == ACTION_CHECKPOINT ? 9 : 0);
        sink_u8(sink, (uint8_t)(sweeps[i].base + k));
        sink_u8(sink, sweeps[i].what);
        if (kind >= ACTION_COMPACT &&
            kind <= ACTION_COMPLETE) /* there is something to remove the next time */
            sink_bytes(sink, (const uint8_t[]){ACTION_CHECKPOINT, 5}, 2);
        if (sweeps[i].action == ACTION_RENEW && k % 4 == 3) /* and what could not be read is accepted */
            sink_bytes(sink, (const uint8_t[]){ACTION_REPAIR, ACTION_COMPACT}, 2);
        if (sweeps[i].action == (ACTION_RENEW | ACTION_SECOND))
            sink_bytes(sink, (const uint8_t[]){ACTION_CHECKPOINT, 7}, 2);
    }
}

/* lock_seed -- each action behind one that concerns a lock. */
static void lock_seed(struct sink *sink, uint8_t bits, uint8_t action, uint8_t byte)
{
    static const uint8_t actions[][2] = {
        {ACTION_CHECKPOINT, 5}, {ACTION_LARGE, 255}, {ACTION_COMPACT},    {ACTION_CLEAR},
        {ACTION_LATEST},        {ACTION_REOPEN},     {ACTION_GLANCE},     {ACTION_REPAIR},
        {ACTION_CHECKPOINT, 9}, {ACTION_LARGE, 255}, {ACTION_LARGE, 255},
    };

    sink->size = 0;
    sink_bytes(sink, (const uint8_t[]){bits, ACTION_CHECKPOINT, 20}, 3);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        sink_bytes(sink, (const uint8_t[]){action, byte}, 2);
        sink_bytes(sink, actions[i], actions[i][0] <= ACTION_LARGE ? 2 : 1);
    }
}

/* What followed() is made of. */
static const struct {
    uint8_t how, look, base;
} following[] = {
    {0, 0, 0},
    {HOW_DIRECTORY, 0, 22},
    {HOW_DIRECTORY, FOLLOWER_PASSES, 22},
};

/* followed -- what was shown or passed over is removed but for the latest, which is not new; and then looking
 * for what is new, or passing over it, fails at one call after the other from the `base`-th on, with two that
 * are new: the older of them is to be shown the next time. */
static void followed(struct sink *sink, uint8_t bits, uint8_t how_to_look, uint8_t base)
{
    sink->size = 0;
    sink_bytes(sink,
               (const uint8_t[]){bits, ACTION_CHECKPOINT, 20, ACTION_SINCE, how_to_look, ACTION_COMPACT,
                                 ACTION_SINCE, 0, ACTION_CHECKPOINT, 6},
               10);
    for (uint8_t k = 0; k < 11; k++)
        sink_bytes(sink,
                   (const uint8_t[]){ACTION_CHECKPOINT, 5, ACTION_SINCE | ACTION_FAULT, how_to_look,
                                     (uint8_t)(base + k), FAULT_WHAT(CLASS_READS, 0, 0), ACTION_SINCE,
                                     FOLLOWER_ENDS},
                   8);
}

/* What fuzzing has found, made small: each reaches what those above do not. */
static const struct {
    uint8_t size, bytes[36];
} found[] = {
    {8, {0x7c, 0xb9, 0xb9, 0xa5, 0x80, 0x2e, 0x3e, 0x04}},
    {9, {0x09, 0x5c, 0x00, 0x10, 0x32, 0x09, 0x0a, 0x15, 0x32}},
    {12, {0x00, 0x80, 0xd2, 0x34, 0xe4, 0xee, 0x06, 0xe2, 0xe2, 0x1c, 0xe2, 0x04}},
    {14, {0x9e, 0x93, 0x00, 0x09, 0x00, 0x29, 0x00, 0x15, 0x32, 0x00, 0x15, 0x47, 0x47, 0x06}},
    {16, {0x00, 0x80, 0x1b, 0x2e, 0x15, 0x4f, 0x91, 0x88, 0x40, 0x05, 0x9a, 0x9f, 0x9e, 0x02, 0x80, 0x04}},
    {19,
     {0x00, 0x2e, 0x41, 0x00, 0x5b, 0x80, 0xff, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2,
      0xa2, 0xfd}},
    {21, {0xdc, 0x9c, 0xdc, 0xdc, 0xe8, 0xdc, 0xdc, 0x00, 0x91, 0xc8, 0x01,
          0x80, 0x40, 0x7f, 0xdc, 0xdc, 0xdc, 0xdc, 0x00, 0xaa, 0xdc}},
    {23, {0x00, 0x12, 0x2e, 0x2e, 0x83, 0x91, 0xff, 0x7f, 0x05, 0x11, 0x7a, 0x0a,
          0xf7, 0xeb, 0xd8, 0x10, 0xf5, 0xff, 0xb8, 0x91, 0x1a, 0x02, 0x05}},
    {28, {0x24, 0x24, 0x24, 0x24, 0x06, 0x80, 0x2e, 0x2e, 0xff, 0xff, 0x60, 0x90, 0x00, 0x00,
          0x30, 0x18, 0x15, 0xff, 0xff, 0x60, 0x90, 0x00, 0x00, 0x30, 0x18, 0x02, 0x80, 0x04}},
    {33,
     {0x2e, 0x2e, 0x15, 0x50, 0x91, 0x97, 0x50, 0x91, 0x97, 0xd1, 0x17, 0x9f, 0x1e, 0x02, 0xc7, 0x04, 0x3f,
      0xd1, 0xd1, 0x17, 0x9f, 0x1e, 0x02, 0xc7, 0x04, 0x3f, 0xd1, 0x17, 0x9f, 0x1e, 0x02, 0xc7, 0x04}},
    {36, {0x00, 0x80, 0x15, 0x03, 0xe8, 0x0a, 0x7c, 0x9f, 0x03, 0x05, 0x7c, 0x9f,
          0x03, 0x02, 0x18, 0xc8, 0x40, 0x05, 0x05, 0x05, 0xc8, 0xc8, 0xc8, 0xc8,
          0xc8, 0xc8, 0xc8, 0xc8, 0xc8, 0xc8, 0xc8, 0x7f, 0x05, 0x05, 0x80, 0x81}},
};

void target_seeds(target_seed *seed)
{
    static struct sink sink;
    char name[64];

    for (uint8_t directory = 0; directory < 2; directory++) {
        const char *kind = directory ? "dir" : "journal";

        sink.size = 0;
        BYTES(directory, ACTION_CHECKPOINT, 10, ACTION_LARGE | ACTION_SECOND, 200,
              ACTION_LATEST | ACTION_THREAD, ACTION_LOAD, 0, ACTION_LARGE | ACTION_THREAD, 255,
              ACTION_COMPACT, ACTION_LARGE, 200, ACTION_REOPEN | ACTION_SECOND, ACTION_CLEAR,
              ACTION_CHECKPOINT, 0, ACTION_COMPLETE, ACTION_RENEW, ACTION_CHECKPOINT, 9);
        snprintf(name, sizeof(name), "%s-calls", kind);
        seed(name, sink.bytes, sink.size);

        sink.size = 0;
        BYTES(directory | HOW_NAMED, ACTION_CHECKPOINT, 10, ACTION_CHECKPOINT | ACTION_FAULT, 20, 5, 0,
              ACTION_CHECKPOINT, 7, ACTION_LARGE | ACTION_FAULT, 200, 8, 1, ACTION_RENEW,
              ACTION_COMPACT | ACTION_FAULT, 3, 0, ACTION_RENEW, ACTION_REOPEN | ACTION_FAULT, 4, 3,
              ACTION_CHECKPOINT | ACTION_FAULT, 60, 6, 0x85, ACTION_COMPLETE | ACTION_FAULT, 5, 2);
        snprintf(name, sizeof(name), "%s-faults", kind);
        seed(name, sink.bytes, sink.size);

        sink.size = 0;
        BYTES(directory, ACTION_CHECKPOINT | ACTION_BETWEEN, 10, ACTION_CHECKPOINT, 20, 3,
              ACTION_LARGE | ACTION_BETWEEN | ACTION_SECOND, 200, ACTION_COMPACT, 5,
              ACTION_CLEAR | ACTION_BETWEEN, ACTION_CHECKPOINT, 30, 2, ACTION_CHECKPOINT | ACTION_BETWEEN, 10,
              ACTION_LATEST, 6, ACTION_COMPACT | ACTION_BETWEEN, ACTION_CHECKPOINT, 4, 4);
        snprintf(name, sizeof(name), "%s-between", kind);
        seed(name, sink.bytes, sink.size);

        sink.size = 0;
        BYTES(directory | HOW_READER, ACTION_CHECKPOINT, 10, ACTION_CHECKPOINT | ACTION_SECOND, 10,
              ACTION_REPAIR, ACTION_LATEST | ACTION_SECOND, ACTION_COMPACT | ACTION_SECOND | ACTION_THREAD);
        snprintf(name, sizeof(name), "%s-reader", kind);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++) {
        sweep(&sink, i);
        snprintf(name, sizeof(name), "sweep-%02zu", i);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
        lock_seed(&sink, locked[i][0], ACTION_HELD, locked[i][1]);
        snprintf(name, sizeof(name), "held-%zu", i);
        seed(name, sink.bytes, sink.size);
    }
    for (uint8_t lock = 0; lock < 3; lock++) {
        for (uint8_t thread = 0; thread < 2; thread++) {
            lock_seed(&sink, HOW_READER | (thread ? HOW_THREAD : 0), ACTION_DIES, lock);
            snprintf(name, sizeof(name), "dies-%u-%u", lock, thread);
            seed(name, sink.bytes, sink.size);
        }
    }
    for (uint8_t directory = 0; directory < 2; directory++) {
        sink.size = 0;
        BYTES(directory, ACTION_CHECKPOINT, 20);
        for (uint8_t which = 0; which < 16; which++)
            BYTES(ACTION_ODD, which);
        snprintf(name, sizeof(name), "%s-odd", directory ? "dir" : "journal");
        seed(name, sink.bytes, sink.size);
    }
    /* So much that there is an index to commit, and segments to retire: by the thread, or by a call; and as
     * large as they usually are, so that one becomes a spare. */
    static const uint8_t larges[] = {HOW_THREAD | HOW_READER, HOW_USUAL, HOW_USUAL | HOW_THREAD};
    for (size_t i = 0; i < sizeof(larges) / sizeof(larges[0]); i++) {
        sink.size = 0;
        BYTES(larges[i]);
        for (unsigned k = 0; k < 37; k++)
            if (k == 20)
                BYTES(ACTION_COMPACT);
            else
                BYTES(ACTION_LARGE, 255);
        snprintf(name, sizeof(name), "journal-large-%zu", i);
        seed(name, sink.bytes, sink.size);
    }
    /* What is new since, of what was removed in between, shown in part, or not at all. */
    for (uint8_t directory = 0; directory < 2; directory++) {
        sink.size = 0;
        BYTES(directory | HOW_READER, ACTION_SINCE, 0, ACTION_CHECKPOINT, 20, ACTION_SINCE, 0,
              ACTION_CHECKPOINT, 3, ACTION_CHECKPOINT, 4, ACTION_SINCE, 2, ACTION_SINCE | ACTION_SECOND, 2,
              ACTION_COMPACT, ACTION_SINCE, 2, ACTION_CHECKPOINT, 5, ACTION_SINCE | ACTION_SECOND, 0,
              ACTION_SINCE, 1, ACTION_SINCE, 0, ACTION_CLEAR, ACTION_SINCE, 0, ACTION_CHECKPOINT, 6,
              ACTION_SINCE | ACTION_SECOND, 1, ACTION_COMPACT, ACTION_SINCE, 0, ACTION_COMPLETE, ACTION_SINCE,
              0, ACTION_RENEW, ACTION_SINCE, 0);
        snprintf(name, sizeof(name), "%s-since", directory ? "dir" : "journal");
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(following) / sizeof(following[0]); i++) {
        followed(&sink, following[i].how, following[i].look, following[i].base);
        snprintf(name, sizeof(name), "followed-%zu", i);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        snprintf(name, sizeof(name), "found-%02zu", i);
        seed(name, found[i].bytes, found[i].size);
    }
}
