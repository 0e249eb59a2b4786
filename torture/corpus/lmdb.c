/* lmdb.c -- a counter in LMDB.
 *
 *     lmdb HOW make|work|check DIR
 *
 *     default   LMDB as it is; in a database that was made before and its directory synced: right. In a new
 * one the names are not synced, and a first page that is torn makes it one that LMDB does not open nosync
 * MDB_NOSYNC | MDB_WRITEMAP: what LMDB itself warns of
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lmdb.h>

static void must(int error, const char *what)
{
    if (error == 0)
        return;
    printf("%s: %s\n", what, mdb_strerror(error));
    exit(1);
}

static MDB_env *open_env(const char *how, const char *dir)
{
    MDB_env *env;

    must(mdb_env_create(&env), "create");
    must(mdb_env_set_mapsize(env, 1 << 20), "mapsize");
    must(mdb_env_open(env, dir, strcmp(how, "nosync") == 0 ? MDB_NOSYNC | MDB_WRITEMAP : 0, 0644), "open");
    return env;
}

static int put(MDB_env *env, int number)
{
    MDB_val key = {7, (void *)"counter"}, value = {sizeof(number), &number};
    char filler[32], text[500];
    MDB_txn *txn;
    MDB_dbi dbi;

    must(mdb_txn_begin(env, NULL, 0, &txn), "begin");
    must(mdb_dbi_open(txn, NULL, 0, &dbi), "dbi");
    must(mdb_put(txn, dbi, &key, &value, 0), "put");
    snprintf(filler, sizeof(filler), "filler %d", number);
    memset(text, 'x', sizeof(text));
    MDB_val other = {strlen(filler), filler}, body = {sizeof(text), text};
    must(mdb_put(txn, dbi, &other, &body, 0), "put");
    return mdb_txn_commit(txn);
}

static int get(MDB_env *env)
{
    MDB_val key = {7, (void *)"counter"}, value, other, body;
    char filler[32];
    int number = -1;
    MDB_txn *txn;
    MDB_dbi dbi;

    must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "begin");
    must(mdb_dbi_open(txn, NULL, 0, &dbi), "dbi");
    const int error = mdb_get(txn, dbi, &key, &value);
    if (error != MDB_NOTFOUND) {
        must(error, "get");
        memcpy(&number, value.mv_data, sizeof(number));
    }
    for (int i = 0; i <= number; i++) {
        snprintf(filler, sizeof(filler), "filler %d", i);
        other = (MDB_val){strlen(filler), filler};
        must(mdb_get(txn, dbi, &other, &body), filler);
        if (body.mv_size != 500 || ((char *)body.mv_data)[499] != 'x') {
            printf("garbage in %s\n", filler);
            exit(1);
        }
    }
    mdb_txn_abort(txn);
    return number;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    MDB_env *env = open_env(argv[1], argv[3]);
    if (strcmp(argv[2], "make") == 0) {
        const int dir = open(argv[3], O_RDONLY | O_DIRECTORY);
        must(mdb_env_sync(env, 1), "sync");
        if (dir < 0 || fsync(dir) != 0)
            return 2;
    } else if (strcmp(argv[2], "work") == 0) {
        for (int i = 0; i < 5; i++) {
            must(put(env, i), "commit");
            printf("%d\n", i);
            fflush(stdout);
        }
    } else {
        FILE *acks = fopen(getenv("TORTURE_ACKED") ? getenv("TORTURE_ACKED") : "", "re");
        int acked = -1;
        while (acks && fscanf(acks, "%d", &acked) == 1)
            ;
        const int there = get(env);
        if (there < acked) {
            printf("lost: %d is there, and %d was acknowledged\n", there, acked);
            return 1;
        }
    }
    mdb_env_close(env);
    return 0;
}
