/* check.h -- what the tests of the suite say, in the form of TAP, and the places that they work in. */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include <cairn/cairn.h>

/* What is asked of the implementation. */
struct suite {
    const char *scheme; /* "journal" */
    const char *place;  /* under which each test makes one of its own, "PLACE/TEST" */
    bool ids_once;      /* an id must never come to mean another checkpoint */
    int tests, failed, skipped;
};

/* One test: what it works on, and what it has found. */
struct test {
    struct suite *suite;
    const char *name;
    char root[4096]; /* its place; nothing is there to begin with */
    char url[4200];
    int failures;
    const char *skipped; /* why, or NULL */
};

typedef void test_fn(struct test *test);

/* check_run -- runs the test, and says whether it passed. */
void check_run(struct suite *suite, const char *name, test_fn *fn);

/* check_fail -- something is not as the interface says; the test goes on. */
__attribute__((format(printf, 2, 3))) void check_fail(struct test *test, const char *format, ...);

/* check_note -- a rule that the implementation is free to choose, and has chosen so. */
__attribute__((format(printf, 2, 3))) void check_note(struct test *test, const char *format, ...);

/* check_skip -- the implementation does not offer it. */
void check_skip(struct test *test, const char *why);

/* check_result -- `result`, of the call named, must be `wanted`. True if so. */
bool check_result(struct test *test, const char *call, int result, int wanted);

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            check_fail(test, "line %d: this does not hold: %s", __LINE__, #condition);                       \
    } while (0)

/* --- calls that must succeed ---------------------------------------------------------------------------- */

/* check_open -- a handle on the test's place; NULL after a failure. */
struct cairn_op *check_open(struct test *test, unsigned flags);

/* check_record -- records text under the label; *id is "" after a failure. */
void check_record(struct test *test, struct cairn_op *op, const char *label, const char *text,
                  struct cairn_id *id);

/* check_latest, check_load -- that gives the text. */
void check_latest(struct test *test, struct cairn_op *op, const char *text);
void check_load(struct test *test, struct cairn_op *op, const char *id, const char *text);

/* check_none -- there is no latest checkpoint. */
void check_none(struct test *test, struct cairn_op *op);

/* check_gone -- the id is of no checkpoint that is there. */
void check_gone(struct test *test, struct cairn_op *op, const char *id);

#endif
