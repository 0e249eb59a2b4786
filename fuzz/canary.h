/* canary.h -- a directory to work in with another one beside it that nobody is to touch.
 *
 * They are `work` and `beside` in the target's place (place.h). What is beside has the name of a checkpoint,
 * so that a path that leads out of the one finds something in the other.
 */
#ifndef FUZZ_CANARY_H
#define FUZZ_CANARY_H

#include <stdbool.h>
#include <stddef.h>

#define CANARY_WORK   "work"
#define CANARY_BESIDE "beside"
#define CANARY_NAME   "00000000.chk"
#define CANARY_DATA   "the canary is alive"

/* canary_begin -- makes both, with nothing in `work`. */
void canary_begin(void);

/* canary_work -- `work`, open; canary_path -- its path. */
int canary_work(void);
const char *canary_path(void);

/* canary_lose -- removes `work` with all that it holds, and makes another of its name. canary_move -- gives
 * `work` another name, or its own again. */
void canary_lose(void);
void canary_move(bool away);

/* canary_check -- a finding, if anything beside `work` is not as it was. */
void canary_check(void);

/* canary_is -- whether these are the bytes that stand beside. */
bool canary_is(const void *data, size_t size);

#endif
