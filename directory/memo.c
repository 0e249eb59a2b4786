/* memo.c -- see memo.h. */
#include "directory/memo.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

#include "system/system.h"

#define MEMO_MAGIC 0x326d656d6e726163u /* "carnmem2" */

/* As it stands in the file. It is never read on another machine, nor after another boot. */
struct written {
    uint64_t magic;
    uint8_t boot[16];
    uint64_t device, inode;        /* of the directory */
    int64_t seconds, nanoseconds;  /* its modification time */
    int64_t changed_s, changed_ns; /* and when that was set, which nobody can set back */
    uint64_t number;
    char latest[NAME_SIZE];
    uint64_t hash; /* of all before it */
};
static_assert(sizeof(struct written) == 80 + NAME_SIZE + 8, "it is hashed as a whole");

static uint64_t hash_of(const struct written *written)
{
    return XXH3_64bits(written, offsetof(struct written, hash));
}

bool memo_read(struct memo *memo, const struct directory *directory, const struct lock *lock)
{
    struct written written;
    struct stat st;
    uint32_t number;
    int failed;

    if (lock->fd < 0 || system_read(lock->fd, &written, sizeof(written), 0, &failed) != sizeof(written) ||
        written.magic != MEMO_MAGIC || written.hash != hash_of(&written) ||
        memcmp(written.boot, directory->boot, sizeof(written.boot)) != 0 ||
        written.device != directory->device || written.inode != directory->inode ||
        fstat(directory->dir, &st) != 0 || written.seconds != st.st_mtim.tv_sec ||
        written.nanoseconds != st.st_mtim.tv_nsec || written.changed_s != st.st_ctim.tv_sec ||
        written.changed_ns != st.st_ctim.tv_nsec)
        return false;
    if (memchr(written.latest, '\0', sizeof(written.latest)) == NULL)
        return false;
    if (*written.latest &&
        (strchr(written.latest, '/') || name_parse(written.latest, &number) != NAME_CHECKPOINT ||
         number != written.number))
        return false;
    memcpy(memo->latest, written.latest, sizeof(memo->latest));
    memo->number = (uint32_t)written.number;
    return true;
}

struct stamp memo_stamp(const struct directory *directory, const struct lock *lock)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {0}};
    const struct stamp never = {.set = false};
    struct timespec tick;
    struct stat st;

    if (!lock->writable || !lock_holds(lock, directory))
        return never;
    /* A name's change is stamped with the last tick. A moment behind it that is over by now is no tick, and
     * will not become one. */
    do {
        clock_gettime(CLOCK_REALTIME_COARSE, &tick);
        clock_gettime(CLOCK_REALTIME, &times[1]);
    } while (times[1].tv_sec == tick.tv_sec && times[1].tv_nsec == tick.tv_nsec);
    if (futimens(directory->dir, times) != 0 || fstat(directory->dir, &st) != 0 ||
        st.st_mtim.tv_sec != times[1].tv_sec || st.st_mtim.tv_nsec != times[1].tv_nsec)
        return never; /* not ours to set, or the file system counts in longer units */
    return (struct stamp){.set = true, .modified = st.st_mtim, .changed = st.st_ctim};
}

void memo_write(const struct memo *memo, const struct directory *directory, const struct lock *lock,
                const struct stamp *stamp)
{
    struct written written = {
        .magic = MEMO_MAGIC,
        .device = directory->device,
        .inode = directory->inode,
        .seconds = stamp->modified.tv_sec,
        .nanoseconds = stamp->modified.tv_nsec,
        .changed_s = stamp->changed.tv_sec,
        .changed_ns = stamp->changed.tv_nsec,
        .number = memo->number,
    };

    if (!stamp->set)
        return;
    memcpy(written.boot, directory->boot, sizeof(written.boot));
    memcpy(written.latest, memo->latest, sizeof(written.latest));
    written.hash = hash_of(&written);
    /* One that is not written whole is not believed. */
    ssize_t n = pwrite(lock->fd, &written, sizeof(written), 0);
    (void)n;
}
