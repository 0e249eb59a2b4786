/* check.c -- see check.h. */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(const char *prefix, const char *format, va_list args)
{
    printf("%s", prefix);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout); /* tests fork */
}

void check_fail(struct test *test, const char *format, ...)
{
    va_list args;

    if (test->failures++ >= 10)
        return;
    va_start(args, format);
    say("# not so: ", format, args);
    va_end(args);
}

void check_note(struct test *test, const char *format, ...)
{
    va_list args;

    (void)test;
    va_start(args, format);
    say("# rule: ", format, args);
    va_end(args);
}

void check_skip(struct test *test, const char *why)
{
    test->skipped = why;
}

void check_run(struct suite *suite, const char *name, test_fn *fn)
{
    struct test test = {.suite = suite, .name = name};

    snprintf(test.root, sizeof(test.root), "%.3000s/%s", suite->place, name);
    snprintf(test.url, sizeof(test.url), "%.64s:%s", suite->scheme, test.root);
    printf("# %s\n", name); /* should it hang, this is where */
    fflush(stdout);
    fn(&test);
    suite->tests++;
    suite->failed += test.failures > 0;
    suite->skipped += test.failures == 0 && test.skipped;
    printf("%s %d - %s", test.failures ? "not ok" : "ok", suite->tests, name);
    if (test.failures == 0 && test.skipped)
        printf(" # SKIP %s", test.skipped);
    putchar('\n');
    fflush(stdout);
}

bool check_result(struct test *test, const char *call, int result, int wanted)
{
    if (result == wanted)
        return true;
    check_fail(test, "%s: the result is %d (%s), and should be %d (%s)%s%s", call, result,
               cairn_strerror(result), wanted, cairn_strerror(wanted), result ? ": " : "",
               result ? cairn_message() : "");
    return false;
}

struct cairn_op *check_open(struct test *test, unsigned flags)
{
    struct cairn_op *op = NULL;

    check_result(test, "open", cairn_open(&op, NULL, test->url, flags), 0);
    return op;
}

void check_record(struct test *test, struct cairn_op *op, const char *label, const char *text,
                  struct cairn_id *id)
{
    struct cairn_id unwanted;

    if (id == NULL)
        id = &unwanted;
    *id->text = '\0';
    check_result(test, "checkpoint", cairn_checkpoint(op, NULL, label, text, strlen(text), id), 0);
}

static void check_text(struct test *test, const char *call, int result, void *data, size_t size,
                       const char *text)
{
    if (!check_result(test, call, result, 0))
        return;
    if (size != strlen(text) || memcmp(data, text, size) != 0)
        check_fail(test, "%s: it gives \"%.*s\", and should give \"%s\"", call, (int)(size < 99 ? size : 99),
                   (const char *)data, text);
    cairn_free(data);
}

void check_latest(struct test *test, struct cairn_op *op, const char *text)
{
    void *data = NULL;
    size_t size = 0;
    int result = cairn_latest(op, NULL, &data, &size);

    check_text(test, "latest", result, data, size, text);
}

void check_load(struct test *test, struct cairn_op *op, const char *id, const char *text)
{
    void *data = NULL;
    size_t size = 0;
    int result = cairn_load(op, NULL, id, &data, &size);

    check_text(test, "load", result, data, size, text);
}

void check_none(struct test *test, struct cairn_op *op)
{
    void *data = &data;
    size_t size = 4711;
    int result = cairn_latest(op, NULL, &data, &size);

    check_result(test, "latest", result, CAIRN_ENONE);
    if (result && (data != &data || size != 4711))
        check_fail(test, "latest: it failed, and has set *data or *size");
    if (result == 0)
        cairn_free(data);
}

void check_gone(struct test *test, struct cairn_op *op, const char *id)
{
    void *data = &data;
    size_t size = 4711;
    int result = cairn_load(op, NULL, id, &data, &size);

    check_result(test, "load", result, CAIRN_ENOTFOUND);
    if (result && (data != &data || size != 4711))
        check_fail(test, "load: it failed, and has set *data or *size");
    if (result == 0)
        cairn_free(data);
}
