/* rival.c -- see rival.h. */
#include "fuzz/rival.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <cairn/cairn.h>

#include "fuzz/target.h"

static void *record(void *arg)
{
    struct rival *rival = arg;
    struct cairn_op *op;
    struct cairn_id id;

    unlinkat(rival->dir, "lock", 0);
    rival->error = cairn_open(&op, NULL, rival->url, CAIRN_NO_THREAD);
    if (rival->error)
        return NULL;
    rival->error = cairn_checkpoint(op, NULL, rival->label, rival->data, rival->size, &id);
    if (rival->error == 0)
        memcpy(rival->id, id.text, sizeof(id.text));
    cairn_close(op);
    return NULL;
}

void rival_record(struct rival *rival)
{
    pthread_t thread;

    FUZZ_ASSERT(pthread_create(&thread, NULL, record, rival) == 0, "no thread");
    pthread_join(thread, NULL);
}
