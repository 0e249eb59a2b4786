/* image.h -- a directory on disk as a tree, and a tree as a directory on disk. */
#ifndef TORTURE_IMAGE_H
#define TORTURE_IMAGE_H

#include <stdbool.h>

#include "torture/trace.h"
#include "torture/tree.h"

/* image_scan -- adds to the trace, as its base, what is in the open directory. `seen` is told of each object,
 * with the open directory that it is in and its name there. False if something cannot be read, with a message
 * on stderr. */
typedef void image_seen_fn(void *arg, uint32_t object, int dir, const char *name);
bool image_scan(struct trace *trace, int dir, image_seen_fn *seen, void *arg);

/* image_import -- the same for one object, which is new there: its operations, with `how` for what they have
 * in common. The object must have been given its number. False if it cannot be read. */
bool image_import(struct trace *trace, const struct op *how, int dir, const char *name);

/* image_differs -- false if the open directory holds just what the tree does; else true, and what differs
 * first is in `what`. */
bool image_differs(const struct tree *tree, int dir, char what[256]);

/* image_write -- makes the open directory, which is empty, hold what the tree does. False if it cannot, with
 * a message on stderr. */
bool image_write(const struct tree *tree, int dir);

#endif
