/* html.h -- one page with all that was measured, which needs nothing from elsewhere. */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include "notes.h"
#include "plan.h"
#include "table.h"

#include <stdio.h>

void html_write(FILE *file, const struct plan *plan, const struct notes *notes, const struct table *goals,
                struct table *const tables[], unsigned tables_count);

#endif
