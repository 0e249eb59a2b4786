/* damaged_seeds.c -- see damaged_seeds.h. */
#include "fuzz/damaged_seeds.h"

#include <stdbool.h>
#include <string.h>

#include "fuzz/damaged.h"
#include "fuzz/damaged_faults.h"
#include "fuzz/damaged_lives.h"
#include "fuzz/damaged_steps.h"
#include "fuzz/fault.h"
#include "fuzz/sink.h"

static void checkpoints(struct sink *sink, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sink_u8(sink, STEP_CHECKPOINT);
        sink_u8(sink, (uint8_t)i);
        sink_u8(sink, (uint8_t)(10 + 20 * i));
    }
}

static void steps(struct sink *sink, const uint8_t *bytes, size_t size)
{
    sink_bytes(sink, bytes, size);
}

/* Which of the lives is damaged, looked at and repaired while what fails: a byte of what the index is, the
 * bytes of fault.h, and who is at it. Each is the only one that reaches something. */
static const struct {
    const char *life;
    uint8_t closed, nth, what, at;
} failures[] = {
    {"clear-and-next", 1, 74, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"compact", 1, 8, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"lost-compact", 0, 79, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"lost-compact", 1, 29, FAULT_WHAT(CLASS_READS, 5, 3), AT_WRITER},
    {"lost-compact", 1, 8, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"copy", 0, 3, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_ASKED},
    {"copy", 1, 72, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"cut", 0, 89, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"cut", 1, 13, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_REPAIR},
    {"cut-early", 1, 59, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"dir", 0, 38, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"dir", 0, 75, FAULT_WHAT(CLASS_CONTEXT, 0, 0), AT_READER},
    {"fifo", 1, 11, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"giveup", 0, 16, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_WRITER},
    {"record-header", 0, 31, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"record-header", 0, 16, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"header", 0, 4, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"header-copy", 0, 51, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"header-copy", 0, 5, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"header-both", 1, 16, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"header-both", 1, 31, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"hole", 1, 29, FAULT_WHAT(CLASS_READS, 5, 3), AT_REPAIR},
    {"jump", 0, 23, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"jump", 0, 5, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_WRITER},
    {"jump", 1, 11, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_ASKED},
    {"kept", 0, 69, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"kept", 0, 6, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"kept", 1, 3, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_REPAIR},
    {"last-record", 1, 71, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"last-record", 1, 79, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_REPAIR},
    {"link", 0, 48, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"link", 0, 5, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"link", 1, 29, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"missing", 0, 52, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"missing", 1, 22, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"missing", 1, 12, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"missing", 1, 76, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"newer", 0, 59, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"newer", 0, 2, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_ASKED},
    {"newer", 0, 15, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_REPAIR},
    {"newer", 0, 69, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_REPAIR},
    {"newer", 0, 26, FAULT_WHAT(CLASS_READS, 5, 3), AT_REPAIR},
    {"newer", 1, 77, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"newer", 1, 73, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"newer", 1, 73, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_REPAIR},
    {"newer", 1, 7, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_REPAIR},
    {"padding", 0, 30, FAULT_WHAT(CLASS_READS, 5, 0), AT_REPAIR},
    {"padding", 0, 3, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_GOING_ON},
    {"padding", 1, 25, FAULT_WHAT(CLASS_READS, 5, 0), AT_REPAIR},
    {"removal", 0, 36, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"removal", 0, 23, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_WRITER},
    {"removal-zeros", 1, 26, FAULT_WHAT(CLASS_READS, 5, 3), AT_READER},
    {"removal-zeros", 1, 30, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"page-stray-1", 0, 60, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"page-stray-1", 1, 65, FAULT_WHAT(CLASS_READS, 0, 0), AT_READER},
    {"page-stray-6", 1, 7, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"index-stray-0", 0, 61, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"index-stray-1", 1, 49, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"index-stray-2", 0, 15, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_WRITER},
    {"index-stray-3", 0, 41, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"index-stray-4", 0, 69, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"index-stray-4", 0, 42, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"index-stray-4", 1, 34, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"index-stray-4", 1, 32, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"index-stray-6", 0, 17, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"index-stray-6", 1, 25, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"name-stray-0", 0, 8, FAULT_WHAT(CLASS_CHANGES, 1, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"name-stray-0", 0, 46, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"name-stray-0", 0, 88, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"name-stray-0", 1, 67, FAULT_WHAT(CLASS_CONTEXT, 0, 0), AT_WRITER},
    {"name-stray-1", 0, 10, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"name-stray-1", 0, 72, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"name-stray-1", 1, 2, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"name-stray-2", 1, 78, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"name-stray-3", 0, 60, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"name-stray-4", 0, 7, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"name-stray-4", 0, 50, FAULT_WHAT(CLASS_MEMORY, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"name-stray-5", 0, 5, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_GOING_ON},
    {"name-stray-5", 1, 76, FAULT_WHAT(CLASS_CONTEXT, 0, 0), AT_READER},
    {"name-stray-6", 0, 77, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"name-stray-7", 0, 89, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"reserve-stray-0", 0, 38, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"reserve-stray-0", 0, 82, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"reserve-stray-0", 1, 10, FAULT_WHAT(CLASS_CHANGES, 0, 3), AT_WRITER},
    {"reserve-stray-0", 1, 1, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_WRITER},
    {"reserve-stray-1", 1, 26, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"reserve-stray-2", 0, 24, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"reserve-stray-3", 1, 5, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_READER},
    {"reserve-stray-3", 1, 41, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"reserve-stray-4", 0, 72, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"reserve-stray-4", 1, 27, FAULT_WHAT(CLASS_CHANGES, 0, 0) | FAULT_FOR_EVER, AT_ASKED},
    {"reserve-stray-5", 0, 67, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"reserve-stray-5", 1, 0, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"reserve-stray-5", 1, 23, FAULT_WHAT(CLASS_READS, 0, 3), AT_WRITER},
    {"reserve-stray-7", 0, 75, FAULT_WHAT(CLASS_CHANGES, 1, 0), AT_WRITER},
    {"reserve-stray-7", 0, 49, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
    {"torn", 0, 48, FAULT_WHAT(CLASS_READS, 0, 3), AT_READER},
    {"zeros", 0, 3, FAULT_WHAT(CLASS_MEMORY, 0, 3), AT_READER},
    {"zeros", 0, 84, FAULT_WHAT(CLASS_READS, 5, 0) | FAULT_FOR_EVER, AT_WRITER},
    {"zeros", 1, 18, FAULT_WHAT(CLASS_READS, 0, 0), AT_WRITER},
};

#define STEPS(...) steps(&sink, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* What fuzzing has found, made small: each reaches what those above do not. */
static const struct {
    uint8_t size, bytes[48];
} found[] = {
    {5, {0x00, 0x00, 0x00, 0x19, 0x0a}},
    {9, {0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x21, 0x70, 0x1b}},
    {9, {0x11, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x13, 0xfe}},
    {9, {0x11, 0xf3, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x14, 0x02}},
    {10, {0x00, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x01, 0x0f, 0x01, 0x00}},
    {10, {0x11, 0x20, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06, 0x14, 0x08}},
    {11, {0x19, 0x02, 0x58, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x1e, 0x14, 0x07}},
    {12, {0x18, 0x4b, 0x60, 0x00, 0x07, 0x00, 0x13, 0x0a, 0x00, 0x00, 0x00, 0x03}},
    {12, {0x19, 0x00, 0x58, 0x00, 0x04, 0x00, 0x01, 0x1e, 0x00, 0x0a, 0x14, 0x16}},
    {12, {0x19, 0x17, 0x38, 0x01, 0x00, 0x0a, 0x00, 0x01, 0x00, 0x1e, 0x14, 0x16}},
    {13, {0x11, 0x00, 0x0a, 0x00, 0x01, 0x0e, 0x14, 0x16, 0x38, 0x32, 0x0e, 0x01, 0x03}},
    {13, {0x18, 0x17, 0xc0, 0x00, 0x00, 0x5c, 0x00, 0x0a, 0x05, 0x00, 0x00, 0x0a, 0x06}},
    {13, {0x19, 0x22, 0x38, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x06, 0x1e, 0x14, 0x01, 0x10}},
    {13, {0x19, 0x41, 0x20, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x0e, 0x06, 0x01, 0x14, 0x05}},
    {15, {0x11, 0x00, 0x00, 0xf6, 0xff, 0xfe, 0xe1, 0xff, 0xfd, 0xce, 0x02, 0x09, 0x02, 0x08, 0x00}},
    {18,
     {0x19, 0x45, 0x80, 0x03, 0x00, 0x04, 0x0a, 0x00, 0x01, 0x1e, 0xff, 0xfd, 0xce, 0xf9, 0xf6, 0xfd, 0xf7,
      0xff}},
    {19,
     {0x11, 0x11, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06, 0x14, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06,
      0x14, 0x18}},
    {20, {0x11, 0x0a, 0x00, 0x01, 0x00, 0x14, 0x00, 0x7e, 0x1e, 0x11,
          0x0a, 0x00, 0x01, 0x00, 0x14, 0x00, 0x7e, 0x1e, 0x0a, 0x0a}},
    {20, {0x19, 0x0d, 0x18, 0x03, 0x00, 0x00, 0x0a, 0x18, 0x03, 0x00,
          0x01, 0x1e, 0x06, 0x00, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x11}},
    {20, {0x19, 0x3b, 0x20, 0x01, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e,
          0x06, 0x0a, 0x00, 0x01, 0x1e, 0x0b, 0x00, 0x80, 0x3f, 0x11}},
    {22, {0x11, 0x00, 0x3d, 0x00, 0x0a, 0x00, 0x41, 0x1e, 0x9e, 0xff, 0xff,
          0xff, 0x14, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x21, 0x70, 0x0b}},
    {22, {0x19, 0x3b, 0x20, 0x01, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x06,
          0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x0b, 0x00, 0x80, 0x3f, 0x11}},
    {25, {0x19, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a, 0x6a,
          0x6a, 0x17, 0x38, 0x01, 0x00, 0x0a, 0x00, 0x01, 0x00, 0x1e, 0x14, 0x16}},
    {26, {0x19, 0x31, 0x00, 0x00, 0x18, 0x2e, 0x20, 0x01, 0x00, 0x00, 0x0a, 0x00, 0x01,
          0x1e, 0x14, 0x03, 0x01, 0x1e, 0x06, 0x00, 0x00, 0x0a, 0x0a, 0x00, 0x42, 0x14}},
    {29, {0x11, 0x00, 0x01, 0x00, 0x00, 0x0a, 0x05, 0x00, 0x40, 0x1e, 0x00, 0x00, 0x00, 0x00, 0x40,
          0x1e, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}},
    {11, {0x00, 0x01, 0x1e, 0x06, 0x0b, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x11}},
    {12, {0x00, 0x80, 0x00, 0x00, 0x01, 0x00, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x11}},
    {15, {0x7a, 0x00, 0x00, 0x51, 0xd8, 0x8f, 0xd1, 0x0f, 0x0a, 0x06, 0x01, 0x0b, 0x80, 0x00, 0x11}},
    {16, {0x01, 0x00, 0x61, 0x90, 0x00, 0x01, 0x8e, 0x10, 0x00, 0x03, 0x2d, 0x5a, 0x00, 0x80, 0x00, 0x01}},
    {16, {0x2c, 0x0a, 0x2c, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x0c, 0x02}},
    {22, {0x69, 0x00, 0x7b, 0xfe, 0xff, 0xff, 0xbc, 0xcd, 0x00, 0x00, 0x00,
          0x00, 0x00, 0x01, 0x0a, 0x00, 0x01, 0x1e, 0x09, 0x7b, 0x64, 0x00}},
    {23, {0xbc, 0xbc, 0xbc, 0xbc, 0x07, 0xfc, 0xdf, 0x00, 0x0b, 0x00, 0x01, 0x01,
          0x30, 0x30, 0x31, 0x37, 0x3f, 0x37, 0x37, 0x34, 0x40, 0x31, 0x02}},
    {24, {0xe8, 0x03, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e,
          0x01, 0x00, 0xff, 0xfa, 0x0a, 0x07, 0x04, 0x00, 0x00, 0x0a, 0x0c, 0x02}},
    {27, {0x02, 0x04, 0x20, 0x01, 0x00, 0x00, 0x68, 0xdf, 0x1f, 0xf3, 0xf3, 0xf7, 0xf3, 0xf3,
          0xd7, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0xf3, 0x00, 0x79}},
    {28, {0x00, 0x00, 0x20, 0x0a, 0x00, 0x01, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0x6f, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0x6f, 0xff, 0x29, 0xff, 0x10, 0x00, 0x20, 0x0a, 0x0a}},
    {30, {0x00, 0x00, 0xbe, 0x00, 0x01, 0x00, 0x00, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe, 0xbe,
          0xbe, 0xbe, 0x00, 0x0a, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x0a, 0x0b, 0x00, 0x00, 0x11}},
    {30, {0x00, 0x00, 0xf9, 0x09, 0x00, 0x01, 0x01, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x09,
          0xff, 0xe7, 0x1e, 0x01, 0x01, 0x00, 0x00, 0x0a, 0x07, 0x03, 0xf7, 0x00, 0x09, 0x0c, 0x02}},
    {35, {0x01, 0x01, 0x01, 0x01, 0x01, 0x29, 0x07, 0x07, 0x07, 0x07, 0xf5, 0x06,
          0x07, 0x00, 0xff, 0x07, 0x07, 0x14, 0xe9, 0xff, 0x02, 0x1d, 0x02, 0x04,
          0x02, 0x02, 0x02, 0x02, 0x89, 0x00, 0x01, 0x00, 0x01, 0x0c, 0x02}},
    {39, {0x08, 0x00, 0x00, 0x0a, 0x07, 0x00, 0x00, 0x00, 0x0a, 0x00, 0x01, 0x1e, 0x01,
          0x01, 0x00, 0x00, 0x0a, 0x07, 0x60, 0x00, 0x00, 0x0a, 0x0c, 0x02, 0x01, 0x0a,
          0x00, 0x00, 0x0a, 0x0a, 0x0c, 0x0a, 0x07, 0x04, 0x9c, 0x00, 0x07, 0x22, 0x04}},
    {48, {0x01, 0x00, 0x00, 0x0a, 0x07, 0x00, 0xfc, 0x10, 0x7f, 0x63, 0x0a, 0x00, 0x01, 0x00, 0x0a, 0x07,
          0x00, 0x00, 0x11, 0x7f, 0x10, 0x0a, 0x00, 0x01, 0xe5, 0x18, 0x03, 0x1e, 0x00, 0x06, 0xf2, 0x04,
          0x00, 0x00, 0x0a, 0x01, 0x18, 0x03, 0x1e, 0x00, 0x06, 0xf2, 0x04, 0x00, 0x00, 0x0a, 0x04, 0x02}},
};

void damaged_seeds(target_seed *seed)
{
    static struct sink sink;

    for (uint8_t closed = 0; closed < 2; closed++) {
        sink.size = 0;
        STEPS(closed);
        checkpoints(&sink, 2);
        STEPS(STEP_SYNC);
        checkpoints(&sink, 2);
        STEPS(STEP_FLIP, 1, 100, 0);
        seed(closed ? "closed-row-4-hole" : "row-4-hole", sink.bytes, sink.size);

        sink.size = 0;
        STEPS(closed);
        checkpoints(&sink, 1);
        STEPS(STEP_NEXT, 0);
        checkpoints(&sink, 2);
        STEPS(STEP_COMPACT, 1);
        checkpoints(&sink, 1);
        STEPS(STEP_NEXT, 4);
        checkpoints(&sink, 1);
        STEPS(STEP_REMOVE, 2);
        seed(closed ? "closed-row-10-missing" : "row-10-missing", sink.bytes, sink.size);

        sink.size = 0;
        STEPS(closed);
        checkpoints(&sink, 2);
        STEPS(STEP_SYNC);
        checkpoints(&sink, 1);
        STEPS(STEP_CUT, 0, 0, 17);
        seed(closed ? "closed-row-12-cut" : "row-12-cut", sink.bytes, sink.size);
    }
    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 3);
    STEPS(STEP_TORN, 1, 3);
    seed("row-2-torn", sink.bytes, sink.size);

    /* Right behind what a recovery writes, where a page ends: nothing is padded there. */
    sink.size = 0;
    STEPS(0, STEP_CHECKPOINT, 0, 237, STEP_CHECKPOINT, 0, 237, STEP_TORN, 1, 14);
    seed("row-2-torn-at-a-page", sink.bytes, sink.size);

    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 1);
    STEPS(STEP_CLEAR, STEP_SYNC);
    checkpoints(&sink, 1);
    STEPS(STEP_GIVE_UP, 0);
    checkpoints(&sink, 1);
    STEPS(STEP_JUMP, STEP_COMPLETE, STEP_RECOVERED);
    checkpoints(&sink, 1);
    seed("whole", sink.bytes, sink.size);

    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 1);
    STEPS(STEP_NEXT, 0);
    checkpoints(&sink, 1);
    STEPS(STEP_HEADER, 1, 3, STEP_ZERO, 0, 66, 1, STEP_COPY, 1, 0);
    seed("row-9-header", sink.bytes, sink.size);

    sink.size = 0;
    STEPS(0);
    checkpoints(&sink, 2);
    STEPS(STEP_LIE_RECORD, 1, 0, 1, 0, 29, STEP_LIE_HEADER, 0, 18, 1, 0, 40);
    seed("lies", sink.bytes, sink.size);
    for (size_t i = 0; i < damaged_life_count; i++) {
        char name[64];
        sink.size = 0;
        STEPS(INPUT_REPAIR | INPUT_CLOSED);
        steps(&sink, damaged_lives[i].steps, damaged_lives[i].size);
        snprintf(name, sizeof(name), "repair-%s", damaged_lives[i].name);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        char name[64];
        size_t k = 0;
        while (strcmp(damaged_lives[k].name, failures[i].life) != 0)
            k++;
        sink.size = 0;
        STEPS(INPUT_FAULT | INPUT_REPAIR | failures[i].closed, failures[i].nth, failures[i].what,
              failures[i].at);
        steps(&sink, damaged_lives[k].steps, damaged_lives[k].size);
        snprintf(name, sizeof(name), "fault-%02zu-%s", i, damaged_lives[k].name);
        seed(name, sink.bytes, sink.size);
    }
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        char name[64];
        snprintf(name, sizeof(name), "found-%02zu", i);
        seed(name, found[i].bytes, found[i].size);
    }
    /* Each field of a header and of a record, in turn. */
    for (uint8_t field = 0; field < 31 + 10; field++) {
        const bool header = field < 31;
        for (uint8_t far = 0; far < 2; far++) {
            char name[64];
            sink.size = 0;
            STEPS(0);
            checkpoints(&sink, 2);
            STEPS(STEP_NEXT, 0);
            checkpoints(&sink, 2);
            STEPS(header ? STEP_LIE_HEADER : STEP_LIE_RECORD, header ? 1 : 2, header ? field : field - 31, 1,
                  0, far ? 62 : 0);
            snprintf(name, sizeof(name), "lie-%02u-%s", field, far ? "far" : "near");
            seed(name, sink.bytes, sink.size);
        }
    }
}
