/* escape.h -- strings that anybody may have made, in a document that stays whole whatever they are. */
#ifndef TORTURE_ESCAPE_H
#define TORTURE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* escape_html -- text between elements or in a quoted attribute of HTML or XML, `most` bytes of it at most;
 * if it is cut, that is shown. A byte that is no part of valid UTF-8, or of a character that is not to be
 * seen or that changes how others are seen, stands there as \x and its two digits; with `lines`, the ends of
 * lines and tabs are left as they are. */
void escape_html(FILE *stream, const char *text, size_t most, bool lines);

/* escape_text -- the same in what is no HTML: for a terminal, and for TAP. */
void escape_text(FILE *stream, const char *text, size_t most, bool lines);

/* escape_word -- a word for a shell that knows $'', as bash does; it is all printable ASCII. */
void escape_word(FILE *stream, const char *word);

/* What is told to a stream and taken as text then: told_text() closes the stream and gives the text, to be
 * freed; told_end() writes that as escape_html() does, without the blanks at its front. */
struct told {
    FILE *stream;
    char *text;
    size_t size;
};

FILE *told_begin(struct told *told);
char *told_text(struct told *told);
void told_end(struct told *told, FILE *stream, size_t most);

#endif
