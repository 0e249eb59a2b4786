/* report.h -- the tables that the figures come to. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "plan.h"
#include "table.h"

#define REPORT_TABLES_MAX 32u

/* Fills `tables`, and returns how many there are; those that would be empty are none. To be freed. */
unsigned report_tables(const struct plan *plan, struct table *tables[REPORT_TABLES_MAX]);

#endif
