/* report.c -- see report.h. A cell is the median of the rounds, with the lowest and the highest, and with the
 * median of the rounds' ratios to what the column is compared with. */
#include "report.h"

#include "figures.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define COLUMNS_MAX 16u

struct column {
    char heading[64];
    const struct work *work;
    const char *metric;
    const struct work *base_work;     /* what is compared with; NULL for nothing */
    const struct engine *base_engine; /* NULL for the row's own */
};

struct columns {
    unsigned count;
    struct column column[COLUMNS_MAX];
};

/* Adds a column and returns it, if there is such a work. */
static struct column *add(struct columns *columns, const struct work *work, const char *metric)
{
    static struct column nowhere;

    if (work == NULL || columns->count == COLUMNS_MAX)
        return &nowhere;
    struct column *column = &columns->column[columns->count++];
    *column = (struct column){.work = work, .metric = metric};
    return column;
}

__attribute__((format(printf, 2, 3))) static void heading(struct column *column, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(column->heading, sizeof column->heading, format, args);
    va_end(args);
}

/* --- Cells ------------------------------------------------------------------------------------------ */

/* Writes the number with as many digits as say something. */
static void number_print(char *text, size_t size, double number)
{
    snprintf(text, size, "%.*f", number < 10 ? 2 : number < 100 ? 1 : 0, number);
}

static void cell_add(struct table *table, const struct column *column, const struct engine *engine)
{
    const struct engine *base = column->base_engine != NULL ? column->base_engine : engine;
    double row[ROUNDS_MAX], by[ROUNDS_MAX];
    char median[32], low[32], high[32], compared[32] = "";
    struct spread spread;

    if (!figures_row(column->work, engine, column->metric, row) || !spread_of(row, &spread)) {
        table_cell(table, "%s", "");
        return;
    }
    number_print(median, sizeof median, spread.median);
    number_print(low, sizeof low, spread.low);
    number_print(high, sizeof high, spread.high);
    if (column->base_work != NULL && figures_row(column->base_work, base, column->metric, by)) {
        struct spread ratio;
        row_divide(row, by);
        if (spread_of(row, &ratio))
            snprintf(compared, sizeof compared, " **%.2f**", ratio.median);
    }
    if (strcmp(low, high) == 0)
        table_cell(table, "%s%s", median, compared);
    else
        table_cell(table, "%s (%s–%s)%s", median, low, high, compared);
}

static bool engine_has(const struct columns *columns, const struct engine *engine)
{
    for (unsigned i = 0; i < columns->count; i++)
        if (!isnan(figures_median(columns->column[i].work, engine, columns->column[i].metric)))
            return true;
    return false;
}

/* Adds the table of all engines that have a figure in one of the columns, if there are any. */
static void table_add(const struct plan *plan, const struct columns *columns, const char *title,
                      struct table *tables[REPORT_TABLES_MAX], unsigned *count)
{
    struct table *table = table_new(columns->count + 1, title);

    table_cell(table, "%s", "");
    for (unsigned i = 0; i < columns->count; i++)
        table_cell(table, "%s", columns->column[i].heading);
    for (unsigned e = 0; e < plan->engines_count; e++) {
        if (!engine_has(columns, plan->engines[e]))
            continue;
        table_cell(table, "%s", plan->engines[e]->title);
        for (unsigned i = 0; i < columns->count; i++)
            cell_add(table, &columns->column[i], plan->engines[e]);
    }
    if (table->cells_count > columns->count + 1 && *count < REPORT_TABLES_MAX)
        tables[(*count)++] = table;
    else
        table_free(table);
}

/* --- Which tables there are ------------------------------------------------------------------------- */

/* With one thread all are compared with that thread's own write and sync; with more, with the group commit of
 * as many threads. */
static void append_column(const struct plan *plan, struct columns *columns, const struct work *work)
{
    const unsigned writers = work->threads * work->processes;
    struct column *column = add(columns, work, work->size < 1 << 20 ? "rate" : "throughput");

    heading(column, "%u %s%s", writers, work->processes > 1 ? "processes" : "thread",
            work->threads > 1 ? "s" : "");
    column->base_work = plan_work(plan, WORK_APPEND, work->size, writers, 1, 0);
    column->base_engine = engine_find(writers == 1 ? "written" : "group");
}

static unsigned append_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX],
                              unsigned count)
{
    for (unsigned first = 0; first < plan->works_count; first++) {
        struct columns columns = {0};
        char size[WORK_NAME_MAX], title[256];
        const size_t bytes = plan->works[first]->size;
        bool told = false;

        for (unsigned w = 0; w < first; w++)
            told = told || plan->works[w]->size == bytes;
        for (unsigned w = first; w < plan->works_count && !told; w++)
            if (plan->works[w]->kind == WORK_APPEND && plan->works[w]->size == bytes)
                append_column(plan, &columns, plan->works[w]);
        if (columns.count == 0)
            continue;
        size_name(bytes, size);
        snprintf(
            title, sizeof title,
            "Durable appends of %s, %s; **ratio to the floor**: pwrite and fdatasync for one thread, group "
            "commit for more",
            size, bytes < 1 << 20 ? "a second" : "MB/s");
        table_add(plan, &columns, title, tables, &count);
    }
    return count;
}

static unsigned latency_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX],
                               unsigned count)
{
    static const char *const metrics[] = {"mean", "p50", "p90", "p99", "p99.9", "max"};
    static const struct {
        size_t size;
        unsigned threads;
    } shown[] = {{100, 1}, {100, 16}, {100, 64}, {4096, 1}, {4096, 64}};

    for (unsigned i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        const struct work *work = plan_work(plan, WORK_APPEND, shown[i].size, shown[i].threads, 1, 0);
        struct columns columns = {0};
        char size[WORK_NAME_MAX], title[128];
        size_name(shown[i].size, size);
        snprintf(title, sizeof title, "How long an append takes, in microseconds: %s, %u thread%s", size,
                 shown[i].threads, shown[i].threads == 1 ? "" : "s");
        for (unsigned m = 0; m < sizeof metrics / sizeof metrics[0]; m++)
            heading(add(&columns, work, metrics[m]), "%s", metrics[m]);
        table_add(plan, &columns, title, tables, &count);
    }
    return count;
}

static unsigned space_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX], unsigned count)
{
    struct columns columns = {0};

    for (unsigned w = 0; w < plan->works_count; w++)
        if (plan->works[w]->kind == WORK_RECYCLE) {
            char size[WORK_NAME_MAX];
            struct column *column = add(&columns, plan->works[w], "throughput");
            size_name(plan->works[w]->size, size);
            heading(column, "%s", size);
            column->base_work = plan->works[w];
            column->base_engine = engine_find("written");
        }
    table_add(plan, &columns, "Appends where space is used again, MB/s; **ratio to pwrite and fdatasync**",
              tables, &count);

    columns.count = 0;
    for (unsigned w = 0; w < plan->works_count; w++)
        if (plan->works[w]->kind == WORK_ROLL) {
            heading(add(&columns, plan->works[w], "rolls"), "changes of the directory");
            heading(add(&columns, plan->works[w], "p50"), "p50");
            heading(add(&columns, plan->works[w], "steady p99"), "steady p99");
            heading(add(&columns, plan->works[w], "p99.9"), "p99.9");
            heading(add(&columns, plan->works[w], "p99.9 to steady p99"), "p99.9 to steady p99");
        }
    table_add(plan, &columns, "Appends of 64 KiB while segments roll, in microseconds", tables, &count);

    columns.count = 0;
    for (unsigned w = 0; w < plan->works_count; w++)
        if (plan->works[w]->kind == WORK_FOLLOW) {
            struct column *column = add(&columns, plan->works[w], "rate");
            heading(column, "a second");
            column->base_work = plan_work(plan, WORK_APPEND, plan->works[w]->size, 1, 1, 0);
            heading(add(&columns, plan->works[w], "p99"), "p99, us");
            heading(add(&columns, plan->works[w], "followed"), "share that was read by then");
        }
    table_add(plan, &columns,
              "Appends of 100 B, one thread, while a reader follows; **ratio to none that follows**", tables,
              &count);
    return count;
}

static unsigned calls_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX], unsigned count)
{
    static const char *const metrics[] = {"system calls", "flushes", "heap calls"};
    struct columns columns = {0};

    for (unsigned w = 0; w < plan->works_count; w++)
        for (unsigned m = 0; m < 3 && plan->works[w]->kind == WORK_CALLS; m++) {
            char size[WORK_NAME_MAX];
            size_name(plan->works[w]->size, size);
            heading(add(&columns, plan->works[w], metrics[m]), "%s: %s", size, metrics[m]);
        }
    table_add(plan, &columns, "What one append asks for, one thread", tables, &count);

    columns.count = 0;
    heading(add(&columns, plan_work(plan, WORK_APPEND, 100, 1, 1, 0), "peak memory"), "appends of 100 B");
    heading(add(&columns, plan_work(plan, WORK_APPEND, 1 << 20, 1, 1, 0), "peak memory"), "of 1 MiB");
    for (unsigned w = 0; w < plan->works_count; w++)
        if (plan->works[w]->kind == WORK_READ && plan->works[w]->size == 100)
            heading(add(&columns, plan->works[w], "peak memory"), "reading, %llu",
                    (unsigned long long)plan->works[w]->count);
    table_add(plan, &columns, "The most memory that the process had, MiB; what is mapped from files counts",
              tables, &count);
    return count;
}

/* What is done on stores, and a figure's heading there: its number of checkpoints, or its size and that, is
 * written in. */
static const struct {
    enum work_kind kind;
    const char *title, *metrics[3], *headings[3];
} store_kinds[] = {
    {WORK_READ,
     "Reading when all is in memory, in microseconds, by size and number of checkpoints",
     {"load", "latest"},
     {"load, ", "latest, "}},
    {WORK_COST,
     "An append by the number of checkpoints, in microseconds, and one at 10 in turns with it; 100 B, one "
     "thread",
     {"append", "append at 10", "to that at 10"},
     {"at ", "beside ", "ratio at "}},
    {WORK_OPEN,
     "Opening and the first answer, in milliseconds, by the number of checkpoints of 100 B",
     {"open after a kill", "open after closing"},
     {"after a kill, ", "after closing, "}},
    {WORK_COMPACT, "Compacting, in milliseconds, by the number of checkpoints of 100 B", {"compact"}, {""}},
};

static unsigned store_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX], unsigned count)
{
    for (unsigned k = 0; k < sizeof store_kinds / sizeof store_kinds[0]; k++) {
        struct columns columns = {0};
        for (unsigned m = 0; m < 3 && store_kinds[k].metrics[m] != NULL; m++)
            for (unsigned w = 0; w < plan->works_count; w++) {
                const struct work *work = plan->works[w];
                char size[WORK_NAME_MAX];
                if (work->kind != store_kinds[k].kind)
                    continue;
                size_name(work->size, size);
                heading(add(&columns, work, store_kinds[k].metrics[m]), "%s%s%s%llu",
                        store_kinds[k].headings[m], work->kind == WORK_READ ? size : "",
                        work->kind == WORK_READ ? ", " : "", (unsigned long long)work->count);
            }
        table_add(plan, &columns, store_kinds[k].title, tables, &count);
    }
    return count;
}

unsigned report_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX])
{
    unsigned count = append_tables(plan, tables, 0);

    count = latency_tables(plan, tables, count);
    count = space_tables(plan, tables, count);
    count = calls_tables(plan, tables, count);
    return store_tables(plan, tables, count);
}
