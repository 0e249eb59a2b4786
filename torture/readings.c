/* readings.c -- see readings.h. */
#include "torture/readings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xxhash.h>

#include "torture/image.h"
#include "torture/memory.h"
#include "torture/wire.h"

/* What the command said of one state. */
struct reading {
    int status;    /* 256 and the signal, if one killed it */
    uint64_t hash; /* of all that it printed */
    uint64_t *lines;
    size_t count;
};

struct readings {
    const struct trace *trace;
    struct reading *list; /* those that differ */
    size_t count, space;
    size_t *at; /* by moments: which of them */
};

/* --- reading ------------------------------------------------------------------------------------------ */

static void reading_release(struct reading *reading)
{
    free(reading->lines);
    *reading = (struct reading){0};
}

/* split -- the hashes of the text's lines. */
static void split(struct reading *reading, const char *text, size_t size)
{
    size_t space = 0;

    reading->hash = XXH3_64bits(text, size);
    for (size_t begin = 0; begin < size;) {
        const char *end = memchr(text + begin, '\n', size - begin);
        const size_t length = end ? (size_t)(end - text) - begin : size - begin;
        reading->lines = memory_grow(reading->lines, reading->count, &space, sizeof(*reading->lines));
        reading->lines[reading->count++] = XXH3_64bits(text + begin, length);
        begin += length + 1;
    }
}

/* take -- runs the command on the directory as it is. False, with the reason in *checked, if it cannot be
 * run, or does not end. The text is to be freed. */
static bool take(struct reading *reading, char **text, struct checked *checked, struct sandbox *sandbox,
                 const struct check *check)
{
    struct check reads = *check;
    struct stat st;

    *reading = (struct reading){0};
    *text = NULL;
    reads.output = memfd_create("reading", MFD_CLOEXEC);
    if (reads.output < 0) {
        snprintf(checked->output, sizeof(checked->output), "no file: %s", strerror(errno));
        return false;
    }
    check_run(checked, sandbox, &reads);
    const size_t size = fstat(reads.output, &st) == 0 ? (size_t)st.st_size : 0;
    *text = memory_new(size + 1);
    const bool ok = pread(reads.output, *text, size, 0) == (ssize_t)size;
    close(reads.output);
    split(reading, *text, size);
    reading->status = checked->verdict == CHECK_CRASHED ? 256 + checked->number : checked->number;
    return ok && checked->verdict != CHECK_NOT_RUN && checked->verdict != CHECK_HUNG;
}

/* --- those of a trace --------------------------------------------------------------------------------- */

struct taking {
    const struct trace *trace;
    const char *command;
    unsigned timeout_s;
    int out;
};

static bool tell(int out, const struct reading *reading)
{
    return wire_send(out, reading, sizeof(*reading)) &&
           wire_send(out, reading->lines, reading->count * sizeof(*reading->lines));
}

/* take_all -- in the sandbox: the moments one after the other. */
static int take_all(struct sandbox *sandbox, void *arg)
{
    const struct taking *taking = arg;
    const struct check check = {.command = taking->command, .timeout_s = taking->timeout_s, .fault = "kill"};
    struct reading reading = {0};
    uint64_t before = 0;
    struct tree tree;
    bool ok = true;

    sandbox_boot(sandbox, 0);
    tree_begin(&tree, taking->trace->objects);
    for (size_t at = 0; at <= taking->trace->count && ok; at++) {
        struct checked checked = {.verdict = CHECK_NOT_RUN};
        char *text = NULL;
        if (at > 0)
            tree_apply(&tree, &taking->trace->ops[at - 1]);
        const bool base = at < taking->trace->count && (taking->trace->ops[at].flags & OP_BASE);
        const uint64_t hash = tree_hash(&tree) | 1;
        if (!base && hash != before) {
            reading_release(&reading);
            ok = sandbox_lay(sandbox, &tree) && take(&reading, &text, &checked, sandbox, &check);
            if (!ok)
                fprintf(stderr, "cairn-torture: %s %s\n", taking->command,
                        checked.verdict == CHECK_HUNG ? "does not end" : "could not be run");
            before = hash;
            free(text);
        }
        ok = ok && tell(taking->out, &reading);
    }
    tree_release(&tree);
    reading_release(&reading);
    return ok ? 0 : 1;
}

/* note -- the number of a reading, which is taken over. */
static size_t note(struct readings *readings, struct reading *reading)
{
    for (size_t i = readings->count; i-- > 0;) {
        if (readings->list[i].hash != reading->hash || readings->list[i].status != reading->status)
            continue;
        reading_release(reading);
        return i;
    }
    readings->list = memory_grow(readings->list, readings->count, &readings->space, sizeof(*reading));
    readings->list[readings->count] = *reading;
    return readings->count++;
}

static bool hear(struct readings *readings, int from)
{
    for (size_t at = 0; at <= readings->trace->count; at++) {
        struct reading reading;
        if (!wire_receive(from, &reading, sizeof(reading)))
            return false;
        reading.lines = memory_new(reading.count * sizeof(*reading.lines));
        if (!wire_receive(from, reading.lines, reading.count * sizeof(*reading.lines))) {
            reading_release(&reading);
            return false;
        }
        readings->at[at] = note(readings, &reading);
    }
    return true;
}

/* is_of_use -- a command that never succeeds, or never prints anything, tells nothing. */
static bool is_of_use(const struct readings *readings, const char *command)
{
    bool succeeds = false, prints = false;

    for (size_t i = 0; i < readings->count; i++) {
        succeeds |= readings->list[i].status == 0;
        prints |= readings->list[i].count > 0;
    }
    if (!succeeds || !prints)
        fprintf(stderr, "cairn-torture: %s: with nothing lost it never %s: it is no use\n", command,
                succeeds ? "prints anything" : "exits with 0");
    return succeeds && prints;
}

bool readings_have_promises(const struct readings *readings, const char *acks, size_t size)
{
    struct reading acked = {0};
    bool found = size == 0;

    split(&acked, acks, size);
    for (size_t i = 0; i < acked.count && !found; i++) {
        for (size_t k = 0; k < readings->count && !found; k++) {
            for (size_t line = 0; line < readings->list[k].count && !found; line++)
                found = readings->list[k].lines[line] == acked.lines[i];
        }
    }
    reading_release(&acked);
    return found;
}

struct readings *readings_take(const struct trace *trace, const char *command, unsigned timeout_s)
{
    struct taking taking = {trace, command, timeout_s, -1};
    struct readings *readings = memory_new(sizeof(*readings));
    int ends[2], status = 0;

    readings->trace = trace;
    readings->at = memory_new((trace->count + 1) * sizeof(*readings->at));
    if (pipe2(ends, O_CLOEXEC) != 0) {
        fprintf(stderr, "cairn-torture: no pipe: %s\n", strerror(errno));
        readings_release(readings);
        return NULL;
    }
    taking.out = ends[1];
    const pid_t pid = sandbox_start(trace->dir, take_all, &taking);
    close(ends[1]);
    bool ok = pid > 0 && hear(readings, ends[0]);
    close(ends[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (ok && WIFEXITED(status) && WEXITSTATUS(status) == 0 && is_of_use(readings, command))
        return readings;
    readings_release(readings);
    return NULL;
}

void readings_release(struct readings *readings)
{
    if (readings == NULL)
        return;
    for (size_t i = 0; i < readings->count; i++)
        reading_release(&readings->list[i]);
    free(readings->list);
    free(readings->at);
    free(readings);
}

/* --- what is expected --------------------------------------------------------------------------------- */

void readings_expect(const struct readings *readings, size_t at, const char *acks, size_t acks_size,
                     struct expected *expected)
{
    const struct trace *trace = readings->trace;
    const struct reading *now = &readings->list[readings->at[at]];
    struct hashes shown = {0};
    struct reading acked = {0};
    size_t since = 0, last = SIZE_MAX;

    *expected = (struct expected){.known = {0}};
    for (size_t i = 0; i < at; i++) {
        if (trace->ops[i].kind == OP_ACK || (trace->ops[i].flags & OP_BASE))
            since = i + 1;
    }
    for (size_t i = 0; i <= at; i++) {
        const struct reading *reading = &readings->list[readings->at[i]];
        if (i >= since)
            hashes_add(&expected->statuses, (uint64_t)reading->status + 1);
        for (size_t k = 0; k < reading->count && readings->at[i] != last; k++)
            hashes_add(&expected->known, reading->lines[k] | 1);
        last = readings->at[i];
    }
    for (size_t i = 0; i < now->count; i++)
        hashes_add(&shown, now->lines[i] | 1);
    split(&acked, acks, acks_size);
    for (size_t i = 0; i < acked.count; i++) {
        if (hashes_has(&shown, acked.lines[i] | 1))
            hashes_add(&expected->due, acked.lines[i] | 1);
    }
    reading_release(&acked);
    hashes_release(&shown);
}

void expected_release(struct expected *expected)
{
    hashes_release(&expected->statuses);
    hashes_release(&expected->known);
    hashes_release(&expected->due);
}

/* fail -- the check has failed, for that reason. */
__attribute__((format(printf, 2, 3))) static void fail(struct checked *checked, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    checked->verdict = CHECK_FAILED;
    checked->number = 1;
    vsnprintf(checked->output, sizeof(checked->output), format, args);
    va_end(args);
}

/* line_of -- the line of that number, in the text. */
static const char *line_of(char *text, size_t number)
{
    char *line = text;

    for (; number > 0; number--)
        line = strchr(line, '\n') + 1;
    line[strcspn(line, "\n")] = '\0';
    return line;
}

/* due_line -- the first acknowledged line that is due and not in the reading; to be freed. NULL if there is
 * none. */
static char *due_line(const struct expected *expected, const struct reading *reading,
                      const struct check *check)
{
    struct hashes shown = {0};
    struct reading acked = {0};
    char *line = NULL;

    for (size_t i = 0; i < reading->count; i++)
        hashes_add(&shown, reading->lines[i] | 1);
    split(&acked, check->acks, check->acks_size);
    for (size_t i = 0; i < acked.count && line == NULL; i++) {
        if (!hashes_has(&expected->due, acked.lines[i] | 1) || hashes_has(&shown, acked.lines[i] | 1))
            continue;
        char *copy = memory_new(check->acks_size + 1);
        memcpy(copy, check->acks, check->acks_size);
        line = memory_text(line_of(copy, i));
        free(copy);
    }
    reading_release(&acked);
    hashes_release(&shown);
    return line;
}

static void nobody(void *arg, uint32_t object, int dir, const char *name)
{
    (void)arg, (void)object, (void)dir, (void)name;
}

/* dir_hash -- of what is in the directory now. */
static uint64_t dir_hash(const struct sandbox *sandbox)
{
    struct trace trace = {.objects = 1};
    struct tree tree;
    uint64_t hash = 0;

    trace.dir = memory_text(sandbox->dir);
    trace.command = memory_text("");
    if (image_scan(&trace, sandbox->fd, nobody, NULL)) {
        tree_begin(&tree, trace.objects);
        for (size_t i = 0; i < trace.count; i++)
            tree_apply(&tree, &trace.ops[i]);
        hash = tree_hash(&tree);
        tree_release(&tree);
    }
    trace_release(&trace);
    return hash;
}

/* compare -- what was said the first time, and whether it may. */
static bool compare(const struct expected *expected, const struct reading *reading, char *text,
                    struct checked *checked, const struct check *check)
{
    if (!hashes_has(&expected->statuses, (uint64_t)reading->status + 1)) {
        char *errors = memory_text(checked->output);
        const int status = checked->number;
        if (checked->verdict == CHECK_CRASHED)
            fail(checked,
                 "it is killed by signal %d, as it is not if nothing is lost; it printed:\n%.500s%.500s",
                 status, text, errors);
        else
            fail(checked, "it exits with %d, as it does not if nothing is lost; it printed:\n%.500s%.500s",
                 status, text, errors);
        free(errors);
        return false;
    }
    for (size_t i = 0; i < reading->count; i++) {
        if (hashes_has(&expected->known, reading->lines[i] | 1))
            continue;
        fail(checked, "garbage: it prints what it never did: %.500s\n", line_of(text, i));
        return false;
    }
    char *line = due_line(expected, reading, check);
    const bool lost = line != NULL;
    if (lost)
        fail(checked, "lost: it does not print what was acknowledged: %.500s\n", line);
    free(line);
    return !lost;
}

void expected_check(const struct expected *expected, struct checked *checked, struct sandbox *sandbox,
                    const struct check *check)
{
    struct reading first, second = {0};
    char *text = NULL, *again = NULL;

    if (take(&first, &text, checked, sandbox, check) && compare(expected, &first, text, checked, check)) {
        const uint64_t before = dir_hash(sandbox);
        if (take(&second, &again, checked, sandbox, check)) {
            if (second.status != first.status || second.hash != first.hash)
                fail(checked, "run once more, it says something else\n");
            else if (dir_hash(sandbox) != before)
                fail(checked, "run once more, it changes the directory again\n");
            else
                *checked = (struct checked){.verdict = CHECK_PASSED};
        }
    }
    reading_release(&first);
    reading_release(&second);
    free(text);
    free(again);
}
