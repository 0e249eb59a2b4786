/* engine_floor.c -- the floors: one write and one flush, in each of the ways that the kernel has.
 *
 * Every thread makes its own write durable, at a place of its own. "Written" is space that was written and
 * synced before, so that no metadata of the file system changes: it is used round and round. "Growing" is
 * space that nobody has written: behind the end of the file, or allocated and not yet written. */
#include "engine_floor.h"

#include "must.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define WRITTEN_MIN ((size_t)8 << 20)  /* bytes of written space */
#define ALLOCATED   ((off_t)256 << 20) /* bytes that are allocated at once, as much as a log would at most */

struct floor_file {
    int fd;
    bool unsynced;
    size_t slots;         /* of written space */
    _Atomic size_t next;  /* the slot, or in growing space the byte, for the next */
    _Atomic off_t behind; /* what is allocated ends here */
};

size_t floor_slots(size_t size)
{
    const size_t all = size < 1 << 20 ? WRITTEN_MIN : size < 16 << 20 ? 64 * size : 4 * size;

    return all / size;
}

void floor_write_ahead(int fd, size_t bytes)
{
    const size_t piece = 1 << 20;
    char *data = must_alloc(piece);

    memset(data, 0x55, piece);
    for (size_t at = 0; at < bytes; at += piece)
        must_pwrite(fd, data, bytes - at < piece ? bytes - at : piece, (off_t)at);
    must(fsync(fd) == 0, "fsync");
    free(data);
}

static struct floor_file *floor_open(const char *dir, enum engine_mode mode, int flags)
{
    struct floor_file *file = must_alloc(sizeof *file);

    file->unsynced = mode == ENGINE_FILL;
    file->fd = must_open(dir, "log", file->unsynced ? flags & ~O_DSYNC : flags);
    return file;
}

static void floor_close(void *self)
{
    close(((struct floor_file *)self)->fd);
    free(self);
}

static size_t pages(size_t size)
{
    return (size + ENGINE_PAGE - 1) / ENGINE_PAGE * ENGINE_PAGE;
}

static off_t slot_next(struct floor_file *file, size_t size)
{
    return (off_t)(atomic_fetch_add(&file->next, 1) % file->slots * size);
}

/* --- pwrite and fdatasync, into written space ------------------------------------------------------- */

static void *written_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct floor_file *file = floor_open(dir, mode, 0);

    file->slots = floor_slots(size);
    floor_write_ahead(file->fd, file->slots * size);
    return file;
}

static void written_append(void *self, const void *data, size_t size)
{
    struct floor_file *file = self;

    must_pwrite(file->fd, data, size, slot_next(file, size));
    must(file->unsynced || fdatasync(file->fd) == 0, "fdatasync");
}

static void written_recycle(void *self)
{
    (void)self; /* it does nothing else */
}

/* --- The same in one call --------------------------------------------------------------------------- */

static void rwf_append(void *self, const void *data, size_t size)
{
    struct floor_file *file = self;
    const char *next = data;
    off_t at = slot_next(file, size);

    for (ssize_t n; size > 0; next += n, at += n, size -= (size_t)n) {
        struct iovec vector = {(void *)(uintptr_t)next, size};
        must((n = pwritev2(file->fd, &vector, 1, at, file->unsynced ? 0 : RWF_DSYNC)) > 0, "pwritev2");
    }
}

/* --- Past the page cache: whole pages --------------------------------------------------------------- */

static struct floor_file *direct_file(const char *dir, enum engine_mode mode)
{
    int plain = must_open(dir, "probe", 0);
    const bool can = fcntl(plain, F_SETFL, O_DIRECT) == 0;

    close(plain);
    if (!can)
        leave_out("the file system has no O_DIRECT");
    return floor_open(dir, mode, O_DIRECT | O_DSYNC);
}

static void *direct_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct floor_file *file = direct_file(dir, mode);

    /* Written by another descriptor, for its buffer lies anywhere. */
    int plain = must_open(dir, "log", 0);
    file->slots = floor_slots(pages(size));
    floor_write_ahead(plain, file->slots * pages(size));
    must(posix_fadvise(plain, 0, 0, POSIX_FADV_DONTNEED) == 0, "posix_fadvise");
    close(plain);
    return file;
}

static void direct_append(void *self, const void *data, size_t size)
{
    struct floor_file *file = self;

    must_pwrite(file->fd, data, pages(size), slot_next(file, pages(size)));
}

/* --- Growing ---------------------------------------------------------------------------------------- */

static void *growing_open(const char *dir, size_t size, enum engine_mode mode)
{
    (void)size;
    return floor_open(dir, mode, 0);
}

static void growing_append(void *self, const void *data, size_t size)
{
    struct floor_file *file = self;

    must_pwrite(file->fd, data, size, (off_t)atomic_fetch_add(&file->next, size));
    must(file->unsynced || fdatasync(file->fd) == 0, "fdatasync");
}

static void *growing_direct_open(const char *dir, size_t size, enum engine_mode mode)
{
    (void)size;
    return direct_file(dir, mode);
}

static void growing_direct_append(void *self, const void *data, size_t size)
{
    struct floor_file *file = self;

    must_pwrite(file->fd, data, pages(size), (off_t)atomic_fetch_add(&file->next, pages(size)));
}

/* --- Allocated, never written ----------------------------------------------------------------------- */

static void *allocated_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct floor_file *file = floor_open(dir, mode, 0);

    (void)size;
    if (fallocate(file->fd, 0, 0, ALLOCATED) != 0) {
        if (errno == EOPNOTSUPP)
            leave_out("the file system has no fallocate");
        must(false, "fallocate");
    }
    file->behind = ALLOCATED;
    return file;
}

static void allocated_append(void *self, const void *data, size_t size)
{
    struct floor_file *file = self;
    const off_t at = (off_t)atomic_fetch_add(&file->next, size), end = at + (off_t)size;

    /* Whoever comes to the end first allocates more; that others do so too does no harm. */
    for (off_t behind; (behind = file->behind) < end;) {
        must(fallocate(file->fd, 0, behind, ALLOCATED) == 0, "fallocate");
        atomic_compare_exchange_strong(&file->behind, &behind, behind + ALLOCATED);
    }
    must_pwrite(file->fd, data, size, at);
    must(file->unsynced || fdatasync(file->fd) == 0, "fdatasync");
}

/* ---------------------------------------------------------------------------------------------------- */

const struct engine engine_floor_written = {
    .name = "written",
    .title = "floor: pwrite, fdatasync",
    .kind = ENGINE_FLOOR_WRITTEN,
    .open = written_open,
    .close = floor_close,
    .append = written_append,
    .recycle = written_recycle,
};
const struct engine engine_floor_rwf = {
    .name = "rwf-dsync",
    .title = "floor: RWF_DSYNC",
    .kind = ENGINE_FLOOR_WRITTEN,
    .open = written_open,
    .close = floor_close,
    .append = rwf_append,
    .recycle = written_recycle,
};
const struct engine engine_floor_direct = {
    .name = "direct",
    .title = "floor: O_DIRECT, O_DSYNC",
    .kind = ENGINE_FLOOR_WRITTEN,
    .open = direct_open,
    .close = floor_close,
    .append = direct_append,
    .recycle = written_recycle,
};
const struct engine engine_floor_growing = {
    .name = "growing",
    .title = "floor: growing file",
    .kind = ENGINE_FLOOR_GROWING,
    .open = growing_open,
    .close = floor_close,
    .append = growing_append,
};
const struct engine engine_floor_growing_direct = {
    .name = "growing-direct",
    .title = "floor: growing, O_DIRECT",
    .kind = ENGINE_FLOOR_GROWING,
    .open = growing_direct_open,
    .close = floor_close,
    .append = growing_direct_append,
};
const struct engine engine_floor_allocated = {
    .name = "allocated",
    .title = "floor: fallocated file",
    .kind = ENGINE_FLOOR_GROWING,
    .open = allocated_open,
    .close = floor_close,
    .append = allocated_append,
};
