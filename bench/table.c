/* table.c -- see table.h. */
#include "table.h"

#include "must.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct table *table_new(unsigned columns, const char *title)
{
    struct table *table = must_alloc(sizeof *table);

    table->columns = columns;
    must((table->title = strdup(title)) != NULL, "memory");
    return table;
}

void table_cell(struct table *table, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    const int length = vasprintf(&text, format, args);
    va_end(args);
    must(length >= 0, "memory");
    table->cells = realloc(table->cells, (table->cells_count + 1) * sizeof *table->cells);
    must(table->cells != NULL, "memory");
    table->cells[table->cells_count++] = text;
}

void table_free(struct table *table)
{
    for (unsigned i = 0; i < table->cells_count; i++)
        free(table->cells[i]);
    free(table->cells);
    free(table->title);
    free(table);
}

/* Returns how many characters the text has: bytes but those that continue one. */
static unsigned width_of(const char *text)
{
    unsigned width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_padded(const char *text, unsigned width, FILE *file)
{
    fputs(text, file);
    for (unsigned i = width_of(text); i < width; i++)
        putc(' ', file);
}

void table_print(const struct table *table, FILE *file)
{
    unsigned *widths = must_alloc(table->columns * sizeof *widths);

    for (unsigned i = 0; i < table->cells_count; i++) {
        const unsigned width = width_of(table->cells[i]);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    fprintf(file, "\n%s\n\n", table->title);
    for (unsigned i = 0; i < table->cells_count; i++) {
        fputs(i % table->columns == 0 ? "| " : " | ", file);
        print_padded(table->cells[i], widths[i % table->columns], file);
        if ((i + 1) % table->columns == 0)
            fputs(" |\n", file);
        if (i + 1 == table->columns) {
            for (unsigned k = 0; k < table->columns; k++)
                fputs(k == 0 ? "| ---" : " | ---", file);
            fputs(" |\n", file);
        }
    }
    free(widths);
}

void html_text(const char *text, FILE *file)
{
    bool bold = false;

    for (; *text != '\0'; text++) {
        if (text[0] == '*' && text[1] == '*') {
            fputs(bold ? "</b>" : "<b>", file);
            bold = !bold;
            text++;
        } else if (*text == '<' || *text == '>' || *text == '&' || *text == '"') {
            fputs(*text == '<' ? "&lt;" : *text == '>' ? "&gt;" : *text == '&' ? "&amp;" : "&quot;", file);
        } else {
            putc(*text, file);
        }
    }
    if (bold)
        fputs("</b>", file);
}

void table_print_html(const struct table *table, FILE *file)
{
    fputs("<h2>", file);
    html_text(table->title, file);
    fputs("</h2>\n<div class=\"wide\"><table>\n", file);
    for (unsigned i = 0; i < table->cells_count; i++) {
        const char *tag = i < table->columns ? "th" : "td";
        if (i % table->columns == 0)
            fputs("<tr>", file);
        fprintf(file, "<%s>", tag);
        html_text(table->cells[i], file);
        fprintf(file, "</%s>", tag);
        if ((i + 1) % table->columns == 0)
            fputs("</tr>\n", file);
    }
    fputs("</table></div>\n", file);
}
