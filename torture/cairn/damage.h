/* damage.h -- damages a journal on purpose, as a medium does. */
#ifndef TORTURE_CAIRN_DAMAGE_H
#define TORTURE_CAIRN_DAMAGE_H

#include <stdbool.h>
#include <stddef.h>

/* damage_body -- turns the bits of those bytes, wherever the journal's segments have them, and of `before`
 * bytes before them. False if they are nowhere, or it cannot. */
bool damage_body(const char *journal, const void *body, size_t size, size_t before);

#endif
