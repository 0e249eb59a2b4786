/* trace.c -- see trace.h. */
#include "torture/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <xxhash.h>

#include "torture/memory.h"

#define MAGIC   0x6563617274727474u /* "ttrtrace" */
#define VERSION 1u

static void op_release(struct op *op)
{
    free(op->name);
    free(op->name2);
    free(op->data);
}

void trace_release(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++)
        op_release(&trace->ops[i]);
    for (size_t i = 0; i < trace->gap_count; i++)
        free(trace->gaps[i]);
    free(trace->ops);
    free(trace->gaps);
    free(trace->dir);
    free(trace->command);
    *trace = (struct trace){0};
}

void trace_add(struct trace *trace, struct op *op)
{
    if (op->name == NULL)
        op->name = memory_text("");
    if (op->name2 == NULL)
        op->name2 = memory_text("");
    trace->ops = memory_grow(trace->ops, trace->count, &trace->space, sizeof(*trace->ops));
    trace->ops[trace->count++] = *op;
    if (trace->objects < op->object)
        trace->objects = op->object;
}

static void add_gap(struct trace *trace, char *text)
{
    trace->gaps = memory_grow(trace->gaps, trace->gap_count, &trace->gap_space, sizeof(*trace->gaps));
    trace->gaps[trace->gap_count++] = text;
}

void trace_gap(struct trace *trace, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    for (size_t i = 0; i < trace->gap_count; i++) {
        if (strcmp(trace->gaps[i], text) == 0)
            return;
    }
    add_gap(trace, memory_text(text));
}

/* --- the file: writing -------------------------------------------------------------------------------- */

struct writer {
    FILE *stream;
    XXH3_state_t *hash;
};

static void put(struct writer *writer, const void *data, size_t size)
{
    if (size == 0)
        return;
    fwrite(data, 1, size, writer->stream);
    XXH3_64bits_update(writer->hash, data, size);
}

static void put_number(struct writer *writer, uint64_t number)
{
    unsigned char bytes[8];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    put(writer, bytes, sizeof(bytes));
}

static void put_bytes(struct writer *writer, const void *data, size_t size)
{
    put_number(writer, size);
    put(writer, data, size);
}

static void put_text(struct writer *writer, const char *text)
{
    put_bytes(writer, text, strlen(text));
}

static void put_op(struct writer *writer, const struct op *op)
{
    const uint64_t numbers[] = {op->kind, op->flags, op->thread, op->begin, op->end,    op->object,
                                op->dir,  op->dir2,  op->type,   op->mode,  op->offset, op->size};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        put_number(writer, numbers[i]);
    put_text(writer, op->call);
    put_text(writer, op->name);
    put_text(writer, op->name2);
    put_bytes(writer, op->data, op->data_size);
}

bool trace_save(const struct trace *trace, const char *path)
{
    struct writer writer = {.stream = fopen(path, "we"), .hash = XXH3_createState()};

    if (writer.stream == NULL || writer.hash == NULL) {
        fprintf(stderr, "cairn-torture: %s: cannot make the file: %s\n", path, strerror(errno));
        XXH3_freeState(writer.hash);
        return false;
    }
    XXH3_64bits_reset(writer.hash);
    put_number(&writer, MAGIC);
    put_number(&writer, VERSION);
    put_text(&writer, trace->dir);
    put_text(&writer, trace->command);
    put_number(&writer, (uint64_t)trace->status);
    put_number(&writer, trace->ticks);
    put_number(&writer, trace->gap_count);
    for (size_t i = 0; i < trace->gap_count; i++)
        put_text(&writer, trace->gaps[i]);
    put_number(&writer, trace->count);
    for (size_t i = 0; i < trace->count; i++)
        put_op(&writer, &trace->ops[i]);
    put_number(&writer, XXH3_64bits_digest(writer.hash));
    XXH3_freeState(writer.hash);
    const bool failed = ferror(writer.stream) != 0;
    if (fclose(writer.stream) != 0 || failed) {
        fprintf(stderr, "cairn-torture: %s: cannot write: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

/* --- the file: reading -------------------------------------------------------------------------------- */

/* A mapped file that is read from the front; `failed` once it has not what is looked for. */
struct reader {
    const unsigned char *bytes;
    size_t size, at;
    const char *failed;
};

static uint64_t get_number(struct reader *reader)
{
    uint64_t number = 0;

    if (reader->size - reader->at < 8) {
        reader->failed = reader->failed ? reader->failed : "the file ends too early";
        reader->at = reader->size;
        return 0;
    }
    for (unsigned i = 0; i < 8; i++)
        number |= (uint64_t)reader->bytes[reader->at++] << 8 * i;
    return number;
}

/* get_bounded -- a number that must be `most` at most. */
static uint64_t get_bounded(struct reader *reader, uint64_t most, const char *what)
{
    const uint64_t number = get_number(reader);

    if (number <= most)
        return number;
    reader->failed = reader->failed ? reader->failed : what;
    return 0;
}

/* get_bytes -- a copy, with a NUL behind it, to be freed. */
static void *get_bytes(struct reader *reader, size_t *size)
{
    *size = (size_t)get_bounded(reader, reader->size - reader->at, "a length is more than there is");
    unsigned char *copy = memory_new(*size + 1);
    if (*size)
        memcpy(copy, reader->bytes + reader->at, *size);
    reader->at += *size;
    return copy;
}

static char *get_text(struct reader *reader)
{
    size_t size;
    char *text = get_bytes(reader, &size);

    if (strlen(text) != size && !reader->failed)
        reader->failed = "a name has a NUL in it";
    return text;
}

static bool is_name(const char *name)
{
    return *name && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* check_op -- what is wrong with it, or NULL: whoever applies it relies on this. */
static const char *check_op(const struct op *op)
{
    switch (op->kind) {
    case OP_CREATE:
    case OP_LINK:
    case OP_UNLINK:
        return is_name(op->name) ? NULL : "an operation's name is none";
    case OP_RENAME:
    case OP_EXCHANGE:
        return is_name(op->name) && is_name(op->name2) ? NULL : "an operation's name is none";
    case OP_WRITE:
        return op->offset <= INT64_MAX - op->data_size ? NULL : "a write is out of bounds";
    case OP_ZERO:
        return op->offset <= INT64_MAX && op->size <= INT64_MAX - op->offset ? NULL
                                                                             : "zeros are out of bounds";
    case OP_RESIZE:
        return op->size <= INT64_MAX ? NULL : "a size is out of bounds";
    default:
        return NULL;
    }
}

static void get_op(struct reader *reader, struct op *op)
{
    op->kind = (enum op_kind)get_bounded(reader, OP_KINDS - 1, "an operation is none that is known");
    op->flags = (unsigned)get_bounded(reader, 2 * OP_IMPORTED - 1, "a flag is none that is known");
    op->thread = (uint32_t)get_bounded(reader, UINT32_MAX, "a thread is no number");
    op->begin = get_number(reader);
    op->end = get_number(reader);
    op->object = (uint32_t)get_bounded(reader, UINT32_MAX, "an object is no number");
    op->dir = (uint32_t)get_bounded(reader, UINT32_MAX, "an object is no number");
    op->dir2 = (uint32_t)get_bounded(reader, UINT32_MAX, "an object is no number");
    op->type = (enum object_type)get_bounded(reader, TYPE_OTHER, "a type is none that is known");
    op->mode = (uint32_t)get_bounded(reader, 07777, "a mode is none");
    op->offset = get_number(reader);
    op->size = get_number(reader);
    char *call = get_text(reader);
    snprintf(op->call, sizeof(op->call), "%s", call);
    free(call);
    op->name = get_text(reader);
    op->name2 = get_text(reader);
    op->data = get_bytes(reader, &op->data_size);
    if (!reader->failed && op->kind == 0)
        reader->failed = "an operation is none that is known";
    if (!reader->failed)
        reader->failed = check_op(op);
}

static void get_trace(struct reader *reader, struct trace *trace)
{
    if (get_number(reader) != MAGIC)
        reader->failed = "this is no trace";
    else if (get_number(reader) != VERSION)
        reader->failed = "another version wrote this trace";
    if (reader->failed)
        return;
    trace->dir = get_text(reader);
    trace->command = get_text(reader);
    trace->status = (int)get_number(reader);
    trace->ticks = get_number(reader);
    const uint64_t gaps = get_number(reader);
    for (uint64_t i = 0; i < gaps && !reader->failed; i++)
        add_gap(trace, get_text(reader));
    const uint64_t count = get_number(reader);
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        struct op op = {0};
        get_op(reader, &op);
        trace_add(trace, &op);
    }
    /* The numbers of objects are given in order, so there are no more than operations. */
    if (!reader->failed && trace->objects > trace->count + 1)
        reader->failed = "an object has too high a number";
    const size_t end = reader->at;
    if (!reader->failed &&
        (get_number(reader) != XXH3_64bits(reader->bytes, end) || reader->at != reader->size))
        reader->failed = "the file's hash does not fit";
}

bool trace_load(struct trace *trace, const char *path)
{
    struct reader reader = {0};
    struct stat st;

    *trace = (struct trace){0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, "cairn-torture: %s: cannot open: %s\n", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    reader.size = (size_t)st.st_size;
    void *map = reader.size ? mmap(NULL, reader.size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    close(fd);
    if (map == MAP_FAILED) {
        fprintf(stderr, "cairn-torture: %s: cannot read: %s\n", path, strerror(errno));
        return false;
    }
    reader.bytes = map;
    get_trace(&reader, trace);
    if (map)
        munmap(map, reader.size);
    if (reader.failed)
        fprintf(stderr, "cairn-torture: %s: offset %zu: %s\n", path, reader.at, reader.failed);
    return reader.failed == NULL;
}

/* --- showing it --------------------------------------------------------------------------------------- */

/* What an object was last called. */
struct called {
    uint32_t dir;
    const char *name;
};

static void show_text(FILE *stream, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c == '\n')
            fputs("\\n", stream);
        else if (c == '\\')
            fputs("\\\\", stream);
        else if (c < ' ' || c >= 0x7f)
            fprintf(stream, "\\x%02x", c);
        else
            fputc(c, stream);
    }
}

static void show_path(FILE *stream, const struct called *called, uint32_t count, uint32_t object,
                      unsigned depth)
{
    if (object == 1) {
        fputc('.', stream);
    } else if (object >= count || called[object].name == NULL || depth > 64) {
        fprintf(stream, "#%u", object);
    } else {
        if (called[object].dir != 1) {
            show_path(stream, called, count, called[object].dir, depth + 1);
            fputc('/', stream);
        }
        show_text(stream, called[object].name, strlen(called[object].name));
    }
}

static void show_name(FILE *stream, const struct called *called, uint32_t count, uint32_t dir,
                      const char *name)
{
    if (dir != 1) {
        show_path(stream, called, count, dir, 0);
        fputc('/', stream);
    }
    show_text(stream, name, strlen(name));
}

static void show_op(FILE *stream, const struct op *op, struct called *called, uint32_t count)
{
    static const char *const kinds[OP_KINDS] = {
        [OP_CREATE] = "create",     [OP_NEW] = "new",          [OP_LINK] = "link",
        [OP_UNLINK] = "unlink",     [OP_RENAME] = "rename",    [OP_EXCHANGE] = "exchange",
        [OP_WRITE] = "write",       [OP_ZERO] = "zero",        [OP_RESIZE] = "resize",
        [OP_MODE] = "mode",         [OP_SYNC] = "SYNC",        [OP_DATASYNC] = "SYNC data",
        [OP_SYNC_ALL] = "SYNC all", [OP_SYNC_HINT] = "(hint)", [OP_ACK] = "ACK",
    };

    fprintf(stream, "%6" PRIu64 "-%-6" PRIu64 " %7u %-16s %-9s ", op->begin, op->end, op->thread,
            op->flags & OP_BASE ? "(before)" : op->call, kinds[op->kind]);
    switch (op->kind) {
    case OP_CREATE:
    case OP_LINK:
    case OP_UNLINK:
        show_name(stream, called, count, op->dir, op->name);
        break;
    case OP_RENAME:
    case OP_EXCHANGE:
        show_name(stream, called, count, op->dir, op->name);
        fputs(" -> ", stream);
        show_name(stream, called, count, op->dir2, op->name2);
        break;
    case OP_ACK:
        show_text(stream, (const char *)op->data, op->data_size);
        break;
    case OP_SYNC_ALL:
        break;
    default:
        show_path(stream, called, count, op->object, 0);
    }
    if (op->kind == OP_CREATE && op->type != TYPE_FILE)
        fputs(op->type == TYPE_DIRECTORY ? " (directory)"
              : op->type == TYPE_SYMLINK ? " (link)"
                                         : " (other)",
              stream);
    if (op->kind == OP_WRITE)
        fprintf(stream, " at %" PRIu64 ", %zu bytes", op->offset, op->data_size);
    if (op->kind == OP_ZERO)
        fprintf(stream, " at %" PRIu64 ", %" PRIu64 " bytes", op->offset, op->size);
    if (op->kind == OP_RESIZE)
        fprintf(stream, " to %" PRIu64 " bytes", op->size);
    if (op->kind == OP_MODE || op->kind == OP_CREATE || op->kind == OP_NEW)
        fprintf(stream, " %04o", op->mode);
    if (op->flags & (OP_DSYNC | OP_FSYNC))
        fputs(" and synced", stream);
    if (op->flags & OP_MAPPED)
        fputs(" through a mapping", stream);
    if (op->flags & OP_IMPORTED)
        fputs(" from outside", stream);
    fputc('\n', stream);
}

void trace_show(const struct trace *trace, FILE *stream)
{
    const uint32_t count = trace->objects + 1;
    struct called *called = memory_new(count * sizeof(*called));

    fprintf(stream, "directory: %s\ncommand:   %s\n", trace->dir, trace->command);
    for (size_t i = 0; i < trace->count; i++) {
        const struct op *op = &trace->ops[i];
        show_op(stream, op, called, count);
        if ((op->kind == OP_CREATE || op->kind == OP_LINK) && op->object < count)
            called[op->object] = (struct called){op->dir, op->name};
        else if (op->kind == OP_RENAME && op->object < count)
            called[op->object] = (struct called){op->dir2, op->name2};
    }
    for (size_t i = 0; i < trace->gap_count; i++) {
        fputs("INCOMPLETE: ", stream);
        show_text(stream, trace->gaps[i], strlen(trace->gaps[i]));
        fputc('\n', stream);
    }
    free(called);
}
