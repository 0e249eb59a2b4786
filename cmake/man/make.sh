#!/bin/sh
# make.sh SCDOC VERSION OUT -- makes the manual pages: cairn(1) of docs/command.md, and of each public header one in
# section 3, with a link to it for each function that it declares.
set -eu
scdoc=$1
version=$2
out=$3
cd "$(dirname "$0")/../.."

rm -rf "$out"
mkdir -p "$out/man1" "$out/man3"

# The names of the pages, as text that scdoc takes, but for $1.
others() {
    list=
    for header in cairn include/cairn/*.h; do
        case $header in
        cairn) page='cairn(1)' ;;
        */cairn.h) page='cairn(3)' ;;
        *) page="cairn_$(basename "$header" .h)(3)" ;;
        esac
        if [ "$page" != "$1" ]; then
            list=${list:+$list, }"*$(echo "$page" | sed -e 's/_/\\_/' -e 's/(/*(/')"
        fi
    done
    # awk takes away one backslash of two.
    echo "$list" | sed 's/\\/\\\\/g'
}

awk -v version="$version" -v see_also="$(others 'cairn(1)')" -f cmake/man/markdown.awk docs/command.md |
    "$scdoc" >"$out/man1/cairn.1"
for header in include/cairn/*.h; do
    page=cairn_$(basename "$header" .h)
    [ "$page" != cairn_cairn ] || page=cairn
    awk -v version="$version" -v see_also="$(others "$page(3)")" -f cmake/man/header.awk "$header" |
        "$scdoc" >"$out/man3/$page.3"
    # A declaration begins at the left; a mention does not.
    sed -nE 's/^[a-zA-Z].*[ *](cairn_[a-z_]+)\(.*/\1/p' "$header" | while read -r function; do
        [ "$function" = "$page" ] || echo ".so man3/$page.3" >"$out/man3/$function.3"
    done
done
