/* tree.h -- a directory at some moment: objects, the names in its directories, and the bytes of its files.
 *
 * It is made from nothing by applying operations one after the other; any of them may be left out or applied
 * in part, which is what a crash does. An operation on what is not there has no effect, as a crash leaves it.
 */
#ifndef TORTURE_TREE_H
#define TORTURE_TREE_H

#include "torture/content.h"
#include "torture/trace.h"

struct entry {
    char *name;
    uint32_t object;
};

struct node {
    enum object_type type; /* 0: there is none of this number */
    uint32_t mode;
    struct content content; /* of a file; of a symbolic link, where it leads */
    struct entry *entries;  /* of a directory, in no order */
    size_t entry_count, entry_space;
};

struct tree {
    struct node *nodes; /* by object number; [1] is the directory itself */
    uint32_t count;     /* one more than the highest number there is room for */
};

/* tree_begin -- an empty directory, with room for objects up to the number `objects`. */
void tree_begin(struct tree *tree, uint32_t objects);
void tree_release(struct tree *tree);
void tree_clone(struct tree *copy, const struct tree *tree);

/* tree_apply -- the whole operation. */
void tree_apply(struct tree *tree, const struct op *op);

/* tree_node -- the object of that number; NULL if there is none. */
struct node *tree_node(const struct tree *tree, uint32_t object);

/* tree_find -- the object of that name in a directory; 0 if there is none. */
uint32_t tree_find(const struct tree *tree, uint32_t dir, const char *name);

/* tree_link, tree_unlink -- sets a name, in place of what it was; takes it away. */
void tree_link(struct tree *tree, uint32_t dir, const char *name, uint32_t object);
void tree_unlink(struct tree *tree, uint32_t dir, const char *name);

/* tree_hash -- one number for all that can be reached: names, types, modes, bytes. Equal trees have equal
 * ones. */
uint64_t tree_hash(const struct tree *tree);

#endif
