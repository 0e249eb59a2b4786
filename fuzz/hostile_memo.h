/* hostile_memo.h -- what `lock` remembers (directory/memo.h), made wrong in one thing, and its hash mended:
 * it is not to be believed.
 */
#ifndef FUZZ_HOSTILE_MEMO_H
#define FUZZ_HOSTILE_MEMO_H

#include <stdint.h>

#define HOSTILE_MEMO_WAYS 15

/* hostile_memo_spoil -- nothing if there is no memo. */
void hostile_memo_spoil(uint8_t way);

#endif
