/* rot.h -- "each byte flipped, each sector zeroed, cut at each sector, removed": the tests of test_rot, which
 * takes a sample, and of long_rot, which leaves nothing out. */
#ifndef TESTS_ROT_H
#define TESTS_ROT_H

#include <stdbool.h>

/* rot_main -- runs all; what main() has to return. */
int rot_main(bool every);

#endif
