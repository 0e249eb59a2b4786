/* files.h -- the files of a journal's directory: which there are, and the segments that are open.
 *
 * A segment's number is never used twice, so an open one stays what it is. But its file may be retired by
 * a Compact, Clear or Complete of any process and be written over as another segment; who then reads
 * through the old one finds bytes that do not match their hashes, and must look whether the horizon has
 * moved before calling that damage (map.h).
 */
#ifndef JOURNAL_FILES_H
#define JOURNAL_FILES_H

#include <pthread.h>
#include <stdbool.h>

#include "journal/segment.h"

#define FILES_OPEN_MAX 512 /* segments kept open, if the process may have many files; */
#define FILES_OPEN_MIN 4   /* if not, an eighth of what it may have, but so many at least */
#define RESERVE_NAME   "spare-reserve"

struct journal;

struct open_segment {
    struct segment segment;
    unsigned users;
    uint64_t used; /* when, by files.clock */
};

struct files {
    pthread_mutex_t lock; /* guards the rest */
    struct open_segment *open[FILES_OPEN_MAX];
    unsigned most; /* so many of these places are used */
    uint64_t clock;
};

int files_init(struct files *files);
void files_release(struct files *files); /* closes all; nobody uses one any more */

/* files_get -- segment `number`, opened or already open, to be given back with files_put(). Errors as for
 * segment_open(). */
int files_get(struct journal *journal, uint64_t number, const struct segment **segment, const char **reason);
void files_put(struct journal *journal, const struct segment *segment);

/* files_add -- takes over a segment that was just made. It is closed if it cannot be kept. */
void files_add(struct journal *journal, const struct segment *segment);

/* files_forget -- closes the segments that nobody uses and that are numbered below `number`. */
void files_forget(struct journal *journal, uint64_t number);

/* What the directory holds. */
struct listing {
    uint64_t *segments; /* their numbers, ascending */
    size_t segment_count;
    uint64_t *spares; /* likewise, without the reserve */
    size_t spare_count;
    bool reserve;
    bool index;
    uint64_t disk_bytes; /* that all files of the journal take */
};

/* files_list -- reads the directory. listing_release() frees it. */
int files_list(struct journal *journal, struct listing *listing);
void listing_release(struct listing *listing);

/* spare_name -- "spare-NNNNNNNN". */
void spare_name(char name[SEGMENT_NAME_SIZE], uint64_t number);

/* spare_parse_name -- whether `name` is a spare's, and its number. The reserve has none. */
bool spare_parse_name(const char *name, uint64_t *number);

#endif
