/* model.c -- see model.h. */
#include "torture/model.h"

#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"

static const char *const profile_names[PROFILES] = {"kill",  "strict", "ext4",   "xfs",
                                                    "btrfs", "rot",    "errors", "rounds"};

const char *profile_name(enum profile profile)
{
    return profile_names[profile];
}

const char *profile_fault(enum profile profile, enum profile state)
{
    switch (profile == PROFILE_ROUNDS ? state : profile) {
    case PROFILE_KILL:
        return "kill";
    case PROFILE_ROT:
        return "rot";
    case PROFILE_ERRORS:
        return "errors";
    default:
        return "power";
    }
}

bool profile_is_power(enum profile profile)
{
    return profile >= PROFILE_STRICT && profile <= PROFILE_BTRFS;
}

enum profile profile_find(const char *name)
{
    enum profile profile = PROFILE_KILL;

    while (profile < PROFILES && strcmp(profile_names[profile], name) != 0)
        profile++;
    return profile;
}

void model_begin(struct model *model, const struct trace *trace, enum profile profile, size_t dropped)
{
    *model = (struct model){.trace = trace, .profile = profile, .dropped = dropped};
    tree_begin(&model->durable, trace->objects);
    tree_begin(&model->now, trace->objects);
    while (model->at < trace->count && (trace->ops[model->at].flags & OP_BASE)) {
        tree_apply(&model->durable, &trace->ops[model->at]);
        tree_apply(&model->now, &trace->ops[model->at]);
        model->at++;
    }
}

void model_release(struct model *model)
{
    tree_release(&model->durable);
    tree_release(&model->now);
    free(model->parts);
    *model = (struct model){0};
}

/* --- the parts of an operation ------------------------------------------------------------------------ */

static struct part *add(struct model *model, enum part_kind kind, uint32_t object, uint32_t number)
{
    model->parts = memory_grow(model->parts, model->count, &model->space, sizeof(*model->parts));
    struct part *part = &model->parts[model->count++];
    *part = (struct part){.kind = kind,
                          .op = model->at,
                          .number = number,
                          .object = object,
                          .end = model->trace->ops[model->at].end,
                          .sectors = SECTORS_ALL};
    return part;
}

static uint64_t size_of(const struct tree *tree, uint32_t object)
{
    const struct node *node = tree_node(tree, object);
    return node ? node->content.size : 0;
}

/* piece -- what of a write is on its page number `number`: from where to where in the file. */
static void piece(const struct op *op, uint32_t number, uint64_t *begin, uint64_t *end)
{
    const uint64_t page = (op->offset / CONTENT_PAGE + number) * CONTENT_PAGE;
    const uint64_t last = op->offset + op->data_size;

    *begin = page > op->offset ? page : op->offset;
    *end = page + CONTENT_PAGE < last ? page + CONTENT_PAGE : last;
}

/* is_synced -- whether the call that wrote synced, too. */
static bool is_synced(const struct model *model, const struct op *op)
{
    return (op->flags & (OP_DSYNC | OP_FSYNC)) && model->at != model->dropped;
}

static void add_pages(struct model *model, const struct op *op)
{
    if (op->data_size == 0)
        return;
    const uint64_t count = (op->offset + op->data_size - 1) / CONTENT_PAGE - op->offset / CONTENT_PAGE + 1;

    for (uint32_t i = 0; i < count; i++) {
        struct part *part = add(model, PART_BYTES, op->object, i);
        uint64_t begin, end;
        piece(op, i, &begin, &end);
        part->sectors = 0;
        for (unsigned sector = (unsigned)(begin % CONTENT_PAGE / SECTOR);
             sector <= (unsigned)((end - 1) % CONTENT_PAGE / SECTOR); sector++)
            part->sectors |= (uint8_t)(1u << sector);
        if (is_synced(model, op))
            part->durable = true;
    }
}

/* add_parts -- what the operation changes, none of which is durable yet, but for a write that synced itself.
 */
static void add_parts(struct model *model, const struct op *op)
{
    const uint64_t size = size_of(&model->now, op->object);

    switch (op->kind) {
    case OP_CREATE:
    case OP_UNLINK:
        add(model, PART_NAMES, op->dir, 0);
        break;
    case OP_LINK: /* over another one: it was moved in */
        add(model, PART_NAMES, op->dir, 0)->replaces = tree_find(&model->now, op->dir, op->name) != 0;
        break;
    case OP_RENAME:
        add(model, PART_NAMES, op->dir2, 0)->replaces = tree_find(&model->now, op->dir2, op->name2) != 0;
        model->parts[model->count - 1].other = op->dir;
        break;
    case OP_EXCHANGE:
        add(model, PART_NAMES, op->dir2, 0)->other = op->dir;
        break;
    case OP_RESIZE:
        if (op->size != size)
            add(model, PART_SIZE, op->object, 0)->durable = is_synced(model, op);
        break;
    case OP_WRITE:
        if (op->offset + op->data_size > size && model->profile != PROFILE_KILL)
            add(model, PART_SIZE, op->object, 0)->durable = is_synced(model, op);
        add_pages(model, op);
        break;
    case OP_ZERO:
        add(model, PART_BYTES, op->object, 0);
        break;
    default:
        break;
    }
}

/* --- applying a part ---------------------------------------------------------------------------------- */

static void apply_names(struct tree *tree, const struct op *op)
{
    if (op->kind != OP_RENAME || op->dir == op->dir2) {
        tree_apply(tree, op);
        return;
    }
    /* Its old name may not have come to the disk. */
    tree_link(tree, op->dir2, op->name2, op->object);
    if (tree_find(tree, op->dir, op->name) == op->object)
        tree_unlink(tree, op->dir, op->name);
}

/* apply_bytes -- what of the page is not lost, as far as the file reaches, unless it grows by that. */
static void apply_bytes(struct tree *tree, const struct op *op, const struct part *part, uint8_t lost,
                        bool grows)
{
    struct node *node = tree_node(tree, op->object);
    uint64_t begin, end;

    if (node == NULL || node->type != TYPE_FILE)
        return;
    if (op->kind == OP_ZERO) {
        content_zero(&node->content, op->offset, op->size);
        return;
    }
    piece(op, part->number, &begin, &end);
    if (end > node->content.size && !grows)
        end = node->content.size;
    while (begin < end) {
        uint64_t stop = (begin / SECTOR + 1) * SECTOR;
        stop = stop < end ? stop : end;
        if ((lost & 1u << begin % CONTENT_PAGE / SECTOR) == 0)
            content_write(&node->content, begin, op->data + (begin - op->offset), (size_t)(stop - begin));
        begin = stop;
    }
}

/* apply -- a part of which `lost` is lost. */
static void apply(const struct model *model, struct tree *tree, const struct part *part, uint8_t lost)
{
    const struct op *op = &model->trace->ops[part->op];
    struct node *node = tree_node(tree, op->object);

    if (part->kind == PART_BYTES) {
        if (lost != part->sectors)
            apply_bytes(tree, op, part, lost, model->profile == PROFILE_KILL);
    } else if (lost) {
        return;
    } else if (part->kind == PART_NAMES) {
        apply_names(tree, op);
    } else if (node && op->kind == OP_RESIZE) {
        content_resize(&node->content, op->size);
    } else if (node && node->content.size < op->offset + op->data_size) {
        content_resize(&node->content, op->offset + op->data_size);
    }
}

/* --- syncs -------------------------------------------------------------------------------------------- */

static bool is_own_name(const struct model *model, const struct part *part, uint32_t object)
{
    return part->kind == PART_NAMES && model->trace->ops[part->op].object == object;
}

/* takes_names -- whether a sync of `object` commits the file system's names, as far as the profile says. */
static bool takes_names(const struct model *model, uint32_t object, bool data_only, uint64_t begin)
{
    if (model->profile != PROFILE_EXT4 && model->profile != PROFILE_XFS)
        return false;
    for (size_t i = 0; i < model->count; i++) {
        const struct part *part = &model->parts[i];
        if (part->end >= begin)
            continue;
        /* The file's own data need no commit, unless its size or its existence do; that it has another name
         * than before does not. */
        if ((is_own_name(model, part, object) &&
             (!data_only || model->trace->ops[part->op].kind == OP_CREATE)) ||
            (part->object == object && (part->kind != PART_BYTES || !data_only)))
            return true;
    }
    return false;
}

/* takes_name -- whether a sync of `dir` is one of that part's directory. */
static bool takes_name(const struct model *model, struct part *part, uint32_t dir)
{
    const enum op_kind kind = model->trace->ops[part->op].kind;

    if (part->object != dir && part->other != dir)
        return false;
    if (model->profile != PROFILE_STRICT || part->other == 0 || part->other == part->object)
        return true;
    /* Nobody promises that the one directory is written along with the other. */
    part->synced |= part->object == dir ? 1u : 2u;
    return kind == OP_EXCHANGE ? part->synced == 3 : (part->synced & 1u) != 0;
}

/* sync_names -- the names that a sync of the object takes along; `commits`: it does so in any case. */
static void sync_names(struct model *model, const struct op *op, bool data_only, bool commits)
{
    const bool names = (commits && (model->profile == PROFILE_EXT4 || model->profile == PROFILE_XFS)) ||
                       takes_names(model, op->object, data_only, op->begin);

    for (size_t i = 0; i < model->count; i++) {
        struct part *part = &model->parts[i];
        /* It may not have come about when the sync began, or be taken for written. */
        if (part->kind == PART_NAMES && part->end < op->begin && !part->dropped)
            part->durable |= names || takes_name(model, part, op->object) ||
                             (model->profile == PROFILE_BTRFS && is_own_name(model, part, op->object));
    }
}

static void sync_object(struct model *model, const struct op *op)
{
    sync_names(model, op, op->kind == OP_DATASYNC, false);
    for (size_t i = 0; i < model->count; i++) {
        struct part *part = &model->parts[i];
        if (part->kind == PART_NAMES || part->end >= op->begin || part->dropped || part->object != op->object)
            continue;
        const struct op *write = &model->trace->ops[part->op];
        /* A sync of a range is of that range. */
        part->durable |=
            op->size == 0 || part->kind == PART_SIZE ||
            (write->offset < op->offset + op->size &&
             op->offset < write->offset + (write->kind == OP_ZERO ? write->size : write->data_size));
    }
}

static bool shares_directory(const struct part *one, const struct part *other)
{
    return one->kind == PART_NAMES && other->kind == PART_NAMES &&
           (one->other == other->object ||
            (other->other && (other->other == one->object || other->other == one->other)));
}

/* keep_replacing -- on ext4 the bytes of a file that replaces another come before its name. */
static void keep_replacing(struct model *model)
{
    for (size_t i = 0; i < model->count && model->profile == PROFILE_EXT4; i++) {
        if (!model->parts[i].replaces || !model->parts[i].durable)
            continue;
        for (size_t k = 0; k < i; k++) {
            struct part *part = &model->parts[k];
            part->durable |= part->kind != PART_NAMES && !part->dropped &&
                             part->object == model->trace->ops[model->parts[i].op].object;
        }
    }
}

/* settle -- what is durable, and has nothing before it on the same object that is not, becomes so for good.
 */
static void settle(struct model *model)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        struct part *part = &model->parts[i];
        bool behind = !part->durable;
        for (size_t k = 0; k < kept && !behind; k++) {
            const struct part *before = &model->parts[k];
            behind = (before->kind == PART_NAMES) == (part->kind == PART_NAMES) &&
                     (before->object == part->object || shares_directory(before, part));
        }
        if (behind)
            model->parts[kept++] = *part;
        else
            apply(model, &model->durable, part, 0);
    }
    model->count = kept;
}

/* apply_new -- an object is there from the moment on at which it was made, and cannot be reached without its
 * name. */
static void apply_new(struct model *model, const struct op *op)
{
    struct op bare = *op;

    if (op->kind != OP_CREATE && op->kind != OP_NEW)
        return;
    bare.kind = OP_NEW;
    tree_apply(&model->durable, &bare);
}

static bool is_name(const struct op *op, uint32_t dir, const char *name)
{
    return dir && *name &&
           ((op->dir == dir && strcmp(op->name, name) == 0) ||
            (op->dir2 == dir && strcmp(op->name2, name) == 0));
}

/* is_independent -- whether the later operation would have done the same without the earlier one. */
static bool is_independent(const struct op *earlier, const struct op *later)
{
    return earlier->object != later->object && earlier->object != later->dir &&
           earlier->object != later->dir2 && !is_name(earlier, later->dir, later->name) &&
           !is_name(earlier, later->dir2, later->name2);
}

/* is_cut -- whether a kill may end the call before all is written. */
static bool is_cut(const struct op *op)
{
    return op->kind == OP_WRITE && (op->flags & OP_MAPPED) == 0 && strcmp(op->call, "fallocate") != 0 &&
           strcmp(op->call, "ioctl") != 0;
}

/* step_of_kill -- what had ended before the operation began is there. What had not might as well have come
 * behind it; and a kill may cut the operation itself short, if it is a long write. */
static void step_of_kill(struct model *model, const struct op *op)
{
    size_t kept = 0;

    for (size_t i = 0; i < model->count; i++) {
        struct part *part = &model->parts[i];
        /* Only neighbours change places: many processes at once have as many orders as there are. */
        if (part->end < op->begin || part->op + 1 != model->at ||
            !is_independent(&model->trace->ops[part->op], op)) {
            apply(model, &model->durable, part, 0);
            continue;
        }
        part->durable = false;
        model->parts[kept++] = *part;
    }
    model->count = kept;
    add_parts(model, op);
    const bool is_long = is_cut(op) && model->count > kept + 1;
    for (size_t i = kept; i < model->count; i++)
        model->parts[i].durable = !is_long;
    apply_new(model, op);
    if (op->kind == OP_MODE)
        tree_apply(&model->durable, op);
    tree_apply(&model->now, op);
    model->at++;
}

bool model_step(struct model *model)
{
    if (model->at == model->trace->count)
        return false;
    const struct op *op = &model->trace->ops[model->at];

    if (model->profile == PROFILE_KILL) {
        step_of_kill(model, op);
        return true;
    }
    if (model->profile == PROFILE_ROT) {
        tree_apply(&model->now, op);
        model->at++;
        return true;
    }
    add_parts(model, op);
    apply_new(model, op);
    if (op->kind == OP_MODE) {
        tree_apply(&model->durable, op); /* permissions are not what is tried here */
    } else if (model->at == model->dropped) {
        /* as if it had not been made */
    } else if (op->kind == OP_SYNC || op->kind == OP_DATASYNC) {
        sync_object(model, op);
    } else if (op->kind == OP_WRITE && is_synced(model, op) && (op->flags & OP_IMPORTED) == 0) {
        sync_names(model, op, (op->flags & OP_FSYNC) == 0,
                   (op->flags & OP_FSYNC) || op->offset + op->data_size > size_of(&model->now, op->object));
    } else if (op->kind == OP_SYNC_FAILED) {
        /* The kernel has marked the pages as written. */
        for (size_t i = 0; i < model->count; i++)
            model->parts[i].dropped |=
                model->parts[i].kind == PART_BYTES && model->parts[i].object == op->object;
    } else if (op->kind == OP_SYNC_ALL) {
        for (size_t i = 0; i < model->count; i++)
            model->parts[i].durable |= model->parts[i].end < op->begin && !model->parts[i].dropped;
    }
    keep_replacing(model);
    settle(model);
    tree_apply(&model->now, op);
    model->at++;
    return true;
}

/* --- states ------------------------------------------------------------------------------------------- */

/* allow_kill -- a call was made, or not; of a write, its beginning may have been. */
static void allow_kill(const struct model *model, uint8_t *lost)
{
    bool cut = false;

    for (size_t i = 0; i < model->count; i++) {
        const struct part *part = &model->parts[i];
        const bool is_first = i == 0 || part->op != model->parts[i - 1].op;
        const bool wanted = lost[i] && !part->durable;
        if (is_first)
            cut = wanted;
        else if (part->kind == PART_BYTES)
            cut |= wanted;
        lost[i] = cut ? part->sectors : 0;
    }
}

void model_allow(const struct model *model, uint8_t *lost)
{
    const bool ordered = model->profile != PROFILE_STRICT;
    uint64_t names_lost = UINT64_MAX; /* the end of the first operation of which names are */

    if (model->profile == PROFILE_KILL) {
        allow_kill(model, lost);
        return;
    }
    for (size_t i = 0; i < model->count; i++) {
        const struct part *part = &model->parts[i];
        const struct op *op = &model->trace->ops[part->op];
        if (part->durable)
            lost[i] = 0;
        else if (part->kind != PART_BYTES)
            lost[i] = lost[i] ? SECTORS_ALL : 0;
        else
            lost[i] &= part->sectors;
        if (part->kind != PART_NAMES)
            continue;
        /* Of calls that overlap, either may have been the first. */
        if (ordered && names_lost < op->begin && !part->durable)
            lost[i] = SECTORS_ALL;
        if (lost[i] && op->end < names_lost)
            names_lost = op->end;
    }
    if (!ordered)
        return;
    for (size_t i = model->count; i-- > 0;) {
        if (lost[i] == 0 && model->parts[i].replaces && model->profile == PROFILE_EXT4) {
            for (size_t k = 0; k < i; k++) {
                if (model->parts[k].object == model->trace->ops[model->parts[i].op].object &&
                    model->parts[k].kind != PART_NAMES)
                    lost[k] = 0;
            }
        }
    }
    /* The size follows the bytes. */
    for (size_t i = 0; i < model->count; i++) {
        if (model->parts[i].kind != PART_BYTES || lost[i] == 0)
            continue;
        for (size_t k = i; k-- > 0 && model->parts[k].op == model->parts[i].op;) {
            if (model->parts[k].kind == PART_SIZE && !model->parts[k].durable)
                lost[k] = SECTORS_ALL;
        }
    }
}

void model_state(const struct model *model, const uint8_t *lost, struct tree *tree)
{
    tree_clone(tree, model->profile == PROFILE_ROT ? &model->now : &model->durable);
    for (size_t i = 0; i < model->count; i++)
        apply(model, tree, &model->parts[i], lost[i]);
}
