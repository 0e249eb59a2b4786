/* operations_action.c -- see operations_action.h. */
#include "fuzz/operations_action.h"

#include <stdio.h>
#include <string.h>

#include "fuzz/calls.h"
#include "fuzz/operations_between.h"
#include "fuzz/target.h"

static int look(struct job *job)
{
    void *data = NULL;
    size_t size = 0;
    int error = cairn_latest(tested.handles[job->handle], between.use, &data, &size);

    if (error == 0 || error == CAIRN_ENONE) {
        FUZZ_ASSERT(job->beside || ledger_may_be_latest(&tested.ledger, data, size), "latest gives %d",
                    error);
        error = 0;
    }
    cairn_free(data);
    return error;
}

static int load(struct job *job)
{
    const struct step *step =
        tested.ledger.step_count ? &tested.ledger.steps[job->byte % tested.ledger.step_count] : NULL;
    void *data;
    size_t size;

    if (step == NULL || step->id[0] == '\0' || tested.ledger.directory)
        return 0;
    int error = cairn_load(tested.handles[job->handle], between.use, step->id, &data, &size);
    if (error == 0) {
        /* Of what Compact has kept, whose data it is is told by ledger_check(). */
        FUZZ_ASSERT(step->kind == STEP_COMPACT ||
                        (size == step->size && memcmp(data, ledger_data(step), size) == 0),
                    "%s is other data", step->id);
        cairn_free(data);
    }
    if (!job->beside && tested.unknown == 0 &&
        ledger_holds(&tested.ledger, job->byte % tested.ledger.step_count))
        FUZZ_ASSERT(error != CAIRN_ENOTFOUND, "%s is said not to be there", step->id);
    return error == CAIRN_ENOTFOUND ? 0 : error;
}

/* renew_faulty -- all is closed and opened again, as far as that succeeds. */
static int renew_faulty(void)
{
    tested_close();
    const int first = tested_open(0, between.use), then = tested_open(1, between.use);
    return first ? first : then;
}

static void glance(struct job *job, const char *who)
{
    ledger_glance(&tested.ledger, tested.handles[job->handle], between.use, between_fails(), who);
}

static int since(struct job *job)
{
    return follower_look(&tested.followers[job->handle], &tested.ledger, tested.handles[job->handle],
                         between.use, between.fault.nth ? between_fails() : FAILS_NO_CALL, job->byte);
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
    struct cairn_op *op = tested.handles[job->handle];
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
        error = tested.ledger.directory
                    ? cairn_checkpoint(op, NULL, label, "", 0, NULL)
                    : cairn_checkpoint(op, NULL, "", "", (size_t)CAIRN_JOURNAL_DATA_MAX + 1, NULL);
        break;
    case 3:
        error = tested.ledger.directory ? cairn_checkpoint(op, NULL, "a/b", "", 0, NULL) : CAIRN_EINVAL;
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
    const int error = cairn_open(&op, NULL, tested.url, CAIRN_NO_THREAD | (handle ? CAIRN_READONLY : 0));

    FUZZ_ASSERT(error == 0, "one who is alone cannot open it: %d, %s", error, cairn_message());
    return op;
}

/* alone -- a reader who is alone, and stays while a writer comes, records one more, and goes. */
static void alone(struct job *job)
{
    struct cairn_op *reader, *writer;
    const struct cairn_ctx *ctx = between.use;
    const enum ledger_fails fails = between_fails();

    if (cairn_open(&reader, ctx, tested.url, CAIRN_NO_THREAD | CAIRN_READONLY) != 0) {
        calls_leave();
        reader = open_alone(1);
        calls_enter();
    }
    ledger_glance(&tested.ledger, reader, ctx, fails, "a reader who is alone");
    calls_leave();
    writer = open_alone(0);
    job->error = ledger_take(&tested.ledger, job->step, writer, NULL, job->id);
    FUZZ_ASSERT(job->error == 0, "one who is alone cannot record: %d, %s", job->error, cairn_message());
    ledger_end(&tested.ledger, job->step, OUTCOME_DONE, job->id);
    cairn_close(writer);
    calls_enter();
    ledger_glance(&tested.ledger, reader, ctx, fails, "a reader while another one came and went");
    calls_leave();
    ledger_check(&tested.ledger, reader, false, "a reader who has seen another one come and go");
    cairn_close(reader);
    calls_enter();
}

void action_perform(struct job *job)
{
    struct cairn_op *op = tested.handles[job->handle];

    calls_enter();
    switch (job->kind) {
    case ACTION_LATEST:
        job->error = look(job);
        break;
    case ACTION_LOAD:
        job->error = load(job);
        break;
    case ACTION_REOPEN:
        job->error = tested_open(job->handle, between.use);
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
        job->error = since(job);
        break;
    case ACTION_ALONE:
        alone(job);
        break;
    case ACTION_ODD:
        job->error = odd(job);
        break;
    default:
        job->error = ledger_take(&tested.ledger, job->step, op, between.use, job->id);
    }
    calls_leave();
    if (job->error)
        snprintf(job->message, sizeof(job->message), "%s", cairn_message());
}
