/* plot.c -- see plot.h. A line is known by its colour, by its dashes, and by its name beside its end; names
 * that would lie upon each other are moved apart. Each point has a title, which a browser shows below the
 * pointer. */
#include "plot.h"

#include "table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH   760.0
#define HEIGHT  380.0
#define LEFT    64.0
#define RIGHT   190.0
#define TOP     34.0
#define BOTTOM  34.0
#define SPACING 14.0 /* between names */
#define STYLES  8u

static const char *const light[STYLES] = {"#555555", "#0b62c4", "#c2410c", "#0f766e",
                                          "#7e22ce", "#a16207", "#be123c", "#3f6212"};
static const char *const dark_ones[STYLES] = {"#b8b8b8", "#6bb1ff", "#ff9d6b", "#5fd6c6",
                                              "#cf9bff", "#f2cc5c", "#ff8aa3", "#b2dd6a"};

struct scale {
    double low, high; /* powers of ten */
};

static double x_of(const struct plot *plot, unsigned place)
{
    const double width = WIDTH - LEFT - RIGHT;

    return LEFT + width * (plot->places == 1 ? 0.5 : (double)place / (plot->places - 1));
}

static double y_of(const struct scale *scale, double value)
{
    const double height = HEIGHT - TOP - BOTTOM;

    return TOP + height * (scale->high - log10(value)) / (scale->high - scale->low);
}

/* Returns false if there is nothing to be shown. */
static bool scale_of(const struct plot *plot, struct scale *scale)
{
    scale->low = INFINITY, scale->high = -INFINITY;
    for (unsigned l = 0; l < plot->lines; l++)
        for (unsigned p = 0; p < plot->places; p++)
            if (plot->line[l].values[p] > 0) {
                scale->low = fmin(scale->low, log10(plot->line[l].values[p]));
                scale->high = fmax(scale->high, log10(plot->line[l].values[p]));
            }
    if (!isfinite(scale->low))
        return false;
    scale->low -= 0.05;
    scale->high += 0.05;
    return true;
}

static void print_axes(const struct plot *plot, const struct scale *scale, FILE *file)
{
    static const double steps[] = {1, 2, 5};
    const unsigned steps_count = scale->high - scale->low > 2.5 ? 1 : 3;

    for (double power = floor(scale->low); power <= scale->high; power++)
        for (unsigned s = 0; s < steps_count; s++) {
            const double value = steps[s] * pow(10, power), y = y_of(scale, value);
            if (log10(value) < scale->low || log10(value) > scale->high)
                continue;
            fprintf(file, "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>", LEFT, y, WIDTH - RIGHT);
            fprintf(file, "<text class=\"tick end\" x=\"%.1f\" y=\"%.1f\">%.10g</text>\n", LEFT - 6, y + 4,
                    value);
        }
    for (unsigned p = 0; p < plot->places; p++) {
        fprintf(file, "<text class=\"tick middle\" x=\"%.1f\" y=\"%.1f\">", x_of(plot, p),
                HEIGHT - BOTTOM + 20);
        html_text(plot->place[p], file);
        fputs("</text>\n", file);
    }
}

static void print_style(unsigned style, bool bold, FILE *file)
{
    static const char *const dashes[] = {"", " stroke-dasharray=\"6 3\"", " stroke-dasharray=\"2 3\""};

    fprintf(file, " class=\"s%u%s\"%s", style % STYLES, bold ? " bold" : "", dashes[style / STYLES % 3]);
}

static void print_line(const struct plot *plot, unsigned l, const struct scale *scale, FILE *file)
{
    const char *next = "M";

    fputs("<path", file);
    print_style(plot->line[l].style, plot->line[l].bold, file);
    fputs(" d=\"", file);
    for (unsigned p = 0; p < plot->places; p++) {
        const double value = plot->line[l].values[p];
        if (value > 0) {
            fprintf(file, "%s%.1f %.1f", next, x_of(plot, p), y_of(scale, value));
            next = "L";
        }
    }
    fputs("\"/>\n", file);
    for (unsigned p = 0; p < plot->places; p++) {
        const double value = plot->line[l].values[p];
        if (!(value > 0))
            continue;
        fprintf(file, "<circle class=\"s%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"3\"><title>",
                plot->line[l].style % STYLES, x_of(plot, p), y_of(scale, value));
        html_text(plot->line[l].name, file);
        fputs(", ", file);
        html_text(plot->place[p], file);
        fprintf(file, ": %.4g %s</title></circle>\n", value, plot->unit);
    }
}

struct name {
    unsigned line;
    double x, y, at; /* the line's end; where the name stands */
};

static int compare_names(const void *a, const void *b)
{
    const double x = ((const struct name *)a)->y, y = ((const struct name *)b)->y;

    return (x > y) - (x < y);
}

static void print_names(const struct plot *plot, const struct scale *scale, FILE *file)
{
    struct name names[PLOT_LINES_MAX];
    unsigned count = 0;

    for (unsigned l = 0; l < plot->lines; l++)
        for (unsigned p = plot->places; p-- > 0;)
            if (plot->line[l].values[p] > 0) {
                names[count++] = (struct name){l, x_of(plot, p), y_of(scale, plot->line[l].values[p]), 0};
                break;
            }
    qsort(names, count, sizeof names[0], compare_names);
    for (unsigned i = 0; i < count; i++) {
        names[i].at = names[i].y;
        if (i > 0 && names[i].at < names[i - 1].at + SPACING)
            names[i].at = names[i - 1].at + SPACING;
    }
    /* Those that were pushed out below go up again. */
    for (unsigned i = count; i-- > 0;) {
        const double most = HEIGHT - BOTTOM - SPACING * (count - 1 - i);
        names[i].at = names[i].at > most ? most : names[i].at;
    }
    for (unsigned i = 0; i < count; i++) {
        fprintf(file, "<path class=\"lead\" d=\"M%.1f %.1fL%.1f %.1f\"/>", names[i].x + 4, names[i].y,
                WIDTH - RIGHT + 18, names[i].at);
        fprintf(file, "<text class=\"name s%u\" x=\"%.1f\" y=\"%.1f\">",
                plot->line[names[i].line].style % STYLES, WIDTH - RIGHT + 22, names[i].at + 4);
        html_text(plot->line[names[i].line].name, file);
        fputs("</text>\n", file);
    }
}

void plot_print(const struct plot *plot, FILE *file)
{
    struct scale scale;

    if (!scale_of(plot, &scale))
        return;
    fprintf(file,
            "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">\n<title>",
            WIDTH, HEIGHT);
    html_text(plot->title, file);
    fprintf(file, "</title>\n<text class=\"title\" x=\"%.1f\" y=\"18\">", LEFT);
    html_text(plot->title, file);
    fputs("</text>\n", file);
    print_axes(plot, &scale, file);
    for (unsigned l = 0; l < plot->lines; l++)
        print_line(plot, l, &scale, file);
    print_names(plot, &scale, file);
    fputs("</svg>\n", file);
}

void plot_print_colours(FILE *file, bool dark)
{
    for (unsigned s = 0; s < STYLES; s++)
        fprintf(file, "--s%u: %s; ", s, dark ? dark_ones[s] : light[s]);
}
