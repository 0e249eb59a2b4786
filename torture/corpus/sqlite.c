/* sqlite.c -- a table in SQLite.
 *
 *     sqlite JOURNAL SYNCHRONOUS work|check DIR
 *
 * JOURNAL is delete or wal, SYNCHRONOUS is full, which is right, or off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

static sqlite3 *db;

static void must(int ok, const char *what)
{
    if (ok)
        return;
    printf("%s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run(const char *text)
{
    must(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK, text);
}

static int one(void *arg, int columns, char **values, char **names)
{
    (void)columns;
    (void)names;
    snprintf(arg, 64, "%s", values[0] ? values[0] : "");
    return 0;
}

static const char *ask(const char *text)
{
    static char answer[64];

    answer[0] = '\0';
    must(sqlite3_exec(db, text, one, answer, NULL) == SQLITE_OK, text);
    return answer;
}

static void work(void)
{
    char text[128];

    run("create table if not exists t (n integer primary key, body text)");
    for (int i = 0; i < 4; i++) {
        snprintf(text, sizeof(text), "insert into t values (%d, hex(zeroblob(300)))", i);
        run(text);
        printf("%d\n", i);
        fflush(stdout);
    }
}

static void check(void)
{
    FILE *acks = fopen(getenv("TORTURE_ACKED") ? getenv("TORTURE_ACKED") : "", "re");
    int acked = -1;

    while (acks && fscanf(acks, "%d", &acked) == 1)
        ;
    must(strcmp(ask("pragma integrity_check"), "ok") == 0, "integrity");
    int there = -1;
    if (strcmp(ask("select count(*) from sqlite_master where name = 't'"), "1") == 0) {
        const char *most = ask("select max(n) from t");
        there = *most ? atoi(most) : -1;
    }
    if (there < acked) {
        printf("lost: %d is there, and %d was acknowledged\n", there, acked);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    char text[256];

    if (argc != 5)
        return 2;
    snprintf(text, sizeof(text), "%s/db", argv[4]);
    must(sqlite3_open(text, &db) == SQLITE_OK, "open");
    snprintf(text, sizeof(text), "pragma journal_mode = %s", argv[1]);
    run(text);
    snprintf(text, sizeof(text), "pragma synchronous = %s", argv[2]);
    run(text);
    if (strcmp(argv[3], "work") == 0)
        work();
    else
        check();
    sqlite3_close(db);
    return 0;
}
