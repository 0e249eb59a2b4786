/* test_register.c -- implementations other than the journal: which are taken, and that one works through the
 * interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cairn/cairn.h>

#include "refuse.h"

/* --- an implementation that keeps the latest checkpoint in memory -------------------------------------- */

static struct {
    char root[64];
    unsigned flags;
    char label[64];
    char data[64];
    size_t size;
    unsigned count, calls, closes;
    int fail; /* what init has to give */
} memory;

static int memory_init(void **self, const struct cairn_ctx *ctx, const char *root, unsigned flags)
{
    (void)ctx;
    memory.calls++;
    if (memory.fail)
        return cairn_set_message(memory.fail, "%s: not today", root);
    snprintf(memory.root, sizeof(memory.root), "%s", root);
    memory.flags = flags;
    *self = &memory;
    return 0;
}

static void memory_close(void *self)
{
    assert_ptr_equal(self, &memory);
    memory.closes++;
}

static int memory_checkpoint(void *self, const struct cairn_ctx *ctx, const char *label, const void *data,
                             size_t size, struct cairn_id *id)
{
    (void)ctx;
    assert_ptr_equal(self, &memory);
    assert_non_null(label);
    assert_non_null(data);
    assert_non_null(id);
    memory.calls++;
    if (size > sizeof(memory.data))
        return cairn_set_message(CAIRN_E2BIG, "memory: %zu bytes", size);
    snprintf(memory.label, sizeof(memory.label), "%s", label);
    memcpy(memory.data, data, size);
    memory.size = size;
    snprintf(id->text, sizeof(id->text), "m%u", memory.count++);
    return 0;
}

static int speechless; /* what latest has to give, without a word */

static int memory_latest(void *self, const struct cairn_ctx *ctx, void **data, size_t *size)
{
    (void)self;
    (void)ctx;
    memory.calls++;
    if (speechless)
        return speechless;
    if (memory.count == 0)
        return cairn_set_message(CAIRN_ENONE, "memory: none");
    *data = cairn_alloc(memory.size);
    *size = memory.size;
    if (*data == NULL)
        return CAIRN_ENOMEM;
    memcpy(*data, memory.data, memory.size);
    return 0;
}

static int memory_load(void *self, const struct cairn_ctx *ctx, const char *id, void **data, size_t *size)
{
    assert_non_null(id);
    return memory_latest(self, ctx, data, size);
}

static int memory_compact(void *self, const struct cairn_ctx *ctx, const char *label)
{
    (void)self;
    (void)ctx;
    memory.calls++;
    snprintf(memory.label, sizeof(memory.label), "%s", label);
    return 0;
}

static int memory_clear(void *self, const struct cairn_ctx *ctx)
{
    (void)self;
    (void)ctx;
    memory.calls++;
    memory.count = 0;
    return 0;
}

static int memory_list(void *self, const struct cairn_ctx *ctx, struct cairn_mark *mark, cairn_list_fn *fn,
                       void *arg)
{
    const struct cairn_entry entry = {.id = "m", .label = memory.label, .reason = ""};

    (void)self;
    (void)ctx;
    if (mark && mark->value[0]++)
        return 0;
    return fn ? fn(arg, &entry) : 0;
}

static int memory_verify(void *self, const struct cairn_ctx *ctx, const struct cairn_watch *watch)
{
    (void)self;
    (void)ctx;
    assert_non_null(watch);
    return 0;
}

#define REQUIRED                                                                                             \
    .version = CAIRN_VTABLE_VERSION, .init = memory_init, .close = memory_close,                             \
    .checkpoint = memory_checkpoint, .latest = memory_latest, .load = memory_load,                           \
    .compact = memory_compact, .clear = memory_clear, .complete = memory_clear

static const struct cairn_vtable plain = {REQUIRED, .scheme = "plain"};
static const struct cairn_vtable full = {REQUIRED, .scheme = "X-full.1+2", .list = memory_list,
                                         .verify = memory_verify};

static int setup(void **state)
{
    (void)state;
    memset(&memory, 0, sizeof(memory));
    return 0;
}

/* --- the tests, in this order: what is registered stays so -------------------------------------------- */

static void register__what_is_no_implementation_is_an_error(void **state)
{
    static const char *const schemes[] = {"",    "1st", "-x",  ".x",       "+x", "a b",
                                          "a/b", "a:b", "a_b", "\xc3\xa4", "a\n"};
    struct cairn_vtable vtable;

    (void)state;
    ASSERT_REFUSED(cairn_register(NULL), CAIRN_EINVAL, "");
    for (int missing = 0; missing < 10; missing++) {
        vtable = plain;
        switch (missing) {
        case 0:
            vtable.version = CAIRN_VTABLE_VERSION + 1;
            break;
        case 1:
            vtable.scheme = NULL;
            break;
        case 2:
            vtable.init = NULL;
            break;
        case 3:
            vtable.close = NULL;
            break;
        case 4:
            vtable.checkpoint = NULL;
            break;
        case 5:
            vtable.latest = NULL;
            break;
        case 6:
            vtable.load = NULL;
            break;
        case 7:
            vtable.compact = NULL;
            break;
        case 8:
            vtable.clear = NULL;
            break;
        default:
            vtable.complete = NULL;
        }
        ASSERT_REFUSED(cairn_register(&vtable), CAIRN_EINVAL, "");
    }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        vtable = plain;
        vtable.scheme = schemes[i];
        ASSERT_REFUSED(cairn_register(&vtable), CAIRN_EINVAL, "");
    }
    struct cairn_op *op;
    ASSERT_REFUSED(cairn_new(&op, "plain"), CAIRN_ENOTSUP, "plain");
}

static void register__taken_scheme_is_busy(void **state)
{
    struct cairn_vtable journal = plain;

    (void)state;
    journal.scheme = "journal";
    ASSERT_REFUSED(cairn_register(&journal), CAIRN_EBUSY, "journal");
    ASSERT_DONE(cairn_register(&plain));
    ASSERT_REFUSED(cairn_register(&plain), CAIRN_EBUSY, "plain");
    ASSERT_DONE(cairn_register(&full));
}

static int count_entry(void *arg, const struct cairn_entry *entry)
{
    assert_string_equal(entry->label, "kept");
    ++*(int *)arg;
    return 0;
}

static void register__implementation_works_through_the_interface(void **state)
{
    struct cairn_op *op;
    struct cairn_id id;
    void *data;
    size_t size;
    int entries = 0;

    (void)state;
    ASSERT_DONE(cairn_open(&op, NULL, "X-full.1+2:some:place//x", CAIRN_READONLY | CAIRN_NO_THREAD));
    assert_string_equal(memory.root, "some:place//x");
    assert_int_equal(memory.flags, CAIRN_READONLY | CAIRN_NO_THREAD);
    ASSERT_REFUSED(cairn_latest(op, NULL, &data, &size), CAIRN_ENONE, "memory: none");
    ASSERT_DONE(cairn_checkpoint(op, NULL, "label", "data", 4, &id));
    assert_string_equal(id.text, "m0");
    assert_string_equal(memory.label, "label");
    ASSERT_DONE(cairn_checkpoint(op, NULL, NULL, NULL, 0, NULL));
    assert_string_equal(memory.label, "");
    ASSERT_REFUSED(cairn_checkpoint(op, NULL, "", memory.data, 65, &id), CAIRN_E2BIG, "65 bytes");
    ASSERT_DONE(cairn_load(op, NULL, "m1", &data, &size));
    assert_non_null(data);
    assert_int_equal(size, 0);
    cairn_free(data);
    ASSERT_DONE(cairn_compact(op, NULL, "kept"));
    ASSERT_DONE(cairn_list(op, NULL, count_entry, &entries));
    assert_int_equal(entries, 1);
    ASSERT_DONE(cairn_verify(op, NULL, NULL));
    ASSERT_DONE(cairn_clear(op, NULL));
    ASSERT_DONE(cairn_complete(op, NULL));
    assert_int_equal(memory.closes, 0);
    cairn_close(op);
    assert_int_equal(memory.closes, 1);
}

static void register__what_is_not_implemented_is_not_supported(void **state)
{
    struct cairn_op *op;
    struct cairn_id id;
    struct cairn_stat stat;
    void *data;
    size_t size;

    (void)state;
    ASSERT_DONE(cairn_open(&op, NULL, "plain:x", 0));
    ASSERT_REFUSED(cairn_latest_intact(op, NULL, &id, &data, &size), CAIRN_ENOTSUP, "plain");
    ASSERT_REFUSED(cairn_list(op, NULL, count_entry, NULL), CAIRN_ENOTSUP, "plain");
    ASSERT_REFUSED(cairn_stat(op, NULL, &stat), CAIRN_ENOTSUP, "plain");
    ASSERT_REFUSED(cairn_verify(op, NULL, NULL), CAIRN_ENOTSUP, "plain");
    ASSERT_REFUSED(cairn_repair(op, NULL, NULL), CAIRN_ENOTSUP, "plain");
    cairn_close(op);
}

static void register__wrong_arguments_do_not_reach_it(void **state)
{
    struct cairn_ctx ctx = CAIRN_CTX_INIT;
    struct cairn_op *op;
    void *data;
    size_t size;

    (void)state;
    ASSERT_REFUSED(cairn_open(&op, NULL, "plain:", 0), CAIRN_EINVAL, "empty");
    ASSERT_REFUSED(cairn_open(&op, NULL, "plain:x", 1u << 20), CAIRN_EINVAL, "flags");
    cairn_ctx_cancel(&ctx);
    ASSERT_REFUSED(cairn_open(&op, &ctx, "plain:x", 0), CAIRN_ECANCELED, "");
    ASSERT_DONE(cairn_new(&op, "plain"));
    ASSERT_REFUSED(cairn_latest(op, NULL, &data, &size), CAIRN_ESTATE, "");
    assert_int_equal(memory.calls, 0);
    ASSERT_DONE(cairn_init(op, NULL, "x", 0));
    assert_int_equal(memory.calls, 1);
    ASSERT_REFUSED(cairn_latest(op, NULL, NULL, &size), CAIRN_EINVAL, "data");
    ASSERT_REFUSED(cairn_load(op, NULL, NULL, &data, &size), CAIRN_EINVAL, "id");
    ASSERT_REFUSED(cairn_checkpoint(op, NULL, "", NULL, 1, NULL), CAIRN_EINVAL, "data");
    ASSERT_REFUSED(cairn_clear(op, &ctx), CAIRN_ECANCELED, "");
    assert_int_equal(memory.calls, 1);
    cairn_close(op);
}

static void register__failed_init_is_not_closed(void **state)
{
    struct cairn_op *op;

    (void)state;
    memory.fail = CAIRN_EBUSY;
    ASSERT_REFUSED(cairn_open(&op, NULL, "plain:x", 0), CAIRN_EBUSY, "x: not today");
    assert_null(op);
    assert_int_equal(memory.closes, 0);
    ASSERT_DONE(cairn_new(&op, "plain"));
    ASSERT_REFUSED(cairn_init(op, NULL, "x", 0), CAIRN_EBUSY, "x: not today");
    memory.fail = 0;
    ASSERT_DONE(cairn_init(op, NULL, "x", 0));
    cairn_close(op);
    assert_int_equal(memory.closes, 1);
}

static void register__one_that_fails_without_a_word_gets_the_errors_own(void **state)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    (void)state;
    ASSERT_DONE(cairn_open(&op, NULL, "plain:x", 0));
    speechless = CAIRN_EHOST;
    ASSERT_REFUSED(cairn_latest(op, NULL, &data, &size), CAIRN_EHOST, cairn_strerror(CAIRN_EHOST));
    speechless = 0;
    cairn_close(op);
}

static void register__takes_sixteen_and_no_more(void **state)
{
    static struct cairn_vtable vtables[15];
    static char names[15][8];
    struct cairn_op *op;

    (void)state;
    for (int i = 0; i < 15; i++) {
        snprintf(names[i], sizeof(names[i]), "s%d", i);
        vtables[i] = plain;
        vtables[i].scheme = names[i];
        if (i < 14)
            ASSERT_DONE(cairn_register(&vtables[i]));
        else
            ASSERT_REFUSED(cairn_register(&vtables[i]), CAIRN_EBUSY, "16");
    }
    for (int i = 0; i < 14; i++) {
        ASSERT_DONE(cairn_new(&op, names[i]));
        cairn_close(op);
    }
    ASSERT_REFUSED(cairn_new(&op, names[14]), CAIRN_ENOTSUP, "s14");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(register__what_is_no_implementation_is_an_error, setup),
        cmocka_unit_test_setup(register__taken_scheme_is_busy, setup),
        cmocka_unit_test_setup(register__implementation_works_through_the_interface, setup),
        cmocka_unit_test_setup(register__what_is_not_implemented_is_not_supported, setup),
        cmocka_unit_test_setup(register__wrong_arguments_do_not_reach_it, setup),
        cmocka_unit_test_setup(register__failed_init_is_not_closed, setup),
        cmocka_unit_test_setup(register__one_that_fails_without_a_word_gets_the_errors_own, setup),
        cmocka_unit_test_setup(register__takes_sixteen_and_no_more, setup),
    };

    return cmocka_run_group_tests_name("register", tests, NULL, NULL);
}
