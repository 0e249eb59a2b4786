/* marks.h -- what operations look like in a picture (timeline.h): elements of SVG about the point 0,0, whose
 * colours the document's style gives. No two are told apart by their colour alone.
 */
#ifndef TORTURE_MARKS_H
#define TORTURE_MARKS_H

#include <stdbool.h>
#include <stdio.h>

#include "torture/trace.h"

/* mark_is_bar -- whether it is drawn as a bar from its begin to its end: syncs are, and what looks like one.
 */
bool mark_is_bar(const struct op *op);
void mark_put_bar(FILE *stream, enum op_kind kind, double x, double y, double width, double height);

/* mark_put -- the mark of any other kind of operation; mark_put_lost -- crosses it out, with its number at x,
 * y. An element of the class `lost` should be around both. */
void mark_put(FILE *stream, enum op_kind kind);
void mark_put_lost(FILE *stream, unsigned number, int x, int y);

/* marks_legend -- what they mean, as a list. */
void marks_legend(FILE *stream);

/* marks_style -- the rules of CSS for all of it; the colours are variables of the document's. */
void marks_style(FILE *stream);

#endif
