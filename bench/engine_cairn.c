/* engine_cairn.c -- Cairn as it comes: the journal, and the directory of plain files. */
#include "engine_files.h"
#include "must.h"

#include <cairn/cairn.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cairn {
    struct cairn_op *op;
    void *filler; /* makes a long directory instead; NULL otherwise */
    struct cairn_mark mark;
    uint64_t followed;
};

static void must_cairn(int error)
{
    if (error != 0)
        die("Cairn: %s: %s", cairn_strerror(error), cairn_message());
}

static struct cairn *operation_open(const char *scheme, const char *dir)
{
    struct cairn *cairn = must_alloc(sizeof *cairn);
    char url[PATH_MAX + 16];

    snprintf(url, sizeof url, "%s:%s", scheme, dir);
    must_cairn(cairn_open(&cairn->op, NULL, url, 0));
    return cairn;
}

static void operation_close(void *self)
{
    struct cairn *cairn = self;

    cairn_close(cairn->op);
    if (cairn->filler != NULL)
        engine_files.close(cairn->filler);
    free(cairn);
}

static void operation_append(void *self, const void *data, size_t size)
{
    struct cairn *cairn = self;
    struct cairn_id id;

    must_cairn(cairn_checkpoint(cairn->op, NULL, FILES_LABEL, data, size, &id));
}

/* What was found is a copy, which it would be free to keep; here it goes where the other engines put theirs.
 */
static void take(void *found, size_t found_size, void *data, size_t size)
{
    if (found_size != size)
        die("Cairn: the checkpoint has %zu bytes", found_size);
    memcpy(data, found, size);
    cairn_free(found);
}

static bool operation_load(const struct cairn *cairn, const char *id, void *data, size_t size)
{
    void *found;
    size_t found_size;
    const int error = cairn_load(cairn->op, NULL, id, &found, &found_size);

    if (error == CAIRN_ENOTFOUND)
        return false;
    must_cairn(error);
    take(found, found_size, data, size);
    return true;
}

static void operation_latest(void *self, void *data, size_t size)
{
    const struct cairn *cairn = self;
    void *found;
    size_t found_size;

    must_cairn(cairn_latest(cairn->op, NULL, &found, &found_size));
    take(found, found_size, data, size);
}

static uint64_t operation_count(void *self)
{
    const struct cairn *cairn = self;
    struct cairn_stat stat;

    must_cairn(cairn_stat(cairn->op, NULL, &stat));
    return stat.count;
}

struct follower {
    const struct cairn *cairn;
    void *data;
    size_t size;
    uint64_t number;
};

static int follow_one(void *arg, const struct cairn_entry *entry)
{
    struct follower *follower = arg;

    follower->number = entry->number + 1;
    return operation_load(follower->cairn, entry->id, follower->data, follower->size) ? 0 : CAIRN_ENOTFOUND;
}

static uint64_t operation_follow(void *self, uint64_t from, void *data, size_t size)
{
    struct cairn *cairn = self;
    struct follower follower = {cairn, data, size, from};

    must_cairn(cairn_list_since(cairn->op, NULL, &cairn->mark, follow_one, &follower));
    return follower.number;
}

static void operation_compact(void *self)
{
    must_cairn(cairn_compact(((struct cairn *)self)->op, NULL, FILES_LABEL));
}

static void operation_clear(void *self)
{
    must_cairn(cairn_clear(((struct cairn *)self)->op, NULL));
}

/* --- The journal ------------------------------------------------------------------------------------ */

static void *journal_open(const char *dir, size_t size, enum engine_mode mode)
{
    (void)size, (void)mode;
    return operation_open("journal", dir);
}

/* Writes the id of a checkpoint of the first generation. By hand: snprintf() would be a good part of a load.
 */
static void journal_id(char *id, uint64_t number)
{
    char digits[20];
    size_t n = 0;

    for (; number > 0 || n < 8; number /= 10)
        digits[n++] = (char)('0' + number % 10);
    while (n > 0)
        *id++ = digits[--n];
    memcpy(id, "@1", sizeof "@1");
}

static bool journal_load(void *self, uint64_t number, void *data, size_t size)
{
    char id[32];

    journal_id(id, number);
    return operation_load(self, id, data, size);
}

/* --- The directory ---------------------------------------------------------------------------------- */

static void *directory_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct cairn *cairn = operation_open("dir", dir);

    if (mode == ENGINE_FILL)
        cairn->filler = engine_files.open(dir, size, mode);
    return cairn;
}

static void directory_append(void *self, const void *data, size_t size)
{
    struct cairn *cairn = self;

    if (cairn->filler != NULL)
        engine_files.append(cairn->filler, data, size);
    else
        operation_append(self, data, size);
}

static bool directory_load(void *self, uint64_t number, void *data, size_t size)
{
    char id[64];

    files_name(id, sizeof id, "", number);
    return operation_load(self, id, data, size);
}

/* ---------------------------------------------------------------------------------------------------- */

const struct engine engine_journal = {
    .name = "cairn",
    .title = "Cairn",
    .kind = ENGINE_CAIRN,
    .open = journal_open,
    .close = operation_close,
    .append = operation_append,
    .load = journal_load,
    .latest = operation_latest,
    .count = operation_count,
    .follow = operation_follow,
    .compact = operation_compact,
    .recycle = operation_clear,
    .processes = true,
    .fill_threads = 128,
};
const struct engine engine_directory = {
    .name = "dir",
    .title = "Cairn, dir:",
    .kind = ENGINE_PLAIN,
    .open = directory_open,
    .close = operation_close,
    .append = directory_append,
    .load = directory_load,
    .latest = operation_latest,
    .count = operation_count,
    .follow = operation_follow,
    .compact = operation_compact,
    .processes = true,
    .fill_threads = 1,
    .fill_max = 10000,
};
