/* verify.h -- reads every byte of what is recorded; repair. */
#ifndef JOURNAL_VERIFY_H
#define JOURNAL_VERIFY_H

#include "journal/journal.h"

/* verify_run -- as cairn_verify(). */
int verify_run(struct journal *journal, const struct cairn_ctx *ctx, const struct cairn_watch *watch);

/* verify_repair -- as cairn_repair(). */
int verify_repair(struct journal *journal, const struct cairn_ctx *ctx, uint64_t failures,
                  const struct cairn_watch *watch);

#endif
