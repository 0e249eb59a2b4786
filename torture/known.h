/* known.h -- the objects of the directory that is watched, by what the kernel knows them by. */
#ifndef TORTURE_KNOWN_H
#define TORTURE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* What the kernel knows an object by. A number of an inode is given again once it is free, a time of birth is
 * not. */
struct identity {
    uint64_t inode;
    uint32_t major, minor;
    int64_t born_s;
    uint32_t born_ns;
};

struct object {
    struct identity identity;
    int fd;      /* by which its bytes are read back; -1 if it has not been needed */
    bool mapped; /* it may be changed without a call */
};

struct known {
    struct object *objects; /* by number; the first is none */
    size_t count, space;
    uint32_t *slots; /* a hash table of them: numbers by inode; 0 is free */
    size_t slot_count, slots_used;
    struct identity acks; /* of the file that takes acknowledgements, which is none of them */
};

/* identity_get -- of what is at the path, with what statx() says of it; false if nothing is. */
bool identity_get(struct identity *identity, struct statx *stx, int dir, const char *path, int flags);
bool identity_same(const struct identity *a, const struct identity *b);

/* known_find -- the object's number; 0 if it is none of the directory's. */
uint32_t known_find(const struct known *known, const struct identity *identity);

/* known_learn -- the object is known by this identity from now on. */
void known_learn(struct known *known, uint32_t object, const struct identity *identity);

/* known_size -- how long the file is now; 0 if it has no descriptor. */
uint64_t known_size(const struct known *known, uint32_t object);

void known_release(struct known *known);

#endif
