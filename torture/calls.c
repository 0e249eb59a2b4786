/* calls.c -- see calls.h. */
#include "torture/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "torture/memory.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "cairn-torture knows the system calls of x86-64 and AArch64"
#endif

#define X32_BIT     0x40000000u
#define TMPFILE_BIT 020000000u /* of O_TMPFILE, the one that it does not share with O_DIRECTORY */
#define IN_OPEN_HOW 0x10000u   /* the flags stand in a struct open_how */

/* A row: which argument is what, counted from 1; 0 if there is none. */
struct row {
    long number;
    const char *name;
    enum verb verb;
    uint32_t fixed; /* flags that the call stands for */
    uint32_t bits;
    uint8_t when; /* only if that argument has one of the bits or, of ioctl(), is one of the commands */
    uint8_t fd, path, fd2, path2, flags, offset, offset_at, size, address, mode, count;
};

static const struct row rows[] = {
/* clang-format off */
#ifdef SYS_open
    {SYS_open, "open", VERB_OPEN, .path = 1, .flags = 2, .mode = 3, .when = 2, .bits = O_CREAT | O_TRUNC | TMPFILE_BIT},
    {SYS_creat, "creat", VERB_OPEN, .path = 1, .mode = 2, .fixed = O_CREAT | O_TRUNC | O_WRONLY},
    {SYS_rename, "rename", VERB_RENAME, .path = 1, .path2 = 2},
    {SYS_link, "link", VERB_LINK, .path = 1, .path2 = 2},
    {SYS_unlink, "unlink", VERB_UNLINK, .path = 1},
    {SYS_rmdir, "rmdir", VERB_UNLINK, .path = 1},
    {SYS_mkdir, "mkdir", VERB_MAKE, .path = 1, .mode = 2},
    {SYS_symlink, "symlink", VERB_MAKE, .path = 2},
    {SYS_mknod, "mknod", VERB_MAKE, .path = 1, .mode = 2},
    {SYS_chmod, "chmod", VERB_MODE, .path = 1, .mode = 2},
    {SYS_stat, "stat", VERB_LOOK, .path = 1},
    {SYS_lstat, "lstat", VERB_LOOK, .path = 1, .fixed = AT_SYMLINK_NOFOLLOW},
    {SYS_access, "access", VERB_LOOK, .path = 1},
    {SYS_readlink, "readlink", VERB_LOOK, .path = 1, .fixed = AT_SYMLINK_NOFOLLOW},
#endif
    {SYS_openat, "openat", VERB_OPEN, .fd = 1, .path = 2, .flags = 3, .mode = 4, .when = 3, .bits = O_CREAT | O_TRUNC | TMPFILE_BIT},
    {SYS_openat2, "openat2", VERB_OPEN, .fd = 1, .path = 2, .address = 3, .fixed = IN_OPEN_HOW},
    {SYS_read, "read", VERB_READ, .fd = 1},
    {SYS_pread64, "pread", VERB_READ, .fd = 1},
    {SYS_readv, "readv", VERB_READ, .fd = 1},
    {SYS_preadv, "preadv", VERB_READ, .fd = 1},
    {SYS_preadv2, "preadv2", VERB_READ, .fd = 1},
    {SYS_getdents64, "getdents64", VERB_READ, .fd = 1},
    {SYS_fstat, "fstat", VERB_READ, .fd = 1},
    {SYS_lseek, "lseek", VERB_READ, .fd = 1},
    {SYS_newfstatat, "fstatat", VERB_LOOK, .fd = 1, .path = 2, .flags = 4},
    {SYS_statx, "statx", VERB_LOOK, .fd = 1, .path = 2, .flags = 3},
    {SYS_faccessat, "faccessat", VERB_LOOK, .fd = 1, .path = 2},
    {SYS_faccessat2, "faccessat2", VERB_LOOK, .fd = 1, .path = 2, .flags = 4},
    {SYS_readlinkat, "readlinkat", VERB_LOOK, .fd = 1, .path = 2, .fixed = AT_SYMLINK_NOFOLLOW},
    {SYS_write, "write", VERB_WRITE, .fd = 1, .count = 3},
    {SYS_pwrite64, "pwrite", VERB_WRITE, .fd = 1, .count = 3, .offset = 4},
    {SYS_writev, "writev", VERB_WRITE, .fd = 1, .count = 3},
    {SYS_pwritev, "pwritev", VERB_WRITE, .fd = 1, .count = 3, .offset = 4},
    {SYS_pwritev2, "pwritev2", VERB_WRITE, .fd = 1, .count = 3, .offset = 4, .flags = 6},
    {SYS_sendfile, "sendfile", VERB_WRITE, .fd = 1, .fd2 = 2, .count = 4},
    {SYS_copy_file_range, "copy_file_range", VERB_COPY, .fd = 3, .fd2 = 1, .offset_at = 4, .count = 5},
    {SYS_splice, "splice", VERB_COPY, .fd = 3, .fd2 = 1, .offset_at = 4, .count = 5},
    {SYS_truncate, "truncate", VERB_RESIZE, .path = 1, .size = 2},
    {SYS_ftruncate, "ftruncate", VERB_RESIZE, .fd = 1, .size = 2},
    {SYS_fallocate, "fallocate", VERB_ALLOCATE, .fd = 1, .flags = 2, .offset = 3, .size = 4},
    {SYS_renameat, "renameat", VERB_RENAME, .fd = 1, .path = 2, .fd2 = 3, .path2 = 4},
    {SYS_renameat2, "renameat2", VERB_RENAME, .fd = 1, .path = 2, .fd2 = 3, .path2 = 4, .flags = 5},
    {SYS_linkat, "linkat", VERB_LINK, .fd = 1, .path = 2, .fd2 = 3, .path2 = 4, .flags = 5},
    {SYS_unlinkat, "unlinkat", VERB_UNLINK, .fd = 1, .path = 2},
    {SYS_mkdirat, "mkdirat", VERB_MAKE, .fd = 1, .path = 2, .mode = 3},
    {SYS_symlinkat, "symlinkat", VERB_MAKE, .fd = 2, .path = 3},
    {SYS_mknodat, "mknodat", VERB_MAKE, .fd = 1, .path = 2, .mode = 3},
    {SYS_fchmod, "fchmod", VERB_MODE, .fd = 1, .mode = 2},
    {SYS_fchmodat, "fchmodat", VERB_MODE, .fd = 1, .path = 2, .mode = 3},
#ifdef SYS_fchmodat2
    {SYS_fchmodat2, "fchmodat2", VERB_MODE, .fd = 1, .path = 2, .mode = 3},
#endif
    {SYS_bind, "bind", VERB_BIND, .address = 2},
    {SYS_fsync, "fsync", VERB_SYNC, .fd = 1},
    {SYS_fdatasync, "fdatasync", VERB_DATASYNC, .fd = 1},
    {SYS_syncfs, "syncfs", VERB_SYNC_FS, .fd = 1},
    {SYS_sync, "sync", VERB_SYNC_ALL, .bits = 0},
    {SYS_sync_file_range, "sync_file_range", VERB_SYNC_HINT, .fd = 1},
    {SYS_msync, "msync", VERB_SYNC_MAP, .address = 1, .size = 2, .flags = 3},
    {SYS_mmap, "mmap", VERB_MAP, .fd = 5, .flags = 4, .when = 4, .bits = MAP_SHARED},
    {SYS_ioctl, "ioctl", VERB_CLONE, .fd = 1, .when = 2},
    {SYS_setxattr, "setxattr", VERB_ATTRIBUTE, .path = 1},
    {SYS_lsetxattr, "lsetxattr", VERB_ATTRIBUTE, .path = 1},
    {SYS_fsetxattr, "fsetxattr", VERB_ATTRIBUTE, .fd = 1},
    {SYS_removexattr, "removexattr", VERB_ATTRIBUTE, .path = 1},
    {SYS_lremovexattr, "lremovexattr", VERB_ATTRIBUTE, .path = 1},
    {SYS_fremovexattr, "fremovexattr", VERB_ATTRIBUTE, .fd = 1},
    {SYS_io_uring_setup, "io_uring_setup", VERB_REFUSE, .bits = 0},
    {SYS_io_setup, "io_setup", VERB_REFUSE, .bits = 0},
    {SYS_open_by_handle_at, "open_by_handle_at", VERB_STRANGE, .bits = 0},
    {SYS_chroot, "chroot", VERB_STRANGE, .bits = 0},
    {SYS_pivot_root, "pivot_root", VERB_STRANGE, .bits = 0},
    {SYS_mount, "mount", VERB_STRANGE, .bits = 0},
    {SYS_umount2, "umount2", VERB_STRANGE, .bits = 0},
    {SYS_move_mount, "move_mount", VERB_STRANGE, .bits = 0},
    {SYS_setns, "setns", VERB_STRANGE, .bits = 0},
    /* clang-format on */
};
#define ROW_COUNT (sizeof(rows) / sizeof(*rows))

/* What replaces content: FICLONE, FICLONERANGE, and FIDEDUPERANGE, which changes none. */
static const uint32_t commands[] = {FICLONE, FICLONERANGE};
#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static uint64_t argument(const uint64_t args[6], uint8_t which)
{
    return which ? args[which - 1] : 0;
}

bool calls_decode(struct call *call, uint64_t number, const uint64_t args[6])
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &rows[i];
        if ((uint64_t)row->number != number)
            continue;
        *call = (struct call){
            .name = row->name,
            .verb = row->verb,
            .fd = row->fd     ? (int)argument(args, row->fd)
                  : row->path ? AT_FDCWD
                              : CALL_NONE,
            .path = argument(args, row->path),
            .fd2 = row->fd2     ? (int)argument(args, row->fd2)
                   : row->path2 ? AT_FDCWD
                                : CALL_NONE,
            .path2 = argument(args, row->path2),
            .flags = argument(args, row->flags) | (row->fixed & ~IN_OPEN_HOW),
            .offset = argument(args, row->offset),
            .has_offset = row->offset != 0,
            .offset_at = argument(args, row->offset_at),
            .size = argument(args, row->size),
            .address = argument(args, row->address),
            .mode = argument(args, row->mode),
            .count = row->count,
        };
        return true;
    }
    return false;
}

bool calls_foreign(uint32_t architecture)
{
    return architecture != ARCHITECTURE;
}

/* --- the filter --------------------------------------------------------------------------------------- */

struct filter {
    struct sock_filter *code;
    size_t count, space;
};

static void emit(struct filter *filter, uint16_t code, uint32_t value, uint8_t yes, uint8_t no)
{
    filter->code = memory_grow(filter->code, filter->count, &filter->space, sizeof(*filter->code));
    filter->code[filter->count++] = (struct sock_filter){code, yes, no, value};
}

static void emit_load(struct filter *filter, size_t offset)
{
    emit(filter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

static void emit_return(struct filter *filter, uint32_t value)
{
    emit(filter, BPF_RET | BPF_K, value, 0, 0);
}

static void emit_row(struct filter *filter, const struct row *row, bool reads)
{
    /* Little-endian: the lower half of an argument comes first. */
    const size_t low = row->when ? offsetof(struct seccomp_data, args) + 8u * (row->when - 1u) : 0;

    if (row->verb == VERB_REFUSE) {
        emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 1);
        emit_return(filter, SECCOMP_RET_ERRNO | ENOSYS);
    } else if (row->verb == VERB_CLONE) {
        emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, COMMAND_COUNT + 3);
        emit_load(filter, low);
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            emit(filter, BPF_JMP | BPF_JEQ | BPF_K, commands[i], (uint8_t)(COMMAND_COUNT - i), 0);
        emit_return(filter, SECCOMP_RET_ALLOW);
        emit_return(filter, SECCOMP_RET_TRACE);
    } else if (row->when && !(reads && (row->verb == VERB_OPEN || row->verb == VERB_MAP))) {
        emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 4);
        emit_load(filter, low);
        emit(filter, BPF_JMP | BPF_JSET | BPF_K, row->bits, 1, 0);
        emit_return(filter, SECCOMP_RET_ALLOW);
        emit_return(filter, SECCOMP_RET_TRACE);
    } else {
        emit(filter, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)row->number, 0, 1);
        emit_return(filter, SECCOMP_RET_TRACE);
    }
}

struct sock_filter *calls_filter(size_t *count, bool reads)
{
    struct filter filter = {0};

    /* Calls of another architecture have other numbers: all are reported, and cannot be followed. */
    emit_load(&filter, offsetof(struct seccomp_data, arch));
    emit(&filter, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    emit_return(&filter, SECCOMP_RET_TRACE);
    emit_load(&filter, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    emit(&filter, BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1);
    emit_return(&filter, SECCOMP_RET_TRACE);
#endif
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (reads || (rows[i].verb != VERB_READ && rows[i].verb != VERB_LOOK))
            emit_row(&filter, &rows[i], reads);
    }
    emit_return(&filter, SECCOMP_RET_ALLOW);
    *count = filter.count;
    return filter.code;
}
