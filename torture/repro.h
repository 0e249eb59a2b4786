/* repro.h -- a failing state in one file: the trace, what of it was lost, and the check that failed. */
#ifndef TORTURE_REPRO_H
#define TORTURE_REPRO_H

#include "torture/oracle.h"
#include "torture/states.h"
#include "torture/trace.h"

struct repro {
    struct trace trace;
    struct crash crash;
    enum oracle_kind oracle;
    char *check;              /* the command; "" if the oracle has none */
    struct expected expected; /* of the oracle of readings */
    char *fault;              /* what is done to the directory, in a word */
    char *note;               /* which call failed how; "" */
    unsigned timeout_s;
    void *acks; /* what had been acknowledged */
    size_t acks_size;
    enum verdict verdict;
    int number;
};

/* repro_save -- false if it cannot be written, with the reason on stderr. */
bool repro_save(const struct repro *repro, const char *path);

/* repro_load -- false if it is none, with the reason on stderr. Whatever happens it is to be released. */
bool repro_load(struct repro *repro, const char *path);
void repro_release(struct repro *repro);

/* repro_is -- whether the file looks like one, and not like a trace. */
bool repro_is(const char *path);

#endif
