/* command_watch.c -- `cairn watch`: each new checkpoint as a line, as it becomes durable.
 *
 * It looks again and again, which works with any implementation on any file system. A look that finds nothing
 * costs next to nothing; after one that takes long it rests for longer, lest those who write have to wait for
 * it. What is gone by the next look has not been seen. Should the directory be removed, or another one put in
 * its place, it goes on with what comes there.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/entry.h"
#include "cli/failure.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/turn.h"

#define REST_MIN_MS   50
#define REST_MAX_MS   1000
#define REST_PER_LOOK 9 /* a look takes no more than a tenth of the time */
#define OUTPUT_FAILED 1

struct watching {
    struct request *request;
    struct cairn_mark mark;
    bool shown; /* something has been */
};

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* rest -- until it is time for the next look, after one that has begun at `begun_ms`; or until nobody reads
 * what is printed. */
static int rest(const struct watching *watching, int64_t begun_ms)
{
    struct pollfd reader = {.fd = STDOUT_FILENO};
    const int64_t end_ms = watching->request->ctx.deadline_ns / 1000000;
    int64_t rest_ms = (now_ms() - begun_ms) * REST_PER_LOOK;

    if (rest_ms < REST_MIN_MS)
        rest_ms = REST_MIN_MS;
    if (rest_ms > REST_MAX_MS)
        rest_ms = REST_MAX_MS;
    if (end_ms && rest_ms > end_ms - now_ms())
        rest_ms = end_ms > now_ms() ? end_ms - now_ms() : 0;
    if (poll(&reader, 1, (int)rest_ms) == 1 && (reader.revents & (POLLERR | POLLHUP))) {
        (void)raise(SIGPIPE); /* as if something had been printed */
        return OUTPUT_FAILED;
    }
    return cairn_ctx_check(&watching->request->ctx);
}

static int show_entry(void *arg, const struct cairn_entry *entry)
{
    struct watching *watching = arg;

    errno = 0; /* see output_failed() */
    entry_print(entry, watching->request->json, !watching->shown);
    watching->shown = true;
    if (output_failed())
        return OUTPUT_FAILED;
    return cairn_ctx_check(&watching->request->ctx);
}

/* look -- shows what is new. It is no failure if it was removed meanwhile. */
static int look(struct watching *watching, struct cairn_op *op)
{
    int error = cairn_list_since(op, &watching->request->ctx, &watching->mark, show_entry, watching);

    errno = 0;
    (void)fflush(stdout);
    if (output_failed()) /* which is said at the end, if no signal has ended it */
        return OUTPUT_FAILED;
    return error == CAIRN_EBUSY ? 0 : error;
}

/* The directory that the URL names, as it was when it was opened. */
struct place {
    const char *path;
    dev_t device;
    ino_t inode;
};

static bool place_is_there(struct place *place, const char *url)
{
    struct stat st;

    *place = (struct place){.path = place_of(url)};
    if (stat(place->path, &st) != 0)
        return false;
    place->device = st.st_dev;
    place->inode = st.st_ino;
    return true;
}

/* has_changed -- whether another directory stands there now, or none. */
static bool has_changed(const struct place *place)
{
    struct stat st;
    return stat(place->path, &st) != 0 || st.st_dev != place->device || st.st_ino != place->inode;
}

/* await_place -- opens the operation, once it is there. What is there then is new, if it was not at first. */
static int await_place(struct watching *watching, struct cairn_op **op, struct place *place, bool first)
{
    struct request *request = watching->request;
    const char *url = request->operands[0];
    int error = first ? command_open(request, CAIRN_READONLY, op)
                      : cairn_open(op, &request->ctx, url, CAIRN_READONLY);

    if (error == CAIRN_ENONE)
        failure_say(request->command, "%s; waiting until there is", cairn_message());
    if (error == CAIRN_ENONE || !first)
        request->all = true;
    while (error == CAIRN_ENONE) {
        error = rest(watching, now_ms());
        if (error == 0)
            error = cairn_open(op, &request->ctx, url, CAIRN_READONLY);
    }
    (void)place_is_there(place, url); /* if it has gone in between, the next look sees that */
    watching->mark = (struct cairn_mark){{0}};
    if (error == 0 && !request->all)
        error = cairn_list_since(*op, &request->ctx, &watching->mark, NULL, NULL);
    return error;
}

static int run_watch(struct request *request)
{
    struct watching watching = {.request = request};
    struct cairn_op *op = NULL;
    struct place place = {.path = NULL};
    int error = await_place(&watching, &op, &place, true);

    while (error == 0) {
        const int64_t begun_ms = now_ms();
        error = look(&watching, op);
        if (error <= 0 && error != CAIRN_ECANCELED && error != CAIRN_ETIMEDOUT && has_changed(&place)) {
            cairn_close(op);
            op = NULL;
            error = await_place(&watching, &op, &place, false);
        } else if (error == 0) {
            error = rest(&watching, begun_ms);
        }
    }
    return command_close(request, op, error);
}

const struct command command_watch = {
    .name = "watch",
    .operands = "[--all] [--json] [--timeout SECONDS] URL",
    .summary = "print each new checkpoint as it becomes durable",
    .manual =
        "Print a line, as list does, for each checkpoint that is recorded from now on, once it is durable,\n"
        "until a signal, --timeout, or the end of who reads it. If nothing is there it waits for that.\n"
        "One that is removed again within a moment may not be seen.\n",
    .options = OPTION_ALL | OPTION_JSON,
    .operands_min = 1,
    .operands_max = 1,
    .run = run_watch,
};
