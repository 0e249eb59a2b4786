/* turn.h -- one after the other: who does a thing with an operation holds a lock for it, a byte of a file in
 * the operation's directory. */
#ifndef CLI_TURN_H
#define CLI_TURN_H

#include "cli/command.h"

/* place_of -- the URL's place, without its scheme. place_is -- whether it has that scheme. */
const char *place_of(const char *url);
bool place_is(const char *url, const char *scheme);

/* turn_take -- waits for the lock on `key` in the file of that name, as long as the request's context lets
 * it; *fd holds it until it is closed. The operation's directory must be there. */
int turn_take(const struct request *request, const char *url, const char *file, const char *key, int *fd);

#endif
