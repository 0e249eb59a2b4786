/* appends.c -- appends, and nothing else, for who counts what one takes: bench/instructions.sh.
 *
 *     cairn-bench-appends DIR COUNT SIZE
 *
 * COUNT checkpoints of SIZE bytes by one thread, without the thread of the handle's own: what that does would
 * come when it likes. */
#include <cairn/cairn.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    const unsigned long count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    const size_t size = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    struct cairn_op *op;
    struct cairn_id id;
    void *data;

    if (count == 0 || size == 0 || (data = calloc(1, size)) == NULL)
        return fprintf(stderr, "usage: cairn-bench-appends DIR COUNT SIZE\n"), 2;
    int error = cairn_open(&op, NULL, argv[1], CAIRN_NO_THREAD);
    for (unsigned long i = 0; error == 0 && i < count; i++)
        error = cairn_checkpoint(op, NULL, "step", data, size, &id);
    if (error)
        fprintf(stderr, "cairn-bench-appends: %s\n", cairn_message());
    cairn_close(op);
    free(data);
    return error ? 1 : 0;
}
