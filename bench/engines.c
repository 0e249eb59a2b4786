/* engines.c -- which engines there are: see engine.h. A library that is not installed leaves its name. */
#include "engine.h"

#include "engine_files.h"

#include <cairn/cairn.h>

#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#ifdef BENCH_SQLITE
#include <sqlite3.h>
#endif
#ifdef BENCH_LEVELDB
#include <leveldb/c.h>
#endif

extern const struct engine engine_floor_written, engine_floor_rwf, engine_floor_direct, engine_floor_growing,
    engine_floor_growing_direct, engine_floor_allocated, engine_group, engine_journal, engine_directory,
    engine_lmdb, engine_sqlite, engine_rocksdb, engine_rocksdb_recycled, engine_leveldb;

#ifndef BENCH_SQLITE
const struct engine engine_sqlite = {.name = "sqlite",
                                     .title = "SQLite, WAL, FULL",
                                     .kind = ENGINE_PEER,
                                     .missing = "libsqlite3-dev was not there when this was built"};
#endif
#ifndef BENCH_ROCKSDB
const struct engine engine_rocksdb = {.name = "rocksdb",
                                      .title = "RocksDB",
                                      .kind = ENGINE_PEER,
                                      .missing = "librocksdb-dev was not there when this was built"};
const struct engine engine_rocksdb_recycled = {.name = "rocksdb-recycled",
                                               .title = "RocksDB, recycled logs",
                                               .kind = ENGINE_PEER,
                                               .missing = "librocksdb-dev was not there when this was built"};
#endif
#ifndef BENCH_LEVELDB
const struct engine engine_leveldb = {.name = "leveldb",
                                      .title = "LevelDB",
                                      .kind = ENGINE_PEER,
                                      .missing = "libleveldb-dev was not there when this was built"};
#endif

const struct engine *const engines[] = {
    &engine_floor_written,
    &engine_floor_rwf,
    &engine_floor_direct,
    &engine_group,
    &engine_floor_growing,
    &engine_floor_growing_direct,
    &engine_floor_allocated,
    &engine_journal,
    &engine_directory,
    &engine_lmdb,
    &engine_sqlite,
    &engine_rocksdb,
    &engine_rocksdb_recycled,
    &engine_leveldb,
    &engine_files,
};
const unsigned engines_count = sizeof engines / sizeof engines[0];

const struct engine *engine_find(const char *name)
{
    for (unsigned e = 0; e < engines_count; e++)
        if (strcmp(engines[e]->name, name) == 0)
            return engines[e];
    return NULL;
}

void engines_versions(char *text, size_t size)
{
    int n = snprintf(text, size, "Cairn %s; %s", CAIRN_VERSION, MDB_VERSION_STRING);

    (void)n; /* if all are missing */
#ifdef BENCH_SQLITE
    n += snprintf(text + n, size - (size_t)n, "; SQLite %s", sqlite3_libversion());
#endif
#ifdef BENCH_ROCKSDB
    n += snprintf(text + n, size - (size_t)n, "; RocksDB %s", BENCH_ROCKSDB_VERSION);
#endif
#ifdef BENCH_LEVELDB
    snprintf(text + n, size - (size_t)n, "; LevelDB %d.%d", leveldb_major_version(), leveldb_minor_version());
#endif
}
