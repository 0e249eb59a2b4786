/* engine_leveldb.c -- LevelDB: a synced write for each checkpoint; threads share its own group commit.
 *
 * As it comes, but: nothing is compressed, for the data would not be smaller; a write buffer of the size that
 * RocksDB has, so that large checkpoints do not wait for tables; and to read, a cache that holds what is
 * read, a Bloom filter, and checksums, as the others have them. */
#include "engine.h"
#include "key.h"
#include "must.h"

#include <leveldb/c.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CACHE_BYTES  ((size_t)512 << 20)
#define BUFFER_BYTES ((size_t)64 << 20)

struct level {
    leveldb_t *db;
    leveldb_options_t *options;
    leveldb_cache_t *cache;
    leveldb_filterpolicy_t *filter;
    leveldb_writeoptions_t *write;
    leveldb_readoptions_t *read;
    _Atomic uint64_t next;
};

static void must_level(const char *error)
{
    if (error != NULL)
        die("LevelDB: %s", error);
}

/* Returns the number behind the last one. */
static uint64_t next_number(struct level *level)
{
    leveldb_iterator_t *iterator = leveldb_create_iterator(level->db, level->read);
    uint64_t next = 0;
    size_t size;

    leveldb_iter_seek_to_last(iterator);
    if (leveldb_iter_valid(iterator))
        next = key_number(leveldb_iter_key(iterator, &size)) + 1;
    leveldb_iter_destroy(iterator);
    return next;
}

static void *level_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct level *level = must_alloc(sizeof *level);
    char *error = NULL;

    (void)size;
    level->cache = leveldb_cache_create_lru(CACHE_BYTES);
    level->filter = leveldb_filterpolicy_create_bloom(10);
    level->options = leveldb_options_create();
    leveldb_options_set_create_if_missing(level->options, mode != ENGINE_RESUME);
    leveldb_options_set_compression(level->options, leveldb_no_compression);
    leveldb_options_set_write_buffer_size(level->options, BUFFER_BYTES);
    leveldb_options_set_cache(level->options, level->cache);
    leveldb_options_set_filter_policy(level->options, level->filter);
    level->write = leveldb_writeoptions_create();
    leveldb_writeoptions_set_sync(level->write, mode != ENGINE_FILL);
    level->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(level->read, 1);
    level->db = leveldb_open(level->options, dir, &error);
    must_level(error);
    level->next = mode == ENGINE_RESUME ? next_number(level) : 0;
    return level;
}

static void level_append(void *self, const void *data, size_t size)
{
    struct level *level = self;
    const struct key key = key_of(atomic_fetch_add(&level->next, 1));
    char *error = NULL;

    leveldb_put(level->db, level->write, key.bytes, sizeof key, data, size, &error);
    must_level(error);
}

static void take(const char *found, size_t found_size, void *data, size_t size)
{
    if (found_size != size)
        die("LevelDB: the checkpoint has %zu bytes", found_size);
    memcpy(data, found, size);
}

static bool level_load(void *self, uint64_t number, void *data, size_t size)
{
    struct level *level = self;
    const struct key key = key_of(number);
    size_t found_size;
    char *error = NULL;
    char *found = leveldb_get(level->db, level->read, key.bytes, sizeof key, &found_size, &error);

    must_level(error);
    if (found == NULL)
        return false;
    take(found, found_size, data, size);
    leveldb_free(found);
    return true;
}

static void level_latest(void *self, void *data, size_t size)
{
    struct level *level = self;
    leveldb_iterator_t *iterator = leveldb_create_iterator(level->db, level->read);
    size_t found_size;

    leveldb_iter_seek_to_last(iterator);
    if (!leveldb_iter_valid(iterator))
        die("LevelDB: there is no checkpoint");
    const char *found = leveldb_iter_value(iterator, &found_size);
    take(found, found_size, data, size);
    leveldb_iter_destroy(iterator);
}

static uint64_t level_count(void *self)
{
    return next_number(self);
}

/* There is no deletion of a range: all of them in one batch. */
static void level_compact(void *self)
{
    struct level *level = self;
    leveldb_writebatch_t *batch = leveldb_writebatch_create();
    char *error = NULL;

    for (uint64_t number = 0, next = next_number(level); number + 1 < next; number++) {
        const struct key key = key_of(number);
        leveldb_writebatch_delete(batch, key.bytes, sizeof key);
    }
    leveldb_write(level->db, level->write, batch, &error);
    must_level(error);
    leveldb_writebatch_destroy(batch);
}

static void level_close(void *self)
{
    struct level *level = self;

    leveldb_close(level->db);
    leveldb_readoptions_destroy(level->read);
    leveldb_writeoptions_destroy(level->write);
    leveldb_options_destroy(level->options);
    leveldb_filterpolicy_destroy(level->filter);
    leveldb_cache_destroy(level->cache);
    free(level);
}

const struct engine engine_leveldb = {
    .name = "leveldb",
    .title = "LevelDB",
    .kind = ENGINE_PEER,
    .open = level_open,
    .close = level_close,
    .append = level_append,
    .load = level_load,
    .latest = level_latest,
    .count = level_count,
    .compact = level_compact,
    .fill_threads = 1,
};
