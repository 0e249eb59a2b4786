/* check.c -- whether what workload.c has done to an operation is there after a crash. Exits with 0 if so.
 *
 *     check URL [in-steps] [disk SIZE]
 *
 * From the lines that the workload had printed (told.h) it follows what must be there: each checkpoint that
 * was acknowledged and not removed, with its bytes, in order; and what may be there besides: what was begun
 * and not ended. What was damaged on purpose may be lost, by name, and takes nothing else along, before a
 * repair, amid one and after it. Then the operation must be of use: what is recorded now is the latest, and
 * is so when it is opened again.
 *
 * in-steps: a removal is not one step, but the latest goes last (`dir:`). disk SIZE: the disk has that size
 * and is full, as it may have been before the crash.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "torture/cairn/body.h"
#include "torture/cairn/disk.h"
#include "torture/cairn/told.h"

/* What is recorded behind a crash: as long as the shortest checkpoint of the workload, so that one which a
 * crash has cut off from the log, and which stands behind it there, could be taken for what follows. */
static const char after[] = "after the crash, 20b";

static struct told told;
static bool in_steps;
static const char *disk; /* its size; NULL: there is space */

static bool is_after(const void *data, size_t size)
{
    return size == sizeof(after) - 1 && memcmp(data, after, size) == 0;
}

/* is_named -- an error that names a loss. */
static bool is_named(int error)
{
    return (error == CAIRN_ECORRUPT || error == CAIRN_EIO || error == CAIRN_EVERSION) && *cairn_message();
}

static bool is_journal(const char *url)
{
    return strncmp(url, "dir:", 4) != 0;
}

/* --- what is there ------------------------------------------------------------------------------------ */

#define AT_AFTER SIZE_MAX /* in place of a step: what a check has recorded, which crashed, too */
#define AT_NONE  (SIZE_MAX - 1)

struct found {
    struct cairn_op *op;
    size_t count;      /* in the list */
    uint64_t last;     /* number of the one before */
    size_t last_at;    /* which step is the newest that is whole */
    bool last_is_lost; /* and there is a newer one, that is not */
    uint64_t lost;     /* how many are listed as lost */
    size_t begun;      /* when the latest to begin of those that were met began */
    char *seen;        /* which steps have been met */
};

/* look_lost -- only what was damaged may be. */
static int look_lost(struct found *found, const char *id, const char *reason, uint64_t count)
{
    if (!told_damaged(&told))
        fail("a checkpoint is lost", *reason ? reason : id);
    if (*reason == '\0')
        fail("a checkpoint is lost, and nothing says why", id);
    found->lost += count;
    found->last_is_lost = true;
    return 0;
}

/* is_strange -- somebody else wrote it, who syncs nothing: it may be half written, until it was acknowledged.
 */
static bool is_strange(const char *label)
{
    return strcmp(label, "stranger") == 0;
}

static int look(void *arg, const struct cairn_entry *entry)
{
    struct found *found = arg;
    void *data;
    size_t size;

    if (found->count + found->lost > 0 && entry->number <= found->last)
        fail("the numbers do not rise", entry->id);
    found->last = entry->number;
    if (entry->error)
        return look_lost(found, entry->id, entry->reason, entry->lost_count);
    const int error = cairn_load(found->op, NULL, entry->id, &data, &size);
    if (error == CAIRN_ECORRUPT)
        return look_lost(found, entry->id, cairn_message(), 1);
    if (error)
        fail("a listed checkpoint cannot be loaded", cairn_message());
    found->last_is_lost = false;
    const size_t at = told_find(&told, data, size);
    const bool ours = is_after(data, size);
    cairn_free(data);
    found->last_at = ours ? AT_AFTER : at;
    if (ours || (at == told.count && is_strange(entry->label)))
        return 0;
    if (at == told.count)
        fail("a checkpoint is none that was recorded, or has other bytes", entry->id);
    const struct step *step = &told.steps[at];
    if (found->seen[at]++)
        fail("a checkpoint is there twice", entry->id);
    if (step_gone(&told, step))
        fail("a checkpoint is there that was removed", entry->id);
    if (step_keeps_id(&told, step) && strcmp(step->id, entry->id) != 0)
        fail("a checkpoint has another id", entry->id);
    if (step->ended && step->ended < found->begun)
        fail("checkpoints are not in the order in which they were recorded", entry->id);
    if (step->begun > found->begun)
        found->begun = step->begun;
    found->count++;
    return 0;
}

/* check_pending -- a removal that was under way has happened, or not; unless it is made of steps: then what
 * is the latest goes last. */
static void check_pending(const struct found *found)
{
    const struct removal *pending = told_pending(&told);
    size_t there = 0, all = 0;
    bool latest = true;

    for (size_t i = 0; pending && i < told.count; i++) {
        const struct step *step = &told.steps[i];
        if (!step_awaits(&told, step, pending) || step->damaged)
            continue;
        all++;
        there += found->seen[i] != 0;
        if (step_latest_at(&told, step, pending))
            latest = found->seen[i];
    }
    if (there == all || there == 0)
        return; /* that a Compact has kept one is seen to elsewhere */
    if (!latest)
        fail("the latest is gone, and older ones are not", "");
    if (!in_steps && !(pending->compact && there == 1))
        fail("a removal has removed some", "and others not");
}

static void check_list(struct cairn_op *op, struct found *found)
{
    size_t missing = 0, all = 0, damaged = 0;
    char text[64];

    *found = (struct found){.op = op, .seen = calloc(told.count + 1, 1), .last_at = AT_NONE};
    if (found->seen == NULL)
        fail("no memory", "");
    if (cairn_list(op, NULL, look, found) != 0)
        fail("list", cairn_message());
    for (size_t i = 0; i < told.count; i++) {
        const struct step *step = &told.steps[i];
        damaged += step->damaged != 0;
        if (!step_must(&told, step) || step->damaged)
            continue;
        all++;
        missing += !found->seen[i];
    }
    snprintf(text, sizeof(text), "%zu of %zu", missing, all);
    if (missing)
        fail("acknowledged checkpoints are not there", text);
    if (found->lost > damaged)
        fail("more is lost than was damaged", "");
    check_pending(found);
}

/* check_ids -- each acknowledged id gives its bytes. That of a removed one does not give others, in a
 * journal, where no id is given twice. */
static void check_ids(struct cairn_op *op, bool journal)
{
    for (size_t i = 0; i < told.count; i++) {
        const struct step *step = &told.steps[i];
        const bool keeps = step_keeps_id(&told, step);
        void *data;
        size_t size;
        if (!step->acked || (!keeps && !journal))
            continue;
        const int error = cairn_load(op, NULL, step->id, &data, &size);
        if (error == 0) {
            if (told_find(&told, data, size) == told.count || size != step->size ||
                (size >= 4 && told_find(&told, data, size) != i))
                fail("an id gives another checkpoint's bytes", step->id);
            cairn_free(data);
        } else if (keeps && !(step->damaged && is_named(error))) {
            fail("an acknowledged checkpoint cannot be loaded", cairn_message());
        } else if (!keeps && error != CAIRN_ENOTFOUND && !told_damaged(&told)) {
            fail("the id of a removed checkpoint", cairn_message());
        }
    }
}

/* check_is -- the bytes are the newest listed one's. */
static void check_is(const struct found *found, const char *what, const void *data, size_t size)
{
    if (is_after(data, size) ? found->last_at != AT_AFTER
                             : found->last_at == AT_AFTER || told_find(&told, data, size) != found->last_at)
        fail(what, "is not the newest one that is listed");
}

static void check_latest(struct cairn_op *op, const struct found *found)
{
    void *data;
    size_t size;

    int error = cairn_latest(op, NULL, &data, &size);
    if (error == 0) {
        check_is(found, "the latest", data, size);
        cairn_free(data);
    } else if (error == CAIRN_ENONE ? found->last_at != AT_NONE
                                    : !(found->last_is_lost && is_named(error) && !told_accepted(&told))) {
        fail("the latest", cairn_message());
    }
    error = cairn_latest_intact(op, NULL, NULL, &data, &size);
    if (error == 0) {
        check_is(found, "the latest that is intact", data, size);
        cairn_free(data);
    } else if (error != CAIRN_ENOTSUP && (error != CAIRN_ENONE || found->last_at != AT_NONE)) {
        fail("the latest that is intact", cairn_message());
    }
}

/* note_copies -- which steps' bytes are in the file. */
static void note_copies(const char *path, char *copied)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0)
        fail("a copy cannot be read", path);
    const size_t length = (size_t)st.st_size;
    void *file = length ? mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    for (size_t i = 0; file != MAP_FAILED && i < told.count; i++) {
        void *body = body_make(told.steps[i].seed, told.steps[i].size);
        copied[i] |= body && memmem(file, length, body, told.steps[i].size) != NULL;
        free(body);
    }
    if (file != MAP_FAILED)
        munmap(file, length);
    close(fd);
}

/* check_copy -- the repair has kept one of what was damaged, with all that was in it. */
static void check_copy(const char *url)
{
    DIR *dir = opendir(url);
    const struct dirent *entry;
    char *copied = calloc(told.count + 1, 1), path[4096];
    size_t damaged = SIZE_MAX;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, "damaged-", 8) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", url, entry->d_name);
        note_copies(path, copied);
    }
    if (dir)
        closedir(dir);
    for (size_t i = 0; i < told.count; i++) {
        if (told.steps[i].damaged && told.steps[i].damaged < damaged)
            damaged = told.steps[i].damaged;
    }
    for (size_t i = 0; i < told.count; i++) {
        const struct step *step = &told.steps[i];
        if (step->acked && !step->damaged && step->ended < damaged && !copied[i])
            fail("a repair has ended, and this is not in the copy of what was damaged", step->id);
    }
    free(copied);
}

/* check_there -- all that must be there is, to one who only reads. */
static void check_there(struct cairn_op *op, const char *url)
{
    struct found found;

    check_list(op, &found);
    check_ids(op, is_journal(url));
    check_latest(op, &found);
    const int error = cairn_verify(op, NULL, NULL);
    if (error && !(error == CAIRN_ECORRUPT && !told_accepted(&told)))
        fail("verify", cairn_message());
    if (told_repaired(&told))
        check_copy(url);
    free(found.seen);
}

/* --- what can be done with it ------------------------------------------------------------------------- */

static struct cairn_op *open_to_write(const char *url)
{
    struct cairn_op *op;

    if (cairn_open(&op, NULL, url, CAIRN_NO_THREAD) != 0)
        fail("it cannot be opened to write", cairn_message());
    return op;
}

static struct cairn_op *open_again(const char *url)
{
    struct cairn_op *op;

    if (cairn_open(&op, NULL, url, CAIRN_READONLY) != 0)
        fail("it cannot be opened again", cairn_message());
    return op;
}

/* record_after -- one more checkpoint; on a full disk there may be no space for it. */
static bool record_after(struct cairn_op *op, bool journal, bool may_be_full)
{
    struct cairn_id id;
    const int error = cairn_checkpoint(op, NULL, "after!", after, sizeof(after) - 1, &id);

    if (error == CAIRN_ENOSPC && may_be_full)
        return false;
    if (error)
        fail("nothing can be recorded", cairn_message());
    for (size_t i = 0; i < told.count; i++) {
        const struct step *step = &told.steps[i];
        if (step->acked && (journal || step_keeps_id(&told, step)) && strcmp(step->id, id.text) == 0)
            fail("an id is given twice", id.text);
    }
    return true;
}

/* check_use -- what is recorded now is the latest, also when it is opened again. */
static void check_use(const char *url)
{
    void *data;
    size_t size;

    struct cairn_op *op = open_to_write(url);
    record_after(op, is_journal(url), false);
    cairn_close(op);
    op = open_again(url);
    if (cairn_latest(op, NULL, &data, &size) != 0 || !is_after(data, size))
        fail("what was recorded after the crash is not the latest", cairn_message());
    cairn_free(data);
    const int error = cairn_verify(op, NULL, NULL);
    if (error && !(error == CAIRN_ECORRUPT && !told_accepted(&told)))
        fail("verify", cairn_message());
    cairn_close(op);
}

/* check_repair -- it can be repaired, and what was there still is. */
static void check_repair(const char *url)
{
    struct cairn_op *op = open_to_write(url);
    struct found found;

    if (cairn_repair(op, NULL, NULL) != 0)
        fail("repair", cairn_message());
    cairn_close(op);
    op = open_again(url);
    if (cairn_verify(op, NULL, NULL) != 0)
        fail("verify after the repair", cairn_message());
    check_list(op, &found);
    check_ids(op, is_journal(url));
    free(found.seen);
    cairn_close(op);
}

static bool was_acked(void)
{
    for (size_t i = 0; i < told.count; i++) {
        if (told.steps[i].acked)
            return true;
    }
    return false;
}

/* check_full -- on a full disk there is no space for a checkpoint, perhaps; but to remove all of them, and
 * then to record, if that has freed a segment: the one in use, with the removal in it, cannot be. */
static void check_full(const char *url)
{
    struct cairn_stat stat = {.segments = 0};
    struct cairn_op *op;
    void *data;
    size_t size;

    const int error = cairn_open(&op, NULL, url, CAIRN_NO_THREAD);
    if (error == CAIRN_ENOSPC && !was_acked())
        return; /* it was not made yet */
    if (error)
        fail("it cannot be opened to write", cairn_message());
    record_after(op, is_journal(url), true);
    if (cairn_stat(op, NULL, &stat) != 0)
        fail("stat", cairn_message());
    if (cairn_clear(op, NULL) != 0)
        fail("all cannot be removed to make space", cairn_message());
    const bool recorded = record_after(op, is_journal(url), stat.segments < 2);
    cairn_close(op);
    op = open_again(url);
    const int latest = cairn_latest(op, NULL, &data, &size);
    if (recorded ? latest != 0 || !is_after(data, size) : latest != CAIRN_ENONE)
        fail("the latest on a full disk", latest == 0 ? "is an old one" : cairn_message());
    if (latest == 0)
        cairn_free(data);
    cairn_close(op);
}

/* --- a medium that has changed something -------------------------------------------------------------- */

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
    if (error == 0 && told_find(&told, data, size) == told.count)
        fail("a checkpoint has other bytes", entry->id);
    if (error == 0)
        cairn_free(data);
    return 0;
}

static void load_rotten(struct cairn_op *op, size_t at)
{
    void *data;
    size_t size;
    const int error = cairn_load(op, NULL, told.steps[at].id, &data, &size);

    if (error && !is_named(error))
        fail("an acknowledged checkpoint is neither there nor named", cairn_message());
    if (error == 0 && told_find(&told, data, size) != at)
        fail("an id gives other bytes", told.steps[at].id);
    if (error == 0)
        cairn_free(data);
}

/* check_rotten -- each acknowledged checkpoint is there with its bytes, or its loss is named; never other
 * bytes. */
static void check_rotten(const char *url)
{
    struct cairn_op *op;
    void *data;
    size_t size, must = 0;

    int error = cairn_open(&op, NULL, url, CAIRN_READONLY);
    if (error && !is_named(error))
        fail("it cannot be opened, and no loss is named", cairn_message());
    if (error)
        return;
    for (size_t i = 0; i < told.count; i++) {
        must += step_must(&told, &told.steps[i]);
        if (step_keeps_id(&told, &told.steps[i]))
            load_rotten(op, i);
    }
    error = cairn_latest(op, NULL, &data, &size);
    if (error == 0 && told_find(&told, data, size) == told.count)
        fail("the latest has other bytes", "");
    if (error == 0)
        cairn_free(data);
    else if (!is_named(error) && (error != CAIRN_ENONE || must > 0))
        fail("the latest is neither there nor named", cairn_message());
    error = cairn_list(op, NULL, look_rotten, op);
    if (error && !is_named(error))
        fail("list", cairn_message());
    error = cairn_verify(op, NULL, NULL);
    if (error && !is_named(error))
        fail("verify", cairn_message());
    cairn_close(op);
}

/* check_crashed -- nothing is lost, and it can be gone on with. */
static void check_crashed(const char *url)
{
    struct cairn_op *op;
    const int error = cairn_open(&op, NULL, url, CAIRN_READONLY);

    if (error == CAIRN_ENONE) {
        for (size_t i = 0; i < told.count; i++) {
            if (step_must(&told, &told.steps[i]))
                fail("nothing is there, and something was acknowledged", told.steps[i].id);
        }
    } else if (error) {
        fail("it cannot be opened", cairn_message());
    } else {
        check_there(op, url);
        cairn_close(op);
    }
    if (disk) {
        check_full(url);
    } else {
        check_use(url);
        if (told_damaged(&told))
            check_repair(url);
    }
}

int main(int argc, char **argv)
{
    const char *fault = getenv("TORTURE_FAULT");

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "in-steps") == 0)
            in_steps = true;
        else if (strcmp(argv[i], "disk") == 0 && i + 1 < argc)
            disk = argv[++i];
        else
            argc = 0;
    }
    if (argc < 2)
        fail("usage", "check URL [in-steps] [disk SIZE]");
    if (disk)
        disk_fill(disk);
    told_read(&told);
    if (fault && strcmp(fault, "rot") == 0)
        check_rotten(argv[1]);
    else
        check_crashed(argv[1]);
    told_release(&told);
    return 0;
}
