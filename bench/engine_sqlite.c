/* engine_sqlite.c -- SQLite: WAL and synchronous=FULL; one prepared INSERT, a transaction for each
 * checkpoint.
 *
 * The WAL has been filled and checkpointed once before, so that it is overwritten, not grown. Threads share a
 * connection behind a mutex; with one each they would sleep in the busy handler, as processes do. What reads
 * has a connection of its own, which in WAL mode does not wait for a writer. */
#include "engine.h"
#include "must.h"

#include <limits.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAL_BYTES 4500000u /* a little more than what SQLite checkpoints at */
#define BUSY_MS   600000   /* how long a process waits for the others */

struct sqlite {
    sqlite3 *db, *reading;
    sqlite3_stmt *insert, *load, *latest, *count;
    pthread_mutex_t mutex;
};

static void must_sqlite(sqlite3 *db, bool ok)
{
    if (!ok)
        die("SQLite: %s", sqlite3_errmsg(db));
}

static sqlite3 *connect_to(const char *path)
{
    sqlite3 *db;

    const bool opened = sqlite3_open(path, &db) == SQLITE_OK;
    must_sqlite(db, opened);
    must_sqlite(db, sqlite3_busy_timeout(db, BUSY_MS) == SQLITE_OK);
    return db;
}

static void execute(sqlite3 *db, const char *sql)
{
    must_sqlite(db, sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;

    const unsigned flags = SQLITE_PREPARE_PERSISTENT;
    must_sqlite(db, sqlite3_prepare_v3(db, sql, -1, flags, &statement, NULL) == SQLITE_OK);
    return statement;
}

/* Makes the table, and a WAL that is as long as it will get. */
static void create(sqlite3 *db, size_t size, enum engine_mode mode)
{
    char sql[256];

    execute(db, "PRAGMA journal_mode=WAL");
    execute(db, mode == ENGINE_NEW ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    execute(db, "CREATE TABLE checkpoint(id INTEGER PRIMARY KEY, data BLOB)");
    if (mode != ENGINE_NEW)
        return;
    snprintf(sql, sizeof sql,
             "CREATE TABLE filler(data BLOB); INSERT INTO filler VALUES(zeroblob(%zu)); DROP TABLE filler",
             WAL_BYTES + size + size / 64);
    execute(db, sql);
    execute(db, "PRAGMA wal_checkpoint(RESTART)");
}

static void *sqlite_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct sqlite *sqlite = must_alloc(sizeof *sqlite);
    char path[PATH_MAX];

    pthread_mutex_init(&sqlite->mutex, NULL);
    snprintf(path, sizeof path, "%s/log.db", dir);
    sqlite->db = connect_to(path);
    if (mode == ENGINE_RESUME)
        execute(sqlite->db, "PRAGMA synchronous=FULL");
    else
        create(sqlite->db, size, mode);
    sqlite->insert = prepare(sqlite->db, "INSERT INTO checkpoint(data) VALUES(?)");

    sqlite->reading = connect_to(path);
    execute(sqlite->reading, "PRAGMA mmap_size=2147418112"); /* reading by the page cache without a copy */
    sqlite->load = prepare(sqlite->reading, "SELECT data FROM checkpoint WHERE id = ?");
    sqlite->latest = prepare(sqlite->reading, "SELECT data FROM checkpoint ORDER BY id DESC LIMIT 1");
    sqlite->count = prepare(sqlite->reading, "SELECT count(*) FROM checkpoint");
    return sqlite;
}

static void sqlite_append(void *self, const void *data, size_t size)
{
    struct sqlite *sqlite = self;
    sqlite3_stmt *insert = sqlite->insert;

    pthread_mutex_lock(&sqlite->mutex);
    must_sqlite(sqlite->db, sqlite3_bind_blob64(insert, 1, data, size, SQLITE_STATIC) == SQLITE_OK);
    must_sqlite(sqlite->db, sqlite3_step(insert) == SQLITE_DONE);
    must_sqlite(sqlite->db, sqlite3_reset(insert) == SQLITE_OK);
    pthread_mutex_unlock(&sqlite->mutex);
}

/* Takes the blob of the row that the statement gives, if there is one. */
static bool take(struct sqlite *sqlite, sqlite3_stmt *select, void *data, size_t size)
{
    const int result = sqlite3_step(select);

    must_sqlite(sqlite->reading, result == SQLITE_ROW || result == SQLITE_DONE);
    if (result == SQLITE_ROW) {
        const void *found = sqlite3_column_blob(select, 0);
        if (found == NULL || (size_t)sqlite3_column_bytes(select, 0) != size)
            die("SQLite: the checkpoint has %d bytes", sqlite3_column_bytes(select, 0));
        memcpy(data, found, size);
    }
    must_sqlite(sqlite->reading, sqlite3_reset(select) == SQLITE_OK);
    return result == SQLITE_ROW;
}

static bool sqlite_load(void *self, uint64_t number, void *data, size_t size)
{
    struct sqlite *sqlite = self;

    must_sqlite(sqlite->reading, sqlite3_bind_int64(sqlite->load, 1, (sqlite3_int64)number + 1) == SQLITE_OK);
    return take(sqlite, sqlite->load, data, size);
}

static void sqlite_latest(void *self, void *data, size_t size)
{
    struct sqlite *sqlite = self;

    if (!take(sqlite, sqlite->latest, data, size))
        die("SQLite: there is no checkpoint");
}

static uint64_t sqlite_count(void *self)
{
    struct sqlite *sqlite = self;

    must_sqlite(sqlite->reading, sqlite3_step(sqlite->count) == SQLITE_ROW);
    const uint64_t count = (uint64_t)sqlite3_column_int64(sqlite->count, 0);
    must_sqlite(sqlite->reading, sqlite3_reset(sqlite->count) == SQLITE_OK);
    return count;
}

static void sqlite_compact(void *self)
{
    execute(((struct sqlite *)self)->db,
            "DELETE FROM checkpoint WHERE id < (SELECT max(id) FROM checkpoint)");
}

static void sqlite_close(void *self)
{
    struct sqlite *sqlite = self;

    sqlite3_finalize(sqlite->insert);
    sqlite3_finalize(sqlite->load);
    sqlite3_finalize(sqlite->latest);
    sqlite3_finalize(sqlite->count);
    must_sqlite(sqlite->reading, sqlite3_close(sqlite->reading) == SQLITE_OK);
    must_sqlite(sqlite->db, sqlite3_close(sqlite->db) == SQLITE_OK);
    pthread_mutex_destroy(&sqlite->mutex);
    free(sqlite);
}

const struct engine engine_sqlite = {
    .name = "sqlite",
    .title = "SQLite, WAL, FULL",
    .kind = ENGINE_PEER,
    .open = sqlite_open,
    .close = sqlite_close,
    .append = sqlite_append,
    .load = sqlite_load,
    .latest = sqlite_latest,
    .count = sqlite_count,
    .compact = sqlite_compact,
    .processes = true,
    .fill_threads = 1,
};
