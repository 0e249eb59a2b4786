/* utf8.h -- what is UTF-8. */
#ifndef SYSTEM_UTF8_H
#define SYSTEM_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* utf8_is_valid -- by RFC 3629: no surrogates, nothing past U+10FFFF, no longer form than need be. */
bool utf8_is_valid(const char *text, size_t size);

#endif
