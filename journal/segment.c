/* segment.c -- see segment.h. */
#include "journal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include <cairn/version.h>

#include "system/system.h"

static uint64_t header_hash(const struct segment_header *header)
{
    return XXH3_64bits_withSeed(header, offsetof(struct segment_header, hash), header->salt);
}

void segment_tail(const struct segment *segment, struct tail *tail)
{
    *tail = segment->header.tail;
    tail->chain = segment->header.hash;
}

void segment_name(char name[SEGMENT_NAME_SIZE], uint64_t number)
{
    snprintf(name, SEGMENT_NAME_SIZE, "seg-%08" PRIu64, number);
}

bool segment_parse_name(const char *name, uint64_t *number)
{
    char expected[SEGMENT_NAME_SIZE];

    if (strncmp(name, "seg-", 4) != 0 || name[4] < '0' || name[4] > '9')
        return false;
    *number = strtoull(name + 4, NULL, 10);
    segment_name(expected, *number);
    return *number > 0 && *number < UINT64_MAX / 2 && strcmp(name, expected) == 0;
}

/* header_check -- NULL if `header` is that of segment `number`, else why not. */
static const char *header_check(const struct segment_header *header, uint64_t number)
{
    const struct tail *tail = &header->tail;

    if (header->magic != SEGMENT_MAGIC)
        return "this is no segment header";
    if (header->version != SEGMENT_VERSION || header->size != sizeof(*header))
        return "the header is of an unknown version";
    if (header->hash != header_hash(header))
        return "the header does not match its hash";
    if (header->number != number || tail->segment != number)
        return "the file is another segment's, under a wrong name";
    if (tail->position % RECORD_ALIGN != 0 || header->prev_end > tail->position ||
        header->capacity > UINT64_MAX / 4 || tail->position > UINT64_MAX / 4 || tail->horizon_segment == 0 ||
        tail->horizon_segment > number || (tail->survivor_position != RECORD_NONE && tail->next_number == 0))
        return "the header's numbers cannot be right";
    return NULL;
}

int segment_open(struct segment *segment, int dir, const char *path, uint64_t number, bool writable,
                 const char **reason)
{
    char name[SEGMENT_NAME_SIZE];
    struct stat st;

    *reason = NULL;
    segment_name(name, number);
    segment->fd = openat(dir, name, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (segment->fd < 0) {
        if (errno == ENOENT)
            return cairn_set_message(CAIRN_ENOTFOUND, "%s/%s: %s", path, name,
                                     *reason = "the file is missing");
        if (errno == ELOOP)
            return cairn_set_message(CAIRN_ECORRUPT, "%s/%s: %s", path, name,
                                     *reason = "a symbolic link stands in its place");
        if (errno == EISDIR || errno == ENXIO)
            return cairn_set_message(CAIRN_ECORRUPT, "%s/%s: %s", path, name,
                                     *reason = "this is no regular file");
        return system_error(errno, "%s/%s: cannot open", path, name);
    }
    if (fstat(segment->fd, &st) != 0) {
        int error = system_error(errno, "%s/%s: cannot look at it", path, name);
        segment_close(segment);
        return error;
    }
    if (!S_ISREG(st.st_mode)) {
        segment_close(segment);
        return cairn_set_message(CAIRN_ECORRUPT, "%s/%s: %s", path, name,
                                 *reason = "this is no regular file");
    }
    segment->file_size = (uint64_t)st.st_size;

    struct segment_header copy[2] = {0};
    const char *why[2];
    int failed[2] = {0};
    system_read(segment->fd, &copy[0], sizeof(copy[0]), 0, &failed[0]);
    why[0] = header_check(&copy[0], number);
    /* The last page is where the header says, or at the end of the file if there is no header to ask. */
    uint64_t last = why[0] == NULL                        ? SEGMENT_PAGE + copy[0].capacity
                    : segment->file_size >= SEGMENT_FRAME ? segment->file_size - SEGMENT_PAGE
                                                          : 0;
    if (last)
        system_read(segment->fd, &copy[1], sizeof(copy[1]), last, &failed[1]);
    why[1] = header_check(&copy[1], number);
    if (why[1] == NULL && copy[1].capacity != last - SEGMENT_PAGE)
        why[1] = "the header's numbers cannot be right";
    if (why[0] && why[1]) {
        segment_close(segment);
        if (copy[0].magic == SEGMENT_MAGIC && copy[1].magic == SEGMENT_MAGIC &&
            copy[0].version == copy[1].version && copy[0].version > SEGMENT_VERSION) {
            *reason = "the header is of a newer version";
            return cairn_set_message(CAIRN_EVERSION,
                                     "%s/%s: offset 8: format version %u; this is cairn %s, which knows %u",
                                     path, name, copy[0].version, cairn_version(), SEGMENT_VERSION);
        }
        if (failed[0] || failed[1])
            return system_error(failed[0] ? failed[0] : failed[1], "%s/%s: offset %" PRIu64 ": %s", path,
                                name, failed[0] ? 0 : last, *reason = SEGMENT_UNREADABLE);
        *reason = why[0];
        return cairn_set_message(CAIRN_ECORRUPT, "%s/%s: offset 0: %s", path, name, why[0]);
    }
    segment->header = why[0] ? copy[1] : copy[0];
    return 0;
}

void segment_close(struct segment *segment)
{
    if (segment->fd >= 0)
        close(segment->fd);
    segment->fd = -1;
}

bool segment_header_damaged(const struct segment *segment, uint64_t *offset)
{
    const uint64_t offsets[2] = {0, SEGMENT_PAGE + segment->header.capacity};
    const int count = segment->file_size < segment_full_size(segment) ? 1 : 2;

    for (int i = 0; i < count; i++) {
        struct segment_header copy = {0};
        int failed;
        system_read(segment->fd, &copy, sizeof(copy), offsets[i], &failed);
        *offset = offsets[i];
        if (header_check(&copy, segment->header.number) != NULL || copy.capacity != segment->header.capacity)
            return true;
    }
    return false;
}

size_t segment_read(const struct segment *segment, uint64_t position, void *buffer, size_t size, int *failed)
{
    *failed = 0;
    if (position < segment_base(segment) || position >= segment_limit(segment))
        return 0;
    if (size > segment_limit(segment) - position)
        size = (size_t)(segment_limit(segment) - position);
    return system_read(segment->fd, buffer, size, segment_offset(segment, position), failed);
}

int segment_write(const struct segment *segment, uint64_t position, struct iovec *iov, int count)
{
    uint64_t written;
    return segment_write_some(segment, position, iov, count, &written);
}

int segment_write_some(const struct segment *segment, uint64_t position, struct iovec *iov, int count,
                       uint64_t *written)
{
    off_t offset = (off_t)segment_offset(segment, position);

    *written = 0;
    while (count > 0) {
        ssize_t n = pwritev(segment->fd, iov, count, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            return EIO;
        offset += n;
        *written += (uint64_t)n;
        for (size_t left = (size_t)n; count > 0; iov++, count--) {
            if (left < iov->iov_len) {
                iov->iov_base = (char *)iov->iov_base + left;
                iov->iov_len -= left;
                break;
            }
            left -= iov->iov_len;
        }
    }
    return 0;
}

void segment_push(const struct segment *segment, uint64_t position, uint64_t end)
{
    const uint64_t from =
        (segment_offset(segment, position) + SEGMENT_PAGE - 1) & ~(uint64_t)(SEGMENT_PAGE - 1);
    const uint64_t to = segment_offset(segment, end) & ~(uint64_t)(SEGMENT_PAGE - 1);

    if (to > from)
        sync_file_range(segment->fd, (off_t)from, (off_t)(to - from), SYNC_FILE_RANGE_WRITE);
}

/* open_direct -- opens a new file so that what is written goes past the page cache, if that can be had. */
static int open_direct(int dir, const char *name)
{
    const int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(dir, name, flags | O_DIRECT, 0666);
    return fd < 0 && errno == EINVAL ? openat(dir, name, flags, 0666) : fd;
}

/* not_direct -- after EINVAL: whether writing through the page cache may do. */
static bool not_direct(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_DIRECT) && fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

int spare_make(int dir, const char *name, uint64_t size)
{
    static _Alignas(SEGMENT_PAGE) char zeros[256 * 1024]; /* not const: it takes no space in the program */
    int error = 0;

    assert(size % SEGMENT_PAGE == 0 && size >= SEGMENT_SIZE_MIN);
    int fd = open_direct(dir, name);
    if (fd < 0)
        return errno;
    for (uint64_t at = 0; at < size && error == 0;) {
        size_t part = size - at < sizeof(zeros) ? (size_t)(size - at) : sizeof(zeros);
        ssize_t n = pwrite(fd, zeros, part, (off_t)at);
        if (n > 0)
            at += (uint64_t)n;
        else if (n == 0)
            error = EIO;
        else if (errno != EINTR && !(errno == EINVAL && not_direct(fd)))
            error = errno;
    }
    if (error == 0 && fdatasync(fd) != 0)
        error = errno;
    if (error != 0)
        unlinkat(dir, name, 0);
    close(fd);
    return error;
}

int spare_allocate(int dir, const char *name, uint64_t size)
{
    int error = 0;

    int fd = openat(dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return errno;
    if (fallocate(fd, 0, 0, (off_t)size) != 0 || fdatasync(fd) != 0)
        error = errno;
    close(fd);
    if (error)
        unlinkat(dir, name, 0);
    return error == EOPNOTSUPP ? spare_make(dir, name, size) : error;
}

int segment_create(struct segment *segment, int dir, const char *name, struct segment_header *header)
{
    return segment_create_filled(segment, dir, name, header, NULL, NULL);
}

/* write_page -- 0 or an errno. */
static int write_page(int fd, const void *page, uint64_t offset)
{
    ssize_t n = pwrite(fd, page, SEGMENT_PAGE, (off_t)offset);
    return n == (ssize_t)SEGMENT_PAGE ? 0 : n < 0 ? errno : EIO;
}

int segment_create_filled(struct segment *segment, int dir, const char *name, struct segment_header *header,
                          segment_fill *fill, void *arg)
{
    unsigned char page[SEGMENT_PAGE] = {0};
    char final[SEGMENT_NAME_SIZE];
    struct stat st;
    int error;

    segment->fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (segment->fd < 0)
        return errno;
    if (fstat(segment->fd, &st) != 0)
        goto failed;
    errno = EINVAL;
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)SEGMENT_SIZE_MIN)
        goto failed;

    header->magic = SEGMENT_MAGIC;
    header->version = SEGMENT_VERSION;
    header->size = sizeof(*header);
    header->capacity = ((uint64_t)st.st_size & ~(uint64_t)(SEGMENT_PAGE - 1)) - SEGMENT_FRAME;
    header->time_ns = system_time_ns();
    header->tail.segment = header->number;
    header->tail.chain = 0;
    if (getrandom(&header->salt, sizeof(header->salt), 0) != (ssize_t)sizeof(header->salt))
        goto failed;
    header->hash = header_hash(header);
    /* Its tail comes from the files or from the control page, and may be beyond what can be. */
    errno = EINVAL;
    if (header_check(header, header->number) != NULL)
        goto failed;
    memcpy(page, header, sizeof(*header));
    errno = write_page(segment->fd, page, 0);
    if (errno == 0)
        errno = write_page(segment->fd, page, SEGMENT_PAGE + header->capacity);
    if (errno != 0)
        goto failed;
    segment->header = *header;
    segment->file_size = (uint64_t)st.st_size;
    errno = fill ? fill(arg, segment) : 0;
    if (errno != 0)
        goto failed;
    /* The whole file, its size and extents too: it may have been made by a process that was killed. */
    if (fdatasync(segment->fd) != 0)
        goto failed;
    segment_name(final, header->number);
    /* What may stand under that name was made by a process that died before it could say so. */
    if (renameat(dir, name, dir, final) != 0)
        goto failed;
    if (fsync(dir) != 0) {
        error = errno;
        unlinkat(dir, final, 0);
        segment_close(segment);
        return -error; /* the removal need not be durable either */
    }
    return 0;

failed:
    error = errno;
    segment_close(segment);
    return error;
}
