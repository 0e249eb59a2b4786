/* oracle.h -- who says whether a directory is well: the user's check; or, without one, what a command that
 * recovers can read (readings.h); or else the files as they are (history.h). */
#ifndef TORTURE_ORACLE_H
#define TORTURE_ORACLE_H

#include "torture/check.h"
#include "torture/history.h"
#include "torture/readings.h"

enum oracle_kind { ORACLE_CHECK, ORACLE_READINGS, ORACLE_HISTORY, ORACLES };

struct oracle {
    enum oracle_kind kind;
    const char *command;     /* the check, or what recovers */
    struct library library;  /* the check, if that is one; else its path is NULL */
    unsigned timeout_s;      /* for each run */
    struct history *history; /* of the trace that crashes */
    const struct readings *readings;
    const struct expected *expected; /* in place of them, if there is only one state */
};

struct question {
    const struct tree *tree; /* the directory */
    uint64_t hash;           /* of it */
    bool cut;                /* it is another boot */
    const char *fault;       /* what was done, in a word */
    const char *acks;        /* what had been acknowledged */
    size_t acks_size;
    size_t at; /* so many operations of the trace had been done */
};

/* oracle_ask -- lays it out in the sandbox, unless that is not needed, and fills in *checked. */
void oracle_ask(struct oracle *oracle, struct sandbox *sandbox, const struct question *question,
                struct checked *checked);

#endif
