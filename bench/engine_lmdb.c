/* engine_lmdb.c -- LMDB as it comes, synchronous: a write transaction for each checkpoint, MDB_APPEND with an
 * integer key. Threads and processes share the environment and take turns by LMDB's own writer lock.
 * (MDB_WRITEMAP and MDB_MAPASYNC give up durability or the protection of the map; MDB_NOMETASYNC gives up the
 * last transaction.) */
#include "engine.h"
#include "must.h"

#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#define MAP_SIZE ((size_t)64 << 30) /* address space, not disk */

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *reader; /* kept and renewed, as the manual advises; for one thread */
};

static void must_lmdb(int error)
{
    if (error != 0)
        die("LMDB: %s", mdb_strerror(error));
}

static void *lmdb_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct lmdb *lmdb = must_alloc(sizeof *lmdb);
    MDB_txn *txn;

    (void)size;
    must_lmdb(mdb_env_create(&lmdb->env));
    must_lmdb(mdb_env_set_mapsize(lmdb->env, MAP_SIZE));
    must_lmdb(mdb_env_open(lmdb->env, dir, MDB_NOTLS | (mode == ENGINE_FILL ? MDB_NOSYNC : 0), 0644));
    must_lmdb(mdb_txn_begin(lmdb->env, NULL, mode == ENGINE_RESUME ? MDB_RDONLY : 0, &txn));
    must_lmdb(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY | (mode == ENGINE_RESUME ? 0 : MDB_CREATE), &lmdb->dbi));
    must_lmdb(mdb_txn_commit(txn));
    return lmdb;
}

static uint64_t entries(const struct lmdb *lmdb, MDB_txn *txn)
{
    MDB_stat stat;

    must_lmdb(mdb_stat(txn, lmdb->dbi, &stat));
    return stat.ms_entries;
}

static void lmdb_append(void *self, const void *data, size_t size)
{
    struct lmdb *lmdb = self;
    MDB_txn *txn;

    must_lmdb(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    uint64_t number = entries(lmdb, txn);
    MDB_val key = {sizeof number, &number}, value = {size, (void *)(uintptr_t)data};
    must_lmdb(mdb_put(txn, lmdb->dbi, &key, &value, MDB_APPEND));
    must_lmdb(mdb_txn_commit(txn));
}

static void read_begin(struct lmdb *lmdb)
{
    must_lmdb(lmdb->reader == NULL ? mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &lmdb->reader)
                                   : mdb_txn_renew(lmdb->reader));
}

static void take(MDB_val value, void *data, size_t size)
{
    if (value.mv_size != size)
        die("LMDB: the checkpoint has %zu bytes", value.mv_size);
    memcpy(data, value.mv_data, size);
}

static bool lmdb_load(void *self, uint64_t number, void *data, size_t size)
{
    struct lmdb *lmdb = self;
    MDB_val key = {sizeof number, &number}, value;

    read_begin(lmdb);
    const int error = mdb_get(lmdb->reader, lmdb->dbi, &key, &value);
    if (error != MDB_NOTFOUND) {
        must_lmdb(error);
        take(value, data, size);
    }
    mdb_txn_reset(lmdb->reader);
    return error != MDB_NOTFOUND;
}

static void lmdb_latest(void *self, void *data, size_t size)
{
    struct lmdb *lmdb = self;
    MDB_cursor *cursor;
    MDB_val key, value;

    read_begin(lmdb);
    must_lmdb(mdb_cursor_open(lmdb->reader, lmdb->dbi, &cursor));
    must_lmdb(mdb_cursor_get(cursor, &key, &value, MDB_LAST));
    take(value, data, size);
    mdb_cursor_close(cursor);
    mdb_txn_reset(lmdb->reader);
}

static uint64_t lmdb_count(void *self)
{
    struct lmdb *lmdb = self;

    read_begin(lmdb);
    const uint64_t count = entries(lmdb, lmdb->reader);
    mdb_txn_reset(lmdb->reader);
    return count;
}

static void lmdb_compact(void *self)
{
    struct lmdb *lmdb = self;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;

    must_lmdb(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    must_lmdb(mdb_cursor_open(txn, lmdb->dbi, &cursor));
    must_lmdb(mdb_cursor_get(cursor, &key, &value, MDB_LAST));
    uint64_t number;
    void *copy = must_alloc(value.mv_size);
    memcpy(&number, key.mv_data, sizeof number);
    memcpy(copy, value.mv_data, value.mv_size);
    key.mv_data = &number;
    value.mv_data = copy;
    mdb_cursor_close(cursor);
    must_lmdb(mdb_drop(txn, lmdb->dbi, 0));
    must_lmdb(mdb_put(txn, lmdb->dbi, &key, &value, 0));
    must_lmdb(mdb_txn_commit(txn));
    free(copy);
}

static void lmdb_close(void *self)
{
    struct lmdb *lmdb = self;

    if (lmdb->reader != NULL)
        mdb_txn_abort(lmdb->reader);
    mdb_env_close(lmdb->env);
    free(lmdb);
}

const struct engine engine_lmdb = {
    .name = "lmdb",
    .title = "LMDB",
    .kind = ENGINE_PEER,
    .open = lmdb_open,
    .close = lmdb_close,
    .append = lmdb_append,
    .load = lmdb_load,
    .latest = lmdb_latest,
    .count = lmdb_count,
    .compact = lmdb_compact,
    .processes = true,
    .fill_threads = 1,
};
