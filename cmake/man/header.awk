# header.awk -- a manual page, in the form that scdoc reads, from a public header: the text is the header's own.
#
# The first comment begins `NAME.h -- WHAT IT IS.` and is the description. A comment like `/* --- WORDS --- */` is
# a section. Any other one describes the declarations behind it, which are shown above it as they are. Within
# a comment, lines that are indented stay as they are. Needs -v version=VERSION -v see_also=TEXT.

# Text as scdoc takes it: nothing in it is markup.
function escaped(text) {
    gsub(/\\/, "\\\\\\\\", text)
    gsub(/[*_]/, "\\\\&", text)
    if (text ~ /^[-#.\[\]|:;`]/) text = "\\" text
    return text
}

function literal(on) {
    if (on != in_literal) print on ? "\n```" : "```"
    in_literal = on
}

# Prints the comment: paragraphs, and what is indented as it is.
function print_comment(    i, line) {
    for (i = 1; i <= comment_count; i++) {
        line = comment[i]
        if (line ~ /^ +/) {
            literal(1)
            print line
        } else if (line == "" && in_literal && comment[i + 1] ~ /^ +/) {
            print ""
        } else {
            literal(0)
            print line == "" ? "" : escaped(line)
        }
    }
    literal(0)
    print ""
    comment_count = 0
}

# Prints what was declared, and then what was said of it.
function print_unit(    i) {
    if (code_count > 0) {
        literal(1)
        for (i = 1; i <= code_count; i++) print code[i]
        literal(0)
        print ""
    }
    if (comment_count > 0) print_comment()
    code_count = 0
}

function heading(text) {
    printf "\n# %s\n\n", toupper(text)
}

BEGIN { depth = 0 }

# --- comments at the outermost level

!in_comment && depth == 0 && /^\/\*/ {
    if (code_count > 0 || comment_count > 0) print_unit()
    in_comment = 1
    sub(/^\/\* ?/, "")
    first = $0
    if (first ~ /^--- .* -+ \*\/$/) {
        sub(/^--- /, "", first); sub(/ -+ \*\/$/, "", first)
        heading(first)
        in_comment = 0
        next
    }
    if (name == "" && match(first, /\.h -- /)) {
        name = substr(first, 1, RSTART - 1)
        what = substr(first, RSTART + RLENGTH)
        sub(/\.$/, "", what)
        page = name == "cairn" ? "cairn" : "cairn_" name
        printf "%s(3) \"cairn %s\" \"Cairn\"\n", page, version
        heading("name")
        printf "%s - %s\n", escaped(page), escaped(what)
        heading("synopsis")
        printf "*#include <cairn/%s.h>*\n\nLink with _-lcairn_.\n", name
        heading("description")
        description = 1
        next
    }
}

in_comment {
    end = sub(/ *\*\/$/, "")
    sub(/^ \* ?/, ""); sub(/^ \*$/, "")
    if (comment_count > 0 || $0 != "") comment[++comment_count] = $0
    if (end) {
        in_comment = 0
        if (description) print_unit()
        description = 0
    }
    next
}

# --- what is declared: all but the conditions and the linkage around it

/^#(if|ifn?def|else|endif|include)/ || /^extern "C" / || /^#define CAIRN_[A-Z]+_H$/ || /^__attribute__/ { next }
/^#define CAIRN_MUST_CHECK/ { next }
/^}$/ && depth == 0 { next }
/^$/ && depth == 0 {
    if (code_count > 0) print_unit()
    next
}
{
    # What stands below a bracket stays there.
    if (sub(/^CAIRN_MUST_CHECK /, "")) moved = length("CAIRN_MUST_CHECK ")
    else if (!/^ /) moved = 0
    else if (moved) $0 = substr($0, moved + 1)
    code[++code_count] = $0
    depth += gsub(/{/, "{") - gsub(/}/, "}")
}

END {
    print_unit()
    heading("see also")
    print see_also
}
