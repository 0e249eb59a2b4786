/* file.c -- see file.h. */
#include "directory/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system/system.h"

/* A Go program passes over names without the suffix. */
#define TEMPORARY "tmp-"

#define DESCRIPTOR_PATH_SIZE 32

/* descriptor_path -- the name that /proc has for the open file. */
static const char *descriptor_path(char path[DESCRIPTOR_PATH_SIZE], int fd)
{
    snprintf(path, DESCRIPTOR_PATH_SIZE, "/proc/self/fd/%d", fd);
    return path;
}

/* open_unnamed -- makes a file without a name, if the file system can, and if it can be given one later. */
static bool open_unnamed(struct file *file, const struct directory *directory)
{
    char path[DESCRIPTOR_PATH_SIZE];

    *file->name = '\0';
    file->fd = openat(directory->dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
    if (file->fd < 0 || access(descriptor_path(path, file->fd), F_OK) == 0)
        return file->fd >= 0;
    close(file->fd);
    return false;
}

/* open_temporary -- makes a file under a name that nobody has, and locks it. */
static int open_temporary(struct file *file, const struct directory *directory)
{
    uint64_t random;

    for (;;) {
        struct stat st = {.st_nlink = 1};
        if (getrandom(&random, sizeof(random), 0) != sizeof(random))
            return system_error(errno, "%s: no random number", directory->path);
        snprintf(file->name, sizeof(file->name), TEMPORARY "%016" PRIx64, random);
        file->fd =
            openat(directory->dir, file->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (file->fd < 0 && errno == EEXIST)
            continue;
        if (file->fd < 0)
            return system_error(errno, "%s/%s: cannot make the file", directory->path, file->name);
        /* Who cleans up may have come between, and has removed it. */
        if (flock(file->fd, LOCK_EX | LOCK_NB) == 0 && fstat(file->fd, &st) == 0 && st.st_nlink > 0)
            return 0;
        const int why = errno;
        file_discard(file, directory);
        if (st.st_nlink > 0 && why != EWOULDBLOCK && why != EINTR)
            return system_error(why, "%s: cannot lock a file", directory->path);
    }
}

/* write_all -- 0 or an errno. */
static int write_all(int fd, const void *data, size_t size)
{
    const char *from = data;

    while (size > 0) {
        ssize_t n = write(fd, from, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? errno : EIO;
        from += n;
        size -= (size_t)n;
    }
    return 0;
}

int file_make(struct file *file, const struct directory *directory, const void *data, size_t size)
{
    int error = open_unnamed(file, directory) ? 0 : open_temporary(file, directory);

    if (error)
        return error;
    int failed = write_all(file->fd, data, size);
    if (failed == 0 && fsync(file->fd) != 0)
        failed = errno;
    if (failed) {
        error =
            system_error(failed, "%s: cannot write and sync %zu bytes in a new file", directory->path, size);
        file_discard(file, directory);
    }
    return error;
}

void file_discard(struct file *file, const struct directory *directory)
{
    if (file->fd < 0)
        return;
    if (*file->name)
        unlinkat(directory->dir, file->name, 0);
    close(file->fd);
    file->fd = -1;
    *file->name = '\0';
}

/* is_temporary -- whether the name is one that open_temporary() gives. */
static bool is_temporary(const char *name)
{
    const size_t prefix = sizeof(TEMPORARY) - 1;

    return strncmp(name, TEMPORARY, prefix) == 0 && strlen(name) == prefix + 16 &&
           strspn(name + prefix, "0123456789abcdef") == 16;
}

void file_clean(const struct directory *directory)
{
    int at = openat(directory->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = at < 0 ? NULL : fdopendir(at);

    if (dir == NULL) {
        if (at >= 0)
            close(at);
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!is_temporary(entry->d_name))
            continue;
        struct stat st;
        int fd = openat(directory->dir, entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
            continue;
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
            unlinkat(directory->dir, entry->d_name, 0);
        close(fd);
    }
    closedir(dir);
}

/* rename_to -- renames, where nothing may be: 0 or an errno. */
static int rename_to(const struct directory *directory, const char *from, const char *to)
{
    struct stat st;

    if (renameat2(directory->dir, from, directory->dir, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    /* The file system cannot look and rename in one step; the lock has to do. */
    if (fstatat(directory->dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return EEXIST;
    if (errno != ENOENT)
        return errno;
    return renameat(directory->dir, from, directory->dir, to) == 0 ? 0 : errno;
}

int file_name(struct file *file, const struct directory *directory, const char *to)
{
    char path[DESCRIPTOR_PATH_SIZE];

    if (*file->name == '\0') {
        descriptor_path(path, file->fd);
        return linkat(AT_FDCWD, path, directory->dir, to, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno;
    }
    int failed = rename_to(directory, file->name, to);
    if (failed == 0)
        *file->name = '\0';
    return failed;
}

int file_open(int *fd, const struct directory *directory, const char *name)
{
    struct stat st;
    int error = 0;

    *fd = openat(directory->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (*fd < 0 && errno == ENOENT)
        return cairn_set_message(CAIRN_ENOTFOUND, "%s/%s: there is no such checkpoint", directory->path,
                                 name);
    if (*fd < 0 && (errno == ELOOP || errno == ENXIO))
        return cairn_set_message(CAIRN_ENOTFOUND, "%s/%s: this is no regular file, and no checkpoint",
                                 directory->path, name);
    if (*fd < 0)
        return system_error(errno, "%s/%s: cannot open", directory->path, name);
    if (fstat(*fd, &st) != 0)
        error = system_error(errno, "%s/%s: cannot look at it", directory->path, name);
    else if (!S_ISREG(st.st_mode))
        error = cairn_set_message(CAIRN_ENOTFOUND, "%s/%s: this is no regular file, and no checkpoint",
                                  directory->path, name);
    if (error) {
        close(*fd);
        *fd = -1;
    }
    return error;
}

int file_read(int fd, const struct directory *directory, const char *name, void **data, size_t *size)
{
    struct stat st;
    int failed = 0;

    if (fstat(fd, &st) != 0)
        return system_error(errno, "%s/%s: cannot look at it", directory->path, name);
    const size_t wanted = (size_t)st.st_size;
    char *bytes = cairn_alloc(wanted);
    if (bytes == NULL)
        return cairn_set_message(CAIRN_ENOMEM, "%s/%s: no memory for %zu bytes", directory->path, name,
                                 wanted);
    size_t n = system_read(fd, bytes, wanted, 0, &failed);
    if (failed) {
        cairn_free(bytes);
        return system_error(failed, "%s/%s: offset %zu: cannot read", directory->path, name, n);
    }
    *data = bytes;
    *size = n;
    return 0;
}

int file_sync(const struct directory *directory, const char *name)
{
    int fd, failed = 0;

    int error = file_open(&fd, directory, name);
    if (error == CAIRN_EACCES) /* it is not ours to open, and is made durable with all others */
        return syncfs(directory->dir) == 0
                   ? 0
                   : system_error(errno, "%s: cannot sync the file system", directory->path);
    if (error)
        return error == CAIRN_ENOTFOUND ? 0 : error;
    if (fsync(fd) != 0 && errno != EROFS && errno != EINVAL)
        failed = errno;
    close(fd);
    return failed ? system_error(failed, "%s/%s: cannot sync", directory->path, name) : 0;
}

int file_sync_names(const struct directory *directory)
{
    if (fsync(directory->dir) == 0 || errno == EROFS || errno == EINVAL)
        return 0;
    return system_error(errno, "%s: cannot sync the directory", directory->path);
}
