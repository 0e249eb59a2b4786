# markdown.awk -- a manual page, in the form that scdoc reads, from the command's manual in Markdown.
#
# What that uses of Markdown: headings, paragraphs, `code`, blocks that are indented by four blanks, definition
# lists (`:   `), and tables. Needs -v version=VERSION -v see_also=TEXT.

# Text as scdoc takes it; what stands between backticks is bold.
function escaped(text,    parts, count, i, result) {
    count = split(text, parts, "`")
    for (i = 1; i <= count; i++) {
        gsub(/\\/, "\\\\\\\\", parts[i])
        gsub(/[*_]/, "\\\\&", parts[i])
        if (i % 2 == 0 && parts[i] != "") parts[i] = "*" parts[i] "*"
        result = result parts[i]
    }
    # A link is its text.
    while (match(result, /\[[^\]]*\]\([^)]*\)/)) {
        link = substr(result, RSTART + 1, index(substr(result, RSTART), "]") - 2)
        result = substr(result, 1, RSTART - 1) link substr(result, RSTART + RLENGTH)
    }
    if (result ~ /^[-#.\[\]|:;]/) result = "\\" result
    return result
}

function literal(on) {
    if (on != in_literal) print on ? "```" : "```"
    in_literal = on
}

NR == 1 {
    printf "cairn(1) \"cairn %s\" \"Cairn\"\n\n# NAME\n\ncairn - keep the checkpoints of an operation\n", version
    printf "\n# SYNOPSIS\n\n*cairn* _COMMAND_ [_OPTION_]... _URL_ [_OPERAND_]...\n\n# DESCRIPTION\n"
    next
}

# A blank line within a block stays in it, and ends a definition if the next line is not indented.
/^$/ { blanks++; next }

/^    / && (blanks || in_literal) && !in_definition {
    if (in_literal) while (blanks-- > 0) print ""
    else print ""
    literal(1)
    print substr($0, 5)
    blanks = 0
    next
}
{ literal(0) }

/^:   / || (in_definition && /^    /) {
    if (blanks) print ""
    in_definition = 1
    text = $0
    sub(/^:? +/, "", text)
    print "\t" escaped(text)
    blanks = 0
    next
}
in_definition { in_definition = 0 }

blanks { print ""; blanks = 0 }

/^##? / { sub(/^##? /, ""); printf "# %s\n", toupper($0); next }
/^### / { sub(/^### /, ""); printf "## %s\n", $0; next }

# A table: the line of dashes below its head is left out.
/^\|[- |]+\|$/ { next }
/^\|/ {
    count = split(substr($0, 2, length($0) - 2), cells, "|")
    for (i = 1; i <= count; i++) {
        cell = cells[i]
        gsub(/^ +| +$/, "", cell)
        if (in_table) printf "%s  %s\n", i == 1 ? "|" : ":", escaped(cell)
        else printf "%s%s %s\n", i == 1 ? "[" : ":", i == 1 ? "[" : "<", escaped(cell)
    }
    in_table = 1
    next
}
{ in_table = 0 }

{ print escaped($0) }

END {
    literal(0)
    print "\n# SEE ALSO\n\n" see_also
}
