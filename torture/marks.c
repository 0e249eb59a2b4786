/* marks.c -- see marks.h. */
#include "torture/marks.h"

bool mark_is_bar(const struct op *op)
{
    return op->kind == OP_SYNC || op->kind == OP_DATASYNC || op->kind == OP_SYNC_ALL ||
           op->kind == OP_SYNC_FAILED || op->kind == OP_SYNC_HINT;
}

#define DIAMOND "<path class=\"n\" d=\"M0-9 9 0 0 9-9 0Z\"/>"
#define SQUARE  "<rect class=\"o\" x=\"-7\" y=\"-7\" width=\"14\" height=\"14\" rx=\"2\"/>"

void mark_put(FILE *stream, enum op_kind kind)
{
    static const char *const shapes[OP_KINDS] = {
        [OP_CREATE] = DIAMOND "<path class=\"g\" d=\"M-4 0H4M0-4V4\"/>",
        [OP_LINK] = DIAMOND "<path class=\"g\" d=\"M-4 0H4M0-4V4\"/>",
        [OP_UNLINK] = DIAMOND "<path class=\"g\" d=\"M-4 0H4\"/>",
        [OP_RENAME] = DIAMOND "<path class=\"g\" d=\"M-4 0H4M1-3 4 0 1 3\"/>",
        [OP_EXCHANGE] = DIAMOND "<path class=\"g\" d=\"M-5 0H5M2-3 5 0 2 3M-2-3-5 0-2 3\"/>",
        [OP_NEW] = "<circle class=\"o\" r=\"7\"/><path class=\"l\" d=\"M-4 0H4M0-4V4\"/>",
        [OP_WRITE] = "<rect class=\"w\" x=\"-7\" y=\"-7\" width=\"14\" height=\"14\" rx=\"2\"/>",
        [OP_ZERO] = SQUARE "<circle class=\"l\" r=\"3\"/>",
        [OP_RESIZE] = SQUARE "<path class=\"l\" d=\"M-4 0H4M2-2 4 0 2 2M-2-2-4 0-2 2\"/>",
        [OP_MODE] = "<circle class=\"o\" r=\"5\"/>",
        [OP_ACK] = "<circle class=\"a\" r=\"8\"/><path class=\"g\" d=\"M-4 0-1 3 4-3\"/>",
    };

    if (shapes[kind])
        fputs(shapes[kind], stream);
}

void mark_put_lost(FILE *stream, unsigned number, int x, int y)
{
    fprintf(stream,
            "<path class=\"h\" d=\"M-10-10 10 10M-10 10 10-10\"/><path class=\"x\" d=\"M-10-10 10 10M-10 10 "
            "10-10\"/><text class=\"u\" x=\"%d\" y=\"%d\">%u</text>",
            x, y, number);
}

void mark_put_bar(FILE *stream, enum op_kind kind, double x, double y, double width, double height)
{
    static const char *const classes[OP_KINDS] = {[OP_SYNC] = "s",
                                                  [OP_DATASYNC] = "s d",
                                                  [OP_SYNC_ALL] = "s all",
                                                  [OP_SYNC_FAILED] = "s f",
                                                  [OP_SYNC_HINT] = "s i"};

    fprintf(stream, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.0f\"/>",
            classes[kind], x, y, width, height, height > 8 ? 4.0 : 2.0);
}

static void begin_item(FILE *stream, int width)
{
    fprintf(stream,
            "<li><svg xmlns=\"http://www.w3.org/2000/svg\" class=\"time\" width=\"%d\" height=\"24\" "
            "viewBox=\"%d -12 %d 24\">",
            width, -width / 2, width);
}

static void end_item(FILE *stream, const char *words)
{
    fprintf(stream, "</svg> %s</li>\n", words);
}

static void put_mark_item(FILE *stream, enum op_kind kind, const char *words)
{
    begin_item(stream, 24);
    mark_put(stream, kind);
    end_item(stream, words);
}

static void put_bar_item(FILE *stream, enum op_kind kind, const char *words)
{
    begin_item(stream, 40);
    mark_put_bar(stream, kind, -18, -6, 36, 12);
    end_item(stream, words);
}

void marks_legend(FILE *stream)
{
    fputs("<ul class=\"legend\">\n", stream);
    put_mark_item(stream, OP_WRITE, "bytes written");
    put_mark_item(stream, OP_ZERO, "zeros");
    put_mark_item(stream, OP_RESIZE, "another size");
    put_mark_item(stream, OP_CREATE, "a name comes");
    put_mark_item(stream, OP_UNLINK, "a name goes");
    put_mark_item(stream, OP_RENAME, "a name changes");
    put_mark_item(stream, OP_EXCHANGE, "names change places");
    put_mark_item(stream, OP_NEW, "a file without a name");
    put_mark_item(stream, OP_MODE, "permissions");
    put_mark_item(stream, OP_ACK, "acknowledged: a line was printed");
    put_bar_item(stream, OP_SYNC, "a sync, from its begin to its end");
    put_bar_item(stream, OP_DATASYNC, "a sync of data only");
    put_bar_item(stream, OP_SYNC_HINT, "a hint, which promises nothing");
    put_bar_item(stream, OP_SYNC_FAILED, "a sync that failed");
    begin_item(stream, 40);
    fputs("<g class=\"lost\">", stream);
    mark_put(stream, OP_WRITE);
    mark_put_lost(stream, 1, 15, 4);
    fputs("</g>", stream);
    end_item(stream, "lost in this state: red, crossed out, with its number in the table");
    begin_item(stream, 40);
    fputs("<path class=\"m\" d=\"M-17-3v5H17v-5\"/>", stream);
    end_item(stream, "what was lost first wanted a sync here");
    begin_item(stream, 24);
    fputs("<path class=\"crash\" d=\"M0-11V11\"/>", stream);
    end_item(stream, "the crash: what is behind it, faded, did not happen in this state");
    fputs(
        "</ul>\n<p class=\"more\">A change of names stands in the lane of its directory, whose sync makes it "
        "durable, and a thin line ties it to what is called so. The pointer on a mark shows the call.</p>\n",
        stream);
}

void marks_style(FILE *stream)
{
    fputs(".time text{font-size:12px;fill:var(--text)}\n"
          ".time .k{font-family:ui-monospace,monospace;white-space:pre}\n"
          ".time .t{fill:var(--quiet)}\n"
          ".time .j{font-size:10.5px;fill:var(--quiet);text-anchor:middle}\n"
          ".time .b{fill:var(--band)}\n.time .e{fill:var(--page)}\n"
          ".time .r{stroke:var(--line)}\n.time .y{stroke:var(--quiet)}\n"
          ".time .w{fill:var(--write)}\n.time .n{fill:var(--name)}\n.time .a{fill:var(--ack)}\n"
          ".time .o{fill:var(--page);stroke:var(--write);stroke-width:2}\n"
          ".time .l{fill:none;stroke:var(--write);stroke-width:1.5}\n"
          ".time .g{fill:none;stroke:var(--page);stroke-width:2;stroke-linecap:round}\n"
          ".time .c{fill:none;stroke:var(--name);stroke-opacity:.55}\n.time .p{fill:var(--name)}\n"
          ".time rect.s{fill:var(--sync);stroke:var(--sync);stroke-width:1.5}\n"
          ".time rect.d{fill-opacity:.35}\n.time rect.all{fill-opacity:.3}\n"
          ".time rect.i{fill:none;stroke-dasharray:2 2}\n"
          ".time rect.f{fill:none;stroke:var(--lost);stroke-dasharray:5 3}\n"
          ".time .lost .w,.time .lost .n,.time .lost .a{fill:var(--lost);fill-opacity:.6}\n"
          ".time .lost .o,.time .lost .l{stroke:var(--lost)}\n"
          ".time .h{stroke:var(--page);stroke-width:4.5;stroke-linecap:round}\n"
          ".time .x{stroke:var(--lost);stroke-width:2.5;stroke-linecap:round}\n"
          ".time .u{font-size:10px;font-weight:700;fill:var(--lost);text-anchor:middle}\n"
          ".time .m{fill:none;stroke:var(--lost);stroke-width:1.5;stroke-dasharray:4 3}\n"
          ".time "
          ".wanted{font-size:10.5px;fill:var(--lost);stroke:var(--page);stroke-width:3px;paint-order:stroke}"
          "\n.time .to{text-anchor:end}\n"
          ".time .q{fill:var(--gap)}\n"
          ".time .v{font-size:11px;text-anchor:middle;fill:var(--quiet)}\n"
          ".time .z{fill:var(--lost);font-weight:700}\n"
          ".time .fade{fill:var(--page);fill-opacity:.62}\n"
          ".time .crash{stroke:var(--text);stroke-width:2}\n.time .pill{fill:var(--text)}\n"
          ".time .pilled{font-size:11px;font-weight:700;fill:var(--page);text-anchor:middle}\n",
          stream);
}
