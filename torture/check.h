/* check.h -- the user's check: a command that says by its exit status whether a directory is well. */
#ifndef TORTURE_CHECK_H
#define TORTURE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "torture/library.h"
#include "torture/sandbox.h"

struct check {
    const char *command;     /* as it was given */
    struct library *library; /* in place of it; NULL */
    int output;              /* a file for what it prints on its standard output; 0: none of its own */
    unsigned timeout_s;      /* for each run */
    const char *fault;       /* what is done to the directory: "power", "kill", ... */
    /* what the workload had printed before the crash, that is, its whole lines */
    const void *acks;
    size_t acks_size;
};

enum verdict { CHECK_PASSED, CHECK_FAILED, CHECK_CRASHED, CHECK_HUNG, CHECK_NOT_RUN };

struct checked {
    enum verdict verdict;
    int number;        /* the exit status, or the signal */
    char output[2048]; /* the end of what it printed */
};

#define CHECK_WORDS_MAX 256
#define CHECK_SPECIAL   "\"'\\$`|&;<>()*?[]{}~#=%!\n" /* a command that has one of these is a shell's */

/* check_words -- what a check's command is run as, NULL behind it: plain words are themselves, anything else
 * is a shell's. They point into `copy`, the command's, which is cut. None if there is no word. */
void check_words(char *words[CHECK_WORDS_MAX + 1], char *copy);

/* check_prepare -- sets what a check finds in its environment, for who runs it itself. False if it cannot. */
bool check_prepare(const struct sandbox *sandbox, const struct check *check);

/* check_run -- runs it in the sandbox on the directory as it is, with TORTURE_ACKED naming a file that has
 * the acknowledged lines, TORTURE_DIR and TORTURE_FAULT. All that it started is gone when this returns. */
void check_run(struct checked *checked, struct sandbox *sandbox, const struct check *check);

#endif
