/* tree.c -- see tree.h. */
#include "torture/tree.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "torture/memory.h"

void tree_begin(struct tree *tree, uint32_t objects)
{
    tree->count = objects + 1 > 2 ? objects + 1 : 2;
    tree->nodes = memory_new(tree->count * sizeof(*tree->nodes));
    tree->nodes[1] = (struct node){.type = TYPE_DIRECTORY, .mode = 0755};
}

static void node_release(struct node *node)
{
    content_release(&node->content);
    for (size_t i = 0; i < node->entry_count; i++)
        free(node->entries[i].name);
    free(node->entries);
}

void tree_release(struct tree *tree)
{
    for (uint32_t i = 0; i < tree->count; i++)
        node_release(&tree->nodes[i]);
    free(tree->nodes);
    *tree = (struct tree){0};
}

void tree_clone(struct tree *copy, const struct tree *tree)
{
    copy->count = tree->count;
    copy->nodes = memory_copy(tree->nodes, tree->count * sizeof(*tree->nodes));
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *from = &tree->nodes[i];
        struct node *to = &copy->nodes[i];
        content_clone(&to->content, &from->content);
        to->entries = memory_copy(from->entries, from->entry_count * sizeof(*from->entries));
        to->entry_space = from->entry_count;
        for (size_t k = 0; k < from->entry_count; k++)
            to->entries[k].name = memory_text(from->entries[k].name);
    }
}

struct node *tree_node(const struct tree *tree, uint32_t object)
{
    return object < tree->count && tree->nodes[object].type ? &tree->nodes[object] : NULL;
}

static struct node *directory(const struct tree *tree, uint32_t dir)
{
    struct node *node = tree_node(tree, dir);
    return node && node->type == TYPE_DIRECTORY ? node : NULL;
}

static struct entry *find(const struct node *dir, const char *name)
{
    for (size_t i = 0; dir && i < dir->entry_count; i++) {
        if (strcmp(dir->entries[i].name, name) == 0)
            return &dir->entries[i];
    }
    return NULL;
}

uint32_t tree_find(const struct tree *tree, uint32_t dir, const char *name)
{
    const struct entry *entry = find(directory(tree, dir), name);
    return entry ? entry->object : 0;
}

void tree_link(struct tree *tree, uint32_t dir, const char *name, uint32_t object)
{
    struct node *node = directory(tree, dir);
    struct entry *entry = find(node, name);

    if (node == NULL || tree_node(tree, object) == NULL)
        return;
    if (entry == NULL) {
        node->entries =
            memory_grow(node->entries, node->entry_count, &node->entry_space, sizeof(*node->entries));
        entry = &node->entries[node->entry_count++];
        entry->name = memory_text(name);
    }
    entry->object = object;
}

void tree_unlink(struct tree *tree, uint32_t dir, const char *name)
{
    struct node *node = directory(tree, dir);
    struct entry *entry = find(node, name);

    if (entry == NULL)
        return;
    free(entry->name);
    *entry = node->entries[--node->entry_count];
}

static void make(struct tree *tree, const struct op *op)
{
    if (op->object >= tree->count || op->object <= 1)
        return;
    struct node *node = &tree->nodes[op->object];
    if (node->type == 0)
        *node = (struct node){.type = op->type, .mode = op->mode};
    if (op->type == TYPE_SYMLINK)
        content_write(&node->content, 0, op->data, op->data_size);
}

void tree_apply(struct tree *tree, const struct op *op)
{
    struct node *node = tree_node(tree, op->object);
    struct node *file = node && node->type == TYPE_FILE ? node : NULL;
    uint32_t other;

    switch (op->kind) {
    case OP_CREATE:
        make(tree, op);
        tree_link(tree, op->dir, op->name, op->object);
        break;
    case OP_NEW:
        make(tree, op);
        break;
    case OP_LINK:
        tree_link(tree, op->dir, op->name, op->object);
        break;
    case OP_UNLINK:
        tree_unlink(tree, op->dir, op->name);
        break;
    case OP_RENAME:
        if (tree_find(tree, op->dir, op->name) == op->object)
            tree_unlink(tree, op->dir, op->name);
        tree_link(tree, op->dir2, op->name2, op->object);
        break;
    case OP_EXCHANGE:
        other = tree_find(tree, op->dir2, op->name2);
        if (tree_find(tree, op->dir, op->name) != op->object || other == 0)
            break;
        tree_link(tree, op->dir, op->name, other);
        tree_link(tree, op->dir2, op->name2, op->object);
        break;
    case OP_WRITE:
        if (file)
            content_write(&file->content, op->offset, op->data, op->data_size);
        break;
    case OP_ZERO:
        if (file)
            content_zero(&file->content, op->offset, op->size);
        break;
    case OP_RESIZE:
        if (file)
            content_resize(&file->content, op->size);
        break;
    case OP_MODE:
        if (node)
            node->mode = op->mode;
        break;
    default: /* syncs and acknowledgements change nothing */
        break;
    }
}

/* hash_names -- of a directory's names and what they stand for; the order of the names does not matter. */
static uint64_t hash_names(const struct tree *tree, uint32_t dir)
{
    const struct node *names = &tree->nodes[dir];
    uint64_t sum = 0;

    for (size_t i = 0; i < names->entry_count; i++) {
        const struct entry *entry = &names->entries[i];
        const struct node *node = tree_node(tree, entry->object);
        if (node == NULL)
            continue;
        /* Two names of one object are not two objects. */
        const uint64_t parts[] = {
            dir,           XXH3_64bits(entry->name, strlen(entry->name)),
            node->type,    node->mode,
            entry->object, node->type == TYPE_DIRECTORY ? 0 : content_hash(&node->content),
        };
        sum += XXH3_64bits(parts, sizeof(parts));
    }
    return sum;
}

uint64_t tree_hash(const struct tree *tree)
{
    uint32_t *reached = memory_new(tree->count * sizeof(*reached)), count = 0; /* directories, each once */
    uint8_t *met = memory_new(tree->count); /* a crash may leave one in two places, or within itself */
    uint64_t sum = tree->nodes[1].mode;

    reached[count++] = 1;
    met[1] = 1;
    for (uint32_t at = 0; at < count; at++) {
        const struct node *dir = &tree->nodes[reached[at]];
        sum += hash_names(tree, reached[at]);
        for (size_t i = 0; i < dir->entry_count; i++) {
            const uint32_t object = dir->entries[i].object;
            const struct node *node = tree_node(tree, object);
            if (node == NULL || node->type != TYPE_DIRECTORY || met[object])
                continue;
            met[object] = 1;
            reached[count++] = object;
        }
    }
    free(reached);
    free(met);
    return sum;
}
