/* million.h -- tests of a journal with very many checkpoints: what is done costs no more for their number.
 * Bytes and calls are counted; how long it took is only told.
 */
#ifndef TESTS_MILLION_H
#define TESTS_MILLION_H

/* million_run -- the tests with `count` checkpoints, as the whole of a test program. Its exit status. */
int million_run(unsigned count);

#endif
