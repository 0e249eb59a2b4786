/* figures.c -- see figures.h. */
#include "fuzz/figures.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "directory/lock.h"
#include "fuzz/target.h"

struct figures {
    uint64_t segments, spares, bytes;
};

static bool begins(const char *name, const char *with)
{
    return strncmp(name, with, strlen(with)) == 0;
}

/* take -- the figures of the directory. A name with a dot before it is somebody else's; to the checkpoints of
 * a `dir:` the lock does not belong. */
static void take(struct figures *figures, const char *path, bool directory)
{
    DIR *list = opendir(path);
    struct stat st;

    FUZZ_ASSERT(list, "%s cannot be read", path);
    *figures = (struct figures){0};
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (*entry->d_name == '.' || (directory && strcmp(entry->d_name, LOCK_NAME) == 0))
            continue;
        FUZZ_ASSERT(fstatat(dirfd(list), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0, "%s has gone",
                    entry->d_name);
        figures->segments += !directory && begins(entry->d_name, "seg-");
        figures->spares += !directory && begins(entry->d_name, "spare-");
        figures->bytes += (uint64_t)st.st_blocks * 512;
    }
    closedir(list);
}

void figures_check(struct cairn_op *op, const char *path, bool directory, const char *who)
{
    struct figures figures;
    struct cairn_stat stat;

    const int error = cairn_stat(op, NULL, &stat);
    FUZZ_ASSERT(error == 0, "%s: stat gives %d: %s", who, error, cairn_message());
    take(&figures, path, directory);
    FUZZ_ASSERT(stat.segments == figures.segments && stat.spares == figures.spares,
                "%s: stat counts %" PRIu64 " segments and %" PRIu64 " spares, of %" PRIu64 " and %" PRIu64,
                who, stat.segments, stat.spares, figures.segments, figures.spares);
    FUZZ_ASSERT(stat.disk_bytes == figures.bytes, "%s: stat counts %" PRIu64 " bytes of disk, of %" PRIu64,
                who, stat.disk_bytes, figures.bytes);
}
