/* error.h -- what can go wrong, one sentence each.
 *
 * Every function that can fail returns 0 or one of these negative numbers. A call that fails has done
 * nothing, unless its own description says otherwise; it never half-does a thing.
 */
#ifndef CAIRN_ERROR_H
#define CAIRN_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum cairn_error {
    CAIRN_OK = 0,

    /* An argument is not one that the call takes; the message names it. Nothing was changed. */
    CAIRN_EINVAL = -1,

    /* There is no checkpoint: none was recorded, or all were removed. Not a failure. */
    CAIRN_ENONE = -2,

    /* No checkpoint has this id: it was never given, or Compact, Clear or Complete removed it. */
    CAIRN_ENOTFOUND = -3,

    /* What was recorded cannot be had any more, or may not: the medium lost or changed it. The message names
     * the checkpoint, the file and the offset. What is intact stays readable. */
    CAIRN_ECORRUPT = -4,

    /* The operating system failed a read, a write or a sync. Whether the call took effect is unknown
     * only where its description says so; an id is never given out with this error. */
    CAIRN_EIO = -5,

    /* The file system or the quota is full. Nothing was recorded and nothing was lost; the handle goes
     * on when there is space again. */
    CAIRN_ENOSPC = -6,

    /* Somebody else holds what the call needs, and waiting for it would not help. */
    CAIRN_EBUSY = -7,

    /* The context's deadline passed before the call had done anything. */
    CAIRN_ETIMEDOUT = -8,

    /* The context was cancelled before the call had done anything. */
    CAIRN_ECANCELED = -9,

    /* There is no memory for the call. */
    CAIRN_ENOMEM = -10,

    /* The operating system does not permit the access, or the handle was opened read-only. */
    CAIRN_EACCES = -11,

    /* The place exists and is something else: a file where a directory should be, or a directory of something
     * else. */
    CAIRN_ENOTDIR = -12,

    /* The files were written by a newer version of Cairn, in a format that this one does not know. */
    CAIRN_EVERSION = -13,

    /* The journal is in use on another host, or in another PID namespace (another container) of this one;
     * its processes share memory and locks and must run in one. */
    CAIRN_EHOST = -14,

    /* The handle came into this process by fork(); only cairn_close() may be called with it here. */
    CAIRN_EFORKED = -15,

    /* The call does not fit the handle's state: before Init, or a second Init. */
    CAIRN_ESTATE = -16,

    /* The label or the data is larger than the implementation takes. */
    CAIRN_E2BIG = -17,

    /* This implementation, or the file system beneath it, does not offer what the call needs. */
    CAIRN_ENOTSUP = -18
};

/* Returns the sentence for an error, without the particulars; for a number that is none of the above,
 * "unknown error". A static string. Safe in any thread at any time. */
const char *cairn_strerror(int error);

/* Returns what the last failed Cairn call of this thread had to say: path, offset and reason. Empty if
 * none failed. The string belongs to the library and holds until this thread's next Cairn call that
 * fails. */
const char *cairn_message(void);

#ifdef __cplusplus
}
#endif

#endif
