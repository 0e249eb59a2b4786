/* long_million.c -- the tests of a journal with very many checkpoints, for 1,000,000. */
#include "million.h"

int main(void)
{
    return million_run(1000000);
}
