/* inspect.h -- what there is in the directory, one by one: list, stat, verify. */
#ifndef DIRECTORY_INSPECT_H
#define DIRECTORY_INSPECT_H

#include "directory/directory.h"

int inspect_list(const struct directory *directory, const struct cairn_ctx *ctx, cairn_list_fn *fn,
                 void *arg);
int inspect_stat(const struct directory *directory, const struct cairn_ctx *ctx, struct cairn_stat *stat);
int inspect_verify(const struct directory *directory, const struct cairn_ctx *ctx,
                   const struct cairn_watch *watch);

#endif
