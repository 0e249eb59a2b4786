/* trace.c -- see trace.h. */
#include "torture/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "torture/memory.h"
#include "torture/store.h"

#define MAGIC 0x6563617274727474u /* "ttrtrace" */

static void op_release(struct op *op)
{
    free(op->name);
    free(op->name2);
    free(op->source);
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
    if (op->source == NULL)
        op->source = memory_text("");
    trace->ops = memory_grow(trace->ops, trace->count, &trace->space, sizeof(*trace->ops));
    trace->ops[trace->count++] = *op;
    if (trace->objects < op->object)
        trace->objects = op->object;
}

/* add_gap -- a line, whatever a name or a file has for it: it is shown as it is. */
static void add_gap(struct trace *trace, char *text)
{
    for (char *c = text; c && *c; c++) {
        if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
            *c = '?';
    }
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

/* --- the file ----------------------------------------------------------------------------------------- */

static void put_op(struct writer *writer, const struct op *op)
{
    const uint64_t numbers[] = {op->kind, op->flags, op->thread, op->begin, op->end,    op->object,
                                op->dir,  op->dir2,  op->type,   op->mode,  op->offset, op->size};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        store_number(writer, numbers[i]);
    store_text(writer, op->call);
    store_text(writer, op->name);
    store_text(writer, op->name2);
    store_text(writer, op->source);
    store_bytes(writer, op->data, op->data_size);
}

void trace_put(struct writer *writer, const struct trace *trace)
{
    store_text(writer, trace->dir);
    store_text(writer, trace->command);
    store_number(writer, (uint64_t)trace->status);
    store_number(writer, trace->ticks);
    store_number(writer, trace->gap_count);
    for (size_t i = 0; i < trace->gap_count; i++)
        store_text(writer, trace->gaps[i]);
    store_number(writer, trace->count);
    for (size_t i = 0; i < trace->count; i++)
        put_op(writer, &trace->ops[i]);
}

static bool is_name(const char *name)
{
    return *name && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* check_op -- what is wrong with it, or NULL: whoever applies it relies on this. */
static const char *check_op(const struct op *op)
{
    if ((op->kind == OP_CREATE || op->kind == OP_NEW) && op->type == 0)
        return "a new object is of no type";
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
    op->kind = (enum op_kind)fetch_bounded(reader, OP_KINDS - 1, "an operation is none that is known");
    op->flags = (unsigned)fetch_bounded(reader, 2 * OP_IMPORTED - 1, "a flag is none that is known");
    op->thread = (uint32_t)fetch_bounded(reader, UINT32_MAX, "a thread is no number");
    op->begin = fetch_number(reader);
    op->end = fetch_number(reader);
    op->object = (uint32_t)fetch_bounded(reader, UINT32_MAX, "an object is no number");
    op->dir = (uint32_t)fetch_bounded(reader, UINT32_MAX, "an object is no number");
    op->dir2 = (uint32_t)fetch_bounded(reader, UINT32_MAX, "an object is no number");
    op->type = (enum object_type)fetch_bounded(reader, TYPE_SOCKET, "a type is none that is known");
    op->mode = (uint32_t)fetch_bounded(reader, 07777, "a mode is none");
    op->offset = fetch_number(reader);
    op->size = fetch_number(reader);
    char *call = fetch_text(reader);
    snprintf(op->call, sizeof(op->call), "%s", call);
    free(call);
    op->name = fetch_text(reader);
    op->name2 = fetch_text(reader);
    op->source = fetch_text(reader);
    op->data = fetch_bytes(reader, &op->data_size);
    if (!reader->failed && op->kind == 0)
        reader->failed = "an operation is none that is known";
    if (!reader->failed)
        reader->failed = check_op(op);
}

/* check_objects -- what is wrong with their numbers, or NULL. They are given in order, so there are no more
 * than operations; and a directory is one of them. */
static const char *check_objects(const struct trace *trace)
{
    if (trace->objects > trace->count + 1)
        return "an object has too high a number";
    for (size_t i = 0; i < trace->count; i++) {
        if (trace->ops[i].dir > trace->objects || trace->ops[i].dir2 > trace->objects)
            return "an operation is in a directory that there never was";
    }
    return NULL;
}

void trace_get(struct reader *reader, struct trace *trace)
{
    trace->objects = 1; /* the directory itself */
    trace->dir = fetch_text(reader);
    trace->command = fetch_text(reader);
    trace->status = (int)fetch_number(reader);
    trace->ticks = fetch_number(reader);
    const uint64_t gaps = fetch_number(reader);
    for (uint64_t i = 0; i < gaps && !reader->failed; i++)
        add_gap(trace, fetch_text(reader));
    const uint64_t count = fetch_number(reader);
    for (uint64_t i = 0; i < count && !reader->failed; i++) {
        struct op op = {0};
        get_op(reader, &op);
        trace_add(trace, &op);
    }
    if (!reader->failed)
        reader->failed = check_objects(trace);
}

bool trace_save(const struct trace *trace, const char *path)
{
    struct writer writer;

    store_begin(&writer, path, MAGIC);
    trace_put(&writer, trace);
    return store_end(&writer);
}

bool trace_load(struct trace *trace, const char *path)
{
    struct reader reader;

    *trace = (struct trace){0};
    if (fetch_begin(&reader, path, MAGIC, "this is no trace"))
        trace_get(&reader, trace);
    return fetch_end(&reader);
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
        [OP_SYNC_ALL] = "SYNC all", [OP_SYNC_HINT] = "(hint)", [OP_SYNC_FAILED] = "(failed)",
        [OP_ACK] = "ACK",
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
              : op->type == TYPE_SOCKET  ? " (socket)"
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
}

static void call_it(struct called *called, uint32_t count, const struct op *op)
{
    if (op->object >= count)
        return;
    if (op->kind == OP_CREATE || op->kind == OP_LINK)
        called[op->object] = (struct called){op->dir, op->name};
    else if (op->kind == OP_RENAME)
        called[op->object] = (struct called){op->dir2, op->name2};
}

void trace_lines(const struct trace *trace, size_t from, size_t to, FILE *stream)
{
    const uint32_t count = trace->objects + 1;
    struct called *called = memory_new(count * sizeof(*called));

    for (size_t i = 0; i < to && i < trace->count; i++) {
        if (i >= from) {
            show_op(stream, &trace->ops[i], called, count);
            trace_tell_source(trace, i, stream);
            fputc('\n', stream);
        }
        call_it(called, count, &trace->ops[i]);
    }
    free(called);
}

void trace_show(const struct trace *trace, FILE *stream)
{
    fputs("directory: ", stream);
    show_text(stream, trace->dir, strlen(trace->dir));
    fputs("\ncommand:   ", stream);
    show_text(stream, trace->command, strlen(trace->command));
    fputc('\n', stream);
    trace_lines(trace, 0, trace->count, stream);
    for (size_t i = 0; i < trace->gap_count; i++) {
        fputs("INCOMPLETE: ", stream);
        show_text(stream, trace->gaps[i], strlen(trace->gaps[i]));
        fputc('\n', stream);
    }
}

void trace_tell(const struct trace *trace, size_t op, FILE *stream)
{
    const uint32_t count = trace->objects + 1;
    struct called *called = memory_new(count * sizeof(*called));

    for (size_t i = 0; i < op && i < trace->count; i++)
        call_it(called, count, &trace->ops[i]);
    if (op < trace->count)
        show_op(stream, &trace->ops[op], called, count);
    free(called);
}

void trace_tell_source(const struct trace *trace, size_t op, FILE *stream)
{
    const char *source = op < trace->count ? trace->ops[op].source : "";

    if (*source == '\0')
        return;
    fputs("  at ", stream);
    show_text(stream, source, strlen(source));
}

void trace_path_at(const struct trace *trace, uint32_t object, size_t at, FILE *stream)
{
    const uint32_t count = trace->objects + 1;
    struct called *called = memory_new(count * sizeof(*called));

    for (size_t i = 0; i < at && i < trace->count; i++)
        call_it(called, count, &trace->ops[i]);
    show_path(stream, called, count, object, 0);
    free(called);
}

void trace_path(const struct trace *trace, uint32_t object, FILE *stream)
{
    trace_path_at(trace, object, trace->count, stream);
}
