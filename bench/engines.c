/* engines.c -- the engines that are compared, each used as its manual says is durable and is fast.
 *
 *   floor   pwrite and fdatasync into bytes that were written and synced before, so that no file-system
 *           metadata changes: what the disk takes from anybody. With threads, one pwrite holds a checkpoint
 *           of each of them: the best that sharing a sync can come to.
 *   Cairn   as it comes.
 *   LMDB    as it comes, synchronous; a write transaction for each checkpoint, MDB_APPEND with an integer
 *           key. Threads share the environment and take turns by LMDB's own writer lock.
 *   SQLite  WAL and synchronous=FULL; one prepared INSERT, a transaction for each checkpoint. The WAL has
 *           been filled and checkpointed once before, so that it is overwritten, not grown. Threads share a
 *           connection behind a mutex; with one each they would sleep in the busy handler.
 *   files   a file for each checkpoint: written under another name, fsync, rename, fsync of the directory.
 */
#include "engines.h"

#include <cairn/cairn.h>

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LMDB_MAP_SIZE ((size_t)16 << 30) /* address space, not disk */

const char engines_versions[] = "Cairn " CAIRN_VERSION "; " MDB_VERSION_STRING "; SQLite " SQLITE_VERSION;

void die(const char *format, ...)
{
    va_list args;

    fputs("cairn-bench-compare: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

static void must(bool ok, const char *what)
{
    if (!ok)
        die("%s: %s", what, strerror(errno));
}

static void *must_alloc(size_t size)
{
    void *memory = calloc(1, size);

    must(memory != NULL, "memory");
    return memory;
}

static void must_write(int fd, const char *data, size_t size, off_t at)
{
    for (ssize_t n; size > 0; data += n, at += n, size -= (size_t)n)
        must((n = pwrite(fd, data, size, at)) > 0, "pwrite");
}

/* --- The floor ---------------------------------------------------------------------------------- */

struct raw {
    int fd;
    size_t slots; /* checkpoints that fit; then it begins anew */
    _Atomic size_t next;
};

static void *raw_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct raw *raw = must_alloc(sizeof *raw);
    size_t all = size < 1 << 20 ? 8 << 20 : 64 * size;
    char path[4096], *bytes = must_alloc(all);

    (void)mode;
    snprintf(path, sizeof path, "%s/log", dir);
    must((raw->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)) >= 0, path);
    memset(bytes, 0x55, all);
    must_write(raw->fd, bytes, all, 0);
    must(fsync(raw->fd) == 0, "fsync");
    free(bytes);
    raw->slots = all / size;
    return raw;
}

static void raw_append(void *self, const void *data, size_t size)
{
    struct raw *raw = self;

    must_write(raw->fd, data, size, (off_t)(atomic_fetch_add(&raw->next, 1) % raw->slots * size));
    must(fdatasync(raw->fd) == 0, "fdatasync");
}

static void raw_close(void *self)
{
    close(((struct raw *)self)->fd);
    free(self);
}

/* --- Cairn -------------------------------------------------------------------------------------- */

static void must_cairn(int error)
{
    if (error != 0)
        die("Cairn: %s: %s", cairn_strerror(error), cairn_message());
}

static void *journal_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct cairn_op *op;

    (void)size, (void)mode;
    must_cairn(cairn_open(&op, NULL, dir, 0));
    return op;
}

static void journal_append(void *self, const void *data, size_t size)
{
    struct cairn_id id;

    must_cairn(cairn_checkpoint(self, NULL, "step", data, size, &id));
}

static uint64_t journal_count(void *self)
{
    struct cairn_stat stat;

    must_cairn(cairn_stat(self, NULL, &stat));
    return stat.count;
}

static void journal_latest(void *self, void *data, size_t size)
{
    void *found;
    size_t found_size;

    must_cairn(cairn_latest(self, NULL, &found, &found_size));
    if (found_size != size)
        die("Cairn: the latest checkpoint has %zu bytes", found_size);
    memcpy(data, found, size);
    cairn_free(found);
}

static void journal_close(void *self)
{
    cairn_close(self);
}

/* --- LMDB --------------------------------------------------------------------------------------- */

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t next; /* under the writer lock */
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
    must_lmdb(mdb_env_set_mapsize(lmdb->env, LMDB_MAP_SIZE));
    must_lmdb(mdb_env_open(lmdb->env, dir, mode == ENGINE_FILL ? MDB_NOSYNC : 0, 0644));
    must_lmdb(mdb_txn_begin(lmdb->env, NULL, mode == ENGINE_RESUME ? MDB_RDONLY : 0, &txn));
    must_lmdb(mdb_dbi_open(txn, NULL, MDB_INTEGERKEY | (mode == ENGINE_RESUME ? 0 : MDB_CREATE), &lmdb->dbi));
    must_lmdb(mdb_txn_commit(txn));
    return lmdb;
}

static void lmdb_append(void *self, const void *data, size_t size)
{
    struct lmdb *lmdb = self;
    MDB_txn *txn;

    must_lmdb(mdb_txn_begin(lmdb->env, NULL, 0, &txn));
    uint64_t number = lmdb->next++;
    MDB_val key = {sizeof number, &number}, value = {size, (void *)(uintptr_t)data};
    must_lmdb(mdb_put(txn, lmdb->dbi, &key, &value, MDB_APPEND));
    must_lmdb(mdb_txn_commit(txn));
}

static uint64_t lmdb_count(void *self)
{
    struct lmdb *lmdb = self;
    MDB_txn *txn;
    MDB_stat stat;

    must_lmdb(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn));
    must_lmdb(mdb_stat(txn, lmdb->dbi, &stat));
    mdb_txn_abort(txn);
    return stat.ms_entries;
}

static void lmdb_latest(void *self, void *data, size_t size)
{
    struct lmdb *lmdb = self;
    MDB_txn *txn;
    MDB_cursor *cursor;
    MDB_val key, value;

    must_lmdb(mdb_txn_begin(lmdb->env, NULL, MDB_RDONLY, &txn));
    must_lmdb(mdb_cursor_open(txn, lmdb->dbi, &cursor));
    must_lmdb(mdb_cursor_get(cursor, &key, &value, MDB_LAST));
    if (value.mv_size != size)
        die("LMDB: the latest checkpoint has %zu bytes", value.mv_size);
    memcpy(data, value.mv_data, size);
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
}

static void lmdb_close(void *self)
{
    mdb_env_close(((struct lmdb *)self)->env);
    free(self);
}

/* --- SQLite ------------------------------------------------------------------------------------- */

struct sqlite {
    sqlite3 *db;
    sqlite3_stmt *insert;
    pthread_mutex_t mutex;
};

static void must_sqlite(const struct sqlite *sqlite, bool ok)
{
    if (!ok)
        die("SQLite: %s", sqlite3_errmsg(sqlite->db));
}

static sqlite3_stmt *sqlite_prepare(const struct sqlite *sqlite, const char *sql)
{
    sqlite3_stmt *statement;

    must_sqlite(sqlite, sqlite3_prepare_v2(sqlite->db, sql, -1, &statement, NULL) == SQLITE_OK);
    return statement;
}

static void *sqlite_open(const char *dir, size_t size, enum engine_mode mode)
{
    static const char create[] = "CREATE TABLE checkpoint(id INTEGER PRIMARY KEY, data BLOB);";
    static const char fill_wal[] = "CREATE TABLE filler(data BLOB);"
                                   "INSERT INTO filler VALUES(zeroblob(4500000));";
    struct sqlite *sqlite = must_alloc(sizeof *sqlite);
    char path[4096], sql[512] = "";

    (void)size;
    pthread_mutex_init(&sqlite->mutex, NULL);
    snprintf(path, sizeof path, "%s/log.db", dir);
    must_sqlite(sqlite, sqlite3_open(path, &sqlite->db) == SQLITE_OK);
    if (mode != ENGINE_RESUME)
        snprintf(sql, sizeof sql, "PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; %s %s",
                 mode == ENGINE_NEW ? "FULL" : "OFF", create, mode == ENGINE_NEW ? fill_wal : "");
    must_sqlite(sqlite, sqlite3_exec(sqlite->db, sql, NULL, NULL, NULL) == SQLITE_OK);
    if (mode != ENGINE_RESUME)
        sqlite->insert = sqlite_prepare(sqlite, "INSERT INTO checkpoint(data) VALUES(?)");
    return sqlite;
}

static void sqlite_append(void *self, const void *data, size_t size)
{
    struct sqlite *sqlite = self;
    sqlite3_stmt *insert = sqlite->insert;

    pthread_mutex_lock(&sqlite->mutex);
    must_sqlite(sqlite, sqlite3_bind_blob64(insert, 1, data, size, SQLITE_STATIC) == SQLITE_OK);
    must_sqlite(sqlite, sqlite3_step(insert) == SQLITE_DONE);
    must_sqlite(sqlite, sqlite3_reset(insert) == SQLITE_OK);
    pthread_mutex_unlock(&sqlite->mutex);
}

static uint64_t sqlite_count(void *self)
{
    sqlite3_stmt *select = sqlite_prepare(self, "SELECT count(*) FROM checkpoint");

    must_sqlite(self, sqlite3_step(select) == SQLITE_ROW);
    uint64_t count = (uint64_t)sqlite3_column_int64(select, 0);
    sqlite3_finalize(select);
    return count;
}

static void sqlite_latest(void *self, void *data, size_t size)
{
    sqlite3_stmt *select = sqlite_prepare(self, "SELECT data FROM checkpoint ORDER BY id DESC LIMIT 1");

    must_sqlite(self, sqlite3_step(select) == SQLITE_ROW);
    const void *found = sqlite3_column_blob(select, 0);
    if (found == NULL || (size_t)sqlite3_column_bytes(select, 0) != size)
        die("SQLite: the latest checkpoint has %d bytes", sqlite3_column_bytes(select, 0));
    memcpy(data, found, size);
    sqlite3_finalize(select);
}

static void sqlite_close(void *self)
{
    struct sqlite *sqlite = self;

    sqlite3_finalize(sqlite->insert);
    must_sqlite(sqlite, sqlite3_close(sqlite->db) == SQLITE_OK);
    pthread_mutex_destroy(&sqlite->mutex);
    free(sqlite);
}

/* --- A file for each checkpoint ----------------------------------------------------------------- */

struct files {
    int dir;
    _Atomic uint64_t next;
};

static void *files_open(const char *dir, size_t size, enum engine_mode mode)
{
    struct files *files = must_alloc(sizeof *files);

    (void)size, (void)mode;
    must((files->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0, dir);
    return files;
}

static void files_append(void *self, const void *data, size_t size)
{
    struct files *files = self;
    unsigned long long number = atomic_fetch_add(&files->next, 1);
    char name[32], hidden[32];

    snprintf(name, sizeof name, "%08llu", number);
    snprintf(hidden, sizeof hidden, ".%08llu", number);
    int fd = openat(files->dir, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    must(fd >= 0, hidden);
    must_write(fd, data, size, 0);
    must(fsync(fd) == 0 && close(fd) == 0, hidden);
    must(renameat(files->dir, hidden, files->dir, name) == 0, name);
    must(fsync(files->dir) == 0, "fsync of the directory");
}

static void files_close(void *self)
{
    close(((struct files *)self)->dir);
    free(self);
}

/* ------------------------------------------------------------------------------------------------ */

#define ENGINE(noun) .open = noun##_open, .append = noun##_append, .close = noun##_close

const struct engine engines[] = {
    {.name = "floor: pwrite + fdatasync", ENGINE(raw), .batches = true},
    {.name = "the same, each thread its own", ENGINE(raw), .threads_only = true},
    {.name = "Cairn", ENGINE(journal), .count = journal_count, .latest = journal_latest, .fill_threads = 128},
    {.name = "LMDB", ENGINE(lmdb), .count = lmdb_count, .latest = lmdb_latest, .fill_threads = 1},
    {.name = "SQLite, WAL, FULL",
     ENGINE(sqlite),
     .count = sqlite_count,
     .latest = sqlite_latest,
     .fill_threads = 1},
    {.name = "a file each, renamed", ENGINE(files)},
};
const unsigned engines_count = sizeof engines / sizeof engines[0];
