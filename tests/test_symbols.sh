#!/usr/bin/env bash
# test_symbols.sh -- the libraries define no global symbol but cairn_*, so a program may call its functions what
# it likes.
#
# The program below has functions with the names of three of Cairn's own. It is linked with either library; the
# journal works all the same, and calls none of them.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
lib=$(cd "$CAIRN_BIN_DIR/../lib" && pwd)
include=$(cd "$(dirname "${BASH_SOURCE[0]}")/../include" && pwd)
cc=${CAIRN_CC:-cc}
test_name=setup

skip() {
    echo "SKIP: $*"
    exit 77
}

fail() {
    echo "not ok - $test_name: $*" >&2
    exit 1
}

command -v nm >/dev/null || skip "there is no nm"

base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-symbols.XXXXXX")
trap 'rm -rf "$base"' EXIT

# only_cairn SYMBOL... -- fails if one is not Cairn's, or if there are too few to believe it.
only_cairn() {
    local symbol
    [[ $# -ge 20 ]] || fail "$# symbols are too few"
    for symbol in "$@"; do
        [[ $symbol == cairn_* ]] || fail "$symbol is global"
    done
    echo "ok - $test_name"
}

test_name=shared__library_shows_cairn_only
nm -D --defined-only "$lib/libcairn.so" >"$base/shared"
# Of type A are the names of versions.
mapfile -t symbols < <(awk 'NF == 3 && $2 != "A" { sub(/@.*/, "", $3); print $3 }' "$base/shared")
only_cairn "${symbols[@]}"

test_name=static__library_shows_cairn_only
nm -g --defined-only "$lib/libcairn.a" >"$base/static"
mapfile -t symbols < <(awk 'NF == 3 { print $3 }' "$base/static")
only_cairn "${symbols[@]}"

command -v "$cc" >/dev/null || skip "there is no $cc"

cat >"$base/job.c" <<'END'
#include <stdio.h>
#include <string.h>

#include <cairn/cairn.h>

static int called;

int map_init(void);
int read_latest(void);
int files_init(void);

int map_init(void) { return ++called; }
int read_latest(void) { return ++called; }
int files_init(void) { return ++called; }

int main(int argc, char **argv)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    if (argc != 2 || cairn_open(&op, NULL, argv[1], 0) != 0 ||
        cairn_checkpoint(op, NULL, "a step", "done", 4, NULL) != 0 ||
        cairn_latest(op, NULL, &data, &size) != 0) {
        fprintf(stderr, "%s\n", cairn_message());
        return 1;
    }
    if (size != 4 || memcmp(data, "done", 4) != 0 || called != 0)
        return 2;
    cairn_free(data);
    cairn_close(op);
    return map_init() == 1 && read_latest() == 2 && files_init() == 3 ? 0 : 3;
}
END

flags=(-std=c11 -Wall -Wextra -Werror "-I$include")
[[ -z ${CAIRN_SANITIZE:-} ]] || flags+=("-fsanitize=$CAIRN_SANITIZE")
nm -u "$lib/libcairn.a" >"$base/undefined"
if grep -q __gcov_ "$base/undefined"; then
    flags+=(--coverage)
fi

# works LIBRARY... -- the program, linked so.
works() {
    (cd "$base" && "$cc" "${flags[@]}" -o job job.c "$@") || fail "it does not link"
    "$base/job" "$base/$test_name" || fail "it says $?"
    echo "ok - $test_name"
}

test_name=shared__program_keeps_its_own_names
works "-L$lib" -lcairn "-Wl,-rpath,$lib"

test_name=static__program_keeps_its_own_names
works "$lib/libcairn.a" -llmdb -lxxhash -pthread
