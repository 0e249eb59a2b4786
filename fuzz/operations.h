/* operations.h -- what an input of fuzz_operations says, and what it is about: an operation, by two handles,
 * and the ledger of it.
 */
#ifndef FUZZ_OPERATIONS_H
#define FUZZ_OPERATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <cairn/cairn.h>

#include "fuzz/follower.h"
#include "fuzz/ledger.h"
#include "fuzz/place.h"

/* An input's first byte. */
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

extern struct tested {
    struct ledger ledger;
    uint8_t how;
    char url[PLACE_PATH_SIZE + 32];
    struct cairn_op *handles[2];
    unsigned unknown;             /* steps of which it is not known whether they were done */
    struct follower followers[2]; /* who follows by the one handle, and by the other */
} tested;

/* tested_path -- where it is. */
const char *tested_path(void);

/* tested_open -- closes the handle, and opens it again. */
int tested_open(unsigned handle, const struct cairn_ctx *ctx);

/* tested_close -- closes all. */
void tested_close(void);

/* tested_renew -- all is closed and opened again, and nothing fails: what is there now is what there is. */
void tested_renew(void);

/* tested_begin_anew -- all is closed and removed: what is opened now is made. Or somebody was killed before
 * he could. */
void tested_begin_anew(bool remnants);

#endif
