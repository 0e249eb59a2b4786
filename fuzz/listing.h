/* listing.h -- a directory as a plain reading of it shows it: what a target compares answers with. */
#ifndef FUZZ_LISTING_H
#define FUZZ_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LISTING_MAX 1500u

struct found {
    char name[256];
    mode_t mode;
    ino_t inode;
    uint64_t size;
    uint64_t hash; /* of a regular file's bytes */
};

struct listing {
    struct found files[LISTING_MAX]; /* by name */
    size_t count;
};

/* listing_take -- reads the open directory: its names, and the bytes of its regular files. */
void listing_take(struct listing *listing, int dir);

/* listing_find -- NULL if there is no such name. */
const struct found *listing_find(const struct listing *listing, const char *name);

/* listing_differ -- the first file of `before` that is not in `after` as it was, or of `after` that is not in
 * `before`, of those that `minds` holds for; NULL if there is none. */
typedef bool listing_minds(const struct found *file);
const struct found *listing_differ(const struct listing *before, const struct listing *after,
                                   listing_minds *minds);

/* listing_has -- whether the file has these bytes. */
bool listing_has(const struct found *file, const void *data, size_t size);

#endif
