#!/usr/bin/env bash
# run.sh -- cairn-torture on Cairn: all that it is pointed at, in one place.
#
#     run.sh OUT              every scenario once, short: a line for each
#     run.sh OUT SECONDS      every scenario in full, and again with other seeds and more samples until the time is
#                             over; then a table. The one that is under way is finished.
#
# OUT, a directory that is made, is where it works; what failed can be replayed from there. The programs are found in
# CAIRN_BIN_DIR. The exit status is 1 if something failed.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
[[ $# -eq 1 || ($# -eq 2 && $2 =~ ^[1-9][0-9]*$) ]] || {
    echo "usage: run.sh OUT [SECONDS]" >&2
    exit 2
}
seconds=${2:-}
mkdir -p "$1"
cd "$1"

round=1
failed=0
over=0
names=()
declare -A runs states checks failures # of a scenario, by its name

# Whether a file system can be mounted, for the full disk: by root, or in a user namespace.
in_namespace=(unshare --mount)
[[ $(id -u) -eq 0 ]] || in_namespace=(unshare --user --map-root-user --mount)
disk_size=2m
# shellcheck disable=SC2016 # the other shell expands it
small_disk=("${in_namespace[@]}" bash -c
    'mount -t tmpfs -o size=$0,mode=0755 none disk && mkdir disk/dir && exec "$@"' "$disk_size")

# sum PATTERN -- of the numbers before it, over all profiles.
sum() {
    sed -nE "s/.*[ :]([0-9]+) $1.*/\1/p" log | awk '{ sum += $1 } END { print sum + 0 }'
}

# note NAME STATUS -- what a run has found; its output is in `log`.
note() {
    local name=$1 status=$2 found
    [[ -n ${runs[$name]:-} ]] || {
        names+=("$name")
        runs[$name]=0 states[$name]=0 checks[$name]=0 failures[$name]=0
    }
    found=$(grep -cE '^  [0-9]+\. [0-9]+ states? like this' log || true)
    [[ $found -gt 0 || $status -eq 0 ]] || found=1
    if [[ $status -eq 0 ]] && grep -q 'did not end well' log; then
        found=1
        status="of the workload is not 0"
    fi
    runs[$name]=$((runs[$name] + 1))
    states[$name]=$((states[$name] + $(sum 'distinct states')))
    checks[$name]=$((checks[$name] + $(sum 'checks')))
    failures[$name]=$((failures[$name] + found))
    if [[ $found -eq 0 ]]; then
        echo "ok - $name, seed $round: $(sum 'distinct states') states"
    else
        failed=1
        echo "not ok - $name, seed $round: exit status $status"
        sed 's/^/# /' log
        cp log "$name.$round.log"
        echo "# all of it is in $PWD: see $name.$round.log, and replay from there; a full disk's under: ${in_namespace[*]}"
    fi
}

# try NAME OPTIONS CHECK-OPTIONS URL SCENARIO COUNT [THREADS [PROCESSES]]
try() {
    local name=$1 options check=$3 dir=dir on=() status=0
    [[ $over -eq 0 ]] || return 0
    read -ra options <<<"$2"
    shift 3
    [[ $check != disk* ]] || on=("${small_disk[@]}") dir=disk/dir
    rm -rf "$dir"
    mkdir -p "$dir"
    WORKLOAD_SEED=$((round - 1)) "${on[@]}" "$programs/cairn-torture" run --dir "$dir" --out "$name.$round" \
        --seed "$round" --check "$programs/torture_cairn_check $1${check:+ $check}" "${options[@]}" -- \
        "$programs/torture_cairn_workload" "$@" >log 2>&1 || status=$?
    note "$name" "$status"
    [[ -z $seconds || $SECONDS -lt $seconds ]] || over=1
}

# full OPTIONS -- the disk is small, and filled.
full() {
    if "${in_namespace[@]}" true 2>/dev/null; then
        try full "$1" "disk $disk_size" disk/dir/j full 1 0
    elif [[ $round -eq 1 ]]; then
        echo "skipped: full: a file system cannot be mounted here"
    fi
}

# Each kind of use once.
short_round() {
    local quick="--samples 1 --deep 0 --profile strict" some="--samples 4 --deep 512"
    try record "$some" "" dir/j record 3
    try mixed "$quick" "" dir/j mixed 1
    try threads "$quick" "" dir/j record 1 8
    try processes "$quick" "" dir/j record 1 2 3
    try remove "$quick" "" dir/j remove 1 3
    try rolls "$quick" "" dir/j rolls 1
    try repair "$quick" "" dir/j repair 1
    full "$quick"
    try rot "--faults rot --samples 4" "" dir/j record 5
    try rot-mixed "--faults rot --samples 4" "" dir/j mixed 1
    try dir-record "$some" "" dir:dir/d record 3
    try dir-threads "$some" "" dir:dir/d record 1 8
    try dir-processes "$some" "" dir:dir/d record 2 2 3
    try dir-remove "$some" in-steps dir:dir/d remove 1 3
    try dir-mixed "$some" in-steps dir:dir/d mixed 1
    try dir-left "$some" "" dir:dir/d left 1
    try dir-strange "$some" in-steps dir:dir/d strange 1
    try dir-errors "--faults errors" in-steps dir:dir/d record 1
}

# The same and more, under all profiles (in the first round the longest two under two of them). What takes longest is last
# in a round.
full_round() {
    local more="--samples $((2 + 2 * round)) --deep $((1024 / round))" some="--samples $((2 * round)) --deep 0" few=""
    [[ $round -gt 1 ]] || few="--profile strict,ext4"
    try record "$more" "" dir/j record $((2 + round))
    try threads "$some" "" dir/j record "$round" 8
    try processes "$some" "" dir/j record "$round" 2 3
    try remove "$some" "" dir/j remove "$round" 3
    try compact "$some" "" dir/j compact 1
    try clear "$some" "" dir/j clear 1
    try complete "$some" "" dir/j complete 1
    try rolls "$some" "" dir/j rolls "$round"
    try left "$some" "" dir/j left 1
    try dir-left "$some" "" dir:dir/d left 1
    try dir-strange "$more" in-steps dir:dir/d strange "$round"
    try dir-record "$more" "" dir:dir/d record $((2 + round))
    try dir-threads "$more" "" dir:dir/d record "$round" 8
    try dir-processes "$more" "" dir:dir/d record "$round" 2 3
    try dir-remove "$more" in-steps dir:dir/d remove "$round" 3
    try dir-mixed "$more" in-steps dir:dir/d mixed "$round"
    try dir-errors "--faults errors" in-steps dir:dir/d mixed 1
    try errors "--faults errors" "" dir/j record 1
    try errors-compact "--faults errors" "" dir/j compact 1
    try errors-clear "--faults errors" "" dir/j clear 1
    try rot "--faults rot --samples $((4 * round))" "" dir/j record 5
    try rot-mixed "--faults rot --samples $((4 * round))" "" dir/j mixed 1
    try rot-repair "--faults rot --samples $((4 * round))" "" dir/j repair 1
    try mixed "$some" "" dir/j mixed 1
    full "$some $few"
    try repair "$some $few" "" dir/j repair 1
    try errors-mixed "--faults errors" "" dir/j mixed 1
}

table() {
    local name total=0
    printf '\n%-16s %6s %9s %9s %9s\n' scenario runs states checks failures
    for name in "${names[@]}"; do
        printf '%-16s %6d %9d %9d %9d\n' "$name" "${runs[$name]}" "${states[$name]}" "${checks[$name]}" "${failures[$name]}"
        total=$((total + states[$name]))
    done
    printf '%d distinct states over all profiles, in %d seconds: %d a second\n' "$total" "$SECONDS" $((total / (SECONDS + 1)))
    [[ $failed -eq 0 ]] || find "$PWD" -name '*.repro'
}

if [[ -z $seconds ]]; then
    short_round
else
    while [[ $over -eq 0 ]]; do
        full_round
        round=$((round + 1))
    done
    table
fi
exit "$failed"
