/* long_rot.c -- what damage to a journal's files costs: every byte and every sector. See rot.c. */
#include "rot.h"

int main(void)
{
    return rot_main(true);
}
