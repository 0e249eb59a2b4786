#!/usr/bin/env bash
# seeds.sh -- makes the seed corpora, fuzz/corpus/NAME/, by the replayers in BINDIR; with --check only says
# whether they are what these make.
#
#   fuzz/seeds.sh [--check] BINDIR
set -euo pipefail

check=0
[ "${1:-}" != --check ] || {
    check=1
    shift
}
bin=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

result=0
for source in fuzz_*.c; do
    noun=${source#fuzz_}
    noun=${noun%.c}
    "$bin/replay_$noun" --seeds "$scratch/$noun"
done
if [ "$check" = 1 ]; then
    diff -r "$scratch" corpus || result=1
    [ "$result" = 0 ] || echo "seeds: fuzz/corpus is not what the generators make; fuzz/seeds.sh BINDIR makes it" >&2
else
    rm -rf corpus
    cp -r "$scratch" corpus
fi
exit "$result"
