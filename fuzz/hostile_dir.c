/* hostile_dir.c -- see hostile_dir.h. */
#include "fuzz/hostile_dir.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/canary.h"
#include "fuzz/hostile.h"
#include "fuzz/hostile_asked.h"
#include "fuzz/hostile_meddler.h"
#include "fuzz/hostile_memo.h"
#include "fuzz/hostile_system.h"
#include "fuzz/target.h"

#define CALLS_MAX 48
#define FILES_MAX 3000u /* that all calls may have before them: each is looked at several times */

static struct cairn_ctx context; /* of the next call, if it has one */
static bool forked, meddled;     /* and what else there is to it */
static bool lost, moved;         /* the directory */
static struct listing after;

static bool minds_no_temporary(const struct found *file)
{
    return strcmp(file->name, "lock") != 0 && (strncmp(file->name, "tmp-", 4) != 0 || !S_ISREG(file->mode));
}

static void dir_open(uint8_t flags)
{
    listing_take(&here.before, canary_work());
    const bool is_journal = listing_find(&here.before, "journal.ctl") != NULL;
    here.readonly = flags & INPUT_READONLY;
    lost = false;
    const int error = hostile_open(&here.handle, flags, "dir");
    FUZZ_ASSERT(error == (is_journal ? CAIRN_ENOTDIR : 0) || hostile_may_fail(error), "it is %s journal: %s",
                is_journal ? "a" : "no", cairn_message());
    listing_take(&after, canary_work());
    const struct found *file = listing_differ(&here.before, &after, minds_no_temporary);
    FUZZ_ASSERT(file == NULL, "open: %s is not as it was", file->name);
}

static void move(void)
{
    moved = !moved;
    canary_move(moved);
}

/* change -- the latest is not what it was any more. */
static void change(void)
{
    listing_take(&here.before, canary_work());
    const struct found *latest = hostile_latest(&here.before);
    const int fd = latest ? openat(canary_work(), latest->name, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

    if (fd < 0)
        return;
    FUZZ_ASSERT(write(fd, "!", 1) >= 0, "a file cannot be written");
    close(fd);
}

/* --- the next call's circumstances --------------------------------------------------------------------- */

/* usual -- no circumstances. */
static void usual(void)
{
    hostile_let_go();
    hostile_fork(false);
    hostile_was_done();
    here.ctx = NULL;
    here.ends = 0;
    here.must = here.at_once = forked = meddled = false;
}

static void cancel(void)
{
    cairn_ctx_cancel(&context);
}

static void take_context(struct source *source)
{
    const uint8_t how = source_u8(source) % 4;

    usual();
    here.ctx = &context;
    context = (struct cairn_ctx)CAIRN_CTX_INIT;
    here.must = here.at_once = how < 2;
    here.ends = how == 1 ? CAIRN_ETIMEDOUT : CAIRN_ECANCELED;
    if (how == 0)
        cairn_ctx_cancel(here.ctx);
    else if (how == 1)
        cairn_ctx_with_timeout(here.ctx, 0);
    else if (how == 2)
        cairn_ctx_with_timeout(here.ctx, INT64_MAX); /* and it may be cancelled by the call itself */
    else
        hostile_at(1u + source_u8(source) % 64u, cancel);
}

static void take_hold(struct source *source)
{
    const uint8_t how = source_u8(source);
    static const int errors[] = {[HELD_CANCELED] = CAIRN_ECANCELED,
                                 [HELD_FOREVER] = CAIRN_ETIMEDOUT,
                                 [HELD_FAILS] = CAIRN_ENOTSUP,
                                 [HELD_NEVER] = CAIRN_ENOTSUP};
    const enum held held = (enum held)((how & 7) % HELD_COUNT);

    usual();
    if (!hostile_hold(held))
        return;
    here.ends = errors[held];
    here.must = here.ends != 0;
    here.ctx = held == HELD_CANCELED || held == HELD_FOREVER || how & 8 ? &context : NULL;
    context = (struct cairn_ctx)CAIRN_CTX_INIT;
    if (held == HELD_FOREVER)
        cairn_ctx_with_timeout(here.ctx, 1000000);
}

/* circumstance -- whether that is all this is. */
static bool circumstance(enum asked asked, struct source *source)
{
    switch (asked) {
    case ASK_CONTEXT:
        take_context(source);
        return true;
    case ASK_HELD:
        take_hold(source);
        return true;
    case ASK_MEDDLED:
        usual();
        if (moved)
            move();
        here.ctx = &context;
        context = (struct cairn_ctx)CAIRN_CTX_INIT;
        hostile_meddle(source, here.ctx);
        meddled = !lost;
        if (lost)
            hostile_was_done(); /* there is nothing left to meddle with */
        return true;
    case ASK_FORKED:
        usual();
        hostile_fork(true);
        forked = true;
        return true;
    case ASK_MEMO:
        hostile_memo_spoil(source_u8(source));
        return true;
    case ASK_MOVE:
        usual();
        move();
        return true;
    case ASK_CHANGE:
        change();
        return true;
    case ASK_LOSE:
        usual();
        if (moved)
            move();
        canary_lose();
        lost = true;
        return true;
    default:
        return false;
    }
}

/* ask_in_vain -- of a directory that has been removed, or in a forked child. */
static void ask_in_vain(enum asked asked, struct source *source)
{
    static struct asking asking;

    hostile_ask(&asking, asked, source, &here.before, here.handle, here.ctx);
    cairn_free(asking.data);
    FUZZ_ASSERT(asking.error, "call %d succeeds, and cannot", (int)asked);
    FUZZ_ASSERT(!forked || asking.error == (asked == ASK_REPAIR ? CAIRN_ENOTSUP : CAIRN_EFORKED),
                "call %d in a forked child gives %d", (int)asked, asking.error);
    hostile_check_unchanged("a call in vain");
}

static void ask_meddled(enum asked asked, struct source *source)
{
    static struct asking asking;

    hostile_ask(&asking, asked, source, &here.before, here.handle, here.ctx);
    lost = hostile_meddle_end(&asking, &here.before);
    cairn_free(asking.data);
}

/* is_known_to_all -- whether it is a call that hostile_ask() makes, too. */
static bool is_known_to_all(enum asked asked)
{
    return asked != ASK_REOPEN && asked != ASK_FOLLOW && asked != ASK_WATCH;
}

void hostile_dir_run(struct source *source, uint8_t flags)
{
    hostile_forget();
    moved = false;
    usual();
    dir_open(flags);
    size_t files = 0;
    for (unsigned calls = 0; here.handle && calls < CALLS_MAX && files < FILES_MAX && source->left;) {
        const enum asked asked = (enum asked)(source_u8(source) % ASK_COUNT);
        if (circumstance(asked, source))
            continue;
        calls++;
        listing_take(&here.before, canary_work());
        files += here.before.count;
        if (asked == ASK_REOPEN) {
            usual();
            if (moved)
                move();
            dir_open(source_u8(source));
        } else if ((lost || forked || meddled) && !is_known_to_all(asked)) {
            source_u8(source);
        } else if (lost || forked) {
            ask_in_vain(asked, source);
        } else if (meddled) {
            ask_meddled(asked, source);
        } else {
            hostile_check_asked(asked, source);
        }
        usual();
    }
    usual();
    if (moved)
        move();
    cairn_close(here.handle);
    here.handle = NULL;
}
