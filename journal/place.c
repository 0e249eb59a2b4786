/* place.c -- see place.h. */
#include "journal/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/journal.h"
#include "system/system.h"

/* is_remnant -- 1 if the file is what a killed process leaves of one that was to begin with `magic`: a
 * regular file that is empty, or begins with zeros or with the magic. 0 if not, or an error. */
static int is_remnant(struct journal *journal, const char *name, uint64_t magic)
{
    uint64_t begin = 0;
    struct stat st;
    int failed = 0;

    int fd = openat(journal->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO))
        return 0; /* a symbolic link, or a socket */
    if (fd < 0)
        return system_error(errno, "%s/%s: cannot open", journal->path, name);
    if (fstat(fd, &st) != 0)
        failed = errno;
    else if (S_ISREG(st.st_mode))
        system_read(fd, &begin, sizeof(begin), 0, &failed);
    close(fd);
    if (failed)
        return system_error(failed, "%s/%s: cannot read", journal->path, name);
    return S_ISREG(st.st_mode) && (begin == 0 || begin == magic);
}

/* may_stay -- 1 if `name` may stand where a journal is made, 0 if not, or an error. */
static int may_stay(struct journal *journal, const char *name)
{
    uint64_t number;

    if (name[0] == '.' || strcmp(name, "lost+found") == 0)
        return 1;
    if (strcmp(name, CONTROL_NAME) == 0)
        return is_remnant(journal, name, CONTROL_MAGIC);
    if (strcmp(name, RESERVE_NAME) == 0 || spare_parse_name(name, &number))
        return is_remnant(journal, name, SEGMENT_MAGIC);
    return 0; /* the index, too: it comes when there is something to index */
}

int place_check(struct journal *journal)
{
    int error = 0;

    int fd = openat(journal->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        error = system_error(errno, "%s: cannot read the directory", journal->path);
        if (fd >= 0)
            close(fd);
        return error;
    }
    while (error == 0) {
        errno = 0;
        struct dirent *entry = readdir(dir);
        if (entry == NULL) {
            if (errno)
                error = system_error(errno, "%s: cannot read the directory", journal->path);
            break;
        }
        int stays = may_stay(journal, entry->d_name);
        if (stays == 0)
            error = cairn_set_message(CAIRN_ENOTDIR,
                                      "%s: this is no journal, and it has %s in it; a journal is made in an "
                                      "empty directory only",
                                      journal->path, entry->d_name);
        else if (stays < 0)
            error = stays;
    }
    closedir(dir);
    return error;
}
