/* hostile.h -- a directory of hostile names and contents, as an input describes it; and what its two halves,
 * `dir:` and the journal, take from an input and ask of every call.
 */
#ifndef FUZZ_HOSTILE_H
#define FUZZ_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cairn/cairn.h>

#include "fuzz/history.h"
#include "fuzz/listing.h"
#include "fuzz/source.h"

/* An input's first byte. */
enum {
    INPUT_JOURNAL = 1,
    INPUT_BASE = 2,
    INPUT_READONLY = 4,
    INPUT_EXISTING = 8,
    INPUT_INDEX = 16,
    INPUT_SYSTEM = 32 /* of a dir: two bytes of hostile_system.h follow */
};

/* What may be made in the directory. */
enum thing {
    THING_FILE,
    THING_LINK,
    THING_FIFO,
    THING_DIRECTORY,
    THING_NAME,
    THING_SOCKET,
    THING_CLOSED,
    THING_DEVICE,
    THING_MANY,
    THING_LARGE, /* more than is read at once */
    THING_COUNT
};

/* What may be asked of a handle. */
enum asked {
    ASK_CHECKPOINT,
    ASK_LATEST,
    ASK_LOAD,
    ASK_LIST,
    ASK_STAT,
    ASK_VERIFY,
    ASK_COMPACT,
    ASK_CLEAR,
    ASK_COMPLETE,
    ASK_INTACT,
    ASK_SINCE,
    ASK_REOPEN,
    ASK_REPAIR,
    ASK_OF_BOTH,               /* so many are asked of a journal, too */
    ASK_CONTEXT = ASK_OF_BOTH, /* the next has a context that has ended, or ends in the midst of it */
    ASK_HELD,                  /* the lock is somebody else's during the next */
    ASK_MEDDLED,               /* somebody comes between the next one's steps */
    ASK_FORKED,                /* the next is asked by a forked child */
    ASK_MEMO,                  /* the memo in `lock` is made wrong */
    ASK_FOLLOW,                /* what is new since the last time */
    ASK_WATCH,                 /* verify, with somebody who is told, and may have had enough */
    ASK_MOVE,                  /* the directory gets another name, or its own again */
    ASK_LOSE,                  /* the directory is removed */
    ASK_CHANGE,                /* the latest is changed by hand */
    ASK_COUNT
};

/* hostile_begin -- makes what all inputs share: the files of a good journal. Once is enough. */
void hostile_begin(void);

/* hostile_make -- makes the directory (canary.h) as the input describes it; `flags` is its first byte. */
void hostile_make(struct source *source, uint8_t flags);

/* hostile_open -- closes the handle, if there is one, and opens another, by `flags`; NULL if that fails, with
 * one of Cairn's errors, which is returned, and at no great cost. */
int hostile_open(struct cairn_op **handle, uint8_t flags, const char *scheme);

/* hostile_history -- what the good journal was recorded from; hostile_is_image -- whether this is one of its
 * files, as it was made. */
const struct history *hostile_history(void);
bool hostile_is_image(const struct found *file);

/* hostile_is_of_journal -- whether the name is one of a journal's own, by docs/format.md. */
bool hostile_is_of_journal(const char *name);

/* hostile_label, hostile_id -- from the input, good or bad; the id may be that of something in the listing.
 */
void hostile_label(struct source *source, char label[300]);
void hostile_id(struct source *source, const struct listing *listing, char id[300]);

/* hostile_check_error -- it is one of Cairn's, and says something. */
void hostile_check_error(int error, const char *what);

/* hostile_check_data -- it is not the canary's. */
void hostile_check_data(int error, const void *data, size_t size, const char *what);

/* hostile_name -- for seeds: the byte that stands for this name, which is one of the table's. */
uint8_t hostile_name(const char *name);

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

#endif
