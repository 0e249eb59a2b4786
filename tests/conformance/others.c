/* others.c -- the contract among several: handles, threads, processes. */
#include "contract.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void handles__each_sees_what_the_other_did(struct test *test)
{
    struct cairn_op *a = check_open(test, 0), *b = check_open(test, 0);
    struct cairn_id one, two;

    if (a && b) {
        check_record(test, a, "", "one", &one);
        check_latest(test, b, "one");
        check_record(test, b, "", "two", &two);
        check_latest(test, a, "two");
        check_load(test, a, two.text, "two");
        CHECK(strcmp(one.text, two.text) != 0);
        check_result(test, "clear", cairn_clear(a, NULL), 0);
        check_none(test, b);
    }
    cairn_close(a);
    if (b) {
        check_record(test, b, "", "three", NULL);
        check_latest(test, b, "three");
    }
    cairn_close(b);
}

/* --- many at once --------------------------------------------------------------------------------------- */

#define WRITERS 4
#define STEPS   50

struct writer {
    struct cairn_op *op;
    int number, error;
    struct cairn_id ids[STEPS];
};

/* write_steps -- records STEPS checkpoints, and looks after each whether `latest` is this one's or a later
 * one's of this writer, or another writer's. */
static void *write_steps(void *arg)
{
    struct writer *writer = arg;
    char text[32];

    for (int step = 0; step < STEPS && writer->error == 0; step++) {
        int size = snprintf(text, sizeof(text), "%d %d", writer->number, step), number, latest;
        writer->error = cairn_checkpoint(writer->op, NULL, text, text, (size_t)size, &writer->ids[step]);
        void *data = NULL;
        size_t there = 0;
        if (writer->error == 0)
            writer->error = cairn_latest(writer->op, NULL, &data, &there);
        if (writer->error == 0) {
            snprintf(text, sizeof(text), "%.*s", (int)there, (const char *)data);
            if (sscanf(text, "%d %d", &number, &latest) != 2 || (number == writer->number && latest != step))
                writer->error = CAIRN_ECORRUPT;
            cairn_free(data);
        }
    }
    return NULL;
}

/* check_steps -- all that the writers recorded is there, under ids of their own. */
static void check_steps(struct test *test, struct cairn_op *op, const struct writer *writers)
{
    char text[32];

    for (int i = 0; i < WRITERS * STEPS; i++) {
        const struct cairn_id *id = &writers[i / STEPS].ids[i % STEPS];
        snprintf(text, sizeof(text), "%d %d", i / STEPS, i % STEPS);
        check_load(test, op, id->text, text);
        for (int k = 0; k < i; k++) {
            if (strcmp(id->text, writers[k / STEPS].ids[k % STEPS].text) == 0)
                check_fail(test, "the id %s was given twice", id->text);
        }
    }
}

/* In the order of the list each writer's own come one after the other. */
struct order {
    struct test *test;
    int next[WRITERS];
    int count;
};

static int in_order(void *arg, const struct cairn_entry *entry)
{
    struct order *order = arg;
    struct test *test = order->test;
    int number, step;

    order->count++;
    if (sscanf(entry->label, "%d %d", &number, &step) != 2 || number < 0 || number >= WRITERS)
        check_fail(test, "list: the label \"%.40s\" was never recorded", entry->label);
    else if (step != order->next[number]++)
        check_fail(test, "list: step %d of writer %d is not in its place", step, number);
    return 0;
}

static void check_order(struct test *test, struct cairn_op *op)
{
    struct order order = {.test = test};

    int result = cairn_list(op, NULL, in_order, &order);
    if (result == CAIRN_ENOTSUP)
        return;
    check_result(test, "list", result, 0);
    CHECK(order.count == WRITERS * STEPS);
}

static void threads__share_a_handle(struct test *test)
{
    static struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    struct cairn_op *op = check_open(test, 0);
    int started = 0;

    if (op == NULL)
        return;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.op = op, .number = i};
        if (pthread_create(&threads[i], NULL, write_steps, &writers[i]) != 0)
            break;
        started++;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        check_result(test, "a thread's calls", writers[i].error, 0);
    }
    CHECK(started == WRITERS);
    check_steps(test, op, writers);
    check_order(test, op);
    cairn_close(op);
}

static void processes__share_a_place(struct test *test)
{
    static struct writer writers[WRITERS];
    int pipes[WRITERS][2];
    pid_t children[WRITERS];

    for (int i = 0; i < WRITERS; i++) {
        fflush(stdout);
        if (pipe(pipes[i]) != 0 || (children[i] = fork()) < 0) {
            check_fail(test, "cannot start a process");
            return;
        }
        if (children[i] == 0) {
            struct writer *writer = &writers[i];
            writer->number = i;
            writer->error = cairn_open(&writer->op, NULL, test->url, 0);
            if (writer->error == 0)
                write_steps(writer);
            if (writer->error)
                printf("# not so: process %d: %s\n", i, cairn_message());
            fflush(stdout);
            cairn_close(writer->op);
            /* 12,800 bytes fit into a pipe. */
            bool told = write(pipes[i][1], writer->ids, sizeof(writer->ids)) == sizeof(writer->ids);
            _exit(writer->error == 0 && told ? 0 : 1);
        }
        close(pipes[i][1]);
    }
    for (int i = 0; i < WRITERS; i++) {
        size_t done = 0;
        ssize_t n;
        int status;
        while ((n = read(pipes[i][0], (char *)writers[i].ids + done, sizeof(writers[i].ids) - done)) > 0)
            done += (size_t)n;
        close(pipes[i][0]);
        CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
        CHECK(done == sizeof(writers[i].ids));
    }
    struct cairn_op *op = check_open(test, CAIRN_EXISTING);
    if (op == NULL)
        return;
    check_steps(test, op, writers);
    check_order(test, op);
    cairn_close(op);
}

static void fork__handle_is_of_no_use_in_the_child(struct test *test)
{
    /* No thread: a sanitizer's allocator may be in its hands while this one forks. */
    struct cairn_op *op = check_open(test, CAIRN_NO_THREAD);
    int status = 0;

    if (op == NULL)
        return;
    check_record(test, op, "", "one", NULL);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        void *data;
        size_t size;
        int failures = test->failures;
        check_result(test, "checkpoint", cairn_checkpoint(op, NULL, "", "x", 1, NULL), CAIRN_EFORKED);
        check_result(test, "latest", cairn_latest(op, NULL, &data, &size), CAIRN_EFORKED);
        check_result(test, "clear", cairn_clear(op, NULL), CAIRN_EFORKED);
        cairn_close(op);
        op = check_open(test, 0);
        if (op)
            check_record(test, op, "", "of the child", NULL);
        cairn_close(op);
        _exit(test->failures == failures ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    check_latest(test, op, "of the child");
    check_record(test, op, "", "two", NULL);
    check_latest(test, op, "two");
    cairn_close(op);
}

void contract_others(struct suite *suite)
{
    check_run(suite, "handles__each_sees_what_the_other_did", handles__each_sees_what_the_other_did);
    check_run(suite, "threads__share_a_handle", threads__share_a_handle);
    check_run(suite, "processes__share_a_place", processes__share_a_place);
    check_run(suite, "fork__handle_is_of_no_use_in_the_child", fork__handle_is_of_no_use_in_the_child);
}
