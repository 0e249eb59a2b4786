/* hostile_memo.c -- see hostile_memo.h. What is wrong is never the one thing that only a liar could write:
 * the name of another checkpoint, under a hash and a stamp that are right. */
#include "fuzz/hostile_memo.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "fuzz/canary.h"
#include "fuzz/target.h"

/* A memo as it stands in the file: words, a name of 256 bytes, and the hash of all before it. */
enum { MEMO_WORDS = 10, MEMO_NUMBER = 9, MEMO_NAME = 80, MEMO_HASH = 336, MEMO_SIZE = 344 };

/* set_name -- another name, and the number that is its. */
static void set_name(unsigned char *memo, const char *name, uint64_t number)
{
    memset(memo + MEMO_NAME, 0, MEMO_HASH - MEMO_NAME);
    snprintf((char *)memo + MEMO_NAME, MEMO_HASH - MEMO_NAME, "%s", name);
    memcpy(memo + 8 * MEMO_NUMBER, &number, sizeof(number));
}

void hostile_memo_spoil(uint8_t way)
{
    unsigned char memo[MEMO_SIZE];
    size_t size = MEMO_SIZE;
    struct stat st;

    const int fd = openat(canary_work(), "lock", O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && pread(fd, memo, sizeof(memo), 0) == MEMO_SIZE) {
        way %= HOSTILE_MEMO_WAYS;
        if (way < MEMO_WORDS)
            memo[8 * way] ^= 1;
        else if (way == 10)
            memset(memo + MEMO_NAME, 'x', MEMO_HASH - MEMO_NAME); /* it has no end */
        else if (way == 11)
            set_name(memo, "00000001/a.chk", 1);
        else if (way == 12)
            set_name(memo, "0000000a.chk", 0);
        else if (way == 13)
            size = MEMO_SIZE / 2;
        const uint64_t hash = XXH3_64bits(memo, MEMO_HASH) ^ (way == 14);
        memcpy(memo + MEMO_HASH, &hash, sizeof(hash));
        FUZZ_ASSERT(pwrite(fd, memo, size, 0) == (ssize_t)size && ftruncate(fd, (off_t)size) == 0,
                    "the memo cannot be written");
    }
    close(fd);
}
