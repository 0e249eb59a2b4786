/* story.h -- what was done to a journal and how each call ended, and whether what is there now fits to that.
 *
 * The story is kept in memory that is shared with forked processes, so it knows how far one that was killed
 * had come. A call that returned 0 must show. One that was cut off, or that failed with CAIRN_EIO, may show,
 * whole, or not. One that failed otherwise must not show.
 */
#ifndef TESTS_STORY_H
#define TESTS_STORY_H

#include <sys/types.h>

#include <cairn/cairn.h>

struct story;

struct story *story_make(void);
void story_free(struct story *story);
void story_clear(struct story *story);

/* The calls, each a step of the story; the result is the call's. `seed` makes the data, of at least 16 bytes,
 * and tells it from all other. Any number of processes and threads may tell one story. */
int story_checkpoint(struct story *story, struct cairn_op *op, uint64_t seed, size_t size);
int story_compact(struct story *story, struct cairn_op *op);
int story_clear_all(struct story *story, struct cairn_op *op);
int story_complete(struct story *story, struct cairn_op *op);

/* story_check -- NULL if what `op` shows fits the story, else what does not (a static string). The steps were
 * taken one after the other. */
const char *story_check(struct story *story, struct cairn_op *op);

/* story_check_set -- the same where checkpoints, and nothing else, were recorded at the same time: no more is
 * asked of their order than that the journal has one. */
const char *story_check_set(struct story *story, struct cairn_op *op);

/* story_acknowledged -- how many steps returned 0. story_id -- the id of the checkpoint made from `seed`;
 * NULL if it was not acknowledged. */
unsigned story_acknowledged(const struct story *story);
const char *story_id(const struct story *story, uint64_t seed);

/* story_data -- what is made from a seed; to be freed. story_seed -- the seed that data was made from, or 0
 * if it is not whole. */
void *story_data(uint64_t seed, size_t size);
uint64_t story_seed(const void *data, size_t size);

/* process_start -- runs `function` in a child, whose exit status is what it returns. process_end -- waits for
 * it: its exit status, or minus the signal that ended it. */
pid_t process_start(int (*function)(void *arg), void *arg);
int process_end(pid_t pid);

#endif
