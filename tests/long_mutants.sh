#!/usr/bin/env bash
# long_mutants.sh -- leaves out one guard of the library after the other (tests/mutants/*.patch), and wants the
# test that the patch names to go red each time. A mutant that survives is a test that cannot fail. There is one
# for each rule and for each row of the recovery table in docs/protocol.md; CAIRN_MUTANTS is a pattern of those
# to try.
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

# Whether the tests named in $1 pass on the tree as it is.
pass() {
    local test targets=() run
    for test in $1; do
        case $test in
        *.sh) targets+=(cairn_command cairn-conformance cairn_broken cairn-torture torture_cairn_{workload,check}) ;;
        *) targets+=("$test") ;;
        esac
    done
    ninja -C "$work/build" "${targets[@]}" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    for test in $1; do
        run=("$work/build/bin/$test")
        [[ $test != *.sh ]] || run=(env CAIRN_BIN_DIR="$work/build/bin" CAIRN_SANITIZE='' "$work/tree/tests/$test")
        # A hang is as red as a crash; nobody waits for it here.
        timeout -k 1 300 "${run[@]}" >"$work/log" 2>&1 || return 1
    done
}

# The first line of a patch names the test that must notice it.
red() {
    sed -nE '1s/^Red: //p' "$1"
}

patches=()
for patch in "$top"/tests/mutants/*.patch; do
    [[ $patch =~ ${CAIRN_MUTANTS:-.} ]] && patches+=("$patch")
done
tests=$(for patch in "${patches[@]}"; do red "$patch"; done | sort -u | tr '\n' ' ')
pass "$tests" || { echo "not ok - the tests fail before anything is left out"; cat "$work/log"; exit 1; }
survivors=0
for patch in "${patches[@]}"; do
    name=$(basename "$patch" .patch)
    patch -s -p1 -d "$work/tree" <"$patch"
    if pass "$(red "$patch")"; then
        echo "not ok - $name survives"
        survivors=$((survivors + 1))
    else
        failed=$(sed -nE -e 's/^\[  FAILED  \] ([a-z_0-9]+)$/\1/p' -e 's/^not ok - //p' "$work/log" | sort -u | sed -n 1p)
        echo "ok - $name: ${failed:-$(red "$patch") was ended by it}"
    fi
    patch -s -R -p1 -d "$work/tree" <"$patch"
done
echo "${#patches[@]} mutants, $survivors survived"
[[ $survivors -eq 0 ]]
