/* rot_journal.h -- a journal of 200 checkpoints to be damaged, and what damage to it has to cost.
 *
 * It knows where in its files each checkpoint lies. So of any change to their bytes it can tell which
 * checkpoints are lost with them: those whose header, label or data has changed, and all of a segment whose
 * header has changed in both of its copies. No others may be lost; that is what test_rot is about.
 */
#ifndef TESTS_ROT_JOURNAL_H
#define TESTS_ROT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scratch.h"

#define ROT_COUNT 200

enum rot_shape {
    ROT_ONE_SEGMENT,   /* all in one segment, of the smallest size */
    ROT_MANY_SEGMENTS, /* in three, with two large checkpoints */
    ROT_COMPACTED,     /* likewise, after a Compact: number 0 is alone in the first segment */
    ROT_USUAL,         /* as a program that does nothing special leaves it */
};

struct rot_checkpoint {
    char id[32];
    char *label;
    unsigned char *data;
    size_t size;
    uint64_t segment; /* where it is: the segment's number, and offsets in its file */
    size_t begin;     /* of the header */
    size_t used, end; /* behind the data; behind the zeros that follow */
};

struct rot_journal {
    char base[SCRATCH_PATH_SIZE]; /* a directory of its own */
    char dir[SCRATCH_PATH_SIZE];  /* the journal, in it */
    enum rot_shape shape;
    struct scratch_tree tree; /* what the files are to begin with */
    struct rot_checkpoint checkpoints[ROT_COUNT];
    uint64_t compact_segment; /* where the Compact stands; 0 if there is none */
    size_t compact_begin, compact_end;
};

/* rot_journal_make -- makes the journal and closes it. rot_journal_remove() removes it. */
void rot_journal_make(struct rot_journal *journal, enum rot_shape shape);
void rot_journal_remove(struct rot_journal *journal);

/* A change to one file, to its bytes from `begin` to `end`. */
enum rot_kind {
    ROT_FLIPPED, /* one bit of each */
    ROT_ZEROED,
    ROT_CUT,     /* they are not there any more; `end` is the file's */
    ROT_REMOVED, /* nor is the file */
};
struct rot_change {
    const struct scratch_file *file;
    enum rot_kind kind;
    size_t begin, end;
};

struct rot_cost {
    bool lost[ROT_COUNT]; /* these cannot be had any more */
    size_t count;         /* how many they are */
    bool damage;          /* verify has something to report */
    bool label_lost;      /* that of number 0, which a Compact gave it */
};

/* rot_journal_cost -- what a change costs. */
void rot_journal_cost(const struct rot_journal *journal, const struct rot_change *change,
                      struct rot_cost *cost);

/* rot_journal_used -- where in the file what is recorded ends; 0 if it is no segment. */
size_t rot_journal_used(const struct rot_journal *journal, const struct scratch_file *file);

/* rot_journal_is_inside_large -- whether the byte at that offset is far inside the data of a large
 * checkpoint. */
bool rot_journal_is_inside_large(const struct rot_journal *journal, const struct scratch_file *file,
                                 size_t at);

#endif
