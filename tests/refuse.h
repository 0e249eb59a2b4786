/* refuse.h -- for tests of what is refused: the error, and that it is said why.
 *
 * To be included behind cmocka.h.
 */
#ifndef TESTS_REFUSE_H
#define TESTS_REFUSE_H

#include <string.h>

#include <cairn/cairn.h>

/* ASSERT_REFUSED -- the call gives this error, and a message of its own that has `part` in it ("" for any).
 */
#define ASSERT_REFUSED(call, wanted, part)                                                                   \
    do {                                                                                                     \
        cairn_set_message(0, "stale");                                                                       \
        int refused_with = (call);                                                                           \
        refuse_check(refused_with, wanted, part, #call, __FILE__, __LINE__);                                 \
    } while (0)

static inline void refuse_check(int error, int wanted, const char *part, const char *call, const char *file,
                                int line)
{
    if (error == wanted && strcmp(cairn_message(), "stale") != 0 && *cairn_message() != '\0' &&
        strstr(cairn_message(), part))
        return;
    print_error("%s\n  gives %d, not %d, and says \"%s\"\n", call, error, wanted, cairn_message());
    _fail(file, line);
}

/* ASSERT_DONE -- the call succeeds. */
#define ASSERT_DONE(call)                                                                                    \
    do {                                                                                                     \
        int done_with = (call);                                                                              \
        if (done_with != 0)                                                                                  \
            refuse_check(done_with, 0, "", #call, __FILE__, __LINE__);                                       \
    } while (0)

#endif
