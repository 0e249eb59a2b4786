/* spares.c -- see spares.h. */
#include "journal/spares.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "journal/files.h"

uint64_t spares_size(uint64_t room, uint64_t wanted)
{
    uint64_t size = room + SEGMENT_FRAME + SEGMENT_RESERVE;

    size = (size + SEGMENT_PAGE - 1) & ~(uint64_t)(SEGMENT_PAGE - 1);
    if (size < wanted)
        size = wanted;
    return size < SEGMENT_SIZE_MIN ? SEGMENT_SIZE_MIN : size;
}

/* look -- whether it is a file that can become a segment, and its size. */
static bool look(struct journal *journal, const char *name, struct stat *st)
{
    return fstatat(journal->dir, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode) &&
           st->st_size >= (off_t)SEGMENT_SIZE_MIN && st->st_size % (off_t)SEGMENT_PAGE == 0;
}

/* whole -- whether such a file has all of its space, as one in the making has not, and is nobody else's under
 * another name: what is in it is about to be written over. */
static bool whole(struct journal *journal, const char *name, uint64_t *size)
{
    struct stat st;

    if (!look(journal, name, &st) || st.st_blocks * 512 < st.st_size || st.st_nlink != 1)
        return false;
    *size = (uint64_t)st.st_size;
    return true;
}

/* remove_file -- its space is free at once, though others may have it open still; but not if somebody has it
 * under another name, too. */
static void remove_file(struct journal *journal, const char *name)
{
    struct stat st;

    int fd = openat(journal->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
        const bool alone = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
        if (alone && ftruncate(fd, 0) != 0) {
            /* Then when nobody has it open any more. */
        }
        close(fd);
    }
    unlinkat(journal->dir, name, 0);
}

void spares_retire(struct journal *journal, const char *name)
{
    char spare[SEGMENT_NAME_SIZE];
    uint64_t size;

    if (whole(journal, name, &size) && size >= SEGMENT_SIZE_FIRST) {
        spare_name(spare, atomic_fetch_add(&journal->control->spare_last, 1) + 1);
        if (renameat(journal->dir, name, journal->dir, spare) == 0)
            return;
    }
    remove_file(journal, name);
}

uint64_t spares_most(uint64_t room)
{
    return spares_size(room, room >= SEGMENT_LARGE ? SEGMENT_SIZE_LARGE : SEGMENT_SIZE_MAX);
}

int spares_make(struct journal *journal, const char *name, uint64_t size, uint64_t room)
{
    return room >= SEGMENT_LARGE ? spare_allocate(journal->dir, name, size)
                                 : spare_make(journal->dir, name, size);
}

/* has_room -- whether a file of that size is one for `room` bytes. A little more than the usual will do. */
static bool has_room(uint64_t size, uint64_t room)
{
    const uint64_t most = spares_most(room);
    return size >= spares_size(room, 0) && size <= most + most / 8;
}

bool spares_fits(struct journal *journal, uint64_t number, uint64_t room)
{
    char name[SEGMENT_NAME_SIZE];
    struct stat st;

    spare_name(name, number);
    return look(journal, name, &st) && has_room((uint64_t)st.st_size, room);
}

uint64_t spares_find(struct journal *journal, uint64_t room)
{
    const uint64_t ready = atomic_load(&journal->control->spare);
    uint64_t found = 0, most = 0;
    struct listing listing;

    if (files_list(journal, &listing) != 0)
        return 0;
    for (size_t i = 0; i < listing.spare_count; i++) {
        char name[SEGMENT_NAME_SIZE];
        uint64_t size;
        spare_name(name, listing.spares[i]);
        if (listing.spares[i] != ready && whole(journal, name, &size) && has_room(size, room) &&
            size > most) {
            found = listing.spares[i];
            most = size;
        }
    }
    listing_release(&listing);
    return found;
}

/* budget -- how many bytes may be kept: on a disk that is nearly full, none. */
static uint64_t budget(struct journal *journal)
{
    struct statvfs disk;

    if (fstatvfs(journal->dir, &disk) != 0)
        return 0;
    const uint64_t share = (uint64_t)disk.f_bavail * disk.f_frsize / SPARES_SHARE;
    return share < SPARES_BYTES_MAX ? share : SPARES_BYTES_MAX;
}

/* trim -- as spares_trim(), with append held. */
static void trim(struct journal *journal, bool keep, bool strays)
{
    const uint64_t ready = atomic_load(&journal->control->spare);
    unsigned count = keep ? SPARES_MAX : 0;
    uint64_t bytes = keep ? budget(journal) : 0;
    struct listing listing;

    if (files_list(journal, &listing) != 0)
        return;
    for (size_t i = listing.spare_count; i-- > 0;) {
        char name[SEGMENT_NAME_SIZE];
        uint64_t size = 0;
        spare_name(name, listing.spares[i]);
        const bool usable = whole(journal, name, &size);
        if (listing.spares[i] == ready || (!usable && !strays))
            continue;
        if (usable && count > 0 && size <= bytes) {
            count--;
            bytes -= size;
        } else {
            remove_file(journal, name);
        }
    }
    listing_release(&listing);
}

void spares_give_back(struct journal *journal)
{
    trim(journal, false, true);
}

bool spares_trim(struct journal *journal, bool keep, bool strays)
{
    static const struct cairn_ctx at_once = {.deadline_ns = 1};

    /* Who has append may be about to make one of them a segment. */
    if (control_lock(&journal->control->append, &at_once) < 0)
        return false;
    trim(journal, keep, strays);
    control_unlock(&journal->control->append);
    return true;
}
