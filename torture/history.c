/* history.c -- see history.h. */
#include "torture/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "torture/memory.h"

/* What a file had from some moment on. A moment is a number of operations that have been done. */
struct version {
    size_t from;
    uint64_t hash;
    struct content content;
};

struct file {
    struct version *versions;
    size_t count, space;
};

/* What a name stood for from some moment on. */
struct meaning {
    size_t from;
    uint32_t object; /* 0: it was not there */
};

struct name {
    uint32_t dir;
    char *text;
    struct meaning *meanings;
    size_t count, space;
};

struct history {
    const struct trace *trace;
    struct file *files; /* by object */
    struct name *names;
    size_t name_count, name_space;
    size_t *slots; /* a hash table of names: number and 1; 0 is free */
    size_t slot_count;
};

/* --- the names ---------------------------------------------------------------------------------------- */

static size_t slot_of(const struct history *history, uint32_t dir, const char *text)
{
    size_t at = (size_t)(XXH3_64bits_withSeed(text, strlen(text), dir) & (history->slot_count - 1));

    for (; history->slots[at]; at = (at + 1) & (history->slot_count - 1)) {
        const struct name *name = &history->names[history->slots[at] - 1];
        if (name->dir == dir && strcmp(name->text, text) == 0)
            break;
    }
    return at;
}

static struct name *find_name(const struct history *history, uint32_t dir, const char *text)
{
    const size_t number = history->slots[slot_of(history, dir, text)];
    return number ? &history->names[number - 1] : NULL;
}

static void make_slots(struct history *history)
{
    free(history->slots);
    history->slot_count = history->slot_count ? history->slot_count * 2 : 64;
    history->slots = memory_new(history->slot_count * sizeof(*history->slots));
    for (size_t i = 0; i < history->name_count; i++)
        history->slots[slot_of(history, history->names[i].dir, history->names[i].text)] = i + 1;
}

static struct name *add_name(struct history *history, uint32_t dir, const char *text)
{
    struct name *name = find_name(history, dir, text);

    if (name)
        return name;
    if (history->name_count * 2 >= history->slot_count)
        make_slots(history);
    history->names = memory_grow(history->names, history->name_count, &history->name_space, sizeof(*name));
    history->slots[slot_of(history, dir, text)] = history->name_count + 1;
    name = &history->names[history->name_count++];
    *name = (struct name){.dir = dir, .text = memory_text(text)};
    return name;
}

/* note_name -- what it stands for now, behind `at` operations. */
static void note_name(struct history *history, const struct tree *tree, uint32_t dir, const char *text,
                      size_t at)
{
    struct name *name = add_name(history, dir, text);
    const uint32_t object = tree_find(tree, dir, text);

    if (name->count && name->meanings[name->count - 1].object == object)
        return;
    name->meanings = memory_grow(name->meanings, name->count, &name->space, sizeof(*name->meanings));
    name->meanings[name->count++] = (struct meaning){at, object};
}

/* --- the files ---------------------------------------------------------------------------------------- */

static void note_content(struct history *history, const struct tree *tree, uint32_t object, size_t at)
{
    const struct node *node = tree_node(tree, object);
    struct file *file = &history->files[object];

    if (node == NULL || (node->type != TYPE_FILE && node->type != TYPE_SYMLINK))
        return;
    struct version version = {.from = at, .hash = content_hash(&node->content)};
    if (file->count && file->versions[file->count - 1].hash == version.hash)
        return;
    content_clone(&version.content, &node->content);
    file->versions = memory_grow(file->versions, file->count, &file->space, sizeof(version));
    file->versions[file->count++] = version;
}

struct history *history_make(const struct trace *trace)
{
    struct history *history = memory_new(sizeof(*history));
    struct tree tree;

    history->trace = trace;
    history->files = memory_new((trace->objects + (size_t)1) * sizeof(*history->files));
    make_slots(history);
    tree_begin(&tree, trace->objects);
    for (size_t i = 0; i < trace->count; i++) {
        const struct op *op = &trace->ops[i];
        tree_apply(&tree, op);
        if (op->dir)
            note_name(history, &tree, op->dir, op->name, i + 1);
        if (op->dir2)
            note_name(history, &tree, op->dir2, op->name2, i + 1);
        if (op->object)
            note_content(history, &tree, op->object, i + 1);
    }
    tree_release(&tree);
    return history;
}

void history_release(struct history *history)
{
    if (history == NULL)
        return;
    for (size_t i = 0; i <= history->trace->objects; i++) {
        for (size_t k = 0; k < history->files[i].count; k++)
            content_release(&history->files[i].versions[k].content);
        free(history->files[i].versions);
    }
    for (size_t i = 0; i < history->name_count; i++) {
        free(history->names[i].text);
        free(history->names[i].meanings);
    }
    free(history->files);
    free(history->names);
    free(history->slots);
    free(history);
}

/* --- asking it ---------------------------------------------------------------------------------------- */

/* A state that is asked about. */
struct asking {
    const struct history *history;
    const struct tree *tree;
    size_t since, at; /* the latest line; the crash */
    uint8_t *reached; /* the directories that it has, by object */
    char *what;
    size_t size;
};

/* begins -- whether all that `part` has is the beginning of `whole`. */
static bool begins(const struct content *whole, const struct content *part)
{
    static const unsigned char zeros[CONTENT_PAGE];

    for (size_t page = 0;; page++) { /* where both have a hole, there is nothing to compare */
        const size_t next = content_next(whole, page);
        page = content_next(part, page);
        page = page < next ? page : next;
        if (page >= (part->size + CONTENT_PAGE - 1) / CONTENT_PAGE)
            break;
        const uint64_t left = part->size - (uint64_t)page * CONTENT_PAGE;
        const unsigned char *one = content_page(whole, page), *other = content_page(part, page);
        if (memcmp(one ? one : zeros, other ? other : zeros,
                   left < CONTENT_PAGE ? (size_t)left : CONTENT_PAGE) != 0)
            return false;
    }
    return part->size <= whole->size;
}

/* had -- whether the file had that content between the two moments; or, unless it is to be `exact`, was being
 * appended to and has all that it had had before that. */
static bool had(const struct file *file, const struct content *content, size_t since, size_t at, bool exact)
{
    const uint64_t hash = content_hash(content);

    for (size_t i = 0; i < file->count && file->versions[i].from <= at; i++) {
        const struct version *version = &file->versions[i], *next = version + 1;
        const bool has_next = i + 1 < file->count && next->from <= at;
        if (has_next && next->from <= since)
            continue;
        if (version->hash == hash || (!exact && has_next && begins(&next->content, &version->content) &&
                                      begins(content, &version->content)))
            return true;
    }
    return false;
}

/* What a name was between two moments. */
struct meant {
    bool at_first; /* it stood for something at the first of them, */
    bool always;   /* and at all others */
    bool so;       /* for a file that had the content */
};

static struct meant meant(const struct history *history, const struct name *name,
                          const struct content *content, size_t since, size_t at, bool exact)
{
    struct meant meant = {.always = true};

    for (size_t i = 0; name && i < name->count && name->meanings[i].from <= at; i++) {
        const struct meaning *meaning = &name->meanings[i];
        const bool has_next = i + 1 < name->count && meaning[1].from <= at;
        if (has_next && meaning[1].from <= since)
            continue;
        const size_t first = meaning->from > since ? meaning->from : since;
        meant.at_first |= meaning->object && meaning->from <= since;
        meant.always &= meaning->object != 0;
        if (meaning->object && content)
            meant.so |= had(&history->files[meaning->object], content, first,
                            has_next ? meaning[1].from - 1 : at, exact);
    }
    meant.always &= meant.at_first;
    return meant;
}

static bool complain(const struct asking *asking, const char *kind, uint32_t dir, const char *name,
                     const char *why)
{
    char *path = NULL;
    size_t size;
    FILE *stream = open_memstream(&path, &size);

    if (stream) {
        if (dir != 1) {
            trace_path(asking->history->trace, dir, stream);
            fputc('/', stream);
        }
        fputs(name, stream);
        fclose(stream);
    }
    snprintf(asking->what, asking->size, "%s: %s %s\n", kind, path ? path : name, why);
    free(path);
    return false;
}

/* entry_fits -- whether what is there under a name may be. */
static bool entry_fits(const struct asking *asking, uint32_t dir, const struct entry *entry)
{
    const struct node *node = tree_node(asking->tree, entry->object);
    const struct name *name = find_name(asking->history, dir, entry->name);

    if (node == NULL || (node->type != TYPE_FILE && node->type != TYPE_SYMLINK))
        return true;
    const struct meant since = meant(asking->history, name, &node->content, asking->since, asking->at, false);
    if (since.so || !since.at_first)
        return true;
    if (meant(asking->history, name, &node->content, 0, asking->at, true).so)
        return complain(asking, "old", dir, entry->name, "is as it was before the latest line was printed");
    return complain(asking, "garbage", dir, entry->name, "has bytes that it never had");
}

static bool dir_fits(const struct asking *asking, uint32_t dir)
{
    const struct node *node = tree_node(asking->tree, dir);

    asking->reached[dir] = 1;
    for (size_t i = 0; i < node->entry_count; i++) {
        const struct node *below = tree_node(asking->tree, node->entries[i].object);
        if (!entry_fits(asking, dir, &node->entries[i]))
            return false;
        if (below && below->type == TYPE_DIRECTORY && !asking->reached[node->entries[i].object] &&
            !dir_fits(asking, node->entries[i].object))
            return false;
    }
    return true;
}

/* all_are_there -- whether no name is missing that was there all the time. */
static bool all_are_there(const struct asking *asking)
{
    for (size_t i = 0; i < asking->history->name_count; i++) {
        const struct name *name = &asking->history->names[i];
        if (asking->reached[name->dir] && !tree_find(asking->tree, name->dir, name->text) &&
            meant(asking->history, name, NULL, asking->since, asking->at, true).always)
            return complain(asking, "lost", name->dir, name->text, "is gone");
    }
    return true;
}

bool history_fits(const struct history *history, const struct tree *tree, size_t at, char *what, size_t size)
{
    struct asking asking = {.history = history, .tree = tree, .at = at, .what = what, .size = size};
    const struct trace *trace = history->trace;

    for (size_t i = 0; i < at && i < trace->count; i++) {
        if (trace->ops[i].kind == OP_ACK || (trace->ops[i].flags & OP_BASE))
            asking.since = i + 1;
    }
    asking.reached = memory_new(trace->objects + (size_t)1);
    const bool fits = dir_fits(&asking, 1) && all_are_there(&asking);
    free(asking.reached);
    return fits;
}
