/* scratch.h -- temporary directories for tests, and what a directory holds, byte for byte.
 *
 * Helpers of tests end the program with a message if the operating system fails them: no test is about
 * that.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SCRATCH_PATH_SIZE 512

/* scratch_make -- makes an empty directory below TMPDIR, or /tmp; with `memory` below /dev/shm if there is
 * one, which is faster and needs nothing to be durable. Its path goes to `path`. */
void scratch_make(char path[SCRATCH_PATH_SIZE], bool memory);

/* scratch_remove -- removes a file, or a directory and all in it. Nothing if it is not there. */
void scratch_remove(const char *path);

/* scratch_join -- "DIR/NAME" into `path`, which is returned. */
char *scratch_join(char path[SCRATCH_PATH_SIZE], const char *dir, const char *name);

/* scratch_read -- the bytes of a file, to be freed; NULL if there is none. */
unsigned char *scratch_read(const char *path, size_t *size);

/* scratch_write -- makes the file at `path` have these bytes and no others. */
void scratch_write(const char *path, const void *data, size_t size);

/* One entry of a directory. */
struct scratch_file {
    char *name;
    mode_t mode; /* type and permissions */
    unsigned char *data;
    size_t size; /* of a symbolic link: its target; of anything else that is no regular file: 0 */
};

/* The entries of a directory, by name. What is in its directories is not looked at. */
struct scratch_tree {
    struct scratch_file *files;
    size_t count;
};

/* scratch_tree_take -- reads the directory at `path`. scratch_tree_release() frees it. */
void scratch_tree_take(struct scratch_tree *tree, const char *path);
void scratch_tree_release(struct scratch_tree *tree);

/* scratch_tree_find -- the entry of that name; NULL if there is none. */
const struct scratch_file *scratch_tree_find(const struct scratch_tree *tree, const char *name);

/* scratch_tree_differs -- NULL if the directory at `path` still is as it was; else the first name that is
 * not. The string is static. */
const char *scratch_tree_differs(const struct scratch_tree *tree, const char *path);

/* scratch_tree_restore -- makes the regular files of the directory at `path` what they were, writing over
 * them in place, and removes what was not there. */
void scratch_tree_restore(const struct scratch_tree *tree, const char *path);

#endif
