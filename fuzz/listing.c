/* listing.c -- see listing.h. */
#include "fuzz/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "fuzz/target.h"

static uint64_t hash_of(int dir, const char *name)
{
    unsigned char bytes[4096];
    XXH3_state_t *state = XXH3_createState();
    ssize_t n = -1;

    const int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    XXH3_64bits_reset(state);
    while (fd >= 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
        XXH3_64bits_update(state, bytes, (size_t)n);
    if (fd >= 0)
        close(fd);
    const uint64_t hash = n < 0 ? 0 : XXH3_64bits_digest(state); /* one that we may not read has none */
    XXH3_freeState(state);
    return hash;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct found *)left)->name, ((const struct found *)right)->name);
}

void listing_take(struct listing *listing, int dir)
{
    const int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd < 0 ? NULL : fdopendir(fd);
    struct stat st;

    FUZZ_ASSERT(list, "the directory cannot be read");
    listing->count = 0;
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        FUZZ_ASSERT(listing->count < LISTING_MAX &&
                        fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0,
                    "%s: too many files, or one that has gone", entry->d_name);
        struct found *file = &listing->files[listing->count++];
        snprintf(file->name, sizeof(file->name), "%.255s", entry->d_name);
        file->mode = st.st_mode;
        file->inode = st.st_ino;
        file->size = S_ISREG(st.st_mode) || S_ISLNK(st.st_mode) ? (uint64_t)st.st_size : 0;
        file->hash = S_ISREG(st.st_mode) ? hash_of(dir, file->name) : 0;
    }
    closedir(list);
    qsort(listing->files, listing->count, sizeof(listing->files[0]), by_name);
}

const struct found *listing_find(const struct listing *listing, const char *name)
{
    struct found key;

    if (strlen(name) >= sizeof(key.name))
        return NULL;
    memcpy(key.name, name, strlen(name) + 1);
    return bsearch(&key, listing->files, listing->count, sizeof(listing->files[0]), by_name);
}

const struct found *listing_differ(const struct listing *before, const struct listing *after,
                                   listing_minds *minds)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct found *was = &before->files[i], *is = listing_find(after, was->name);
        if (minds(was) && (is == NULL || is->mode != was->mode || is->inode != was->inode ||
                           is->size != was->size || is->hash != was->hash))
            return was;
    }
    for (size_t i = 0; i < after->count; i++) {
        if (minds(&after->files[i]) && listing_find(before, after->files[i].name) == NULL)
            return &after->files[i];
    }
    return NULL;
}

bool listing_has(const struct found *file, const void *data, size_t size)
{
    return file->size == size && file->hash == XXH3_64bits(data, size);
}
