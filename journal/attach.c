/* attach.c -- see attach.h. */
#include "journal/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "journal/journal.h"
#include "journal/recovery.h"
#include "system/system.h"

int attach_lock_gate(int dir, const char *path, const struct cairn_ctx *ctx, int *gate)
{
    /* An open file of its own, so that the lock excludes other threads, too. */
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return system_error(errno, "%s: cannot open the directory", path);
    for (;;) {
        if (flock(fd, ctx ? LOCK_EX | LOCK_NB : LOCK_EX) == 0) {
            *gate = fd;
            return 0;
        }
        if (errno == EINTR)
            continue;
        int error;
        if (errno == EWOULDBLOCK) {
            error = cairn_ctx_check(ctx);
            if (error == 0) {
                nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
                continue;
            }
        } else {
            error = system_error(errno, "%s: cannot lock the directory", path);
        }
        close(fd);
        return error;
    }
}

void attach_unlock_gate(int gate)
{
    flock(gate, LOCK_UN); /* at once, even if a forked child has the descriptor, too */
    close(gate);
}

static struct flock alive_lock(short type)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
}

/* others_alive -- 1 if another process, or another way into the journal in this one, uses the control page.
 */
static int others_alive(struct journal *journal)
{
    struct flock lock = alive_lock(F_WRLCK);

    if (fcntl(journal->dir, F_OFD_GETLK, &lock) != 0)
        return system_error(errno, "%s: the file system has no locks", journal->path);
    return lock.l_type != F_UNLCK;
}

static int say_alive(struct journal *journal)
{
    struct flock lock = alive_lock(F_RDLCK);

    if (fcntl(journal->dir, F_OFD_SETLK, &lock) != 0)
        return system_error(errno, "%s: cannot lock the directory", journal->path);
    return 0;
}

/* join -- uses the page that others have made. */
static int join(struct journal *journal)
{
    struct control *control;
    int error = control_map(&control, journal->dir, journal->path, !journal->readonly, false);
    if (error == CAIRN_ENOTFOUND)
        return cairn_set_message(CAIRN_EBUSY,
                                 "%s/%s: the journal is in use, and this file was removed or cut; it comes "
                                 "back when all others have ended",
                                 journal->path, CONTROL_NAME);
    if (error == 0)
        error = control_check(control, journal->path);
    if (error == 0)
        error = say_alive(journal);
    if (error) {
        control_unmap(control);
        return error;
    }
    journal->control = control;
    if (!journal->uuid_known)
        memcpy(journal->uuid, journal->control->uuid, sizeof(journal->uuid));
    journal->uuid_known = true;
    journal->map.loaded = false;
    return 0;
}

/* attach -- with the gate held. */
static int attach(struct journal *journal)
{
    int alive = others_alive(journal);
    if (alive < 0)
        return alive;
    if (alive)
        return join(journal);
    if (journal->readonly) {
        /* After a failure, or where something could not be read, the next call looks again: all that was
         * written may be there then. */
        const uint64_t stamp = control_stamp(journal->dir);
        journal->alone_stamp = 0;
        const int found = recovery_read(journal);
        if (found == 0 && !journal->alone_unread)
            journal->alone_stamp = stamp;
        return found;
    }
    /* Only when the page is complete may it be seen to be in use. The other way round is not enough: of a
     * process that was killed the kernel may let go of the gate before it lets go of this. */
    int error = recovery_run(journal);
    if (error == 0)
        error = say_alive(journal);
    if (error) {
        control_unmap(journal->control);
        journal->control = NULL;
    }
    return error;
}

int attach_open(struct journal *journal, const struct cairn_ctx *ctx)
{
    int gate = -1;
    int error = attach_lock_gate(journal->dir, journal->path, ctx, &gate);
    if (error)
        return error;
    error = attach(journal);
    attach_unlock_gate(gate);
    return error;
}

int attach_refresh(struct journal *journal, const struct cairn_ctx *ctx)
{
    if (journal->control)
        return 0;
    /* Where there is no page to be seen, one may be at work that has it for itself. */
    uint64_t stamp = control_stamp(journal->dir);
    if (stamp != 0 && stamp == journal->alone_stamp)
        return 0;
    return attach_open(journal, ctx);
}

void attach_close(struct journal *journal, int forked)
{
    struct flock lock = alive_lock(F_UNLCK);

    /* A forked child shares the lock with its parent, and only lets go of the descriptor. */
    if (!forked && journal->control)
        fcntl(journal->dir, F_OFD_SETLK, &lock);
    control_unmap(journal->control);
    journal->control = NULL;
}
