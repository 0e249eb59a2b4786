/* test_million.c -- the tests of a journal with very many checkpoints, for 50,000. long_million.c has the
 * million. */
#include "million.h"

int main(void)
{
    return million_run(50000);
}
