/* notes.h -- lines for people that stand above the tables. */
#ifndef BENCH_NOTES_H
#define BENCH_NOTES_H

struct notes {
    char **lines;
    unsigned count;
};

/* Adds a line, unless it is there already. */
__attribute__((format(printf, 2, 3))) void notes_add(struct notes *notes, const char *format, ...);
void notes_free(struct notes *notes);

#endif
