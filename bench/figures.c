/* figures.c -- see figures.h. */
#include "figures.h"

#include "must.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct figure {
    unsigned round;
    const struct work *work;
    const struct engine *engine;
    char metric[32], unit[8];
    double value;
};

unsigned figures_rounds;
static struct figure *figures;
static size_t count, room;

void figures_add(unsigned round, const struct work *work, const struct engine *engine, const char *metric,
                 double value, const char *unit)
{
    if (count == room) {
        room = room == 0 ? 4096 : 2 * room;
        figures = realloc(figures, room * sizeof *figures);
        must(figures != NULL, "memory");
    }
    struct figure *figure = &figures[count++];
    *figure = (struct figure){.round = round, .work = work, .engine = engine, .value = value};
    snprintf(figure->metric, sizeof figure->metric, "%s", metric);
    snprintf(figure->unit, sizeof figure->unit, "%s", unit);
}

bool figures_row(const struct work *work, const struct engine *engine, const char *metric,
                 double row[ROUNDS_MAX])
{
    bool any = false;

    for (unsigned i = 0; i < ROUNDS_MAX; i++)
        row[i] = NAN;
    for (size_t i = 0; i < count; i++)
        if (figures[i].work == work && figures[i].engine == engine &&
            strcmp(figures[i].metric, metric) == 0) {
            row[figures[i].round] = figures[i].value;
            any = true;
        }
    return any;
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

bool spread_of(const double row[ROUNDS_MAX], struct spread *spread)
{
    double sorted[ROUNDS_MAX];
    unsigned n = 0;

    for (unsigned i = 0; i < figures_rounds; i++)
        if (!isnan(row[i]))
            sorted[n++] = row[i];
    if (n == 0)
        return false;
    qsort(sorted, n, sizeof sorted[0], compare_doubles);
    *spread = (struct spread){(sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[0], sorted[n - 1]};
    return true;
}

void row_divide(double row[ROUNDS_MAX], const double by[ROUNDS_MAX])
{
    for (unsigned i = 0; i < ROUNDS_MAX; i++)
        row[i] /= by[i];
}

double figures_median(const struct work *work, const struct engine *engine, const char *metric)
{
    double row[ROUNDS_MAX];
    struct spread spread;

    figures_row(work, engine, metric, row);
    return spread_of(row, &spread) ? spread.median : NAN;
}

void figures_write(FILE *file)
{
    fprintf(file, "round\twork\tengine\tmetric\tvalue\tunit\n");
    for (size_t i = 0; i < count; i++) {
        char name[WORK_NAME_MAX];
        work_name(figures[i].work, name);
        fprintf(file, "%u\t%s\t%s\t%s\t%.6g\t%s\n", figures[i].round + 1, name, figures[i].engine->name,
                figures[i].metric, figures[i].value, figures[i].unit);
    }
}
