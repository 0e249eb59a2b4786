/* index.c -- see index.h.
 *
 * The database holds, in its main table, a value for each mark under its position (8 bytes, big-endian,
 * so that the order of keys is that of the log), and one under "cover" for what it covers. Every value
 * ends with the hash of the rest of it, seeded with the hash of its key.
 */
#include "journal/index.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "journal/journal.h"
#include "system/system.h"

#define MAP_SIZE_MIN (64u * 1024 * 1024)

static const char cover_key[] = "cover";

struct cover_value {
    uint32_t version; /* of the index; 1 */
    uint32_t mark_size;
    uint64_t mark_count;
    uint8_t uuid[16];
    struct tail at;
    uint64_t hash;
};

struct mark_value {
    struct mark mark;
    uint64_t hash;
};
static_assert(sizeof(struct cover_value) == 32 + 160 + 8, "the cover's bytes");
static_assert(sizeof(struct mark_value) == 48, "a mark's bytes");

static uint64_t value_hash(const void *key, size_t key_size, const void *value, size_t size)
{
    return XXH3_64bits_withSeed(value, size, XXH3_64bits(key, key_size));
}

/* means_lacked -- whether this error, of the system or of LMDB, tells of a want of memory or descriptors. */
static bool means_lacked(int error)
{
    return error == ENOMEM || error == EMFILE || error == ENFILE;
}

/* open_env -- opens LMDB on the file; it must have been checked. */
static int open_env(MDB_env **env, int dir, uint64_t map_size, bool writable)
{
    char path[64];

    /* LMDB wants a path; through the open directory it stays the right one, wherever that was moved. */
    snprintf(path, sizeof(path), "/proc/self/fd/%d/" INDEX_NAME, dir);
    int rc = mdb_env_create(env);
    if (rc)
        return rc;
    rc = mdb_env_set_mapsize(*env, (size_t)map_size);
    if (rc == 0)
        rc = mdb_env_open(*env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | (writable ? 0 : MDB_RDONLY),
                          0666);
    if (rc) {
        mdb_env_close(*env);
        *env = NULL;
    }
    return rc;
}

/* get_cover -- the cover of the database, if its hash is right. */
static bool get_cover(MDB_txn *txn, MDB_dbi dbi, struct cover_value *cover)
{
    MDB_val key = {.mv_size = sizeof(cover_key), .mv_data = (void *)(uintptr_t)cover_key};
    MDB_val value;

    if (mdb_get(txn, dbi, &key, &value) != 0 || value.mv_size != sizeof(*cover))
        return false;
    memcpy(cover, value.mv_data, sizeof(*cover));
    return cover->version == 1 && cover->mark_size == sizeof(struct mark) &&
           cover->hash == value_hash(cover_key, sizeof(cover_key), cover, offsetof(struct cover_value, hash));
}

/* load_marks -- all marks in order; NULL, or what is wrong. */
static const char *load_marks(MDB_txn *txn, MDB_dbi dbi, struct map *map, const struct cover_value *cover)
{
    const char *why = NULL;
    MDB_cursor *cursor;
    MDB_val key, value;

    if (mdb_cursor_open(txn, dbi, &cursor) != 0)
        return "LMDB gives no cursor";
    for (int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); rc == 0 && why == NULL;
         rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct mark_value mark;
        uint64_t position;
        if (key.mv_size == sizeof(cover_key))
            continue;
        if (key.mv_size != sizeof(position) || value.mv_size != sizeof(mark)) {
            why = "an entry has another size";
            break;
        }
        memcpy(&position, key.mv_data, sizeof(position));
        memcpy(&mark, value.mv_data, sizeof(mark));
        const struct mark *last = map->count ? &map->marks[map->count - 1] : NULL;
        if (mark.hash != value_hash(key.mv_data, key.mv_size, &mark, offsetof(struct mark_value, hash)) ||
            mark.mark.position != be64toh(position))
            why = "an entry does not match its hash";
        else if (mark.mark.position > cover->at.position || mark.mark.number > cover->at.next_number ||
                 (last && (mark.mark.position <= last->position || mark.mark.number < last->number)))
            why = "the entries are not in order";
        else if (map_add_mark(map, &mark.mark) != 0)
            why = index_no_means;
    }
    mdb_cursor_close(cursor);
    if (why == NULL && (map->count == 0 || map->count != cover->mark_count))
        why = "entries are missing";
    return why;
}

bool index_load(int dir, struct map *map, uint8_t uuid[16], const char **why)
{
    struct cover_value cover;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    map->count = 0;
    map->loaded = false;
    int fd = openat(dir, INDEX_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        *why = means_lacked(errno) ? index_no_means : "there is none";
        return false;
    }
    *why = index_check(fd, false);
    close(fd);
    if (*why)
        return false;
    /* Reading takes the map size from the file. */
    int rc = open_env(&env, dir, 0, false);
    if (rc) {
        *why = means_lacked(rc) ? index_no_means : "LMDB cannot open it";
        return false;
    }
    rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &txn);
    if (rc == 0) {
        rc = mdb_dbi_open(txn, NULL, 0, &dbi);
        if (rc == 0) {
            *why = "what it covers is missing or does not match its hash";
            if (get_cover(txn, dbi, &cover)) {
                *why = load_marks(txn, dbi, map, &cover);
                if (*why == NULL) {
                    map->loaded = true;
                    map->at = cover.at;
                    memcpy(uuid, cover.uuid, sizeof(cover.uuid));
                }
            }
        }
        mdb_txn_abort(txn);
    }
    if (rc)
        *why = means_lacked(rc) ? index_no_means : "LMDB cannot open it";
    mdb_env_close(env);
    if (!map->loaded)
        map->count = 0;
    return map->loaded;
}

/* put -- one entry; 0 or an LMDB error. */
static int put(MDB_txn *txn, MDB_dbi dbi, const void *key_data, size_t key_size, const void *data,
               size_t size)
{
    MDB_val key = {.mv_size = key_size, .mv_data = (void *)(uintptr_t)key_data};
    MDB_val value = {.mv_size = size, .mv_data = (void *)(uintptr_t)data};
    return mdb_put(txn, dbi, &key, &value, 0);
}

/* mark_entry -- what stands for a mark: its key and its value. */
static void mark_entry(const struct mark *mark, uint64_t *key, struct mark_value *value)
{
    *key = htobe64(mark->position);
    *value = (struct mark_value){.mark = *mark};
    value->hash = value_hash(key, sizeof(*key), value, offsetof(struct mark_value, hash));
}

/* has_marks -- whether the database holds the first `count` marks of the map, and no others. What was damaged
 * in one is found so, too: left as it is, the index would never be whole again. */
static bool has_marks(MDB_txn *txn, MDB_dbi dbi, const struct map *map, uint64_t count)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t seen = 0;
    bool same = true;

    if (mdb_cursor_open(txn, dbi, &cursor) != 0)
        return false;
    while (same && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
        uint64_t right_key;
        struct mark_value right;
        if (key.mv_size == sizeof(cover_key))
            continue;
        same = seen < count;
        if (same) {
            mark_entry(&map->marks[seen++], &right_key, &right);
            same = key.mv_size == sizeof(right_key) && value.mv_size == sizeof(right) &&
                   memcmp(key.mv_data, &right_key, sizeof(right_key)) == 0 &&
                   memcmp(value.mv_data, &right, sizeof(right)) == 0;
        }
    }
    mdb_cursor_close(cursor);
    return same && seen == count;
}

/* fill_in -- brings the database up to the map within a transaction; 0 or an LMDB error. */
static int fill_in(struct journal *journal, const struct map *map, MDB_txn *txn, MDB_dbi dbi)
{
    struct cover_value cover, old;
    bool fresh = !get_cover(txn, dbi, &old) || memcmp(old.uuid, journal->uuid, sizeof(old.uuid)) != 0 ||
                 old.at.generation != map->at.generation ||
                 old.at.horizon_position != map->at.horizon_position || old.mark_count > map->count ||
                 old.mark_count == 0 || old.at.position > map->at.position ||
                 !has_marks(txn, dbi, map, old.mark_count);
    int rc = 0;

    if (fresh)
        rc = mdb_drop(txn, dbi, 0);
    for (size_t i = fresh ? 0 : (size_t)old.mark_count; i < map->count && rc == 0; i++) {
        struct mark_value mark;
        uint64_t position;
        mark_entry(&map->marks[i], &position, &mark);
        rc = put(txn, dbi, &position, sizeof(position), &mark, sizeof(mark));
    }
    if (rc)
        return rc;
    cover = (struct cover_value){
        .version = 1, .mark_size = sizeof(struct mark), .mark_count = map->count, .at = map->at};
    memcpy(cover.uuid, journal->uuid, sizeof(cover.uuid));
    cover.hash = value_hash(cover_key, sizeof(cover_key), &cover, offsetof(struct cover_value, hash));
    return put(txn, dbi, cover_key, sizeof(cover_key), &cover, sizeof(cover));
}

/* remove_index -- removes what stands in the index's place, but no directory that has something in it. */
static void remove_index(int dir)
{
    if (unlinkat(dir, INDEX_NAME, 0) != 0 && errno == EISDIR)
        unlinkat(dir, INDEX_NAME, AT_REMOVEDIR);
}

int index_save(struct journal *journal, const struct map *map)
{
    uint64_t map_size = MAP_SIZE_MIN;
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;

    /* A mark takes some 80 bytes of leaf, and while it is changed a page may be there twice. */
    while (map_size < map->count * 512)
        map_size *= 2;
    int fd = openat(journal->dir, INDEX_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0) {
        const char *why = index_check(fd, true);
        close(fd);
        if (why == index_no_means)
            return cairn_set_message(CAIRN_ENOMEM, "%s/%s: %s", journal->path, INDEX_NAME, why);
        if (why)
            remove_index(journal->dir);
    } else if (errno == ELOOP || errno == ENXIO) {
        remove_index(journal->dir); /* a symbolic link, or a socket */
    }
    int rc = open_env(&env, journal->dir, map_size, true);
    if (rc == 0) {
        rc = mdb_txn_begin(env, NULL, 0, &txn);
        if (rc == 0) {
            rc = mdb_dbi_open(txn, NULL, 0, &dbi);
            if (rc == 0)
                rc = fill_in(journal, map, txn, dbi);
            if (rc == 0)
                rc = mdb_txn_commit(txn);
            else
                mdb_txn_abort(txn);
        }
        mdb_env_close(env);
    }
    if (rc == 0)
        return 0;
    if (rc > 0)
        return system_error(rc, "%s/%s: cannot write", journal->path, INDEX_NAME);
    return cairn_set_message(CAIRN_EIO, "%s/%s: %s", journal->path, INDEX_NAME, mdb_strerror(rc));
}
