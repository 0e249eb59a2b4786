/* operations_seeds.c -- the seed corpus of fuzz_operations. */
#include <stdio.h>

#include "fuzz/fault.h"
#include "fuzz/operations.h"
#include "fuzz/sink.h"
#include "fuzz/target.h"

#define BYTES(...) sink_bytes(&sink, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Sixteen times the same action, each of its calls failing in turn from the `base`-th on. Each is the only
 * one that reaches something. */
static const struct {
    uint8_t how, action, what, base;
} sweeps[] = {
    {0, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 5, 0), 32},
    {0, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 16},
    {0, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 32},
    {0, ACTION_CLEAR, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {0, ACTION_GLANCE, FAULT_WHAT(CLASS_READS, 0, 3), 16},
    {0, ACTION_GLANCE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 0},
    {0, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 0), 16},
    {0, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {0, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 2, 3), 16},
    {0, ACTION_REPAIR, FAULT_WHAT(CLASS_READS, 2, 3), 16},
    {HOW_DIRECTORY, ACTION_ALONE, FAULT_WHAT(CLASS_CONTEXT, 0, 0), 32},
    {HOW_DIRECTORY, ACTION_ALONE, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, 48},
    {HOW_DIRECTORY, ACTION_CLEAR, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY, ACTION_COMPACT, FAULT_WHAT(CLASS_READS, 1, 0), 16},
    {HOW_DIRECTORY, ACTION_LARGE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 0, 0), 0},
    {HOW_DIRECTORY, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_MEMORY, 0, 0), 0},
    {HOW_DIRECTORY, ACTION_SINCE, FAULT_WHAT(CLASS_READS, 5, 0), 0},
    {HOW_DIRECTORY, ACTION_SINCE, FAULT_WHAT(CLASS_CONTEXT, 0, 0), 32},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_CHANGES, 0, 0), 48},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0), 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 2, 3), 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_ALONE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 16},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_LARGE, FAULT_WHAT(CLASS_READS, 2, 3), 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY | HOW_NAMED, ACTION_LATEST, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {HOW_READER, ACTION_COMPACT, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER, ACTION_LARGE, FAULT_WHAT(CLASS_READS, 1, 0), 0},
    {HOW_READER, ACTION_RENEW | ACTION_SECOND, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER, ACTION_RENEW | ACTION_SECOND, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 48},
    {HOW_READER, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 1, 0), 16},
    {HOW_READER, ACTION_SINCE, FAULT_WHAT(CLASS_CONTEXT, 0, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_COMPACT, FAULT_WHAT(CLASS_CHANGES, 2, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_CHECKPOINT, FAULT_WHAT(CLASS_CHANGES, 2, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_CHECKPOINT, FAULT_WHAT(CLASS_READS, 1, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_GLANCE, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER,
     0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_SINCE, FAULT_WHAT(CLASS_READS, 1, 0), 0},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, ACTION_SINCE, FAULT_WHAT(CLASS_READS, 2, 3), 16},
    {HOW_READER | HOW_THREAD, ACTION_ALONE, FAULT_WHAT(CLASS_READS, 0, 0) | FAULT_FOR_EVER, 48},
    {HOW_READER | HOW_THREAD, ACTION_ALONE, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER | HOW_THREAD, ACTION_CLEAR, FAULT_WHAT(CLASS_CHANGES, 2, 0), 0},
    {HOW_READER | HOW_THREAD, ACTION_COMPACT, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {HOW_READER | HOW_THREAD, ACTION_CHECKPOINT, FAULT_WHAT(CLASS_CHANGES, 5, 0), 0},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 2, 0), 16},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 5, 0), 16},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER | HOW_THREAD, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 16},
    {HOW_READER | HOW_THREAD, ACTION_LOAD, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND, FAULT_WHAT(CLASS_CHANGES, 2, 0), 32},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_CHANGES, 2, 0),
     16},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_CHANGES, 5, 0),
     0},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 1, 0),
     32},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_READS, 1, 0),
     48},
    {HOW_READER | HOW_THREAD, ACTION_RENEW | ACTION_SECOND | ACTION_THREAD, FAULT_WHAT(CLASS_MEMORY, 0, 0),
     0},
    {HOW_READER | HOW_THREAD, ACTION_RENEW, FAULT_WHAT(CLASS_READS, 0, 3), 32},
    {HOW_READER | HOW_THREAD, ACTION_RENEW, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, 0},
    {HOW_READER | HOW_THREAD, ACTION_REPAIR, FAULT_WHAT(CLASS_READS, 0, 3), 0},
    {0, ACTION_LARGE, FAULT_WHAT(CLASS_CHANGES, 5, 0), 0},
};

/* What is done while somebody has a lock, or after its owner has died with it. */
static const uint8_t locked[][2] = {
    {HOW_DIRECTORY, 8},
    {HOW_DIRECTORY, 16},
    {0, 8},
    {0, 17},
    {0, 23},
    {0, 25},
    {HOW_READER, 4},
    {HOW_READER, 10},
    {HOW_DIRECTORY | HOW_READER | HOW_PLAIN, 29},
};

static void sweep(struct sink *sink, size_t i)
{
    const uint8_t kind = sweeps[i].action & ACTION_MASK;

    sink->size = 0;
    sink_bytes(
        sink,
        (const uint8_t[]){sweeps[i].how, ACTION_CHECKPOINT, 20, ACTION_LARGE, 200, ACTION_CHECKPOINT, 30}, 7);
    for (unsigned k = 0; k < 16; k++) {
        sink_u8(sink, sweeps[i].action | ACTION_FAULT);
        if (kind <= ACTION_LARGE || kind == ACTION_LOAD || kind == ACTION_SINCE)
            sink_u8(sink, kind == ACTION_LARGE ? 255 : kind == ACTION_CHECKPOINT ? 9 : 0);
        sink_u8(sink, (uint8_t)(sweeps[i].base + k));
        sink_u8(sink, sweeps[i].what);
        if (kind >= ACTION_COMPACT &&
            kind <= ACTION_COMPLETE) /* there is something to remove the next time */
            sink_bytes(sink, (const uint8_t[]){ACTION_CHECKPOINT, 5}, 2);
        if (sweeps[i].action == ACTION_RENEW && k % 4 == 3) /* and what could not be read is accepted */
            sink_bytes(sink, (const uint8_t[]){ACTION_REPAIR, ACTION_COMPACT}, 2);
        if (sweeps[i].action == (ACTION_RENEW | ACTION_SECOND))
            sink_bytes(sink, (const uint8_t[]){ACTION_CHECKPOINT, 7}, 2);
    }
}

/* lock_seed -- each action behind one that concerns a lock. */
static void lock_seed(struct sink *sink, uint8_t bits, uint8_t action, uint8_t byte)
{
    static const uint8_t actions[][2] = {
        {ACTION_CHECKPOINT, 5}, {ACTION_LARGE, 255}, {ACTION_COMPACT},    {ACTION_CLEAR},
        {ACTION_LATEST},        {ACTION_REOPEN},     {ACTION_GLANCE},     {ACTION_REPAIR},
        {ACTION_CHECKPOINT, 9}, {ACTION_LARGE, 255}, {ACTION_LARGE, 255},
    };

    sink->size = 0;
    sink_bytes(sink, (const uint8_t[]){bits, ACTION_CHECKPOINT, 20}, 3);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        sink_bytes(sink, (const uint8_t[]){action, byte}, 2);
        sink_bytes(sink, actions[i], actions[i][0] <= ACTION_LARGE ? 2 : 1);
    }
}

/* What followed() is made of. */
static const struct {
    uint8_t how, look, base;
} following[] = {
    {0, 0, 0},
    {HOW_DIRECTORY, 0, 22},
    {HOW_DIRECTORY, FOLLOWER_PASSES, 22},
};

/* followed -- what was shown or passed over is removed but for the latest, which is not new; and then looking
 * for what is new, or passing over it, fails at one call after the other from the `base`-th on, with two that
 * are new: the older of them is to be shown the next time. */
static void followed(struct sink *sink, uint8_t bits, uint8_t how_to_look, uint8_t base)
{
    sink->size = 0;
    sink_bytes(sink,
               (const uint8_t[]){bits, ACTION_CHECKPOINT, 20, ACTION_SINCE, how_to_look, ACTION_COMPACT,
                                 ACTION_SINCE, 0, ACTION_CHECKPOINT, 6},
               10);
    for (uint8_t k = 0; k < 11; k++)
        sink_bytes(sink,
                   (const uint8_t[]){ACTION_CHECKPOINT, 5, ACTION_SINCE | ACTION_FAULT, how_to_look,
                                     (uint8_t)(base + k), FAULT_WHAT(CLASS_READS, 0, 0), ACTION_SINCE,
                                     FOLLOWER_ENDS},
                   8);
}

/* What fuzzing has found, made small: each reaches what those above do not. */
static const struct {
    uint8_t size, bytes[36];
} found[] = {
    {8, {0x7c, 0xb9, 0xb9, 0xa5, 0x80, 0x2e, 0x3e, 0x04}},
    {9, {0x09, 0x5c, 0x00, 0x10, 0x32, 0x09, 0x0a, 0x15, 0x32}},
    {12, {0x00, 0x80, 0xd2, 0x34, 0xe4, 0xee, 0x06, 0xe2, 0xe2, 0x1c, 0xe2, 0x04}},
    {14, {0x9e, 0x93, 0x00, 0x09, 0x00, 0x29, 0x00, 0x15, 0x32, 0x00, 0x15, 0x47, 0x47, 0x06}},
    {16, {0x00, 0x80, 0x1b, 0x2e, 0x15, 0x4f, 0x91, 0x88, 0x40, 0x05, 0x9a, 0x9f, 0x9e, 0x02, 0x80, 0x04}},
    {19,
     {0x00, 0x2e, 0x41, 0x00, 0x5b, 0x80, 0xff, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2, 0xa2,
      0xa2, 0xfd}},
    {21, {0xdc, 0x9c, 0xdc, 0xdc, 0xe8, 0xdc, 0xdc, 0x00, 0x91, 0xc8, 0x01,
          0x80, 0x40, 0x7f, 0xdc, 0xdc, 0xdc, 0xdc, 0x00, 0xaa, 0xdc}},
    {23, {0x00, 0x12, 0x2e, 0x2e, 0x83, 0x91, 0xff, 0x7f, 0x05, 0x11, 0x7a, 0x0a,
          0xf7, 0xeb, 0xd8, 0x10, 0xf5, 0xff, 0xb8, 0x91, 0x1a, 0x02, 0x05}},
    {28, {0x24, 0x24, 0x24, 0x24, 0x06, 0x80, 0x2e, 0x2e, 0xff, 0xff, 0x60, 0x90, 0x00, 0x00,
          0x30, 0x18, 0x15, 0xff, 0xff, 0x60, 0x90, 0x00, 0x00, 0x30, 0x18, 0x02, 0x80, 0x04}},
    {33,
     {0x2e, 0x2e, 0x15, 0x50, 0x91, 0x97, 0x50, 0x91, 0x97, 0xd1, 0x17, 0x9f, 0x1e, 0x02, 0xc7, 0x04, 0x3f,
      0xd1, 0xd1, 0x17, 0x9f, 0x1e, 0x02, 0xc7, 0x04, 0x3f, 0xd1, 0x17, 0x9f, 0x1e, 0x02, 0xc7, 0x04}},
    {36, {0x00, 0x80, 0x15, 0x03, 0xe8, 0x0a, 0x7c, 0x9f, 0x03, 0x05, 0x7c, 0x9f,
          0x03, 0x02, 0x18, 0xc8, 0x40, 0x05, 0x05, 0x05, 0xc8, 0xc8, 0xc8, 0xc8,
          0xc8, 0xc8, 0xc8, 0xc8, 0xc8, 0xc8, 0xc8, 0x7f, 0x05, 0x05, 0x80, 0x81}},
};

void target_seeds(target_seed *seed)
{
    static struct sink sink;
    char name[64];

    for (uint8_t directory = 0; directory < 2; directory++) {
        const char *kind = directory ? "dir" : "journal";

        sink.size = 0;
        BYTES(directory, ACTION_CHECKPOINT, 10, ACTION_LARGE | ACTION_SECOND, 200,
              ACTION_LATEST | ACTION_THREAD, ACTION_LOAD, 0, ACTION_LARGE | ACTION_THREAD, 255,
              ACTION_COMPACT, ACTION_LARGE, 200, ACTION_REOPEN | ACTION_SECOND, ACTION_CLEAR,
              ACTION_CHECKPOINT, 0, ACTION_COMPLETE, ACTION_RENEW, ACTION_CHECKPOINT, 9);
        snprintf(name, sizeof(name), "%s-calls", kind);
        seed(name, sink.bytes, sink.size);

        sink.size = 0;
        BYTES(directory | HOW_NAMED, ACTION_CHECKPOINT, 10, ACTION_CHECKPOINT | ACTION_FAULT, 20, 5, 0,
              ACTION_CHECKPOINT, 7, ACTION_LARGE | ACTION_FAULT, 200, 8, 1, ACTION_RENEW,
              ACTION_COMPACT | ACTION_FAULT, 3, 0, ACTION_RENEW, ACTION_REOPEN | ACTION_FAULT, 4, 3,
              ACTION_CHECKPOINT | ACTION_FAULT, 60, 6, 0x85, ACTION_COMPLETE | ACTION_FAULT, 5, 2);
        snprintf(name, sizeof(name), "%s-faults", kind);
        seed(name, sink.bytes, sink.size);

        sink.size = 0;
        BYTES(directory, ACTION_CHECKPOINT | ACTION_BETWEEN, 10, ACTION_CHECKPOINT, 20, 3,
              ACTION_LARGE | ACTION_BETWEEN | ACTION_SECOND, 200, ACTION_COMPACT, 5,
              ACTION_CLEAR | ACTION_BETWEEN, ACTION_CHECKPOINT, 30, 2, ACTION_CHECKPOINT | ACTION_BETWEEN, 10,
              ACTION_LATEST, 6, ACTION_COMPACT | ACTION_BETWEEN, ACTION_CHECKPOINT, 4, 4);
        snprintf(name, sizeof(name), "%s-between", kind);
        seed(name, sink.bytes, sink.size);

        sink.size = 0;
        BYTES(directory | HOW_READER, ACTION_CHECKPOINT, 10, ACTION_CHECKPOINT | ACTION_SECOND, 10,
              ACTION_REPAIR, ACTION_LATEST | ACTION_SECOND, ACTION_COMPACT | ACTION_SECOND | ACTION_THREAD);
        snprintf(name, sizeof(name), "%s-reader", kind);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]); i++) {
        sweep(&sink, i);
        snprintf(name, sizeof(name), "sweep-%02zu", i);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(locked) / sizeof(locked[0]); i++) {
        lock_seed(&sink, locked[i][0], ACTION_HELD, locked[i][1]);
        snprintf(name, sizeof(name), "held-%zu", i);
        seed(name, sink.bytes, sink.size);
    }
    for (uint8_t lock = 0; lock < 3; lock++) {
        for (uint8_t thread = 0; thread < 2; thread++) {
            lock_seed(&sink, HOW_READER | (thread ? HOW_THREAD : 0), ACTION_DIES, lock);
            snprintf(name, sizeof(name), "dies-%u-%u", lock, thread);
            seed(name, sink.bytes, sink.size);
        }
    }
    for (uint8_t directory = 0; directory < 2; directory++) {
        sink.size = 0;
        BYTES(directory, ACTION_CHECKPOINT, 20);
        for (uint8_t which = 0; which < 16; which++)
            BYTES(ACTION_ODD, which);
        snprintf(name, sizeof(name), "%s-odd", directory ? "dir" : "journal");
        seed(name, sink.bytes, sink.size);
    }
    /* So much that there is an index to commit, and segments to retire: by the thread, or by a call; and as
     * large as they usually are, so that one becomes a spare. */
    static const uint8_t larges[] = {HOW_THREAD | HOW_READER, HOW_USUAL, HOW_USUAL | HOW_THREAD};
    for (size_t i = 0; i < sizeof(larges) / sizeof(larges[0]); i++) {
        sink.size = 0;
        BYTES(larges[i]);
        for (unsigned k = 0; k < 37; k++)
            if (k == 20)
                BYTES(ACTION_COMPACT);
            else
                BYTES(ACTION_LARGE, 255);
        snprintf(name, sizeof(name), "journal-large-%zu", i);
        seed(name, sink.bytes, sink.size);
    }
    /* Data that is written in pieces: each of its calls fails in turn, or does half. */
    for (uint8_t half = 0; half < 2; half++) {
        sink.size = 0;
        BYTES(half ? HOW_THREAD : 0, ACTION_CHECKPOINT, 20);
        for (uint8_t k = 0; k < 12; k++)
            BYTES(ACTION_LARGE | ACTION_FAULT, (uint8_t)(LEDGER_IN_PIECES + k % 3), k,
                  FAULT_WHAT(CLASS_CHANGES, half ? 5 : 1, 0), ACTION_COMPACT);
        BYTES(ACTION_LARGE | ACTION_FAULT, LEDGER_IN_PIECES, 0, FAULT_WHAT(CLASS_MEMORY, 0, 0));
        snprintf(name, sizeof(name), "journal-pieces-%u", half);
        seed(name, sink.bytes, sink.size);
    }
    /* What is new since, of what was removed in between, shown in part, or not at all. */
    for (uint8_t directory = 0; directory < 2; directory++) {
        sink.size = 0;
        BYTES(directory | HOW_READER, ACTION_SINCE, 0, ACTION_CHECKPOINT, 20, ACTION_SINCE, 0,
              ACTION_CHECKPOINT, 3, ACTION_CHECKPOINT, 4, ACTION_SINCE, 2, ACTION_SINCE | ACTION_SECOND, 2,
              ACTION_COMPACT, ACTION_SINCE, 2, ACTION_CHECKPOINT, 5, ACTION_SINCE | ACTION_SECOND, 0,
              ACTION_SINCE, 1, ACTION_SINCE, 0, ACTION_CLEAR, ACTION_SINCE, 0, ACTION_CHECKPOINT, 6,
              ACTION_SINCE | ACTION_SECOND, 1, ACTION_COMPACT, ACTION_SINCE, 0, ACTION_COMPLETE, ACTION_SINCE,
              0, ACTION_RENEW, ACTION_SINCE, 0);
        snprintf(name, sizeof(name), "%s-since", directory ? "dir" : "journal");
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(following) / sizeof(following[0]); i++) {
        followed(&sink, following[i].how, following[i].look, following[i].base);
        snprintf(name, sizeof(name), "followed-%zu", i);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        snprintf(name, sizeof(name), "found-%02zu", i);
        seed(name, found[i].bytes, found[i].size);
    }
}
