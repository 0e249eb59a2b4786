/* model.h -- what of a trace a crash may have left on the disk.
 *
 * The model goes through a trace operation by operation. What an operation changed is divided into parts: the
 * names of a directory, the size of a file, each page of its bytes. A part is durable once a sync has covered
 * it: one that began after the part had come about, on the object that the part belongs to. All other parts
 * may have been lost by a crash, in any combination that the profile allows:
 *
 * - strict: what POSIX promises and no more: any of them, and of a page any of its sectors of 512 bytes. A
 * file may have grown before its bytes came. Only a rename is one step: the new name is there or the old one
 * is. From one directory to another it is durable by a sync of the new name's, an exchange by syncs of both.
 * - ext4: ext4 with data=ordered: names change in their order; a sync of an object of which something is not
 * durable takes all names before it along, a datasync only if its size or its existence is not; a file's size
 * comes after its bytes; a file that is renamed over another one has its bytes first.
 * - xfs: the same without the last rule.
 * - btrfs: as xfs, but a sync of a file takes only its own names along.
 * - kill: no power was cut, a process was killed: nothing is lost but, of the write that was under way, what
 * is behind some border of a page.
 *
 * Calls that overlapped are recorded in one order, and might as well have come in another: so under the
 * profiles with an order, and under kill, the first of them may be lost without the second.
 *
 * What is durable is applied to a tree once and for all; so a state costs as much as what is pending, however
 * long the trace is.
 */
#ifndef TORTURE_MODEL_H
#define TORTURE_MODEL_H

#include "torture/trace.h"
#include "torture/tree.h"

/* Of rot, of calls that fail, and of rounds there is no model: trials.h. */
enum profile {
    PROFILE_KILL,
    PROFILE_STRICT,
    PROFILE_EXT4,
    PROFILE_XFS,
    PROFILE_BTRFS,
    PROFILE_ROT,
    PROFILE_ERRORS,
    PROFILE_ROUNDS,
    PROFILES
};

#define SECTOR      512u
#define SECTORS_ALL 0xffu /* of a page */

enum part_kind {
    PART_NAMES, /* a name comes, goes or changes */
    PART_SIZE,  /* the file has another size */
    PART_BYTES, /* of one page */
};

struct part {
    enum part_kind kind;
    size_t op;       /* of the trace */
    uint32_t number; /* of a write's pages, which */
    uint32_t object; /* that it belongs to: of names the directory */
    uint32_t other;  /* of a rename, that of the old name */
    uint8_t synced;  /* strict: which of the two were synced: 1 object, 2 other */
    uint64_t end;    /* the tick at which it had come about */
    bool durable;
    bool dropped;    /* a sync of it has failed: no later one makes it durable */
    bool replaces;   /* a rename over another file */
    uint8_t sectors; /* of a page, those that it touches: bit 0 is the first */
};

struct model {
    const struct trace *trace;
    enum profile profile;
    size_t dropped;      /* a sync that is taken for none; DROPPED_NONE */
    size_t at;           /* so many operations have been gone through */
    struct tree durable; /* what no crash can take away any more */
    struct tree now;     /* what the processes see */
    struct part *parts;  /* what is pending, in order */
    size_t count, space;
};

const char *profile_name(enum profile profile);

/* profile_fault -- what is done under it, in a word: "kill", "power", "rot" or "errors". In rounds it depends
 * on the state: `state` is the profile by which that was made. */
const char *profile_fault(enum profile profile, enum profile state);

/* profile_is_power -- whether it says what a power cut may do. */
bool profile_is_power(enum profile profile);

/* profile_find -- PROFILES if there is none of that name. */
enum profile profile_find(const char *name);

#define DROPPED_NONE SIZE_MAX
void model_begin(struct model *model, const struct trace *trace, enum profile profile, size_t dropped);
void model_release(struct model *model);

/* model_step -- goes through one operation more. False at the end of the trace. */
bool model_step(struct model *model);

/* model_allow -- lost[i] are the sectors of part i that are to be lost, all for one that is no page: adds
 * those that the profile loses with them, and takes away what it never loses. */
void model_allow(const struct model *model, uint8_t *lost);

/* model_state -- the tree that a crash leaves which loses these. */
void model_state(const struct model *model, const uint8_t *lost, struct tree *tree);

#endif
