/* test_torture_html.c -- what cairn-torture writes for people: bounded, whatever the trace is, and whole,
 * whatever the strings are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "torture/escape.h"
#include "torture/failing.h"
#include "torture/html.h"
#include "torture/memory.h"
#include "torture/timeline.h"
#include "torture/window.h"

static struct trace trace;
static struct told told;
static char *text;

static int set_up(void **state)
{
    (void)state;
    trace = (struct trace){.dir = memory_text("/dir"), .command = memory_text("story"), .objects = 1};
    text = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trace_release(&trace);
    free(text);
    return 0;
}

/* did -- an operation that begins now and ends now; its number. */
static size_t did(struct op op)
{
    snprintf(op.call, sizeof(op.call), "%s", "call");
    op.begin = op.begin ? op.begin : ++trace.ticks;
    op.end = ++trace.ticks;
    trace_add(&trace, &op);
    return trace.count - 1;
}

static uint32_t created(const char *name)
{
    const uint32_t object = trace.objects + 1;

    did((struct op){
        .kind = OP_CREATE, .object = object, .dir = 1, .name = memory_text(name), .type = TYPE_FILE});
    return object;
}

static size_t wrote(uint32_t object, size_t size)
{
    return did((struct op){.kind = OP_WRITE, .object = object, .data = memory_new(size), .data_size = size});
}

static size_t times(const char *in, const char *what)
{
    size_t count = 0;

    for (const char *at = strstr(in, what); at; at = strstr(at + 1, what))
        count++;
    return count;
}

static struct crash crash_of(struct loss *losses, size_t count)
{
    return (struct crash){.profile = PROFILE_STRICT,
                          .dropped = DROPPED_NONE,
                          .at = trace.count,
                          .losses = losses,
                          .count = count};
}

static void draw(const struct crash *crash)
{
    timeline_put(told_begin(&told), &trace, crash, "acknowledged");
    text = told_text(&told);
}

static struct loss page_of(size_t op)
{
    return (struct loss){.op = op, .kind = PART_BYTES, .sectors = SECTORS_ALL};
}

/* --- the picture -------------------------------------------------------------------------------------- */

static void picture__crosses_out_what_was_lost_and_nothing_else(void **state)
{
    const uint32_t file = created("file");
    struct loss loss;

    (void)state;
    wrote(file, 10);
    loss = page_of(wrote(file, 20));
    wrote(file, 30);
    const struct crash crash = crash_of(&loss, 1);
    draw(&crash);
    assert_int_equal(times(text, "class=\"lost\""), 1);
    assert_int_equal(times(text, "class=\"x\""), 1);
    assert_int_equal(times(text, "LOST (1): "), 1);
    assert_int_equal(times(text, "file at 0, 20 bytes"), 1);
    assert_non_null(strstr(text, "<title>LOST (1): 5-6"));
    assert_non_null(strstr(text, "not synced"));
}

static void picture__shows_the_sync_that_came_too_late(void **state)
{
    const uint32_t file = created("file");
    struct loss loss = page_of(wrote(file, 20));
    const struct crash crash = crash_of(&loss, 1); /* before the sync */

    (void)state;
    did((struct op){.kind = OP_SYNC, .object = file});
    draw(&crash);
    assert_non_null(strstr(text, ">too late<"));
}

static void picture__of_a_failed_sync_says_so(void **state)
{
    const uint32_t file = created("file");
    struct loss loss = page_of(wrote(file, 20));

    (void)state;
    did((struct op){.kind = OP_SYNC_FAILED, .object = file});
    did((struct op){.kind = OP_SYNC, .object = file});
    const struct crash crash = crash_of(&loss, 1);
    draw(&crash);
    assert_non_null(strstr(text, "its sync failed"));
    assert_null(strstr(text, ">too late<"));
}

/* What is lost stands far from the crash, and both are shown; the operations between are not. */
static void picture__of_a_long_trace_is_bounded(void **state)
{
    struct loss losses[300];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < 100000; i++) {
        if (i % 100 == 0)
            created("a-file-of-many");
        const size_t op = wrote(trace.objects, 1);
        if (i % 400 == 50)
            losses[count++] = page_of(op);
    }
    const struct crash crash = crash_of(losses, count);
    draw(&crash);
    assert_true(strlen(text) < 150000);
    assert_true(times(text, "transform=\"translate(") <= 2 * (size_t)WINDOW_OPS + 20);
    assert_true(times(text, "class=\"r\"") <= TIMELINE_LANES + 2);
    assert_non_null(strstr(text, "LOST (1): "));
    assert_non_null(strstr(text, "LOST (8): "));
    assert_non_null(strstr(text, " operations that are not drawn: "));
    assert_non_null(strstr(text, "of the 101000 operations"));
    assert_non_null(strstr(text, " lost</text>"));
}

static void picture__of_a_long_acknowledgement_is_bounded(void **state)
{
    char *line = memory_new(1000000);
    const struct crash crash = {.at = 1};

    (void)state;
    memset(line, 'x', 999999);
    did((struct op){.kind = OP_ACK, .data = (unsigned char *)line, .data_size = 1000000});
    draw(&crash);
    assert_true(strlen(text) < 20000);
}

static void picture__of_nothing_is_one(void **state)
{
    const struct crash crash = {.at = 0};

    (void)state;
    draw(&crash);
    assert_non_null(strstr(text, "CRASH"));
}

/* One sync runs while others write; it is a bar from its begin, and the marks are beside each other. */
static void window__is_in_the_order_of_time(void **state)
{
    const uint32_t file = created("file");
    const uint64_t begin = ++trace.ticks;
    const struct crash crash = {.at = 1};
    struct window window;

    (void)state;
    for (int i = 0; i < 5; i++)
        wrote(file, 1);
    const size_t sync = did((struct op){.kind = OP_SYNC, .object = file, .begin = begin});
    window_make(&window, &trace, &crash, 100);
    assert_int_equal(window.count, 7);
    for (size_t i = 1; i < window.count; i++)
        assert_true(window.shown[i].x >= window.shown[i - 1].x + 16);
    assert_true(window_x(&window, begin) < window.shown[1].x - 8);
    assert_true(window_x(&window, trace.ops[sync].end) > window.shown[5].x + 8);
    assert_true(window.crash > window.shown[0].x && window.crash < window.shown[1].x);
    window_release(&window);
}

/* What one call did stands side by side, though it was done at one time; so does the crash between them. */
static void window__of_a_call_that_did_much_has_room_for_it(void **state)
{
    const struct crash crash = {.at = 4};
    struct window window;

    (void)state;
    for (int i = 0; i < 6; i++)
        trace_add(&trace, &(struct op){.kind = OP_WRITE, .object = 1, .begin = 1, .end = 2});
    window_make(&window, &trace, &crash, 100);
    assert_int_equal(window.count, 6);
    for (size_t i = 1; i < window.count; i++)
        assert_true(window.shown[i].x >= window.shown[i - 1].x + 16);
    assert_true(window.crash > window.shown[3].x + 8 && window.crash < window.shown[4].x - 4);
    window_release(&window);
}

/* --- strings ------------------------------------------------------------------------------------------ */

static void escaped(const char *from, const char *wanted)
{
    escape_html(told_begin(&told), from, 100, false);
    char *got = told_text(&told);
    assert_string_equal(got, wanted);
    free(got);
}

static void string__that_is_hostile_is_seen_and_does_nothing(void **state)
{
    (void)state;
    escaped("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;");
    escaped("\"&'", "&quot;&amp;&#39;");
    escaped("a\nb\t\r\x1b[31m\x7f", "a\\x0ab\\x09\\x0d\\x1b[31m\\x7f");
    escaped("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    escaped("\xff\xfe<", "\\xff\\xfe&lt;");
    escaped("\xc3", "\\xc3"); /* cut */
    escaped("\xc3<\xe2\x82<", "\\xc3&lt;\\xe2\\x82&lt;");
    escaped("\xc0\xbc", "\\xc0\\xbc");                   /* too long: a '<' */
    escaped("\xe0\x80\xbc", "\\xe0\\x80\\xbc");          /* the same */
    escaped("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* a surrogate */
    escaped("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond the last */
    escaped("\xef\xbf\xbe", "\\xef\\xbf\\xbe");          /* no character */
    escaped("\xe2\x80\xae", "\\xe2\\x80\\xae");          /* turns the text around */
    escaped("\xc2\x85", "\\xc2\\x85");                   /* a control */
}

static void string__is_cut_between_characters(void **state)
{
    (void)state;
    escape_html(told_begin(&told), "\xe2\x82\xac\xe2\x82\xac", 5, false);
    text = told_text(&told);
    assert_string_equal(text, "\xe2\x82\xac \xe2\x80\xa6 (cut)");
}

static void word(const char *from, const char *wanted)
{
    escape_word(told_begin(&told), from);
    char *got = told_text(&told);
    assert_string_equal(got, wanted);
    free(got);
}

static void word__is_one_for_a_shell(void **state)
{
    (void)state;
    word("plain-1.2/x", "plain-1.2/x");
    word("", "''");
    word("two words", "'two words'");
    word("it's $(x)", "'it'\\''s $(x)'");
    word("a\n'\\\xff"
         "7",
         "$'a\\012\\'\\\\\\3777'");
}

/* --- the document ------------------------------------------------------------------------------------- */

static void document__is_bounded_and_tells_what_it_leaves_out(void **state)
{
    static char *const command[] = {"story", "<b>", NULL};
    const uint32_t file = created("<script>");
    struct loss loss = page_of(wrote(file, 20));
    struct failure failures[HTML_STATES + 5];
    const char *repros[HTML_STATES + 5] = {"out/\"1\"<.repro"};
    struct html html;
    char *page = NULL;
    size_t size;

    (void)state;
    trace_gap(&trace, "a <gap>");
    trace_gap(&trace, "in\033[31m a\nname");
    for (size_t i = 0; i < HTML_STATES + 5; i++) {
        failures[i] = (struct failure){.crash = crash_of(&loss, 1), .acked = (char *)"", .alike = 1};
        failures[i].checked =
            (struct checked){.verdict = CHECK_FAILED, .number = 1, .output = "</pre>\xff<i>"};
    }
    const struct campaign campaign = {.trace = &trace,
                                      .profile = PROFILE_STRICT,
                                      .check = "check '<'",
                                      .command = command,
                                      .seed = 77,
                                      .failures_max = 3};
    const struct result result = {
        .tested = 1234567, .stopped = true, .failures = failures, .failure_count = HTML_STATES + 5};
    FILE *stream = open_memstream(&page, &size);
    html_open(&html, stream);
    html_profile(&html, &campaign, &result, repros);
    html_close(&html, &trace);
    fclose(stream);
    assert_int_equal(times(page, "<section "), HTML_STATES);
    assert_non_null(strstr(page, "5 kinds of failing states more"));
    assert_non_null(strstr(page, "1,234,567"));
    assert_non_null(strstr(page, "--seed 77"));
    assert_non_null(strstr(page, "a &lt;gap&gt;"));
    assert_non_null(strstr(page, "in?[31m a?name"));
    assert_non_null(strstr(page, "&lt;script&gt;"));
    assert_non_null(strstr(page, "&lt;/pre&gt;\\xff&lt;i&gt;"));
    assert_non_null(strstr(page, "bytes 0&#8211;19"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<i>"));
    assert_null(strstr(page, "<b>"));
    assert_null(strstr(page, "<gap>"));
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(picture__crosses_out_what_was_lost_and_nothing_else, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(picture__shows_the_sync_that_came_too_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(picture__of_a_failed_sync_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(picture__of_a_long_trace_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(picture__of_a_long_acknowledgement_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(picture__of_nothing_is_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(window__is_in_the_order_of_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(window__of_a_call_that_did_much_has_room_for_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(string__that_is_hostile_is_seen_and_does_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(string__is_cut_between_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(word__is_one_for_a_shell, set_up, tear_down),
        cmocka_unit_test_setup_teardown(document__is_bounded_and_tells_what_it_leaves_out, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
