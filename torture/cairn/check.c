/* check.c -- whether what workload.c has done to an operation is there after a crash. Exits with 0 if so.
 *
 *     check URL
 *
 * From the lines that the workload had printed (TORTURE_ACKED) it follows what must be there: each checkpoint
 * that was acknowledged and not removed, with its bytes, in order; and what may be there besides: what was
 * begun and not ended. Then the operation must be of use: what is recorded now is the latest, and is so when
 * it is opened again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cairn/cairn.h>

#include "torture/cairn/body.h"

/* What is recorded behind a crash: as long as the shortest checkpoint of the workload, so that one which a
 * crash has cut off from the log, and which stands behind it there, could be taken for what follows. */
static const char after[] = "after the crash, 20b";

static int is_after(const void *data, size_t size)
{
    return size == sizeof(after) - 1 && memcmp(data, after, size) == 0;
}

struct step {
    uint32_t seed;
    size_t size;
    char id[256];
    int begun; /* only that */
};

/* What must be there, oldest first, with what was begun and may be there. */
static struct {
    struct step *steps;
    size_t count;
    unsigned removals;     /* acknowledged ones */
    char removing[16];     /* one that was begun and has not ended; or "" */
    size_t removing_after; /* how many steps there were when it began */
} told;

static void fail(const char *what, const char *more)
{
    printf("%s: %s\n", what, more);
    exit(1);
}

/* --- what the workload had said ----------------------------------------------------------------------- */

static struct step *step_of(uint32_t seed, size_t size)
{
    for (size_t i = 0; i < told.count; i++) {
        if (told.steps[i].begun && told.steps[i].seed == seed)
            return &told.steps[i];
    }
    told.steps = realloc(told.steps, (told.count + 1) * sizeof(*told.steps));
    told.steps[told.count] = (struct step){.seed = seed, .size = size, .begun = 1};
    return &told.steps[told.count++];
}

static void forget(struct step *step)
{
    *step = told.steps[--told.count];
}

/* removed -- a removal has ended: nothing is left, or the latest. */
static void removed(const char *name)
{
    told.removals++;
    told.removing[0] = '\0';
    if (strcmp(name, "compact") == 0 && told.count > 0) {
        told.steps[0] = told.steps[told.count - 1];
        told.steps[0].id[0] = '\0'; /* it has another one now */
        told.count = 1;
    } else {
        told.count = 0;
    }
}

static void read_acks(void)
{
    const char *path = getenv("TORTURE_ACKED");
    FILE *acks = path ? fopen(path, "re") : NULL;
    char line[512], how[16], what[16], id[256];
    unsigned seed;
    size_t size;

    if (acks == NULL)
        fail("no acknowledgements", path ? path : "TORTURE_ACKED is not set");
    while (fgets(line, sizeof(line), acks)) {
        id[0] = '\0';
        const int words = sscanf(line, "%15s %15s %u %zu %255[^\n]", how, what, &seed, &size, id);
        if (words < 2)
            fail("a line of the workload's is not understood", line);
        if (strcmp(what, "checkpoint") != 0) {
            if (strcmp(how, "done") == 0)
                removed(what);
            else if (strcmp(how, "begin") == 0)
                snprintf(told.removing, sizeof(told.removing), "%s", what);
            else
                told.removing[0] = '\0';
            continue;
        }
        struct step *step = step_of(seed, size);
        if (strcmp(how, "done") == 0) {
            step->begun = 0;
            snprintf(step->id, sizeof(step->id), "%s", id);
        } else if (strcmp(how, "failed") == 0) {
            forget(step);
        }
    }
    fclose(acks);
}

/* --- what is there ------------------------------------------------------------------------------------ */

struct found {
    struct cairn_op *op;
    size_t count;     /* in the list */
    size_t begun;     /* of these, such as had only been begun */
    size_t survivors; /* of these, such as a Compact has kept: their label is "kept" */
    uint64_t last;    /* number of the one before */
    char *seen;       /* which steps have been met */
};

/* find -- the step whose bytes these are; told.count if it is none. */
static size_t find(const void *data, size_t size)
{
    for (size_t i = 0; i < told.count; i++) {
        if (told.steps[i].size != size)
            continue;
        void *body = body_make(told.steps[i].seed, size);
        const int same = memcmp(body, data, size) == 0;
        free(body);
        if (same)
            return i;
    }
    return told.count;
}

static int look(void *arg, const struct cairn_entry *entry)
{
    struct found *found = arg;
    void *data;
    size_t size;

    if (entry->error)
        fail("a checkpoint is lost", entry->reason);
    if (found->count > 0 && entry->number <= found->last)
        fail("the numbers do not rise", entry->id);
    found->last = entry->number;
    if (cairn_load(found->op, NULL, entry->id, &data, &size) != 0)
        fail("a listed checkpoint cannot be loaded", cairn_message());
    if (is_after(data, size)) { /* a check's own, which crashed, too */
        cairn_free(data);
        return 0;
    }
    const size_t at = find(data, size);
    if (at == told.count)
        fail("a checkpoint is none that was recorded, or has other bytes", entry->id);
    if (found->seen[at]++)
        fail("a checkpoint is there twice", entry->id);
    if (told.steps[at].id[0] && strcmp(told.steps[at].id, entry->id) != 0 && told.removing[0] == '\0')
        fail("a checkpoint has another id", entry->id);
    found->begun += told.steps[at].begun != 0;
    found->count++;
    cairn_free(data);
    return 0;
}

/* must_be_there -- each that was acknowledged; unless a removal was begun, which then has removed them all
 * but, if it is a Compact, the latest. */
static void check_list(struct cairn_op *op)
{
    struct found found = {.op = op, .seen = calloc(told.count + 1, 1)};

    if (cairn_list(op, NULL, look, &found) != 0)
        fail("list", cairn_message());
    size_t missing = 0, acknowledged = 0, last = told.count;
    for (size_t i = 0; i < told.count; i++) {
        if (told.steps[i].begun)
            continue;
        acknowledged++;
        missing += !found.seen[i];
        last = i;
    }
    free(found.seen);
    if (missing == 0)
        return;
    if (strcmp(told.removing, "compact") == 0 && missing == acknowledged - 1 && found.count == 1)
        return;
    if ((strcmp(told.removing, "clear") == 0 || strcmp(told.removing, "complete") == 0) && found.count == 0)
        return;
    /* A directory removes one file after the other, the latest last. */
    if (told.removing[0] && getenv("CHECK_IN_STEPS") && found.count > 0 && last < told.count)
        return;
    char text[64];
    snprintf(text, sizeof(text), "%zu of %zu", missing, acknowledged);
    fail("acknowledged checkpoints are not there", text);
}

static void check_ids(struct cairn_op *op)
{
    if (told.removing[0])
        return;
    for (size_t i = 0; i < told.count; i++) {
        const struct step *step = &told.steps[i];
        void *data;
        size_t size;
        if (step->begun || step->id[0] == '\0')
            continue;
        if (cairn_load(op, NULL, step->id, &data, &size) != 0)
            fail("an acknowledged checkpoint cannot be loaded", cairn_message());
        if (find(data, size) != i)
            fail("an id gives another checkpoint's bytes", step->id);
        cairn_free(data);
    }
}

static void check_latest(struct cairn_op *op)
{
    void *data;
    size_t size, acknowledged = 0;
    const int error = cairn_latest(op, NULL, &data, &size);

    for (size_t i = 0; i < told.count; i++)
        acknowledged += !told.steps[i].begun;
    if (error == CAIRN_ENONE) {
        if (acknowledged > 0 && strcmp(told.removing, "clear") != 0 && strcmp(told.removing, "complete") != 0)
            fail("there is no latest", cairn_message());
        return;
    }
    if (error)
        fail("latest", cairn_message());
    if (find(data, size) == told.count && !(is_after(data, size)))
        fail("the latest is none that was recorded", "");
    cairn_free(data);
}

/* check_use -- what is recorded now is the latest, also when it is opened again. */
static void check_use(const char *url)
{
    struct cairn_op *op;
    struct cairn_id id;
    void *data;
    size_t size;

    if (cairn_open(&op, NULL, url, CAIRN_NO_THREAD) != 0)
        fail("it cannot be opened to write", cairn_message());
    if (cairn_checkpoint(op, NULL, "after!", after, sizeof(after) - 1, &id) != 0)
        fail("nothing can be recorded", cairn_message());
    for (size_t i = 0; i < told.count && told.removing[0] == '\0'; i++) {
        if (strcmp(told.steps[i].id, id.text) == 0)
            fail("an id is given twice", id.text);
    }
    cairn_close(op);
    if (cairn_open(&op, NULL, url, CAIRN_READONLY) != 0)
        fail("it cannot be opened again", cairn_message());
    if (cairn_latest(op, NULL, &data, &size) != 0 || !is_after(data, size))
        fail("what was recorded after the crash is not the latest", cairn_message());
    cairn_free(data);
    if (cairn_verify(op, NULL, NULL) != 0)
        fail("verify", cairn_message());
    cairn_close(op);
}

/* --- a medium that has changed something ------------------------------------------------------------------
 */

/* is_named -- an error that names a loss. */
static int is_named(int error)
{
    return (error == CAIRN_ECORRUPT || error == CAIRN_EIO || error == CAIRN_EVERSION) && *cairn_message();
}

static int look_rotten(void *arg, const struct cairn_entry *entry)
{
    struct cairn_op *op = arg;
    void *data;
    size_t size;

    if (entry->error && *entry->reason == '\0')
        fail("a loss is listed without a reason", entry->id);
    if (entry->error)
        return 0;
    const int error = cairn_load(op, NULL, entry->id, &data, &size);
    if (error && !is_named(error))
        fail("a listed checkpoint is neither there nor named", cairn_message());
    if (error == 0 && find(data, size) == told.count)
        fail("a checkpoint has other bytes", entry->id);
    if (error == 0)
        cairn_free(data);
    return 0;
}

/* check_rotten -- each acknowledged checkpoint is there with its bytes, or its loss is named; never other
 * bytes. */
static void check_rotten(const char *url)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    int error = cairn_open(&op, NULL, url, CAIRN_READONLY);
    if (error && !is_named(error))
        fail("it cannot be opened, and no loss is named", cairn_message());
    if (error)
        return;
    for (size_t i = 0; i < told.count; i++) {
        if (told.steps[i].begun || told.steps[i].id[0] == '\0')
            continue;
        error = cairn_load(op, NULL, told.steps[i].id, &data, &size);
        if (error && !is_named(error))
            fail("an acknowledged checkpoint is neither there nor named", cairn_message());
        if (error == 0 && find(data, size) != i)
            fail("an id gives other bytes", told.steps[i].id);
        if (error == 0)
            cairn_free(data);
    }
    error = cairn_latest(op, NULL, &data, &size);
    if (error == 0 && find(data, size) == told.count)
        fail("the latest has other bytes", "");
    if (error == 0)
        cairn_free(data);
    else if (!is_named(error) && (error != CAIRN_ENONE || told.count > 0))
        fail("the latest is neither there nor named", cairn_message());
    error = cairn_list(op, NULL, look_rotten, op);
    if (error && !is_named(error))
        fail("list", cairn_message());
    error = cairn_verify(op, NULL, NULL);
    if (error && !is_named(error))
        fail("verify", cairn_message());
    cairn_close(op);
}

int main(int argc, char **argv)
{
    struct cairn_op *op;

    if (argc != 2)
        fail("usage", "check URL");
    read_acks();
    const char *fault = getenv("TORTURE_FAULT");
    if (fault && strcmp(fault, "rot") == 0) {
        check_rotten(argv[1]);
        free(told.steps);
        return 0;
    }
    const int error = cairn_open(&op, NULL, argv[1], CAIRN_READONLY);
    if (error == CAIRN_ENONE) {
        for (size_t i = 0; i < told.count; i++) {
            if (!told.steps[i].begun)
                fail("nothing is there, and something was acknowledged", told.steps[i].id);
        }
    } else if (error) {
        fail("it cannot be opened", cairn_message());
    } else {
        check_list(op);
        check_ids(op);
        check_latest(op);
        cairn_close(op);
    }
    check_use(argv[1]);
    free(told.steps);
    return 0;
}
