/* leftover.h -- what a process has open and running that it had not before: descriptors, threads, and
 * mappings of files.
 */
#ifndef FUZZ_LEFTOVER_H
#define FUZZ_LEFTOVER_H

/* leftover_begin -- what there is now may stay. */
void leftover_begin(void);

/* leftover_thread -- one thread more may stay; it is the target's. */
void leftover_thread(void);

/* leftover_check -- a finding, if there is more than may stay, or if a file of the target's place (place.h)
 * is mapped. Threads that are about to end are waited for. `who` is for the message. */
void leftover_check(const char *who);

#endif
