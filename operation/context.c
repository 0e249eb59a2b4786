/* context.c -- deadlines and cancellation, see context.h. */
#include <cairn/context.h>

#include <time.h>

#include <cairn/operation.h>

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void cairn_ctx_with_timeout(struct cairn_ctx *ctx, int64_t timeout_ns)
{
    int64_t now = now_ns();

    ctx->canceled = 0;
    if (timeout_ns <= 0)
        ctx->deadline_ns = 1; /* long past, and not the 0 that means none */
    else if (timeout_ns > INT64_MAX - now)
        ctx->deadline_ns = 0;
    else
        ctx->deadline_ns = now + timeout_ns;
}

void cairn_ctx_cancel(struct cairn_ctx *ctx)
{
    __atomic_store_n(&ctx->canceled, 1, __ATOMIC_RELAXED);
}

int cairn_ctx_check(const struct cairn_ctx *ctx)
{
    if (ctx == NULL)
        return 0;
    if (__atomic_load_n(&ctx->canceled, __ATOMIC_RELAXED))
        return cairn_set_message(CAIRN_ECANCELED, "%s", cairn_strerror(CAIRN_ECANCELED));
    if (ctx->deadline_ns != 0 && now_ns() >= ctx->deadline_ns)
        return cairn_set_message(CAIRN_ETIMEDOUT, "%s", cairn_strerror(CAIRN_ETIMEDOUT));
    return 0;
}
