/* scratch.c -- see scratch.h. */
#include "scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what, const char *path)
{
    fprintf(stderr, "scratch: %s: %s: %s\n", path, what, strerror(errno));
    exit(2);
}

void scratch_make(char path[SCRATCH_PATH_SIZE], bool memory)
{
    const char *base = getenv("TMPDIR");

    if (base == NULL || *base == '\0')
        base = "/tmp";
    if (memory && access("/dev/shm", W_OK | X_OK) == 0)
        base = "/dev/shm";
    snprintf(path, SCRATCH_PATH_SIZE, "%s/cairn-test-XXXXXX", base);
    if (mkdtemp(path) == NULL)
        give_up("cannot make a directory", path);
}

char *scratch_join(char path[SCRATCH_PATH_SIZE], const char *dir, const char *name)
{
    if (snprintf(path, SCRATCH_PATH_SIZE, "%s/%s", dir, name) >= SCRATCH_PATH_SIZE) {
        errno = ENAMETOOLONG;
        give_up("cannot name a file", dir);
    }
    return path;
}

/* open_directory -- for reading; NULL if it is no directory, or not there. */
static DIR *open_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (fd >= 0 && dir == NULL)
        give_up("cannot read it", path);
    return dir;
}

/* next_name -- the next entry but for the directory itself and its parent; NULL at the end. */
static const char *next_name(DIR *dir)
{
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            return entry->d_name;
    }
    return NULL;
}

void scratch_remove(const char *path)
{
    char below[SCRATCH_PATH_SIZE];
    DIR *dir = open_directory(path);

    if (dir) {
        for (const char *name; (name = next_name(dir)) != NULL;)
            scratch_remove(scratch_join(below, path, name));
        closedir(dir);
        if (rmdir(path) != 0)
            give_up("cannot remove it", path);
    } else if (unlink(path) != 0 && errno != ENOENT) {
        give_up("cannot remove it", path);
    }
}

unsigned char *scratch_read(const char *path, size_t *size)
{
    struct stat st;

    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return NULL;
    if (fd < 0 || fstat(fd, &st) != 0)
        give_up("cannot open it", path);
    *size = (size_t)st.st_size;
    unsigned char *data = malloc(*size + 1);
    if (data == NULL || pread(fd, data, *size, 0) != (ssize_t)*size)
        give_up("cannot read it", path);
    close(fd);
    return data;
}

void scratch_write(const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 || (size && pwrite(fd, data, size, 0) != (ssize_t)size) || ftruncate(fd, (off_t)size) != 0)
        give_up("cannot write it", path);
    close(fd);
}

/* take -- one entry. */
static void take(struct scratch_file *file, const char *path, const char *name)
{
    char below[SCRATCH_PATH_SIZE];
    struct stat st;

    scratch_join(below, path, name);
    if (lstat(below, &st) != 0)
        give_up("cannot look at it", below);
    *file = (struct scratch_file){.name = strdup(name), .mode = st.st_mode};
    if (S_ISREG(st.st_mode)) {
        file->data = scratch_read(below, &file->size);
    } else if (S_ISLNK(st.st_mode)) {
        file->data = malloc(SCRATCH_PATH_SIZE);
        ssize_t n = file->data ? readlink(below, (char *)file->data, SCRATCH_PATH_SIZE) : -1;
        if (n < 0)
            give_up("cannot read it", below);
        file->size = (size_t)n;
    }
    if (file->name == NULL)
        give_up("no memory", below);
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct scratch_file *)a)->name, ((const struct scratch_file *)b)->name);
}

void scratch_tree_take(struct scratch_tree *tree, const char *path)
{
    DIR *dir = open_directory(path);

    if (dir == NULL)
        give_up("this is no directory", path);
    *tree = (struct scratch_tree){0};
    for (const char *name; (name = next_name(dir)) != NULL;) {
        struct scratch_file *files = realloc(tree->files, (tree->count + 1) * sizeof(*files));
        if (files == NULL)
            give_up("no memory", path);
        tree->files = files;
        take(&files[tree->count++], path, name);
    }
    closedir(dir);
    if (tree->count)
        qsort(tree->files, tree->count, sizeof(tree->files[0]), compare_files);
}

void scratch_tree_release(struct scratch_tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->files[i].name);
        free(tree->files[i].data);
    }
    free(tree->files);
    *tree = (struct scratch_tree){0};
}

const struct scratch_file *scratch_tree_find(const struct scratch_tree *tree, const char *name)
{
    const struct scratch_file wanted = {.name = (char *)(uintptr_t)name};

    return tree->count == 0
               ? NULL
               : bsearch(&wanted, tree->files, tree->count, sizeof(tree->files[0]), compare_files);
}

const char *scratch_tree_differs(const struct scratch_tree *tree, const char *path)
{
    static char first[SCRATCH_PATH_SIZE];
    struct scratch_tree now;
    const char *result = NULL;

    scratch_tree_take(&now, path);
    for (size_t i = 0, k = 0; result == NULL && (i < tree->count || k < now.count); i++, k++) {
        const struct scratch_file *a = i < tree->count ? &tree->files[i] : NULL;
        const struct scratch_file *b = k < now.count ? &now.files[k] : NULL;
        int order = a == NULL ? 1 : b == NULL ? -1 : strcmp(a->name, b->name);
        if (order == 0 && a->mode == b->mode && a->size == b->size &&
            (a->size == 0 || memcmp(a->data, b->data, a->size) == 0))
            continue;
        snprintf(first, sizeof(first), "%s", order <= 0 ? a->name : b->name);
        result = first;
    }
    scratch_tree_release(&now);
    return result;
}

void scratch_tree_restore(const struct scratch_tree *tree, const char *path)
{
    char below[SCRATCH_PATH_SIZE];
    struct stat st;
    DIR *dir = open_directory(path);

    if (dir == NULL)
        give_up("this is no directory", path);
    for (const char *name; (name = next_name(dir)) != NULL;) {
        const struct scratch_file *file = scratch_tree_find(tree, name);
        scratch_join(below, path, name);
        if (file == NULL || lstat(below, &st) != 0 || (st.st_mode & S_IFMT) != (file->mode & S_IFMT))
            scratch_remove(below);
    }
    closedir(dir);
    for (size_t i = 0; i < tree->count; i++) {
        const struct scratch_file *file = &tree->files[i];
        if (S_ISREG(file->mode))
            scratch_write(scratch_join(below, path, file->name), file->data, file->size);
    }
}
