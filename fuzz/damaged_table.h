/* damaged_table.h -- the recovery table of docs/protocol.md: what must hold of what is said of a damaged
 * journal. If there are lies it is not asked for.
 */
#ifndef FUZZ_DAMAGED_TABLE_H
#define FUZZ_DAMAGED_TABLE_H

#include <stdbool.h>

#include <cairn/cairn.h>

#include "fuzz/answers.h"
#include "fuzz/damaged.h"

/* damaged_is_whole -- whether nothing is damaged, and all that was recorded must be there. */
bool damaged_is_whole(const struct damaged *journal);

/* damaged_check_table -- what one who has opened it, which gave `error`, says of each checkpoint. `who` is
 * for the finding. */
void damaged_check_table(const struct damaged *journal, struct cairn_op *op, int error, const char *who);

/* damaged_check_shown -- nothing is shown that was not recorded. */
void damaged_check_shown(const struct damaged *journal, const struct answers *answers, const char *who);

/* damaged_check_new -- the id of a new checkpoint is not that of one that was durable. */
void damaged_check_new(const struct damaged *journal, const char *id);

#endif
