/* resume.c -- the smallest job worth resuming: it counts the primes below ten million in twenty steps.
 * Kill it and run it again: it goes on behind the last step that it recorded. */
#include <cairn/cairn.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct state {
    unsigned step, primes;
};

static void must(int error)
{
    if (error == 0)
        return;
    fprintf(stderr, "resume: %s: %s\n", cairn_strerror(error), cairn_message());
    exit(1);
}

static unsigned count_primes(unsigned from, unsigned to)
{
    unsigned count = 0;

    for (unsigned n = from; n < to; n++) {
        unsigned divisor = 2;
        while (divisor * divisor <= n && n % divisor != 0)
            divisor++;
        count += n > 1 && divisor * divisor > n;
    }
    return count;
}

int main(int argc, char **argv)
{
    struct state state = {0, 0};
    struct cairn_op *op;
    struct cairn_id id;
    void *data;
    size_t size;

    must(cairn_open(&op, NULL, argc > 1 ? argv[1] : "resume.journal", 0));
    int error = cairn_latest(op, NULL, &data, &size);
    if (error != CAIRN_ENONE) {
        must(error);
        if (size != sizeof state)
            must(cairn_set_message(CAIRN_EINVAL, "this journal is another program's"));
        memcpy(&state, data, size);
        cairn_free(data);
        printf("going on after step %u\n", state.step);
    }

    while (state.step < 20) {
        state.primes += count_primes(state.step * 500000, (state.step + 1) * 500000);
        state.step++;
        must(cairn_checkpoint(op, NULL, "counted", &state, sizeof state, &id));
        printf("step %u is safe as %s\n", state.step, id.text);
    }

    printf("%u primes\n", state.primes);
    must(cairn_complete(op, NULL));
    cairn_close(op);
    return 0;
}
