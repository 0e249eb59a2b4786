/* place.h -- a directory in memory for a target to work in: one for each process, removed when it ends.
 *
 * It stands below $FUZZ_DIR, which is /dev/shm by default. A process that crashes leaves it behind;
 * fuzz/run.sh removes all that there is below a $FUZZ_DIR of its own.
 */
#ifndef FUZZ_PLACE_H
#define FUZZ_PLACE_H

#include <stddef.h>

#define PLACE_PATH_SIZE 256

/* place_path -- the path of the directory, which is made at the first call in a process. */
const char *place_path(void);

/* place_dir -- the same, open. */
int place_dir(void);

/* place_clear -- removes all that the directory holds. */
void place_clear(void);

/* place_clear_below -- the same of a directory in it. */
void place_clear_below(const char *name);

/* place_write -- makes the file `name` in it have these bytes and no others. */
void place_write(const char *name, const void *data, size_t size);

/* place_stand -- removes the file, and puts something else there: nothing, a symbolic link, a FIFO, or a
 * directory. */
enum stand { STAND_NOTHING, STAND_LINK, STAND_FIFO, STAND_DIRECTORY, STANDS };
void place_stand(const char *name, enum stand stand);

/* place_read -- the bytes of a file in it, to be freed; NULL if there is none. */
unsigned char *place_read(const char *name, size_t *size);

#endif
