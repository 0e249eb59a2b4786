/* engine_rocksdb.c -- RocksDB: a synced write for each checkpoint; threads share its own group commit.
 *
 * As it comes, but: nothing is compressed, for the data would not be smaller; and to read, a cache that holds
 * what is read and a Bloom filter. "Recycled" keeps logs that are done with and writes over them, which saves
 * the metadata at each sync. Its log has been changed a few times before, so that there are some to recycle;
 * for that the write buffer is smaller, and a log ends sooner. */
#include "engine.h"
#include "key.h"
#include "must.h"

#include <limits.h>
#include <rocksdb/c.h>
#include <stdatomic.h>
#include <stdlib.h>

#define CACHE_BYTES     ((size_t)512 << 20)
#define RECYCLED_LOGS   4u
#define RECYCLED_BUFFER ((size_t)16 << 20)

struct rocks {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *write;
    rocksdb_readoptions_t *read;
    _Atomic uint64_t next;
};

/* Frees what it has to say, too: for the few calls that say something. */
static void must_rocks(char *error)
{
    if (error != NULL)
        die("RocksDB: %s", error);
}

static void reading_options(rocksdb_options_t *options)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_cache_t *cache = rocksdb_cache_create_lru(CACHE_BYTES);

    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_cache_destroy(cache); /* the table has it, too */
    rocksdb_block_based_options_destroy(table);
}

/* Changes logs until there are as many to recycle as are kept. */
static void recycle_prepare(struct rocks *rocks)
{
    char *error = NULL, *filler = must_alloc(RECYCLED_BUFFER);
    rocksdb_writeoptions_t *write = rocksdb_writeoptions_create();
    rocksdb_flushoptions_t *flush = rocksdb_flushoptions_create();

    rocksdb_flushoptions_set_wait(flush, 1);
    for (unsigned i = 0; i <= RECYCLED_LOGS; i++) {
        rocksdb_put(rocks->db, write, "filler", 6, filler, RECYCLED_BUFFER, &error);
        must_rocks(error);
        rocksdb_flush(rocks->db, flush, &error);
        must_rocks(error);
    }
    rocksdb_delete(rocks->db, write, "filler", 6, &error);
    must_rocks(error);
    rocksdb_flushoptions_destroy(flush);
    rocksdb_writeoptions_destroy(write);
    free(filler);
}

/* Returns the number behind the last one. */
static uint64_t next_number(struct rocks *rocks)
{
    rocksdb_iterator_t *iterator = rocksdb_create_iterator(rocks->db, rocks->read);
    uint64_t next = 0;
    size_t size;

    rocksdb_iter_seek_to_last(iterator);
    if (rocksdb_iter_valid(iterator))
        next = key_number(rocksdb_iter_key(iterator, &size)) + 1;
    rocksdb_iter_destroy(iterator);
    return next;
}

static struct rocks *open_with(const char *dir, enum engine_mode mode, bool recycled)
{
    struct rocks *rocks = must_alloc(sizeof *rocks);
    char *error = NULL;

    rocks->options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(rocks->options, mode != ENGINE_RESUME);
    rocksdb_options_set_compression(rocks->options, rocksdb_no_compression);
    reading_options(rocks->options);
    if (recycled) {
        rocksdb_options_set_recycle_log_file_num(rocks->options, RECYCLED_LOGS);
        rocksdb_options_set_write_buffer_size(rocks->options, RECYCLED_BUFFER);
    }
    rocks->write = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(rocks->write, mode != ENGINE_FILL);
    rocks->read = rocksdb_readoptions_create();
    rocks->db = rocksdb_open(rocks->options, dir, &error);
    must_rocks(error);
    if (recycled && mode == ENGINE_NEW)
        recycle_prepare(rocks);
    rocks->next = mode == ENGINE_RESUME ? next_number(rocks) : 0;
    return rocks;
}

static void *rocks_open(const char *dir, size_t size, enum engine_mode mode)
{
    (void)size;
    return open_with(dir, mode, false);
}

static void *rocks_recycled_open(const char *dir, size_t size, enum engine_mode mode)
{
    (void)size;
    return open_with(dir, mode, true);
}

static void rocks_append(void *self, const void *data, size_t size)
{
    struct rocks *rocks = self;
    const struct key key = key_of(atomic_fetch_add(&rocks->next, 1));
    char *error = NULL;

    rocksdb_put(rocks->db, rocks->write, key.bytes, sizeof key, data, size, &error);
    must_rocks(error);
}

static void take(const char *found, size_t found_size, void *data, size_t size)
{
    if (found_size != size)
        die("RocksDB: the checkpoint has %zu bytes", found_size);
    memcpy(data, found, size);
}

static bool rocks_load(void *self, uint64_t number, void *data, size_t size)
{
    struct rocks *rocks = self;
    const struct key key = key_of(number);
    size_t found_size;
    char *error = NULL;
    rocksdb_pinnableslice_t *slice =
        rocksdb_get_pinned(rocks->db, rocks->read, key.bytes, sizeof key, &error);

    must_rocks(error);
    if (slice == NULL)
        return false;
    const char *found = rocksdb_pinnableslice_value(slice, &found_size);
    take(found, found_size, data, size);
    rocksdb_pinnableslice_destroy(slice);
    return true;
}

static void rocks_latest(void *self, void *data, size_t size)
{
    struct rocks *rocks = self;
    rocksdb_iterator_t *iterator = rocksdb_create_iterator(rocks->db, rocks->read);
    size_t found_size;

    rocksdb_iter_seek_to_last(iterator);
    if (!rocksdb_iter_valid(iterator))
        die("RocksDB: there is no checkpoint");
    const char *found = rocksdb_iter_value(iterator, &found_size);
    take(found, found_size, data, size);
    rocksdb_iter_destroy(iterator);
}

static uint64_t rocks_count(void *self)
{
    return next_number(self);
}

static void rocks_compact(void *self)
{
    struct rocks *rocks = self;
    const struct key first = key_of(0), last = key_of(next_number(rocks) - 1);
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    char *error = NULL;

    rocksdb_writebatch_delete_range(batch, first.bytes, sizeof first, last.bytes, sizeof last);
    rocksdb_write(rocks->db, rocks->write, batch, &error);
    must_rocks(error);
    rocksdb_writebatch_destroy(batch);
}

static void rocks_close(void *self)
{
    struct rocks *rocks = self;

    rocksdb_close(rocks->db);
    rocksdb_readoptions_destroy(rocks->read);
    rocksdb_writeoptions_destroy(rocks->write);
    rocksdb_options_destroy(rocks->options);
    free(rocks);
}

const struct engine engine_rocksdb = {
    .name = "rocksdb",
    .title = "RocksDB",
    .kind = ENGINE_PEER,
    .open = rocks_open,
    .close = rocks_close,
    .append = rocks_append,
    .load = rocks_load,
    .latest = rocks_latest,
    .count = rocks_count,
    .compact = rocks_compact,
    .fill_threads = 1,
};
const struct engine engine_rocksdb_recycled = {
    .name = "rocksdb-recycled",
    .title = "RocksDB, recycled logs",
    .kind = ENGINE_PEER,
    .open = rocks_recycled_open,
    .close = rocks_close,
    .append = rocks_append,
    .load = rocks_load,
    .latest = rocks_latest,
    .count = rocks_count,
    .compact = rocks_compact,
};
