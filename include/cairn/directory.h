/* directory.h -- the directory operation, the implementation behind `dir:PATH`.
 *
 * One plain file a checkpoint, in one directory, in the form of the Go package
 * cloudeng.io/file/checkpoint: Go programs that use it and C programs that use this may work in one directory
 * at the same time, and each reads what the other wrote. (That is the package since it has Init. Before, its
 * names had a dash behind the number, and it does not see checkpoints whose label is shorter than two bytes.)
 *
 * Files and ids. A checkpoint is the file `NNNNNNNN<label>.chk`: its number in eight digits, its label as it
 * is. That name is its id. The number is the highest there is and one, 0 if there is none; files are ordered
 * by their numbers alone. Nothing but the name says what a file is: data is not checksummed, and what a Go
 * program left half written is taken as it is. The numbers begin again at 0 after Clear and Complete, and at
 * 1 after Compact; so an old id can come to mean a new checkpoint. cairn_compact() leaves the survivor as
 * `00000000<label>.chk`.
 *
 * Limits. A label is UTF-8 of at most CAIRN_DIRECTORY_LABEL_MAX bytes without a slash; CAIRN_EINVAL if it has
 * one. An id has the spaces that its label has. After number CAIRN_DIRECTORY_NUMBER_MAX, cairn_checkpoint()
 * fails with CAIRN_ENOSPC until Compact, Clear or Complete. Data is as large as the memory lets it.
 *
 * What is somebody else's. Other files are let be: shorter names, other suffixes, and what has no number in
 * its first eight digits. So are directories, links and fifos under a checkpoint's name; they are never
 * opened, and cairn_verify() names them, and numberless `.chk` files, with CAIRN_ECORRUPT, for a Go program
 * may take them for checkpoints. A directory with a journal in it is CAIRN_ENOTDIR.
 *
 * Processes and threads. Every call but Load, and those that look at what is open, takes an exclusive flock
 * on the file `lock` in the directory, as the Go package does; a handle that only reads does without if there
 * is no such file. It waits without a limit, or as long as the context lets it: then a thread sleeps in
 * flock() in the caller's place, with CAIRN_NO_THREAD, too. Should the file be removed or replaced while it
 * is held, no number is given twice by Cairn (unless the same file is put back meanwhile). Handles are cheap,
 * and any number of threads may use one. After fork() the child opens its own.
 *
 * Durability. A file is written under a temporary name, synced, renamed, and the directory synced, before the
 * id is returned: a checkpoint is there whole or not at all. cairn_latest() syncs what somebody else wrote
 * before it gives it, and cairn_list_since() each that it shows. Compact removes all but the latest, and then
 * renames that one, each step durable before the next; so at every moment the latest is what it was. Clear
 * and Complete remove the latest last. They are not one step: after a crash within them, some of the older
 * ones may be gone. An error of cairn_compact(), cairn_clear() or cairn_complete() may leave it so, too.
 *
 * Cost. While only Cairn writes, a checkpoint costs the same however many there are: what the latest one is
 * stands in `lock`, and holds until somebody else changes the directory. The directory's modification time
 * tells; where it may not be set (it is somebody else's) or is not kept to the nanosecond, each call reads
 * the directory. It is not believed after a reboot. So it is with cairn_list_since() that finds nothing new.
 * A handle that only reads does not write it: after somebody else's write, its calls read the directory until
 * a handle of Cairn's that writes has been there. What somebody puts there without the lock, while a call
 * that writes is under way, may not be seen until the next change by somebody else: take the lock. If the
 * file that cairn_list_since() has shown last is changed or removed by hand, all are shown again.
 *
 * It has no cairn_repair(); of struct cairn_stat it gives count, data_bytes and disk_bytes.
 */
#ifndef CAIRN_DIRECTORY_H
#define CAIRN_DIRECTORY_H

#define CAIRN_DIRECTORY_LABEL_MAX  243u      /* bytes */
#define CAIRN_DIRECTORY_NUMBER_MAX 99999999u /* of a checkpoint */

#endif
