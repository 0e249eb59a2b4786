/* scan.h -- walks the records of the log, from one tail to a position, and past damage.
 *
 * Below its limit everything is known to have been durable, so what is not there as it was written is
 * damage: a hole. A hole ends at the next record that is whole, in this segment or a later one. A record
 * below the limit with a good header hash is a real one and no remainder of a torn tail, for whatever a
 * torn tail had left below the limit was written over by what was durable later.
 *
 * The headers of later segments say with which numbers they begin, so a hole knows what was lost in it.
 */
#ifndef JOURNAL_SCAN_H
#define JOURNAL_SCAN_H

#include "journal/segment.h"

struct journal;

enum scan_result {
    SCAN_END = 0,    /* the limit is reached */
    SCAN_RECORD = 1, /* scan.record was read, and scan.at is behind it */
    SCAN_HOLE = 2,   /* scan.hole was met, and scan.at is behind it */
    SCAN_STALE = 3,  /* the log has been cut off before here by a Compact, Clear or Complete: begin anew */
};

struct hole {
    uint64_t segment; /* that it begins in */
    uint64_t chain;   /* what the record there would have continued: with this, a walk finds the hole again */
    uint64_t sequence;
    uint64_t offset;     /* in that file */
    uint64_t size;       /* bytes in that file; 0: to its end, or beyond */
    uint64_t position;   /* where it begins in the log */
    uint64_t end;        /* where the log goes on */
    uint64_t generation; /* of what is lost */
    uint64_t first;      /* number of the first checkpoint that is lost */
    uint64_t count;      /* how many are */
    bool unread;         /* it could not be read; else it is not as it was written */
    const char *reason;
};

/* What good headers there are in a segment, whatever they belong to. */
struct remains {
    uint64_t durable;    /* the largest durable_upto */
    uint64_t last;       /* behind the last of them; 0: there are none */
    uint64_t generation; /* the newest, */
    uint64_t number;     /* and more than any number in it, */
    uint64_t removal;    /* and where the removal that began it stands at most */
    uint64_t sequence;   /* more than any */
    bool sealed;         /* the next segment has been made */
};

struct scan {
    struct journal *journal;
    struct tail at;
    uint64_t limit;
    uint64_t newest;   /* the newest segment */
    struct tail final; /* the tail at the limit, if that is known */
    bool final_known;
    const struct record *rejoin; /* the record at the limit, if it is known to be a real one; else NULL */
    struct record record;
    struct hole hole;

    const struct segment *segment; /* of `at`; NULL if it is not open */
    uint64_t end;                  /* where the records of this segment end, as far as is known */
    uint64_t follower;             /* the next segment whose header is good; 0 if there is none */
    struct segment_header next;    /* its header */
    unsigned char *buffer;
    uint64_t buffer_position;
    size_t buffer_size;
    int failed;         /* the errno of the last read that failed where something was wanted; 0: none did */
    uint64_t failed_to; /* a search went on here behind a place that could not be read */
    bool unread;        /* something on the way could not be read, */
    bool end_unread;    /* and therefore it could not be told where a segment ends that none follows */
};

/* scan_begin -- sets out from `at`. scan_release() ends it, also after a failure. */
int scan_begin(struct scan *scan, struct journal *journal, const struct tail *at, uint64_t limit,
               uint64_t newest);
void scan_release(struct scan *scan);

/* scan_step -- one enum scan_result, or a negative error. */
int scan_step(struct scan *scan);

/* scan_follow -- beyond what is known to have been durable: SCAN_RECORD if a record that continues the log is
 * there, body and all; scan.record is it, and scan.at is behind it. SCAN_END where the log ends. A negative
 * error if that cannot be told: what cannot be read is no end. */
int scan_follow(struct scan *scan);

/* scan_read_body -- reads label and data of the record just met into `body` (label first), and checks
 * them. NULL, or why they are not as they were written. */
const char *scan_read_body(const struct segment *segment, const struct record *record, void *body,
                           int *failed);

/* scan_cut_off -- NULL if the file is long enough for the whole record, else the reason why it is not. To be
 * asked before there is memory for the record: a file that was cut may promise a gigabyte in a few bytes. */
const char *scan_cut_off(const struct segment *segment, const struct record *record);

/* scan_check_body -- the same for bytes that have been read. */
const char *scan_check_body(const struct record *record, const void *body);

/* scan_remains -- looks through all that the segment holds from `from` on for good headers. CAIRN_EIO, after
 * all that, if something behind remains->durable could not be read. */
int scan_remains(struct journal *journal, const struct segment *segment, uint64_t from,
                 struct remains *remains);

#endif
