/* sequence.c -- see sequence.h. Marsaglia's xorshift. */
#include "torture/sequence.h"

struct sequence sequence_of(uint64_t seed)
{
    return (struct sequence){seed * 2 + 1}; /* never 0, which would stay 0 */
}

uint64_t sequence_next(struct sequence *sequence)
{
    sequence->state ^= sequence->state << 13;
    sequence->state ^= sequence->state >> 7;
    sequence->state ^= sequence->state << 17;
    return sequence->state;
}

uint64_t sequence_below(struct sequence *sequence, uint64_t end)
{
    return sequence_next(sequence) % end;
}
