/* test_torture_model.c -- the model of cairn-torture: what a crash may leave under each profile, and what it
 * may not.
 *
 * Each test tells a short story of operations, and asks whether a state in which something holds can be left
 * by a crash at its end: all combinations of lost parts are tried.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"
#include "torture/model.h"

static struct trace trace;

static int set_up(void **state)
{
    (void)state;
    trace = (struct trace){.dir = memory_text("/dir"), .command = memory_text("story"), .objects = 1};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trace_release(&trace);
    return 0;
}

/* --- telling a story ---------------------------------------------------------------------------------- */

/* did -- an operation that begins now and ends now. */
static void did(struct op op)
{
    op.begin = op.begin ? op.begin : ++trace.ticks;
    op.end = ++trace.ticks;
    trace_add(&trace, &op);
}

static uint32_t created(uint32_t dir, const char *name, enum object_type type)
{
    const uint32_t object = trace.objects + 1;

    did((struct op){.kind = OP_CREATE,
                    .object = object,
                    .dir = dir,
                    .name = memory_text(name),
                    .type = type,
                    .mode = 0644});
    return object;
}

static void wrote(uint32_t object, uint64_t offset, const char *text, unsigned flags)
{
    did((struct op){.kind = OP_WRITE,
                    .flags = flags,
                    .object = object,
                    .offset = offset,
                    .data = memory_copy(text, strlen(text)),
                    .data_size = strlen(text)});
}

static void renamed(uint32_t object, uint32_t dir, const char *name, uint32_t dir2, const char *name2)
{
    did((struct op){.kind = OP_RENAME,
                    .object = object,
                    .dir = dir,
                    .name = memory_text(name),
                    .dir2 = dir2,
                    .name2 = memory_text(name2)});
}

static void synced(uint32_t object)
{
    did((struct op){.kind = OP_SYNC, .object = object});
}

static void datasynced(uint32_t object)
{
    did((struct op){.kind = OP_DATASYNC, .object = object});
}

/* --- asking what may be --------------------------------------------------------------------------------- */

/* text_of -- the bytes of the file of that name: "" if there is none, "(empty)" if it has none. */
static const char *text_of(const struct tree *tree, uint32_t dir, const char *name)
{
    static char text[64];
    const struct node *node = tree_node(tree, tree_find(tree, dir, name));

    if (node == NULL)
        return "";
    if (node->content.size == 0)
        return "(empty)";
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        const unsigned char *page = content_page(&node->content, i / CONTENT_PAGE);
        text[i] = i < node->content.size ? (page && page[i] ? (char)page[i] : '.') : '\0';
    }
    return text;
}

/* can_be -- whether a crash at the end may leave the file so, and, unless other is NULL, the other one so. */
static bool can_be(enum profile profile, const char *name, const char *text, const char *other,
                   const char *other_text)
{
    struct model model;
    bool found = false;

    model_begin(&model, &trace, profile, DROPPED_NONE);
    while (model_step(&model))
        ;
    assert_true(model.count < 16);
    for (unsigned bits = 0; bits < 1u << model.count && !found; bits++) {
        uint8_t lost[16] = {0};
        struct tree tree;
        for (size_t i = 0; i < model.count; i++)
            lost[i] = bits & 1u << i ? SECTORS_ALL : 0;
        model_allow(&model, lost);
        model_state(&model, lost, &tree);
        found = strcmp(text_of(&tree, 1, name), text) == 0;
        if (found && other)
            found = strcmp(text_of(&tree, 1, other), other_text) == 0;
        tree_release(&tree);
    }
    model_release(&model);
    return found;
}

/* size_can_be -- the same of its size. */
static bool size_can_be(enum profile profile, const char *name, uint64_t size)
{
    struct model model;
    bool found = false;

    model_begin(&model, &trace, profile, DROPPED_NONE);
    while (model_step(&model))
        ;
    assert_true(model.count < 16);
    for (unsigned bits = 0; bits < 1u << model.count && !found; bits++) {
        uint8_t lost[16] = {0};
        struct tree tree;
        for (size_t i = 0; i < model.count; i++)
            lost[i] = bits & 1u << i ? SECTORS_ALL : 0;
        model_allow(&model, lost);
        model_state(&model, lost, &tree);
        const struct node *node = tree_node(&tree, tree_find(&tree, 1, name));
        found = node && node->content.size == size;
        tree_release(&tree);
    }
    model_release(&model);
    return found;
}

#define CAN(profile, ...)    assert_true(can_be(profile, __VA_ARGS__))
#define CANNOT(profile, ...) assert_false(can_be(profile, __VA_ARGS__))

static const enum profile power[] = {PROFILE_STRICT, PROFILE_EXT4, PROFILE_XFS, PROFILE_BTRFS};
#define EACH(profile)                                                                                        \
    for (size_t each_ = 0; each_ < sizeof(power) / sizeof(*power); each_++)                                  \
        for (enum profile profile = power[each_], once_ = 1; once_; once_ = 0)

/* --- the tests ---------------------------------------------------------------------------------------- */

static void write__that_is_not_synced_may_be_lost(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "old", 0);
    synced(file);
    synced(1);
    wrote(file, 0, "new", 0);
    EACH(profile)
    {
        CAN(profile, "f", "old", NULL, NULL);
        CAN(profile, "f", "new", NULL, NULL);
        CANNOT(profile, "f", "", NULL, NULL);
    }
    CANNOT(PROFILE_KILL, "f", "old", NULL, NULL);
}

static void kill__cuts_the_write_under_way_at_the_border_of_a_page(void **state)
{
    char text[2 * CONTENT_PAGE + 1];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "before", 0);
    wrote(file, 6, text, OP_DSYNC);
    assert_true(size_can_be(PROFILE_KILL, "f", 6));
    assert_true(size_can_be(PROFILE_KILL, "f", CONTENT_PAGE));
    assert_true(size_can_be(PROFILE_KILL, "f", 2 * CONTENT_PAGE));
    assert_true(size_can_be(PROFILE_KILL, "f", 2 * CONTENT_PAGE + 6));
    assert_false(size_can_be(PROFILE_KILL, "f", 2 * SECTOR));
    assert_false(size_can_be(PROFILE_KILL, "f", 0));
    CAN(PROFILE_KILL, "f", "before", NULL, NULL);
    CAN(PROFILE_KILL, "f", "beforexxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL, NULL);
    CANNOT(PROFILE_KILL, "f", "before.........................................................", NULL, NULL);
    synced(1); /* that it has come so far tells that the write was whole */
    assert_true(size_can_be(PROFILE_KILL, "f", 2 * CONTENT_PAGE + 6));
    assert_false(size_can_be(PROFILE_KILL, "f", CONTENT_PAGE));
}

/* overlapped -- two names come about by calls of which neither had ended when the other began. */
static void overlapped(uint32_t *first, uint32_t *second)
{
    const uint64_t begin = ++trace.ticks;

    *first = created(1, "f", TYPE_FILE);
    *second = trace.objects + 1;
    did((struct op){.kind = OP_CREATE,
                    .begin = begin,
                    .object = *second,
                    .dir = 1,
                    .name = memory_text("g"),
                    .type = TYPE_FILE,
                    .mode = 0644});
}

static void names__of_calls_that_overlap_are_tried_in_both_orders(void **state)
{
    uint32_t first, second;

    (void)state;
    overlapped(&first, &second);
    for (enum profile profile = PROFILE_KILL; profile <= PROFILE_BTRFS; profile++) {
        CAN(profile, "f", "(empty)", "g", "(empty)");
        CAN(profile, "f", "", "g", "(empty)");
    }
    /* Of one file the order is what made it so. */
    const uint64_t begin = ++trace.ticks;
    wrote(first, 0, "one", 0);
    did((struct op){.kind = OP_WRITE,
                    .begin = begin,
                    .object = first,
                    .offset = 3,
                    .data = memory_copy("two", 3),
                    .data_size = 3});
    CANNOT(PROFILE_KILL, "f", "...two", NULL, NULL);
    CAN(PROFILE_KILL, "f", "onetwo", NULL, NULL);
    const uint32_t third = created(1, "h", TYPE_FILE);
    for (enum profile profile = PROFILE_EXT4; profile <= PROFILE_BTRFS; profile++) {
        CANNOT(profile, "f", "", "h", "(empty)"); /* it began when both had ended */
        CANNOT(profile, "g", "", "h", "(empty)");
    }
    CANNOT(PROFILE_KILL, "f", "", NULL, NULL);
    CANNOT(PROFILE_KILL, "h", "", NULL, NULL);
    wrote(third, 0, "new", 0);
    CANNOT(PROFILE_KILL, "h", "(empty)", NULL, NULL);
}

static void sync__makes_durable_what_had_ended_before_it_began(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    synced(1);
    wrote(file, 0, "one", 0);
    const uint64_t begin = ++trace.ticks;
    wrote(file, 0, "two", 0);
    did((struct op){.kind = OP_DATASYNC, .object = file, .begin = begin});
    EACH(profile)
    {
        CAN(profile, "f", "one", NULL, NULL); /* the second came while it was at it */
        CAN(profile, "f", "two", NULL, NULL);
        CANNOT(profile, "f", "(empty)", NULL, NULL);
    }
}

static void sync__of_another_file_covers_nothing(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE), other = created(1, "g", TYPE_FILE);
    synced(1);
    wrote(file, 0, "new", 0);
    synced(other);
    EACH(profile)
    CAN(profile, "f", "(empty)", NULL, NULL);
}

static void sync__that_is_dropped_covers_nothing(void **state)
{
    struct model model;

    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    synced(1);
    wrote(file, 0, "new", 0);
    synced(file);
    model_begin(&model, &trace, PROFILE_STRICT, trace.count - 1);
    while (model_step(&model))
        ;
    assert_int_equal(model.count, 2); /* its size and its bytes */
    model_release(&model);
}

static void sync__of_all_covers_all(void **state)
{
    (void)state;
    wrote(created(1, "f", TYPE_FILE), 0, "new", 0);
    did((struct op){.kind = OP_SYNC_ALL});
    EACH(profile)
    {
        CAN(profile, "f", "new", NULL, NULL);
        CANNOT(profile, "f", "", NULL, NULL);
        CANNOT(profile, "f", "(empty)", NULL, NULL);
    }
}

static void sync__of_a_range_is_of_that_range(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "abc", 0);
    synced(file);
    synced(1);
    wrote(file, 0, "A", OP_MAPPED);
    wrote(file, 2, "C", OP_MAPPED);
    did((struct op){.kind = OP_DATASYNC, .object = file, .offset = 2, .size = 1});
    CAN(PROFILE_STRICT, "f", "abC", NULL, NULL);
    CANNOT(PROFILE_STRICT, "f", "Abc", NULL, NULL);
    CANNOT(PROFILE_STRICT, "f", "abc", NULL, NULL);
}

static void write__that_syncs_itself_is_durable(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    synced(1);
    wrote(file, 0, "new", OP_DSYNC);
    EACH(profile)
    CANNOT(profile, "f", "(empty)", NULL, NULL);
}

static void hint__covers_nothing(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    synced(1);
    wrote(file, 0, "new", 0);
    did((struct op){.kind = OP_SYNC_HINT, .object = file});
    EACH(profile)
    CAN(profile, "f", "(empty)", NULL, NULL);
}

static void name__is_durable_by_its_directory(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "new", 0);
    synced(file);
    CAN(PROFILE_STRICT, "f", "", NULL, NULL);
    CANNOT(PROFILE_EXT4, "f", "", NULL, NULL); /* the journal takes the name along */
    CANNOT(PROFILE_XFS, "f", "", NULL, NULL);
    CANNOT(PROFILE_BTRFS, "f", "", NULL, NULL);
    synced(1);
    CANNOT(PROFILE_STRICT, "f", "", NULL, NULL);
}

static void name__of_another_goes_along_in_a_journal_only(void **state)
{
    (void)state;
    const uint32_t first = created(1, "first", TYPE_FILE), file = created(1, "f", TYPE_FILE);
    (void)first;
    wrote(file, 0, "new", 0);
    synced(file);
    CAN(PROFILE_STRICT, "first", "", "f", "new");
    CAN(PROFILE_BTRFS, "first", "", "f", "new");
    CANNOT(PROFILE_EXT4, "first", "", NULL, NULL);
    CANNOT(PROFILE_XFS, "first", "", NULL, NULL);
}

static void name__order_is_kept_but_under_strict(void **state)
{
    (void)state;
    created(1, "first", TYPE_FILE);
    created(1, "second", TYPE_FILE);
    CAN(PROFILE_STRICT, "first", "", "second", "(empty)");
    CANNOT(PROFILE_EXT4, "first", "", "second", "(empty)");
    CANNOT(PROFILE_XFS, "first", "", "second", "(empty)");
    CANNOT(PROFILE_BTRFS, "first", "", "second", "(empty)");
}

static void datasync__of_bytes_that_change_no_size_takes_no_name_along(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "old", 0);
    synced(file);
    synced(1);
    created(1, "g", TYPE_FILE);
    wrote(file, 0, "new", 0);
    datasynced(file);
    CAN(PROFILE_EXT4, "g", "", "f", "new");
    CANNOT(PROFILE_EXT4, "f", "old", NULL, NULL);
}

static void size__may_come_before_the_bytes_under_strict_only(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    synced(1);
    wrote(file, 0, "new", 0);
    CAN(PROFILE_STRICT, "f", "...", NULL, NULL);
    CANNOT(PROFILE_EXT4, "f", "...", NULL, NULL);
    CANNOT(PROFILE_XFS, "f", "...", NULL, NULL);
    CANNOT(PROFILE_BTRFS, "f", "...", NULL, NULL);
}

/* A file that is in place is replaced by one that was not synced. */
static void rename__over_a_file_has_its_bytes_first_on_ext4(void **state)
{
    (void)state;
    const uint32_t old = created(1, "f", TYPE_FILE);
    wrote(old, 0, "old", 0);
    synced(old);
    synced(1);
    const uint32_t new = created(1, "tmp", TYPE_FILE);
    wrote(new, 0, "new", 0);
    renamed(new, 1, "tmp", 1, "f");
    CAN(PROFILE_STRICT, "f", "(empty)", NULL, NULL);
    CAN(PROFILE_XFS, "f", "(empty)", NULL, NULL);
    CANNOT(PROFILE_EXT4, "f", "(empty)", NULL, NULL);
    EACH(profile)
    {
        CAN(profile, "f", "old", NULL, NULL);
        CAN(profile, "f", "new", NULL, NULL);
        CANNOT(profile, "f", "", NULL, NULL); /* it is one step */
    }
    synced(1); /* of the name, and no more */
    CAN(PROFILE_STRICT, "f", "(empty)", NULL, NULL);
    CAN(PROFILE_XFS, "f", "(empty)", NULL, NULL);
    CANNOT(PROFILE_EXT4, "f", "(empty)", NULL, NULL);
    CANNOT(PROFILE_EXT4, "f", "old", NULL, NULL);
}

/* between_directories -- two of them, with a file in the first, all durable, and that goes over to the
 * second, or changes places with what is there. */
static void between_directories(uint32_t dirs[2], bool exchange)
{
    for (uint32_t i = 0; i < 2; i++) {
        dirs[i] = created(1, i ? "e" : "d", TYPE_DIRECTORY);
        const uint32_t file = created(dirs[i], "f", TYPE_FILE);
        wrote(file, 0, i ? "two" : "one", 0);
        synced(file);
        synced(dirs[i]);
    }
    synced(1);
    if (exchange)
        did((struct op){.kind = OP_EXCHANGE,
                        .object = 3,
                        .dir = dirs[0],
                        .name = memory_text("f"),
                        .dir2 = dirs[1],
                        .name2 = memory_text("f")});
    else
        renamed(3, dirs[0], "f", dirs[1], "g");
}

static size_t pending(enum profile profile)
{
    struct model model;
    size_t count = 0;

    model_begin(&model, &trace, profile, DROPPED_NONE);
    while (model_step(&model))
        ;
    for (size_t i = 0; i < model.count; i++)
        count += !model.parts[i].durable;
    model_release(&model);
    return count;
}

static void rename__between_directories_is_durable_by_the_new_one(void **state)
{
    uint32_t dirs[2];

    (void)state;
    between_directories(dirs, false);
    synced(dirs[0]);
    assert_int_equal(pending(PROFILE_STRICT), 1);
    assert_int_equal(pending(PROFILE_EXT4), 0);
    assert_int_equal(pending(PROFILE_XFS), 0);
    synced(dirs[1]);
    assert_int_equal(pending(PROFILE_STRICT), 0);
}

static void exchange__between_directories_is_durable_by_both(void **state)
{
    uint32_t dirs[2];

    (void)state;
    between_directories(dirs, true);
    synced(dirs[1]);
    assert_int_equal(pending(PROFILE_STRICT), 1);
    assert_int_equal(pending(PROFILE_EXT4), 0);
    synced(dirs[1]);
    assert_int_equal(pending(PROFILE_STRICT), 1);
    synced(dirs[0]);
    assert_int_equal(pending(PROFILE_STRICT), 0);
}

static void write__that_syncs_itself_takes_names_along_as_a_sync_does(void **state)
{
    (void)state;
    created(1, "other", TYPE_FILE);
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "new", OP_DSYNC);
    CAN(PROFILE_STRICT, "f", "", NULL, NULL);
    CANNOT(PROFILE_EXT4, "f", "", NULL, NULL);
    CANNOT(PROFILE_EXT4, "other", "", NULL, NULL);
    CANNOT(PROFILE_XFS, "other", "", NULL, NULL);
    CANNOT(PROFILE_BTRFS, "f", "", NULL, NULL);
    CAN(PROFILE_BTRFS, "other", "", NULL, NULL);
    created(1, "third", TYPE_FILE);
    wrote(file, 0, "NEW", OP_DSYNC); /* neither its size nor its name is new */
    CAN(PROFILE_EXT4, "third", "", NULL, NULL);
}

/* A rename changes nothing that a file's data need. */
static void datasync__takes_the_name_of_a_new_file_only(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "old", 0);
    datasynced(file);
    CANNOT(PROFILE_EXT4, "f", "", NULL, NULL);
    renamed(file, 1, "f", 1, "g");
    datasynced(file);
    CAN(PROFILE_EXT4, "f", "old", NULL, NULL);
    CAN(PROFILE_XFS, "f", "old", NULL, NULL);
    synced(file);
    CANNOT(PROFILE_EXT4, "f", "old", NULL, NULL);
    CANNOT(PROFILE_XFS, "f", "old", NULL, NULL);
}

static void write__that_syncs_all_commits_names_though_it_grows_nothing(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "old", 0);
    synced(file);
    created(1, "other", TYPE_FILE);
    wrote(file, 0, "OLD", OP_DSYNC);
    CAN(PROFILE_EXT4, "other", "", NULL, NULL);
    wrote(file, 0, "new", OP_FSYNC);
    CANNOT(PROFILE_EXT4, "other", "", NULL, NULL);
    CANNOT(PROFILE_XFS, "other", "", NULL, NULL);
    CAN(PROFILE_BTRFS, "other", "", NULL, NULL);
}

static void file__that_is_moved_over_another_has_its_bytes_first_on_ext4(void **state)
{
    (void)state;
    const uint32_t old = created(1, "f", TYPE_FILE);
    wrote(old, 0, "old", 0);
    synced(old);
    synced(1);
    const uint32_t file = trace.objects + 1;
    did((struct op){.kind = OP_NEW, .flags = OP_IMPORTED, .object = file, .type = TYPE_FILE, .mode = 0644});
    wrote(file, 0, "new", OP_IMPORTED);
    did((struct op){
        .kind = OP_LINK, .flags = OP_IMPORTED, .object = file, .dir = 1, .name = memory_text("f")});
    CANNOT(PROFILE_EXT4, "f", "(empty)", NULL, NULL);
    CAN(PROFILE_XFS, "f", "(empty)", NULL, NULL);
}

static void file__that_was_synced_outside_is_durable_by_its_name(void **state)
{
    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, "new", OP_DSYNC | OP_IMPORTED);
    CAN(PROFILE_EXT4, "f", "", NULL, NULL); /* it was not synced here */
    synced(1);
    CANNOT(PROFILE_EXT4, "f", "", NULL, NULL);
    CANNOT(PROFILE_STRICT, "f", "(empty)", NULL, NULL);
}

static void rename__between_directories_is_one_step(void **state)
{
    (void)state;
    const uint32_t dir = created(1, "d", TYPE_DIRECTORY), file = created(dir, "f", TYPE_FILE);
    wrote(file, 0, "new", 0);
    synced(file);
    synced(dir);
    synced(1);
    renamed(file, dir, "f", 1, "f");
    EACH(profile)
    {
        struct model model;
        model_begin(&model, &trace, profile, DROPPED_NONE);
        while (model_step(&model))
            ;
        for (unsigned bits = 0; bits < 1u << model.count; bits++) {
            uint8_t lost[16] = {0};
            struct tree tree;
            for (size_t i = 0; i < model.count; i++)
                lost[i] = bits & 1u << i ? SECTORS_ALL : 0;
            model_allow(&model, lost);
            model_state(&model, lost, &tree);
            assert_true((tree_find(&tree, 1, "f") != 0) != (tree_find(&tree, dir, "f") != 0));
            tree_release(&tree);
        }
        model_release(&model);
    }
}

static void page__is_lost_by_sectors(void **state)
{
    char old[1025], new[1025];
    uint8_t lost[4] = {0};
    struct model model;
    struct tree tree;

    (void)state;
    memset(old, 'o', 1024);
    memset(new, 'n', 1024);
    old[1024] = new[1024] = '\0';
    const uint32_t file = created(1, "f", TYPE_FILE);
    wrote(file, 0, old, 0);
    synced(file);
    synced(1);
    wrote(file, 0, new, 0);
    model_begin(&model, &trace, PROFILE_STRICT, DROPPED_NONE);
    while (model_step(&model))
        ;
    assert_int_equal(model.count, 1);
    assert_int_equal(model.parts[0].sectors, 3);
    lost[0] = 1;
    model_allow(&model, lost);
    model_state(&model, lost, &tree);
    const unsigned char *page = content_page(&tree_node(&tree, file)->content, 0);
    assert_int_equal(page[0], 'o');
    assert_int_equal(page[511], 'o');
    assert_int_equal(page[512], 'n');
    assert_int_equal(page[1023], 'n');
    tree_release(&tree);
    model_release(&model);
}

static void pending__does_not_grow_with_what_is_durable(void **state)
{
    struct model model;

    (void)state;
    const uint32_t file = created(1, "f", TYPE_FILE);
    synced(1);
    for (int i = 0; i < 1000; i++) {
        wrote(file, (uint64_t)i * 3, "abc", 0);
        datasynced(file);
    }
    model_begin(&model, &trace, PROFILE_STRICT, DROPPED_NONE);
    while (model_step(&model))
        assert_true(model.count <= 3);
    model_release(&model);
}

static void bytes__far_out_are_there_and_holes_are_zero(void **state)
{
    static const char bytes[3 * CONTENT_PAGE] = {[0] = 'a', [CONTENT_PAGE] = 'b', [2 * CONTENT_PAGE] = 'c'};
    const uint64_t far = (uint64_t)1 << 60;
    struct content content = {0}, copy = {0};

    (void)state;
    content_write(&content, far, "far", 3);
    content_write(&content, 10, bytes, sizeof(bytes)); /* before it, and over four pages */
    assert_int_equal(content.size, far + 3);
    assert_memory_equal(content_page(&content, (size_t)(far / CONTENT_PAGE)), "far", 4);
    assert_int_equal(content_page(&content, 1)[10], 'b');
    assert_null(content_page(&content, 4));
    assert_int_equal(content_next(&content, 4), far / CONTENT_PAGE);
    content_clone(&copy, &content);
    content_zero(&copy, 11, 2 * CONTENT_PAGE); /* up to the byte 10 of page 2, and all of page 1 */
    assert_int_equal(content_page(&copy, 0)[10], 'a');
    assert_null(content_page(&copy, 1));
    assert_int_equal(content_page(&copy, 2)[10], 0);
    assert_int_equal(content_page(&content, 2)[10], 'c');
    content_resize(&content, CONTENT_PAGE + 10);
    content_resize(&content, far + 3);
    assert_int_equal(content_page(&content, 1)[10], 0);
    assert_int_equal(content_next(&content, 2), CONTENT_END);
    content_write(&copy, 2 * CONTENT_PAGE + 10, "c", 1);
    content_write(&copy, CONTENT_PAGE + 10, "b", 1);
    content_resize(&copy, CONTENT_PAGE + 10);
    content_resize(&copy, far + 3);
    assert_int_equal(content_hash(&copy), content_hash(&content));
    content_release(&content);
    content_release(&copy);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(write__that_is_not_synced_may_be_lost),
        TEST(kill__cuts_the_write_under_way_at_the_border_of_a_page),
        TEST(names__of_calls_that_overlap_are_tried_in_both_orders),
        TEST(sync__makes_durable_what_had_ended_before_it_began),
        TEST(sync__of_another_file_covers_nothing),
        TEST(sync__that_is_dropped_covers_nothing),
        TEST(sync__of_all_covers_all),
        TEST(sync__of_a_range_is_of_that_range),
        TEST(write__that_syncs_itself_is_durable),
        TEST(hint__covers_nothing),
        TEST(name__is_durable_by_its_directory),
        TEST(name__of_another_goes_along_in_a_journal_only),
        TEST(name__order_is_kept_but_under_strict),
        TEST(datasync__of_bytes_that_change_no_size_takes_no_name_along),
        TEST(size__may_come_before_the_bytes_under_strict_only),
        TEST(rename__over_a_file_has_its_bytes_first_on_ext4),
        TEST(rename__between_directories_is_one_step),
        TEST(rename__between_directories_is_durable_by_the_new_one),
        TEST(exchange__between_directories_is_durable_by_both),
        TEST(write__that_syncs_itself_takes_names_along_as_a_sync_does),
        TEST(file__that_was_synced_outside_is_durable_by_its_name),
        TEST(datasync__takes_the_name_of_a_new_file_only),
        TEST(write__that_syncs_all_commits_names_though_it_grows_nothing),
        TEST(file__that_is_moved_over_another_has_its_bytes_first_on_ext4),
        TEST(page__is_lost_by_sectors),
        TEST(pending__does_not_grow_with_what_is_durable),
        TEST(bytes__far_out_are_there_and_holes_are_zero),
    };
    return cmocka_run_group_tests_name("torture_model", tests, NULL, NULL);
}
