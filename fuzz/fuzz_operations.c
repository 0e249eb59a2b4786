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
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/calls.h"
#include "fuzz/leftover.h"
#include "fuzz/operations.h"
#include "fuzz/operations_action.h"
#include "fuzz/operations_between.h"
#include "fuzz/operations_second.h"
#include "fuzz/source.h"
#include "fuzz/target.h"
#include "journal/segment.h"

#define ACTIONS_MAX 40
#define UNKNOWN_MAX 4 /* steps of which it is not known whether they were done */

/* decode -- an action, and the step that it is, if it is one. */
static void decode(struct job *job, uint8_t byte, struct source *source)
{
    static const enum step_kind kinds[] = {STEP_CHECKPOINT, STEP_CHECKPOINT, STEP_COMPACT, STEP_CLEAR,
                                           STEP_COMPLETE};

    *job = (struct job){.kind = (byte & ACTION_MASK) % ACTION_KINDS, .handle = byte & ACTION_SECOND ? 1 : 0};
    if (job->kind <= ACTION_LARGE || job->kind == ACTION_LOAD || job->kind == ACTION_SINCE ||
        job->kind >= ACTION_ODD)
        job->byte = source_u8(source);
    job->writes = job->kind <= ACTION_COMPLETE;
    if ((job->writes || job->kind == ACTION_ALONE) && tested.ledger.step_count + 2 > LEDGER_STEPS)
        job->writes = (job->kind = ACTION_LATEST) == ACTION_CHECKPOINT;
    if (job->kind == ACTION_ALONE)
        job->step = ledger_add(&tested.ledger, STEP_CHECKPOINT, 77);
    if (job->writes)
        job->step = ledger_add(&tested.ledger, kinds[job->kind],
                               job->kind == ACTION_CHECKPOINT ? job->byte
                               : job->kind == ACTION_LARGE    ? ledger_large(job->byte)
                                                              : 0);
}

/* judge -- whether the error is one that may be. */
static enum outcome judge(const struct job *job, bool faulty)
{
    const bool reader = job->handle == 1 && (tested.how & HOW_READER);

    if (job->writes && reader) {
        FUZZ_ASSERT(job->error == CAIRN_EACCES || (faulty && job->error), "a reader's call gives %d",
                    job->error);
    } else if (!faulty && tested.unknown == 0) {
        const int refusal = tested.ledger.directory ? CAIRN_ENOTSUP : reader ? CAIRN_EACCES : 0;
        const bool none = job->kind == ACTION_REPAIR && job->error == refusal;
        if (job->error && !none)
            ledger_print(&tested.ledger);
        FUZZ_ASSERT(job->error == 0 || none, "action %d fails: %d, %s", (int)job->kind, job->error,
                    job->message);
    }
    return job->writes ? ledger_outcome(&tested.ledger, job->step, job->error) : OUTCOME_NEVER;
}

/* settle -- an action has ended: what that makes of the model. */
static void settle(struct job *job, bool faulty)
{
    FUZZ_ASSERT(ledger_may_fail(between_fails(), job->error) ||
                    (job->error == CAIRN_EIO && job->kind != ACTION_LATEST && job->kind != ACTION_LOAD &&
                     job->kind != ACTION_SINCE),
                "for what cannot be read, or for want of memory, action %d gives %d: %s", (int)job->kind,
                job->error, job->message);
    /* Repairing writes, and may have been what failed for good. */
    if (faulty && job->kind == ACTION_REPAIR && job->error == CAIRN_EIO)
        tested.unknown++;
}

/* ask_unsettled -- if where a journal's log ends could not be read when it was opened, it can be read, and
 * nothing can be changed; opened anew, it is what it was. */
static void ask_unsettled(void)
{
    if (tested.ledger.directory || tested.handles[0] == NULL ||
        cairn_repair(tested.handles[0], NULL, NULL) != CAIRN_EIO)
        return;
    int error = cairn_checkpoint(tested.handles[0], NULL, "", "", 0, NULL);
    FUZZ_ASSERT(error == CAIRN_EIO, "where the log ends could not be read, and recording gives %d", error);
    for (unsigned i = 0; i < 2; i++) {
        if (tested.handles[i])
            ledger_glance(&tested.ledger, tested.handles[i], NULL, FAILS_SOMETHING, "who could not read all");
    }
    tested_renew();
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
        tested_renew();
        return;
    }
    if (job.kind == ACTION_DIES || job.kind == ACTION_HELD) {
        if (job.kind == ACTION_DIES)
            between_die(job.byte);
        else
            between_hold_next(job.byte);
        return;
    }
    if (job.kind == ACTION_ALONE)
        tested_close();
    if (job.kind == ACTION_RENEW && (byte & ACTION_SECOND))
        tested_begin_anew(byte & ACTION_THREAD);
    if ((byte & ACTION_BETWEEN) && !faulty && job.writes && tested.unknown == 0) {
        decode(&other, source_u8(source), source);
        /* Closing waits for others longer than anybody wants to. */
        both = other.kind != ACTION_REOPEN && other.kind != ACTION_RENEW && other.kind < ACTION_GLANCE;
        other.handle = 1 - job.handle;
        other.beside = true;
    }
    between_arm(byte, source, both ? &other : NULL);
    between_hold();
    calls_watch(between_call, NULL);
    if ((byte & ACTION_THREAD) && !both) {
        second_give(&job);
        second_wait(false);
    } else {
        action_perform(&job);
    }
    const bool fired = between.fault.fired, timed = between.use;
    if (both && fired)
        second_wait(false);
    between_release();
    settle(&job, faulty);
    const bool unread = between.fault.fired && between.fault.class == CLASS_READS;
    memset(&between, 0, sizeof(between));
    if (both && !fired)
        action_perform(&other); /* there were fewer calls: it comes afterwards */

    outcome = judge(&job, faulty || timed);
    tested.unknown += outcome == OUTCOME_MAYBE;
    if (both && job.writes && other.writes) {
        const enum outcome second_outcome = judge(&other, faulty || timed);
        ledger_end_both(&tested.ledger, (const unsigned[]){job.step, other.step},
                        (const enum outcome[]){outcome, second_outcome},
                        (const char *const[]){job.id, other.id});
    } else {
        if (both)
            judge(&other, faulty || timed);
        if (job.writes)
            ledger_end(&tested.ledger, job.step, outcome, job.id);
    }
    if (unread && (job.kind == ACTION_REOPEN || job.kind == ACTION_RENEW))
        ask_unsettled();
    if (tested.unknown >= UNKNOWN_MAX || tested.handles[0] == NULL || tested.handles[1] == NULL)
        tested_renew();
    else if (tested.unknown == 0)
        ledger_check(&tested.ledger, tested.handles[job.step & 1], true,
                     job.step & 1 ? "the second" : "the first");
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

    tested.how = source_u8(&source);
    ledger_begin(&tested.ledger, tested.how & HOW_DIRECTORY);
    calls_segment_max = tested.how & HOW_USUAL ? UINT64_MAX : SEGMENT_SIZE_MIN;
    calls_plain = tested.how & HOW_PLAIN;
    between_begin();
    memset(tested.followers, 0, sizeof(tested.followers));
    place_clear();
    snprintf(tested.url, sizeof(tested.url), "%s:%s", tested.ledger.directory ? "dir" : "journal",
             tested_path());
    leftover_begin();
    tested_renew();
    for (unsigned i = 0; i < ACTIONS_MAX && source.left; i++)
        run_one(&source);
    tested_renew();
    calls_watch(NULL, NULL);
    tested_close();
    leftover_check("the last handle is closed");
    return 0;
}
