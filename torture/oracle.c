/* oracle.c -- see oracle.h. */
#include "torture/oracle.h"

static void ask_history(const struct oracle *oracle, const struct question *question, struct checked *checked)
{
    const bool fits =
        history_fits(oracle->history, question->tree, question->at, checked->output, sizeof(checked->output));

    checked->verdict = fits ? CHECK_PASSED : CHECK_FAILED;
    checked->number = !fits;
}

static void ask_readings(const struct oracle *oracle, struct sandbox *sandbox,
                         const struct question *question, const struct check *check, struct checked *checked)
{
    struct expected expected;

    if (oracle->expected) {
        expected_check(oracle->expected, checked, sandbox, check);
        return;
    }
    readings_expect(oracle->readings, question->at, question->acks, question->acks_size, &expected);
    expected_check(&expected, checked, sandbox, check);
    expected_release(&expected);
}

void oracle_ask(struct oracle *oracle, struct sandbox *sandbox, const struct question *question,
                struct checked *checked)
{
    const struct check check = {.command = oracle->command,
                                .library = oracle->library.path ? &oracle->library : NULL,
                                .timeout_s = oracle->timeout_s,
                                .fault = question->fault,
                                .acks = question->acks,
                                .acks_size = question->acks_size};

    *checked = (struct checked){.verdict = CHECK_NOT_RUN};
    if (oracle->kind == ORACLE_HISTORY) {
        ask_history(oracle, question, checked);
        return;
    }
    sandbox_boot(sandbox, question->cut ? question->hash | 1 : 0);
    if (!sandbox_lay(sandbox, question->tree))
        return;
    if (oracle->kind == ORACLE_READINGS)
        ask_readings(oracle, sandbox, question, &check, checked);
    else
        check_run(checked, sandbox, &check);
}
