#!/usr/bin/env bash
# test_torture_cairn.sh -- cairn-torture on Cairn: journal and directory, by one thread, several, and several processes.
# Nothing that was acknowledged is lost by a power cut or a kill, under any profile, nor comes back with other
# bytes, and it can be gone on with. CAIRN_TORTURE_SCALE makes it longer: 1 if it is not set.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
scale=${CAIRN_TORTURE_SCALE:-1}
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-torture.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"

skip() {
    echo "SKIP: $*"
    exit 77
}

[[ -z ${CAIRN_SANITIZE:-} ]] || skip "thousands of checks are for the release build"
unshare --user --mount --pid --fork true 2>/dev/null || [[ $(id -u) -eq 0 ]] ||
    skip "namespaces are not permitted here, and there is no root"
states=0
failed=0
more=()

# try URL SCENARIO COUNT [THREADS [PROCESSES]]
try() {
    local url=$1 status=0
    rm -rf dir torture.out
    mkdir dir
    "$programs/cairn-torture" run --dir dir --check "$programs/torture_cairn_check $url" --samples $((4 * scale)) \
        --deep $((512 / scale)) "${more[@]}" -- \
        "$programs/torture_cairn_workload" "$@" >out 2>&1 || status=$?
    states=$((states + $(sed -nE 's/.* ([0-9]+) distinct states.*/\1/p' out | awk '{ sum += $1 } END { print sum + 0 }')))
    if [[ $status -eq 0 ]]; then
        echo "ok - $*${more[*]:+ ${more[*]}}"
    else
        echo "not ok - $*: exit status $status"
        sed 's/^/# /' out
        failed=1
    fi
}

try dir/j record $((3 * scale))
try dir/j mixed "$scale"
try dir/j record $((2 * scale)) 4
try dir/j record $((2 * scale)) 2 3
try dir:dir/d record $((3 * scale))
try dir:dir/d record $((2 * scale)) 3 2
export CHECK_IN_STEPS=1 # it removes one file after the other
try dir:dir/d mixed "$scale"
unset CHECK_IN_STEPS
more=(--faults rot)
try dir/j record $((5 * scale))
try dir/j mixed "$scale"
more=(--faults errors)
try dir:dir/d record "$scale"
if [[ $scale -gt 1 ]]; then
    try dir/j record "$scale"
    more=()
    try dir/j rolls "$scale"
fi
echo "$states distinct states"
exit $failed
