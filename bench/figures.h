/* figures.h -- every single figure that was measured, and what rounds come to: medians and spreads.
 *
 * A row is the figures of one metric of one engine at one work, a place for each round; what was not measured
 * is NAN. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "engine.h"
#include "work.h"

#include <stdio.h>

#define ROUNDS_MAX 99u

/* How often each is measured; set before the first figure is added. */
extern unsigned figures_rounds;

void figures_add(unsigned round, const struct work *work, const struct engine *engine, const char *metric,
                 double value, const char *unit);

/* Fills a row and returns true if it has a figure. */
bool figures_row(const struct work *work, const struct engine *engine, const char *metric,
                 double row[ROUNDS_MAX]);

struct spread {
    double median, low, high;
};

/* Returns false if the row has no figure. */
bool spread_of(const double row[ROUNDS_MAX], struct spread *spread);

/* Divides the row by another one, round by round. */
void row_divide(double row[ROUNDS_MAX], const double by[ROUNDS_MAX]);

/* The median alone; NAN if there is no figure. */
double figures_median(const struct work *work, const struct engine *engine, const char *metric);

/* Writes all figures as tab-separated values: round, work, engine, metric, value, unit. */
void figures_write(FILE *file);

#endif
