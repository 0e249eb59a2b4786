/* test_owner.c -- files of another journal in the place of this one's: whose journal it is must not change
 * with them, no byte of the other may be taken for this one's, and what is there of this one must be found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "refuse.h"
#include "scratch.h"

#define LARGE_SIZE 300000 /* three fit into the first segment, six into the second */

struct owner {
    char base[SCRATCH_PATH_SIZE];
    char mine[SCRATCH_PATH_SIZE], other[SCRATCH_PATH_SIZE];
    struct scratch_tree theirs;
    unsigned count; /* of checkpoints in each */
};

/* record_some -- "WHOSE N" and zeros, into as many segments. */
static void record_some(const char *dir, const char *whose, unsigned count, size_t size)
{
    struct cairn_op *op;
    char *data = calloc(1, size);

    ASSERT_DONE(cairn_open(&op, NULL, dir, CAIRN_NO_THREAD));
    for (unsigned i = 0; i < count; i++) {
        snprintf(data, size, "%s %u", whose, i);
        ASSERT_DONE(cairn_checkpoint(op, NULL, whose, data, size, NULL));
    }
    cairn_close(op);
    free(data);
}

static int setup(void **state, unsigned count, size_t size)
{
    struct owner *owner = calloc(1, sizeof(*owner));

    scratch_make(owner->base, true);
    scratch_join(owner->mine, owner->base, "mine");
    scratch_join(owner->other, owner->base, "other");
    owner->count = count;
    record_some(owner->mine, "mine", count, size);
    record_some(owner->other, "other", count, size);
    scratch_tree_take(&owner->theirs, owner->other);
    *state = owner;
    return 0;
}

static int setup_one(void **state)
{
    return setup(state, 3, 100);
}

static int setup_three(void **state)
{
    return setup(state, 12, LARGE_SIZE);
}

static int teardown(void **state)
{
    struct owner *owner = *state;

    scratch_tree_release(&owner->theirs);
    scratch_remove(owner->base);
    free(owner);
    return 0;
}

/* take_theirs -- the other journal's file of that name in place of this one's. lose -- no file. */
static void take_theirs(const struct owner *owner, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    const struct scratch_file *file = scratch_tree_find(&owner->theirs, name);

    assert_non_null(file);
    scratch_write(scratch_join(path, owner->mine, name), file->data, file->size);
}

static void lose(const struct owner *owner, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_remove(scratch_join(path, owner->mine, name));
}

/* look_at -- from `from` to before `to` all must be there, and of the others none. */
static void look_at(const struct owner *owner, struct cairn_op *op, unsigned from, unsigned to)
{
    for (unsigned i = 0; i < owner->count; i++) {
        char id[32], text[32];
        void *data = NULL;
        size_t size;
        snprintf(id, sizeof(id), "%08u@1", i);
        snprintf(text, sizeof(text), "mine %u", i);
        int error = cairn_load(op, NULL, id, &data, &size);
        if (from <= i && i < to) {
            assert_int_equal(error, 0);
            assert_string_equal(data, text);
            cairn_free(data);
        } else {
            assert_int_equal(error, CAIRN_ECORRUPT);
        }
    }
    void *data;
    size_t size;
    int error = cairn_latest(op, NULL, &data, &size);
    if (to < owner->count) {
        assert_int_equal(error, CAIRN_ECORRUPT);
    } else {
        char text[32];
        snprintf(text, sizeof(text), "mine %u", owner->count - 1);
        assert_int_equal(error, 0);
        assert_string_equal(data, text);
        cairn_free(data);
    }
    assert_int_equal(cairn_verify(op, NULL, NULL), from == 0 && to == owner->count ? 0 : CAIRN_ECORRUPT);
}

/* check -- by a reader and by a writer, who goes on. */
static void check(const struct owner *owner, unsigned from, unsigned to)
{
    static const unsigned flags[] = {CAIRN_READONLY, CAIRN_NO_THREAD};
    struct cairn_op *op;
    struct cairn_id id;
    void *data;
    size_t size;

    for (int i = 0; i < 2; i++) {
        ASSERT_DONE(cairn_open(&op, NULL, owner->mine, flags[i]));
        look_at(owner, op, from, to);
        cairn_close(op);
    }
    ASSERT_DONE(cairn_open(&op, NULL, owner->mine, CAIRN_NO_THREAD));
    ASSERT_DONE(cairn_checkpoint(op, NULL, "", "more", 4, &id));
    ASSERT_DONE(cairn_repair(op, NULL, NULL));
    ASSERT_DONE(cairn_latest(op, NULL, &data, &size));
    assert_int_equal(size, 4);
    assert_memory_equal(data, "more", 4);
    cairn_free(data);
    cairn_close(op);
}

static void owner__foreign_segment_is_lost_and_not_believed(void **state)
{
    take_theirs(*state, "seg-00000001");
    check(*state, 0, 0);
}

static void owner__foreign_index_costs_nothing(void **state)
{
    const struct owner *owner = *state;

    take_theirs(owner, "index.mdb");
    check(owner, 0, owner->count);
}

static void owner__foreign_page_costs_nothing(void **state)
{
    const struct owner *owner = *state;

    take_theirs(owner, "journal.ctl");
    check(owner, 0, owner->count);
}

static void owner__foreign_index_without_a_page_costs_nothing(void **state)
{
    const struct owner *owner = *state;

    take_theirs(owner, "index.mdb");
    lose(owner, "journal.ctl");
    check(owner, 0, owner->count);
}

static void owner__foreign_page_without_an_index_costs_nothing(void **state)
{
    const struct owner *owner = *state;

    take_theirs(owner, "journal.ctl");
    lose(owner, "index.mdb");
    check(owner, 0, owner->count);
}

static void owner__newest_segment_does_not_decide(void **state)
{
    take_theirs(*state, "seg-00000003");
    check(*state, 0, 9);
}

static void owner__newest_segment_does_not_decide_without_an_index(void **state)
{
    take_theirs(*state, "seg-00000003");
    lose(*state, "index.mdb");
    check(*state, 0, 9);
}

static void owner__most_segments_decide_if_nothing_else_does(void **state)
{
    take_theirs(*state, "seg-00000003");
    lose(*state, "index.mdb");
    lose(*state, "journal.ctl");
    check(*state, 0, 9);
}

static void owner__index_decides_against_most_segments(void **state)
{
    take_theirs(*state, "seg-00000001");
    take_theirs(*state, "seg-00000003");
    check(*state, 3, 9);
}

static void owner__index_and_page_decide_against_all_segments(void **state)
{
    take_theirs(*state, "seg-00000001");
    take_theirs(*state, "seg-00000002");
    take_theirs(*state, "seg-00000003");
    check(*state, 0, 0);
}

int main(void)
{
#define ONE(name)   cmocka_unit_test_setup_teardown(name, setup_one, teardown)
#define THREE(name) cmocka_unit_test_setup_teardown(name, setup_three, teardown)
    const struct CMUnitTest tests[] = {
        ONE(owner__foreign_segment_is_lost_and_not_believed),
        ONE(owner__foreign_index_costs_nothing),
        ONE(owner__foreign_page_costs_nothing),
        ONE(owner__foreign_index_without_a_page_costs_nothing),
        ONE(owner__foreign_page_without_an_index_costs_nothing),
        THREE(owner__foreign_index_costs_nothing),
        THREE(owner__foreign_page_without_an_index_costs_nothing),
        THREE(owner__newest_segment_does_not_decide),
        THREE(owner__newest_segment_does_not_decide_without_an_index),
        THREE(owner__most_segments_decide_if_nothing_else_does),
        THREE(owner__index_decides_against_most_segments),
        THREE(owner__index_and_page_decide_against_all_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
