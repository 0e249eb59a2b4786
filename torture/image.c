/* image.c -- see image.h. */
#include "torture/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture/memory.h"

#define PART (1u << 20) /* bytes read or compared at once */

static bool complain(const char *name, const char *what)
{
    fprintf(stderr, "cairn-torture: %s: %s: %s\n", name, what, strerror(errno));
    return false;
}

/* open_listed -- the directory `name` in `dir`, to be listed. */
static DIR *open_listed(int dir, const char *name)
{
    const int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);

    if (list == NULL && fd >= 0)
        close(fd);
    return list;
}

/* next_name -- NULL at the end, or with errno set. */
static const char *next_name(DIR *list)
{
    const struct dirent *entry;

    do {
        errno = 0;
        entry = readdir(list);
    } while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry ? entry->d_name : NULL;
}

static enum object_type type_of(mode_t mode)
{
    return S_ISREG(mode)    ? TYPE_FILE
           : S_ISDIR(mode)  ? TYPE_DIRECTORY
           : S_ISLNK(mode)  ? TYPE_SYMLINK
           : S_ISSOCK(mode) ? TYPE_SOCKET
                            : TYPE_OTHER;
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* import_bytes -- a file's bytes, but for its holes. */
static bool import_bytes(struct trace *trace, const struct op *how, int dir, const char *name)
{
    struct op op = *how;
    off_t at = 0;
    struct stat st;

    const int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        if (fd >= 0)
            close(fd);
        return complain(name, "cannot open");
    }
    op.kind = OP_RESIZE;
    op.size = (uint64_t)st.st_size;
    if (st.st_size)
        trace_add(trace, &op);
    while ((at = lseek(fd, at, SEEK_DATA)) >= 0 && at < st.st_size) {
        const off_t end = lseek(fd, at, SEEK_HOLE);
        for (; at < end;) {
            unsigned char *bytes = memory_new(PART);
            const size_t wanted = end - at < (off_t)PART ? (size_t)(end - at) : PART;
            const ssize_t n = pread(fd, bytes, wanted, at);
            if (n <= 0) {
                free(bytes);
                close(fd);
                return complain(name, "cannot read");
            }
            op = *how;
            op.kind = OP_WRITE;
            op.offset = (uint64_t)at;
            op.data = bytes;
            op.data_size = (size_t)n;
            trace_add(trace, &op);
            at += n;
        }
    }
    close(fd);
    return true;
}

bool image_import(struct trace *trace, const struct op *how, int dir, const char *name)
{
    struct op op = *how;
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return complain(name, "cannot look at it");
    op.type = type_of(st.st_mode);
    op.mode = st.st_mode & 07777;
    if (op.type == TYPE_SYMLINK) {
        op.data_size = (size_t)st.st_size;
        op.data = memory_new(op.data_size + 1);
        const ssize_t n = readlinkat(dir, name, (char *)op.data, op.data_size + 1);
        if (n < 0 || (size_t)n != op.data_size)
            return complain(name, "cannot read the link");
    }
    trace_add(trace, &op);
    const struct op bytes = {.flags = how->flags,
                             .thread = how->thread,
                             .begin = how->begin,
                             .end = how->end,
                             .object = how->object};
    return op.type != TYPE_FILE || import_bytes(trace, &bytes, dir, name);
}

/* A file with several names, as it was first met. */
struct met {
    dev_t device;
    ino_t inode;
    uint32_t object;
};

struct scanning {
    struct trace *trace;
    image_seen_fn *seen;
    void *arg;
    struct met *met;
    size_t met_count, met_space;
};

static uint32_t met_before(const struct scanning *scanning, const struct stat *st)
{
    for (size_t i = 0; i < scanning->met_count; i++) {
        if (scanning->met[i].device == st->st_dev && scanning->met[i].inode == st->st_ino)
            return scanning->met[i].object;
    }
    return 0;
}

static bool scan(struct scanning *scanning, int dir, const char *path, uint32_t number);

static bool scan_one(struct scanning *scanning, int dir, const char *name, uint32_t number)
{
    struct op op = {.kind = OP_CREATE, .flags = OP_BASE, .dir = number};
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return complain(name, "cannot look at it");
    op.name = memory_text(name);
    op.object = st.st_nlink > 1 && !S_ISDIR(st.st_mode) ? met_before(scanning, &st) : 0;
    if (op.object) {
        op.kind = OP_LINK;
        trace_add(scanning->trace, &op);
        return true;
    }
    op.object = scanning->trace->objects + 1;
    if (st.st_nlink > 1) {
        scanning->met =
            memory_grow(scanning->met, scanning->met_count, &scanning->met_space, sizeof(struct met));
        scanning->met[scanning->met_count++] = (struct met){st.st_dev, st.st_ino, op.object};
    }
    if (!image_import(scanning->trace, &op, dir, name))
        return false;
    scanning->seen(scanning->arg, op.object, dir, name);
    return !S_ISDIR(st.st_mode) || scan(scanning, dir, name, op.object);
}

static int by_name(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* scan -- the directory of that name in `dir`, which is object `number`: by name, so that the same directory
 * gives the same numbers. */
static bool scan(struct scanning *scanning, int dir, const char *path, uint32_t number)
{
    DIR *list = open_listed(dir, path);
    char **names = NULL;
    size_t count = 0, space = 0;
    const char *name;

    while (list && (name = next_name(list)) != NULL) {
        names = memory_grow(names, count, &space, sizeof(*names));
        names[count++] = memory_text(name);
    }
    bool ok = (list && errno == 0) || complain(path, "cannot read the directory");
    if (count)
        qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count; i++) {
        ok = ok && scan_one(scanning, dirfd(list), names[i], number);
        free(names[i]);
    }
    free(names);
    if (list)
        closedir(list);
    return ok;
}

bool image_scan(struct trace *trace, int dir, image_seen_fn *seen, void *arg)
{
    struct scanning scanning = {.trace = trace, .seen = seen, .arg = arg};
    struct op op = {.kind = OP_MODE, .flags = OP_BASE, .object = 1};
    struct stat st;

    if (fstat(dir, &st) != 0)
        return complain(".", "cannot look at the directory");
    op.mode = st.st_mode & 07777;
    trace_add(trace, &op);
    const bool ok = scan(&scanning, dir, ".", 1);
    free(scanning.met);
    return ok;
}

/* --- comparing ---------------------------------------------------------------------------------------- */

/* bytes_differ -- the place of the first byte that does; the size if none does. */
static bool bytes_differ(const struct content *content, int fd, uint64_t *at)
{
    static const unsigned char zeros[CONTENT_PAGE];
    unsigned char *bytes = memory_new(PART);
    bool differs = false;

    for (*at = 0; *at < content->size && !differs;) {
        /* Where both have a hole, there is nothing to compare. */
        const off_t data = lseek(fd, (off_t)*at, SEEK_DATA);
        uint64_t begin = data < 0 ? content->size : (uint64_t)data;
        const size_t page = content_next(content, (size_t)(*at / CONTENT_PAGE));
        if (page != CONTENT_END && (uint64_t)page * CONTENT_PAGE < begin)
            begin = (uint64_t)page * CONTENT_PAGE;
        begin -= begin % CONTENT_PAGE;
        if (begin > *at)
            *at = begin;
        if (*at >= content->size || (data < 0 && page == CONTENT_END)) {
            *at = content->size;
            break;
        }
        const size_t wanted = content->size - *at < PART ? (size_t)(content->size - *at) : PART;
        const ssize_t n = pread(fd, bytes, wanted, (off_t)*at);
        if (n <= 0)
            differs = true;
        for (size_t i = 0; i < (size_t)(n > 0 ? n : 0) && !differs;) {
            const size_t part = (size_t)n - i < CONTENT_PAGE ? (size_t)n - i : CONTENT_PAGE;
            const unsigned char *wanted_bytes = content_page(content, (size_t)(*at / CONTENT_PAGE));
            if (memcmp(bytes + i, wanted_bytes ? wanted_bytes : zeros, part) != 0)
                differs = true;
            else
                *at += part;
            i += part;
        }
    }
    free(bytes);
    return differs;
}

static bool node_differs(const struct tree *tree, uint32_t object, int dir, const char *name, char what[256]);

static bool dir_differs(const struct tree *tree, const struct node *node, int dir, const char *path,
                        char what[256])
{
    DIR *list = open_listed(dir, path);
    size_t count = 0;
    const char *name = NULL;
    bool differs = list == NULL;

    if (differs)
        snprintf(what, 256, "%s cannot be read: %s", path, strerror(errno));
    while (!differs && (name = next_name(list)) != NULL) {
        count++;
        for (size_t i = 0; i <= node->entry_count && !differs; i++) {
            if (i == node->entry_count) {
                snprintf(what, 256, "%.200s should not be there", name);
                differs = true;
            } else if (strcmp(node->entries[i].name, name) == 0) {
                differs = node_differs(tree, node->entries[i].object, dirfd(list), name, what);
                break;
            }
        }
    }
    if (!differs && count != node->entry_count) {
        snprintf(what, 256, "%.100s should have %zu names, not %zu", path, node->entry_count, count);
        differs = true;
    }
    if (list)
        closedir(list);
    return differs;
}

static bool node_differs(const struct tree *tree, uint32_t object, int dir, const char *name, char what[256])
{
    const struct node *node = tree_node(tree, object);
    struct stat st;
    uint64_t at = 0;

    if (node == NULL || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        type_of(st.st_mode) != node->type) {
        snprintf(what, 256, "%.200s is of another kind, or gone", name);
        return true;
    }
    if (node->type != TYPE_SYMLINK && (st.st_mode & 07777) != node->mode) {
        snprintf(what, 256, "%.200s has mode %04o, not %04o", name, st.st_mode & 07777, node->mode);
        return true;
    }
    if (node->type == TYPE_DIRECTORY)
        return dir_differs(tree, node, dir, name, what);
    if (node->type != TYPE_FILE)
        return false;
    if ((uint64_t)st.st_size != node->content.size) {
        snprintf(what, 256, "%.200s has %jd bytes, not %ju", name, (intmax_t)st.st_size,
                 (uintmax_t)node->content.size);
        return true;
    }
    const int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    const bool differs = fd < 0 || bytes_differ(&node->content, fd, &at);
    if (fd >= 0)
        close(fd);
    if (differs)
        snprintf(what, 256, "%.200s has other bytes in the page at %ju", name, (uintmax_t)at);
    return differs;
}

bool image_differs(const struct tree *tree, int dir, char what[256])
{
    return dir_differs(tree, &tree->nodes[1], dir, ".", what);
}

/* --- writing ------------------------------------------------------------------------------------------ */

static bool write_bytes(const struct content *content, int fd)
{
    if (content->size && ftruncate(fd, (off_t)content->size) != 0)
        return false;
    for (size_t i = content_next(content, 0); i != CONTENT_END; i = content_next(content, i + 1)) {
        const unsigned char *page = content_page(content, i);
        const uint64_t offset = (uint64_t)i * CONTENT_PAGE;
        if (offset >= content->size)
            break;
        const size_t size =
            content->size - offset < CONTENT_PAGE ? (size_t)(content->size - offset) : CONTENT_PAGE;
        if (pwrite(fd, page, size, (off_t)offset) != (ssize_t)size)
            return false;
    }
    return true;
}

/* What has been written, for objects with several names: where the first one is. */
struct writing {
    const struct tree *tree;
    int top;
    char **paths; /* by object */
};

static bool write_dir(struct writing *writing, const struct node *node, int dir, const char *path);

static bool write_node(struct writing *writing, const struct node *node, int dir, const char *name,
                       const char *path)
{
    char target[4096];
    size_t size = 0;
    int fd;

    switch (node->type) {
    case TYPE_DIRECTORY:
        if (mkdirat(dir, name, 0700) != 0)
            return false;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
            return false;
        const bool ok = write_dir(writing, node, fd, path) && fchmod(fd, node->mode) == 0;
        close(fd);
        return ok;
    case TYPE_SYMLINK:
        for (; size < node->content.size && size < sizeof(target) - 1; size++) {
            const unsigned char *page = content_page(&node->content, size / CONTENT_PAGE);
            target[size] = page ? (char)page[size % CONTENT_PAGE] : '\0';
        }
        target[size] = '\0';
        return symlinkat(target, dir, name) == 0;
    case TYPE_FILE:
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
            return false;
        const bool written = write_bytes(&node->content, fd) && fchmod(fd, node->mode) == 0;
        return close(fd) == 0 && written;
    case TYPE_SOCKET:
        return mknodat(dir, name, S_IFSOCK | node->mode, 0) == 0;
    default:
        return mkfifoat(dir, name, node->mode) == 0; /* whatever it was, it is nothing to read data from */
    }
}

static bool write_dir(struct writing *writing, const struct node *node, int dir, const char *path)
{
    for (size_t i = 0; i < node->entry_count; i++) {
        const struct entry *entry = &node->entries[i];
        const struct node *child = tree_node(writing->tree, entry->object);
        char below[4096];
        bool ok;
        if (child == NULL)
            continue;
        snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "", entry->name);
        if (writing->paths[entry->object])
            /* A directory of two names is what no file system shows; it is left with its first. */
            ok = child->type == TYPE_DIRECTORY ||
                 linkat(writing->top, writing->paths[entry->object], dir, entry->name, 0) == 0;
        else {
            writing->paths[entry->object] = memory_text(below);
            ok = write_node(writing, child, dir, entry->name, below);
        }
        if (!ok)
            return complain(below, "cannot make it");
    }
    return true;
}

bool image_write(const struct tree *tree, int dir)
{
    struct writing writing = {.tree = tree, .top = dir, .paths = memory_new(tree->count * sizeof(char *))};

    const bool ok = write_dir(&writing, &tree->nodes[1], dir, "") && fchmod(dir, tree->nodes[1].mode) == 0;
    for (uint32_t i = 0; i < tree->count; i++)
        free(writing.paths[i]);
    free(writing.paths);
    return ok;
}
