/* operations.c -- see operations.h. */
#include "fuzz/operations.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/calls.h"
#include "fuzz/figures.h"
#include "fuzz/leftover.h"
#include "fuzz/operations_between.h"
#include "fuzz/target.h"
#include "journal/control.h"

struct tested tested;

const char *tested_path(void)
{
    static char path[PLACE_PATH_SIZE + 8];

    snprintf(path, sizeof(path), "%s/o", place_path());
    return path;
}

static unsigned flags_of(unsigned handle)
{
    return (tested.how & HOW_THREAD ? 0 : CAIRN_NO_THREAD) |
           (handle == 1 && (tested.how & HOW_READER) ? CAIRN_READONLY : 0);
}

int tested_open(unsigned handle, const struct cairn_ctx *ctx)
{
    cairn_close(tested.handles[handle]);
    tested.handles[handle] = NULL;
    return cairn_open(&tested.handles[handle], ctx, tested.url, flags_of(handle));
}

void tested_close(void)
{
    for (unsigned i = 2; i-- > 0;) {
        cairn_close(tested.handles[i]);
        tested.handles[i] = NULL;
    }
}

void tested_renew(void)
{
    calls_watch(between_call, NULL);
    tested_close();
    leftover_check("all is closed");
    for (unsigned i = 0; i < 2; i++) {
        int error = tested_open(i, NULL);
        if (error)
            ledger_print(&tested.ledger);
        FUZZ_ASSERT(error == 0, "handle %u cannot be opened: %d, %s", i, error, cairn_message());
        ledger_check(&tested.ledger, tested.handles[i], true, "who has opened it again");
        if ((tested.how & HOW_THREAD) == 0)
            figures_check(tested.handles[i], tested_path(), tested.ledger.directory,
                          "who has opened it again");
    }
    tested.unknown = 0;
}

void tested_begin_anew(bool remnants)
{
    static const unsigned char page[16] = {0};

    tested_close();
    place_clear();
    ledger_begin(&tested.ledger, tested.ledger.directory);
    memset(tested.followers, 0, sizeof(tested.followers));
    tested.unknown = 0;
    if (!remnants || tested.ledger.directory)
        return;
    if (mkdirat(place_dir(), "o", 0755) != 0)
        _exit(2);
    place_write("o/" CONTROL_NAME, page, 0);
    place_write("o/spare-00000001", page, sizeof(page));
    place_write("o/.hidden", page, sizeof(page));
}
