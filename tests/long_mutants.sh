#!/usr/bin/env bash
# long_mutants.sh -- leaves out one guard of the journal after the other (tests/mutants/*.patch), and wants the
# tests of the rules to go red each time. A mutant that survives is a test that cannot fail.
set -euo pipefail

if [[ -n ${CAIRN_SANITIZE:-} ]]; then
    echo "SKIP: mutants are tried in the release build only"
    exit 77
fi
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir "$work/tree"
tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$work/tree" -xf -
cmake -S "$work/tree" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 \
    -DCAIRN_WERROR=OFF >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }

# Whether all the tests pass on the tree as it is.
all_pass() {
    ninja -C "$work/build" test_rules test_sync_fails >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    local test
    for test in test_rules test_sync_fails; do
        "$work/build/bin/$test" >"$work/log" 2>&1 || return 1
    done
}

all_pass || { echo "not ok - the tests fail before anything is left out"; cat "$work/log"; exit 1; }
survivors=0
for patch in "$top"/tests/mutants/*.patch; do
    name=$(basename "$patch" .patch)
    patch -s -p1 -d "$work/tree" <"$patch"
    if all_pass; then
        echo "not ok - $name survives"
        survivors=$((survivors + 1))
    else
        echo "ok - $name: $(sed -nE 's/^\[  FAILED  \] ([a-z_]+).*/\1/p' "$work/log" | head -n 1)"
    fi
    patch -s -R -p1 -d "$work/tree" <"$patch"
done
[[ $survivors -eq 0 ]]
