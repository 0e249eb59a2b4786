/* disk.c -- see disk.h. */
#include "torture/cairn/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture/cairn/told.h"

static void must(int result, const char *call)
{
    if (result != 0)
        fail(call, strerror(errno));
}

/* copy_file -- with all its bytes: what was written ahead takes space, too. */
static void copy_file(int from, int to, const char *name)
{
    static char buffer[256 * 1024];
    const int in = openat(from, name, O_RDONLY | O_CLOEXEC);
    const int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    ssize_t n;

    must(in < 0 || out < 0, name);
    while ((n = read(in, buffer, sizeof(buffer))) > 0)
        must(write(out, buffer, (size_t)n) != n, name);
    must(n != 0, name);
    close(in);
    close(out);
}

/* copy -- what is in one directory into another; both are closed. */
static void copy(int from, int to)
{
    DIR *dir = from < 0 || to < 0 ? NULL : fdopendir(from);
    const struct dirent *entry;

    if (dir == NULL)
        fail("what the crash has left", strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_DIR) {
            must(mkdirat(to, entry->d_name, 0755), entry->d_name);
            copy(openat(from, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                 openat(to, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        } else {
            copy_file(from, to, entry->d_name);
        }
    }
    closedir(dir);
    close(to);
}

static void fill_up(const char *disk)
{
    static const char page[4096];
    char path[4200];

    snprintf(path, sizeof(path), "%s/ballast", disk);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(fd < 0, path);
    while (write(fd, page, sizeof(page)) == (ssize_t)sizeof(page))
        ;
    close(fd);
}

void disk_fill(const char *size)
{
    const char *dir = getenv("TORTURE_DIR"), *acked = getenv("TORTURE_ACKED");
    char disk[4096], options[64], to[4200];

    if (dir == NULL || acked == NULL)
        fail("the disk", "TORTURE_DIR or TORTURE_ACKED is not set");
    snprintf(disk, sizeof(disk), "%s.disk", acked);
    snprintf(options, sizeof(options), "size=%s,mode=0755", size);
    must(unshare(CLONE_NEWNS), "unshare");
    must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
    must(mkdir(disk, 0755) != 0 && errno != EEXIST, disk);
    must(mount("tmpfs", disk, "tmpfs", MS_NOSUID | MS_NODEV, options), disk);
    snprintf(to, sizeof(to), "%s/dir", disk);
    must(mkdir(to, 0755), to);
    copy(open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    fill_up(disk);
    must(mount(to, dir, NULL, MS_BIND, NULL), dir);
}
