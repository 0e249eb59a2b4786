/* readings.h -- what a command that opens the directory, recovers it if need be, and prints what can be read,
 * says at every moment of a trace at which nothing is lost: an oracle in place of a check.
 *
 * After a crash it must exit as it did at some moment since the latest acknowledged line; each line that it
 * prints must be one that it printed at some moment up to the crash; and a line that had been acknowledged,
 * and that it would print if nothing were lost, it must print. Run once more, it must say the same, and leave
 * the directory as it is.
 */
#ifndef TORTURE_READINGS_H
#define TORTURE_READINGS_H

#include "torture/check.h"
#include "torture/hashes.h"
#include "torture/trace.h"

struct readings;

/* readings_take -- runs the command on all of these states, in a sandbox. NULL if it could not be run, with a
 * message on stderr. */
struct readings *readings_take(const struct trace *trace, const char *command, unsigned timeout_s);
void readings_release(struct readings *readings);

/* readings_have_promises -- whether any of these acknowledged lines is one that the command prints at some
 * moment; true if there is none. */
bool readings_have_promises(const struct readings *readings, const char *acks, size_t size);

/* What may be said after a crash. */
struct expected {
    struct hashes statuses; /* one more than how it may exit, as of wait() */
    struct hashes known;    /* lines that may be printed, by their hashes */
    struct hashes due;      /* lines that must be */
};

/* readings_expect -- for a crash behind `at` operations, with these lines acknowledged. */
void readings_expect(const struct readings *readings, size_t at, const char *acks, size_t acks_size,
                     struct expected *expected);
void expected_release(struct expected *expected);

/* expected_check -- runs the command twice on the directory as it is, and says in *checked whether it is as
 * expected.
 */
void expected_check(const struct expected *expected, struct checked *checked, struct sandbox *sandbox,
                    const struct check *check);

#endif
