#!/usr/bin/env bash
# test_man.sh -- the manual pages: there is one for all that is public, it is rendered without complaint, and it
# says what its source says.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
pages=$programs/../man
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-man.XXXXXX")
trap 'rm -rf "$work"' EXIT

skip() {
    echo "SKIP: $*"
    exit 77
}

fail() {
    echo "not ok - $*"
    exit 1
}

[[ -d $pages ]] || skip "the pages were not made, for want of scdoc"

# page_of HEADER -- the name of its page.
page_of() {
    local name
    name=cairn_$(basename "$1" .h)
    [[ $name != cairn_cairn ]] || name=cairn
    echo "$name"
}

# Each function that the library exports has a page, and the one that it is sent to declares it.
for function in $(nm -D --defined-only "$programs/../lib/libcairn.so" | sed -nE 's/^.* T (cairn_[a-z_]+)(@.*)?$/\1/p'); do
    page=$pages/man3/$function.3
    [[ -e $page ]] || fail "$function has no page"
    target=$(sed -nE '1s/^\.so //p' "$page")
    grep -qE "[ *]$function\\(" "$pages/${target:-man3/$function.3}" || fail "the page of $function does not declare it"
done
for header in include/cairn/*.h; do
    [[ -s $pages/man3/$(page_of "$header").3 ]] || fail "$header has no page"
done
echo "ok - each function and header has a page"

"$programs/cairn" --help | sed -nE '/^Commands:$/,/^$/s/^  ([a-z]+)  .*/\1/p' >"$work/commands"
while read -r command; do
    grep -qE "^\\.SS.*cairn $command" "$pages/man1/cairn.1" || fail "cairn(1) has nothing about cairn $command"
done <"$work/commands"
echo "ok - cairn(1) has each command"

for tool in man col; do
    command -v "$tool" >/dev/null || skip "there is no $tool to render the pages with"
done

# words FILE -- its words, of letters and digits alone, each once: what is left when markup and layout are gone.
words() {
    tr -cs '[:alnum:]' '\n' <"$1" | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort -u
}

# has_words PAGE FILE -- the page is rendered, and has every word of the file.
has_words() {
    MANWIDTH=1000 LC_ALL=C.UTF-8 man --warnings -P cat -l "$pages/$1" 2>"$work/err" | col -bx >"$work/page"
    [[ ! -s $work/err ]] || fail "rendering $1: $(cat "$work/err")"
    words "$2" >"$work/wanted"
    words "$work/page" >"$work/got"
    missing=$(comm -23 "$work/wanted" "$work/got" | tr '\n' ' ')
    [[ -z $missing ]] || fail "$1 lacks these words of its source: $missing"
}

for header in include/cairn/*.h; do
    # What stands in comments, but for the lines around a section's name.
    awk '/\/\*/ { on = 1 } on { sub(/ -+ \*\/$/, ""); print } /\*\// { on = 0 }' "$header" >"$work/comments"
    has_words "man3/$(page_of "$header").3" "$work/comments"
done
has_words man1/cairn.1 docs/command.md
echo "ok - each page says what its source says"
