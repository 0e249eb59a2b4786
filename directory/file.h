/* file.h -- a checkpoint's file: written and synced before it has a name, so that it is there whole or not at
 * all; and read without being led astray.
 *
 * Where the file system knows no files without a name, it has a temporary one, which changes the directory
 * and so costs a reading of it each time (memo.h). Whoever writes it has locked it; one that nobody has was
 * left by a process that was killed.
 */
#ifndef DIRECTORY_FILE_H
#define DIRECTORY_FILE_H

#include <stddef.h>

#include "directory/directory.h"
#include "directory/name.h"

struct file {
    int fd;               /* -1 if there is none */
    char name[NAME_SIZE]; /* the one that is to go; "" if it has none yet */
};

/* file_make -- writes the data to a new file and syncs it. */
int file_make(struct file *file, const struct directory *directory, const void *data, size_t size);

/* file_discard -- closes the file, and removes it if it still has a temporary name. */
void file_discard(struct file *file, const struct directory *directory);

/* file_clean -- removes the temporary files that killed processes have left. */
void file_clean(const struct directory *directory);

/* file_name -- gives the file the name `to`, in place of the one it has: 0, EEXIST if anything is there, or
 * another errno. */
int file_name(struct file *file, const struct directory *directory, const char *to);

/* file_open -- opens the checkpoint of that name for reading. CAIRN_ENOTFOUND if there is none, or something
 * that is no regular file. */
int file_open(int *fd, const struct directory *directory, const char *name);

/* file_sync -- makes durable a file that somebody else wrote; that it is gone is no failure. */
int file_sync(const struct directory *directory, const char *name);

/* file_sync_names -- makes durable which names there are. */
int file_sync_names(const struct directory *directory);

/* file_read -- gives all its bytes, to be freed with cairn_free(). */
int file_read(int fd, const struct directory *directory, const char *name, void **data, size_t *size);

#endif
