/* notes.c -- see notes.h. */
#include "notes.h"

#include "must.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void notes_add(struct notes *notes, const char *format, ...)
{
    va_list args;
    char *line;

    va_start(args, format);
    const int length = vasprintf(&line, format, args);
    va_end(args);
    must(length >= 0, "memory");
    for (unsigned i = 0; i < notes->count; i++)
        if (strcmp(notes->lines[i], line) == 0) {
            free(line);
            return;
        }
    notes->lines = realloc(notes->lines, (notes->count + 1) * sizeof *notes->lines);
    must(notes->lines != NULL, "memory");
    notes->lines[notes->count++] = line;
}

void notes_free(struct notes *notes)
{
    for (unsigned i = 0; i < notes->count; i++)
        free(notes->lines[i]);
    free(notes->lines);
}
