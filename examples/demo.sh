#!/usr/bin/env bash
# demo.sh -- a job of many steps over real files is killed with SIGKILL again and again, at random moments,
# and ends with the very result of an uninterrupted run.
#
#   1. word_index runs once without a journal: the reference.
#   2. It runs with checkpoints and is killed, as often as --kills says. Every step whose id it had printed
#      by then was acknowledged. Started again, it must go on behind the last of those steps.
#   3. It runs to its end, and the two results are compared.
#
# A kill counts only if it hit a running job. The job gets a step to stop at, short of its end, and waits
# there to be killed should this script be slower than the job; so it cannot finish too early.
#
# Exit status: 0 if all is well; 1 if a step was lost, the results differ or a program failed; 2 for a wrong
# argument.
set -euo pipefail

steps=200
kills=8
bytes_max=96000000
keep=no
bin_dir=
job=   # the process id of the running job, if one runs
temp=  # where everything is written
drawn= # a progress line stands on the terminal

usage() {
    cat <<'TEXT'
usage: demo.sh [--kills N] [--steps N] [--max-bytes N] [--keep] BIN_DIR

Kills a job that uses Cairn at random moments and shows that it loses nothing. BIN_DIR is where `cairn` and
`word_index` were built; the directories cli/ and examples/ in it are searched, too.

  --kills N      how often (8)
  --steps N      how many steps the job has (200; at least ten for each kill)
  --max-bytes N  how much of the files to read (96000000)
  --keep         do not remove the directory with the journal and the results
TEXT
}

wipe() {
    [ -z "$drawn" ] || printf '\r\e[K'
    drawn=
}

say() {
    wipe
    printf '%s\n' "$*"
}

die() {
    wipe
    printf 'demo.sh: %s\n' "$*" >&2
    exit 1
}

# draw STEP TEXT -- the line that is drawn again and again; nothing if this is no terminal.
draw() {
    local bar='########################################' rest='........................................'
    local filled=$(($1 * 40 / steps))

    [ -t 1 ] || return 0
    printf '\r  [%s%s] %d/%d  %s\e[K' "${bar:0:filled}" "${rest:filled}" "$1" "$steps" "$2"
    drawn=yes
}

clean_up() {
    local status=$?

    trap - EXIT
    trap '' INT TERM HUP
    wipe
    if [ -n "$job" ]; then
        kill -KILL "$job" 2>/dev/null || true
        wait "$job" 2>/dev/null || true
    fi
    if [ -n "$temp" ]; then
        if [ "$keep" = yes ]; then echo "kept: $temp"; else rm -rf -- "$temp"; fi
    fi
    exit "$status"
}

# now -- sets `now_us`, the time in microseconds.
now() {
    now_us=${EPOCHREALTIME//[!0-9]/}
}

parse_arguments() {
    local name

    while [ $# -gt 0 ]; do
        case $1 in
        --kills | --steps | --max-bytes)
            name=$1
            [[ $# -gt 1 && $2 =~ ^[1-9][0-9]{0,11}$ ]] || {
                echo "demo.sh: $name takes a number" >&2
                exit 2
            }
            case $name in
            --kills) kills=$2 ;;
            --steps) steps=$2 ;;
            --max-bytes) bytes_max=$2 ;;
            esac
            shift
            ;;
        --keep) keep=yes ;;
        --help) usage && exit 0 ;;
        -*) usage >&2 && exit 2 ;;
        *)
            [ -z "$bin_dir" ] || { usage >&2 && exit 2; }
            bin_dir=$1
            ;;
        esac
        shift
    done
    [ -n "$bin_dir" ] || { usage >&2 && exit 2; }
    if [ "$steps" -lt $((kills * 10)) ] || [ "$steps" -gt 1000000 ]; then
        echo "demo.sh: $kills kills need $((kills * 10)) to 1000000 steps" >&2
        exit 2
    fi
}

# find_program NAME -- prints where the program NAME is.
find_program() {
    local directory

    for directory in "$bin_dir" "$bin_dir/bin" "$bin_dir/cli" "$bin_dir/examples"; do
        if [ -f "$directory/$1" ] && [ -x "$directory/$1" ]; then
            (cd "$directory" && printf '%s/%s' "$PWD" "$1")
            return
        fi
    done
    die "$bin_dir has no program $1: build first"
}

# start ARGUMENT... -- starts the job; what it says comes in on descriptor 3. Sets `resumed`, the step behind
# which it goes on.
start() {
    local word rest

    "$word_index" --steps "$steps" --max-bytes "$bytes_max" "$@" "${roots[@]}" \
        >"$temp/lines" 2>"$temp/errors" &
    job=$!
    exec 3<"$temp/lines"
    resumed=
    while [ -z "$resumed" ] && read -r word rest <&3; do
        case $word in
        plan) check_plan "$rest" ;;
        begin) resumed=0 ;;
        resume) resumed=${rest#step } && resumed=${resumed%%/*} ;;
        esac
    done
    [ -n "$resumed" ] || die "the job did not start: $(cat "$temp/errors")"
    check_resumed
}

# check_plan PLAN -- all runs must be over the same files.
check_plan() {
    [ -n "$plan" ] || plan=$1
    [ "$plan" = "$1" ] ||
        die "files below ${roots[*]} have changed meanwhile: run the demo again when nothing is being installed"
}

# check_resumed -- an acknowledged checkpoint may never be lost, and none may come from nowhere: of the steps
# that were not acknowledged only the first can have been recorded.
check_resumed() {
    [ "$resumed" -ge "$last_step" ] ||
        die "LOST: step $last_step was acknowledged, but the job goes on behind step $resumed"
    [ "$resumed" -le $((last_step + 1)) ] ||
        die "the job goes on behind step $resumed, but step $last_step was the last to be acknowledged"
    if [ "$hits" -gt 0 ]; then
        if [ "$resumed" -gt "$last_step" ]; then ahead=$((ahead + 1)); else repeated=$((repeated + 1)); fi
    fi
    last_step=$resumed
}

# follow STEP TEXT -- reads what the job says until it has done that step, or is at its end. Sets `last_step`,
# the last one that was acknowledged.
follow() {
    local word rest

    while [ "$last_step" -lt "$1" ] && read -r word rest <&3; do
        case $word in
        step)
            last_step=${rest%%/*}
            draw "$last_step" "$2"
            ;;
        wait) break ;;
        esac
    done
}

# run_to_end TEXT ARGUMENT... -- runs the job from where it is, uninterrupted. Sets `took`, its time.
run_to_end() {
    local text=$1 status=0 began_us
    shift

    now && began_us=$now_us
    start "$@"
    follow $((steps + 1)) "$text"
    wait "$job" || status=$?
    job=
    exec 3<&-
    [ "$status" -eq 0 ] || die "the job failed with status $status: $(cat "$temp/errors")"
    now && took=$(((now_us - began_us) / 1000))
    took=$((took / 1000)).$((took / 100 % 10))
}

# run_and_kill NUMBER -- runs the job from where it is, and kills it at a random moment.
run_and_kill() {
    local left=$((kills - $1 + 1)) room target stop_at began_us step_us delay_us status=0

    # Nine tenths of the way, shared evenly by the kills that are left and the run after them.
    room=$(((steps * 9 / 10 - last_step) * 2 / (left + 1)))
    target=$((last_step + RANDOM % (room + 1)))
    stop_at=$((target + 10 < steps ? target + 10 : steps - 1))

    start --stop-at "$stop_at" "$journal" "$temp/result"
    now && began_us=$now_us
    follow "$target" "kill $1 of $kills is coming"

    # Not right behind the line about a step, but anywhere in the next two steps.
    now && step_us=$(((now_us - began_us) / (last_step > resumed ? last_step - resumed : 1)))
    step_us=$((step_us < 1000 ? 1000 : step_us > 1000000 ? 1000000 : step_us))
    delay_us=$(((RANDOM * 32768 + RANDOM) % (2 * step_us)))
    sleep "$(printf '%d.%06d' $((delay_us / 1000000)) $((delay_us % 1000000)))"

    kill -KILL "$job" 2>/dev/null || true
    wait "$job" 2>/dev/null || status=$?
    job=
    follow "$steps" "kill $1 of $kills" # what it had said before it died
    exec 3<&-
    [ "$status" -eq 137 ] || die "the job ended before its kill, with status $status: $(cat "$temp/errors")"
    hits=$((hits + 1))
    [ -t 1 ] || say "  kill $1 of $kills: step $last_step of $steps was the last to be acknowledged"
}

parse_arguments "$@"
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

word_index=$(find_program word_index)
cairn=$(find_program cairn)
roots=()
for root in /usr/include /usr/share/doc; do
    [ ! -d "$root" ] || [ -L "$root" ] || roots+=("$root")
done
[ ${#roots[@]} -gt 0 ] || die "there is neither /usr/include nor /usr/share/doc to read"
temp=$(mktemp -d "${TMPDIR:-/tmp}/cairn-demo.XXXXXX")
mkfifo "$temp/lines"
journal=$temp/journal
plan=       # what the job says of its input
resumed=    # the step behind which the job went on
last_step=0 # the last one that was acknowledged
hits=0      # kills that hit the running job
repeated=0  # of them, after how many the step under way had to be done again
ahead=0     # and after how many it had been recorded, but the kill came before its id was printed

say "An index of all words below ${roots[*]}, in $steps steps."
run_to_end "without a journal" --no-checkpoint "$temp/reference"
read -r _ _ files _ bytes _ <<<"$plan"
say "Without checkpoints: $files files, $((bytes / 1000000)) MB, $took s."

say "With a checkpoint after every step, and $kills times SIGKILL:"
last_step=0
for ((number = 1; number <= kills; number++)); do
    run_and_kill "$number"
done
say "Killed $hits times. The journal as the last kill left it:"
"$cairn" stat "$journal" | sed 's/^/  /'

acknowledged=$last_step
run_to_end "the last run" "$journal" "$temp/result"
say "The last run went on behind step $resumed (step $acknowledged was acknowledged) and took $took s."
"$cairn" stat "$journal" >"$temp/stat"
grep -qE '^completed:? +yes' "$temp/stat" || die "the journal is not completed: $(cat "$temp/stat")"
say "The journal now says: completed: yes."

say "Acknowledged steps lost: 0 of $steps. Steps under way that were done again: $repeated."
say "Steps recorded whose id the kill kept from being printed: $ahead."
cmp "$temp/reference" "$temp/result" || die "the results differ"
say "Results identical: $(wc -l <"$temp/result") lines, byte for byte."
