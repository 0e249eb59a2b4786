/* names.c -- see names.h. */
#include "directory/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/system.h"

#define CHECK_EVERY 1024 /* names from one look at the context to the next */

/* by_age -- the checkpoints first, by their numbers alone, as in the original. Among equal numbers, which
 * only a meddler can make, any fixed order is as good as another. */
static int by_age(const void *left, const void *right)
{
    const struct listed *a = left, *b = right;

    if ((a->kind == LISTED_CHECKPOINT) != (b->kind == LISTED_CHECKPOINT))
        return a->kind == LISTED_CHECKPOINT ? -1 : 1;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* is_regular -- 1 or 0, CAIRN_ENOTFOUND if the file is gone, or an error: one that cannot be looked at may be
 * the latest. */
static int is_regular(const struct directory *directory, const struct dirent *entry)
{
    struct stat st;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_REG;
    if (fstatat(directory->dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISREG(st.st_mode);
    return errno == ENOENT ? CAIRN_ENOTFOUND
                           : system_error(errno, "%s/%s: cannot look at it", directory->path, entry->d_name);
}

static int add(struct names *names, const struct directory *directory, const struct dirent *entry)
{
    struct listed item = {.kind = LISTED_CHECKPOINT};
    const enum name_kind kind = name_parse(entry->d_name, &item.number);
    int regular;

    if (kind == NAME_FOREIGN)
        return 0;
    regular = is_regular(directory, entry);
    if (regular < 0)
        return regular == CAIRN_ENOTFOUND ? 0 : regular;
    if (kind == NAME_NUMBERLESS && !regular)
        return 0;
    if (!regular)
        item.kind = LISTED_IRREGULAR;
    else if (kind == NAME_NUMBERLESS)
        item.kind = LISTED_NUMBERLESS;
    if ((names->all & (names->all + 1)) == 0) {
        /* Full at each power of two, less one. */
        struct listed *more = realloc(names->items, (names->all + 1) * 2 * sizeof(*more));
        if (more == NULL)
            return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a list of its files", directory->path);
        names->items = more;
    }
    item.name = strdup(entry->d_name);
    if (item.name == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s: no memory for a list of its files", directory->path);
    names->items[names->all++] = item;
    names->count += item.kind == LISTED_CHECKPOINT;
    return 0;
}

int names_read(struct names *names, const struct directory *directory, const struct cairn_ctx *ctx)
{
    int error = 0;

    *names = (struct names)NAMES_INIT;
    int fd = openat(directory->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        error = system_error(errno, "%s: cannot read the directory", directory->path);
        if (fd >= 0)
            close(fd);
        return error;
    }
    for (unsigned nth = 1; error == 0; nth++) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno)
                error = system_error(errno, "%s: cannot read the directory", directory->path);
            break;
        }
        error = add(names, directory, entry);
        if (error == 0 && nth % CHECK_EVERY == 0)
            error = cairn_ctx_check(ctx);
    }
    closedir(dir);
    if (error == 0 && names->all > 0)
        qsort(names->items, names->all, sizeof(*names->items), by_age);
    return error;
}

void names_release(struct names *names)
{
    for (size_t i = 0; i < names->all; i++)
        free(names->items[i].name);
    free(names->items);
    *names = (struct names)NAMES_INIT;
}
