/* table.h -- a table of texts, for the terminal and for HTML. What stands between two pairs of asterisks is
 * bold. */
#ifndef BENCH_TABLE_H
#define BENCH_TABLE_H

#include <stdio.h>

struct table {
    char *title;
    unsigned columns, cells_count;
    char **cells; /* row by row; the first row is the heading */
};

struct table *table_new(unsigned columns, const char *title);
__attribute__((format(printf, 2, 3))) void table_cell(struct table *table, const char *format, ...);
void table_free(struct table *table);

/* Prints it as Markdown, its columns below each other. */
void table_print(const struct table *table, FILE *file);
void table_print_html(const struct table *table, FILE *file);

/* Prints a text for HTML, bold where it says so. */
void html_text(const char *text, FILE *file);

#endif
