/* damaged_looks.c -- see damaged_looks.h. */
#include "fuzz/damaged_looks.h"

#include <string.h>

#include "fuzz/budget.h"
#include "fuzz/calls.h"
#include "fuzz/damaged_faults.h"
#include "fuzz/damaged_table.h"
#include "fuzz/place.h"
#include "fuzz/target.h"

/* files_bytes -- what opening may need memory for. */
static size_t files_bytes(const struct history *history)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < history->segment_count; i++)
        bytes += history->segments[i].now_size;
    return bytes;
}

/* ask -- asks for everything. */
static void ask(const struct damaged *journal, struct cairn_op *op, struct answers *answers,
                const struct cairn_ctx *ctx)
{
    struct cairn_ctx soon;

    /* A number that is a lie makes the way back from it long; a context ends that. */
    cairn_ctx_with_timeout(&soon, 20000000);
    answers_ask(answers, &journal->history, op, journal->lies && ctx == NULL ? &soon : ctx);
}

void damaged_look_failing(struct damaged *journal, unsigned at)
{
    static struct answers answers;
    const struct cairn_ctx *ctx = damaged_fail(journal, at);

    if (!calls_inside())
        return;
    if (at == AT_ASKED) /* he was in before that */
        calls_leave();
    struct cairn_op *op;
    const bool gives_up = at == AT_WRITER && journal->fault_at & AT_GIVES_UP;
    const unsigned flags = at == AT_READER ? CAIRN_READONLY : gives_up ? CAIRN_LOSE_UNREAD : 0;
    const int error =
        cairn_open(&op, at == AT_ASKED ? NULL : ctx, place_path(), flags | CAIRN_NO_THREAD | CAIRN_EXISTING);
    calls_enter();
    if (error == 0)
        ask(journal, op, &answers, ctx);
    cairn_close(op);
    const bool reads = damaged_fails_files(); /* opening is of both */
    if (damaged_fail_no_more() && reads && at == AT_WRITER) {
        journal->gave_up = gives_up;
        journal->blind = journal->closed; /* with damage beside it that is two faults at once */
        journal->closed = false;
    }
}

void damaged_look(const struct damaged *journal, unsigned flags, struct answers *answers, const char *who)
{
    struct budget budget;
    struct cairn_op *op;

    memset(answers, 0, sizeof(*answers));
    budget_begin(&budget, who);
    answers->opened = cairn_open(&op, NULL, place_path(), flags | CAIRN_NO_THREAD | CAIRN_EXISTING);
    budget_end(&budget, 1024 * 1024 + 4 * files_bytes(&journal->history));
    if (answers->opened == 0)
        ask(journal, op, answers, NULL);
    if (!journal->lies)
        damaged_check_table(journal, op, answers->opened, who);
    cairn_close(op);
    if (!journal->lies)
        damaged_check_shown(journal, answers, who);
}

void damaged_compare(const struct answers *a, const char *a_is, const struct answers *b, const char *b_is)
{
    const char *what = answers_differ(a, b);

    if (what) {
        answers_print(a, a_is);
        answers_print(b, b_is);
    }
    FUZZ_ASSERT(what == NULL, "%s and %s do not agree on %s", a_is, b_is, what);
}
