/* damage.c -- see damage.h. */
#include "torture/cairn/damage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* damage_file -- by way of a mapping, for its sync has a name that is none of Cairn's: who leaves out one
 * sync after the other sees which is which. */
static bool damage_file(const char *path, const void *body, size_t size, size_t before)
{
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    bool done = false;
    struct stat st;

    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 && st.st_size > 0) {
        const size_t length = (size_t)st.st_size;
        unsigned char *file = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        unsigned char *at = file == MAP_FAILED ? NULL : memmem(file, length, body, size);
        if (at && (size_t)(at - file) >= before) {
            for (unsigned char *byte = at - before; byte < at + size; byte++)
                *byte = (unsigned char)~*byte;
            done = msync(file, length, MS_SYNC) == 0;
        }
        if (file != MAP_FAILED)
            munmap(file, length);
    }
    close(fd);
    return done;
}

bool damage_body(const char *journal, const void *body, size_t size, size_t before)
{
    DIR *dir = opendir(journal);
    const struct dirent *entry;
    char path[4096];
    bool done = false;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, "seg-", 4) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s", journal, entry->d_name);
        done |= damage_file(path, body, size, before);
    }
    if (dir)
        closedir(dir);
    return done;
}
