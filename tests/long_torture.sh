#!/usr/bin/env bash
# long_torture.sh -- cairn-torture on copies of Cairn that have a fault each: it must find each, make it as small as it is,
# and show it again. Then on Cairn as it is, for longer than test_torture_cairn.sh, with all that ./dev torture SECONDS does.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
if [[ -n ${CAIRN_SANITIZE:-} ]]; then
    echo "SKIP: faults are planted in the release build only"
    exit 77
fi
torture=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn-torture
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-long-torture.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir tree
tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C tree -xf -
cmake -S tree -B build -G Ninja -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS=-O1 -DCAIRN_WERROR=OFF -DCAIRN_TESTS=OFF \
    >log 2>&1 || { cat log; exit 1; }
failed=0

# losses FILE -- how many operations are lost in the state.
losses() {
    { "$torture" replay "$1" 2>/dev/null || true; } | sed -nE 's/^ +lost: +([0-9]+-[0-9]+) .*/\1/p' | sort -u | wc -l
}

# finds PATCH URL SCENARIO COUNT [THREADS] -- the fault is planted, and the torture goes red.
finds() {
    local patch status=0 file fewest=1000 count again=0
    patch=$(echo "$top"/tests/mutants/"$1"-*.patch)
    shift
    patch -s -p1 -d tree <"$patch"
    ninja -C build torture_cairn_check torture_cairn_workload >log 2>&1 || { cat log; exit 1; }
    rm -rf dir torture.out
    mkdir dir
    "$torture" run --dir dir --check "build/bin/torture_cairn_check $1" --faults power --profile strict,ext4 --failures 3 --deep 8 -- \
        build/bin/torture_cairn_workload "$@" >out 2>&1 || status=$?
    for file in torture.out/*.repro; do
        [[ -e $file ]] || continue
        count=$(losses "$file")
        [[ $count -ge $fewest ]] || fewest=$count
        again=0
        "$torture" replay "$file" >replayed 2>&1 || again=$?
        [[ $again -eq 1 ]] && ! grep -q otherwise replayed || fewest=1000
    done
    if [[ $status -eq 1 && $fewest -le 5 ]]; then
        echo "ok - $(basename "$patch" .patch) is found, with $fewest lost operations"
    else
        echo "not ok - $(basename "$patch" .patch): exit status $status, $fewest lost operations"
        failed=1
    fi
    patch -s -R -p1 -d tree <"$patch"
}

finds 09 dir/j record 3     # acknowledged before the sync
finds 11 dir/j record 3     # a directory's sync left out
finds 14 dir/j mixed 1      # a hash not checked
finds 20 dir/j mixed 1      # a torn record believed
finds 47 dir:dir/d record 3 # a directory's sync left out
finds 50 dir:dir/d record 3 # a file's sync left out
finds 54 dir:dir/d record 3 # two of them in the other order
CAIRN_BIN_DIR=$(dirname "$torture") bash "$top/torture/cairn/run.sh" "$work/cairn" 600 || failed=1
exit $failed
