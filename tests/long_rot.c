/* long_rot.c -- what damage to a journal's files costs: every byte and every sector. See rot.c.
 *
 * It takes hours under a sanitizer. CAIRN_ROT_SHARE=K/N makes the K-th of N shares of the changes only, so
 * that N processes may divide them. Every 1,000 changes it says where it is. */
#include "rot.h"

int main(void)
{
    return rot_main(true);
}
