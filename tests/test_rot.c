/* test_rot.c -- what damage to a journal's files costs: a sample of long_rot. See rot.c. */
#include "rot.h"

int main(void)
{
    return rot_main(false);
}
