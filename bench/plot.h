/* plot.h -- lines over a few places, as SVG: the places stand at equal distances, the values on a logarithmic
 * scale. */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdbool.h>
#include <stdio.h>

#define PLOT_PLACES_MAX 8u
#define PLOT_LINES_MAX  20u

struct plot {
    const char *title, *unit;
    unsigned places, lines;
    char place[PLOT_PLACES_MAX][24];
    struct {
        const char *name;
        bool bold;
        unsigned style;                 /* the same for the same engine in each plot */
        double values[PLOT_PLACES_MAX]; /* NAN where there is none */
    } line[PLOT_LINES_MAX];
};

/* Prints the plot, unless it has no value above zero. */
void plot_print(const struct plot *plot, FILE *file);

/* Prints the colours of the lines, for a style sheet; light or dark. */
void plot_print_colours(FILE *file, bool dark);

#endif
