#!/bin/sh
# sort.sh work|check DIR -- a file that is sorted into itself.
set -eu
file=$2/file
case $1 in
work)
    seq 1000 | sort -R --random-source=/etc/passwd >"$file"
    sync "$file" "$2"
    echo made
    sort -n -o "$file" "$file"
    echo sorted
    ;;
check)
    [ -s "$TORTURE_ACKED" ] || exit 0
    [ "$(sort -n "$file" | cksum)" = "$(seq 1000 | cksum)" ] || { echo "garbage: lines are missing"; exit 1; }
    ;;
esac
