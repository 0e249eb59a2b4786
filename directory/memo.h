/* memo.h -- what the last one to hold the lock knew: which checkpoint is the latest, and that it is durable.
 *
 * It is kept in the file `lock`, which is otherwise empty, and saves reading the whole directory at each
 * call. It holds only as long as nobody has added or removed a name since. So whoever writes it also sets the
 * directory's modification time, to a moment between two ticks of the clock by which the kernel stamps such
 * changes; any change by anybody gives it another, and if that is set back (as who restores a copy does) the
 * time of that change is another. What is not as it was left, or is of another boot or
 * another directory, is not believed, and a memo that is not believed costs one reading.
 */
#ifndef DIRECTORY_MEMO_H
#define DIRECTORY_MEMO_H

#include <stdbool.h>
#include <time.h>

#include "directory/directory.h"
#include "directory/lock.h"
#include "directory/name.h"

struct memo {
    char latest[NAME_SIZE]; /* the latest checkpoint's name; "" if there is none */
    uint32_t number;        /* and its number */
};

/* memo_read -- false if there is none that holds. The caller has the lock. */
bool memo_read(struct memo *memo, const struct directory *directory, const struct lock *lock);

/* memo_stamp, memo_write -- first the stamp, then what it is to vouch for is synced, and then the memo. Both
 * do nothing if the file system or the permissions do not allow it. The caller has the lock. */
struct stamp {
    bool set;
    struct timespec modified, changed;
};
struct stamp memo_stamp(const struct directory *directory, const struct lock *lock);
void memo_write(const struct memo *memo, const struct directory *directory, const struct lock *lock,
                const struct stamp *stamp);

#endif
