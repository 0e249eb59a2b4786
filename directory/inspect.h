/* inspect.h -- what there is in the directory, one by one: list, stat, verify. */
#ifndef DIRECTORY_INSPECT_H
#define DIRECTORY_INSPECT_H

#include "directory/directory.h"

/* inspect_list -- as cairn_list(), or with a mark as cairn_list_since(). */
int inspect_list(const struct directory *directory, const struct cairn_ctx *ctx, struct cairn_mark *mark,
                 cairn_list_fn *fn, void *arg);
int inspect_stat(const struct directory *directory, const struct cairn_ctx *ctx, struct cairn_stat *stat);
int inspect_verify(const struct directory *directory, const struct cairn_ctx *ctx,
                   const struct cairn_watch *watch);

#endif
