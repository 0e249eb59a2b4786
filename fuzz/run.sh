#!/usr/bin/env bash
# run.sh -- runs the fuzz targets and sums up, or the planted bugs; `./dev fuzz` has built what it needs.
#
#   fuzz/run.sh SECONDS [TARGET]   each target, or one, with both engines side by side, each for SECONDS
#   fuzz/run.sh --planted [NAME]   each fuzz/planted/*.patch, or one
#
# Inputs that reach something new are kept in build/fuzz/corpus/TARGET for the next run, and findings in
# build/fuzz/findings/TARGET, each engine's own. The exit status is 1 if there is a finding, or if a planted bug is not
# found, or something else in its place. Which engines are run may be said with CAIRN_FUZZ_ENGINES; "libfuzzer afl" by
# default.
#
# All of it happens within contained.sh: a signal ends the engines, too, and what the targets do to files goes to $FUZZ_DIR.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

[ "${1:-}" = --contained ] || exec fuzz/contained.sh "$BASH" fuzz/run.sh --contained "$@"
shift

read -ra engines <<<"${CAIRN_FUZZ_ENGINES-libfuzzer afl}"
planted_seconds=60
out=$PWD/build/fuzz
jobs=${CAIRN_JOBS:-2}
export FUZZ_KILLS=$FUZZ_DIR/kills
regressions=yes # are inputs, too; but not where a planted bug is to be found

fail() {
    printf 'fuzz: %s\n' "$*" >&2
    exit 1
}

# A second of an input is much, and what one may allocate little: see docs/fuzzing.md. What is slow by the clock and ends
# is no finding.
libfuzzer_flags=(-timeout=20 -report_slow_units=20 -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1 -max_len=4096)

# --- The engines ----------------------------------------------------------------------------------

# run_ENGINE NAME SECONDS PROGRAM FINDINGS LOG GROWN: the last three are where findings, what the engine says, and
# inputs that reach something new go. Each prints one line: executions, executions a second, edges, new inputs, findings; or "skipped REASON".

# A target whose inputs are long says so with a file fuzz/NAME.options, a flag of libFuzzer a line.
libfuzzer_options() {
    local noun=$1
    printf '%s\n' "${libfuzzer_flags[@]}"
    [ ! -e "fuzz/$noun.dict" ] || printf '%s\n' "-dict=fuzz/$noun.dict"
    # A file of comments only has no line for grep.
    [ ! -e "fuzz/$noun.options" ] || grep -v '^#' "fuzz/$noun.options" || true
}

libfuzzer() {
    local noun=$1 bin=$2 options
    mapfile -t options < <(libfuzzer_options "$noun")
    ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "$bin" "${options[@]}" "${@:3}"
}

run_libfuzzer() {
    local noun=$1 seconds=$2 bin=$3 findings=$4 log=$5 grown=$6
    local corpora=("$grown" "fuzz/corpus/$noun")
    mkdir -p "$grown" "$findings"
    [ "$regressions" = no ] || [ ! -d "fuzz/regressions/$noun" ] || corpora+=("fuzz/regressions/$noun")
    # It stops at the first finding, with a status of its own: what it has found is in files.
    libfuzzer "$noun" "$bin" "-max_total_time=$seconds" "-artifact_prefix=$findings/" "${corpora[@]}" >"$log" 2>&1 || true
    awk -v found="$(find "$findings" -type f | wc -l)" '
        /^stat::number_of_executed_units:/ { runs = $2 }
        /^stat::average_exec_per_sec:/ { rate = $2 }
        /^stat::new_units_added:/ { added = $2 }
        { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1) } }
        END { if (runs == "") print "failed see the log"; else print runs, rate, cov "/" ft, added, found }' "$log"
}

run_afl() {
    local noun=$1 seconds=$2 bin=$3 findings=$4 log=$5 grown=$6 work=$FUZZ_DIR/afl-$1 stats
    rm -rf "$work"
    mkdir -p "$work/in" "$findings" "$grown"
    cp "fuzz/corpus/$noun/"* "$work/in/"
    [ ! -d "fuzz/regressions/$noun" ] || cp "fuzz/regressions/$noun/"* "$work/in/"
    local dictionary=()
    [ ! -e "fuzz/$noun.dict" ] || dictionary=(-x "fuzz/$noun.dict")
    # It chooses the sanitizers' options itself, and cannot do with others. How it ended shows in its statistics.
    env -u ASAN_OPTIONS -u UBSAN_OPTIONS AFL_NO_UI=1 AFL_DEBUG_CHILD=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_STARTUP_CALIBRATION=1 \
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_FORKSRV_INIT_TMOUT=30000 AFL_IGNORE_PROBLEMS=1 \
        afl-fuzz -i "$work/in" -o "$work/out" -V "$seconds" -t 20000 -m none -G 4096 \
        "${dictionary[@]}" -- "$bin" >"$log" 2>&1 || true
    stats=$work/out/default/fuzzer_stats
    if [ ! -e "$stats" ]; then
        grep -q 'shmget\|shm_open' "$log" && echo "skipped no shared memory" || echo "failed see the log"
        return
    fi
    find "$work/out/default/crashes" "$work/out/default/hangs" -type f -name 'id*' -exec cp -t "$findings" {} +
    # For libFuzzer's next run.
    find "$work/out/default/queue" -maxdepth 1 -type f -name 'id*' ! -name '*,orig:*' -exec sha1sum {} + |
        while read -r sum path; do cp "$path" "$grown/$sum"; done
    awk -F ' *: *' -v found="$(find "$findings" -type f | wc -l)" '
        $1 == "execs_done" { runs = $2 }
        $1 == "execs_per_sec" { rate = int($2) }
        $1 == "edges_found" { edges = $2 }
        $1 == "corpus_found" { added = $2 }
        END { print runs, rate, edges, added, found }' "$stats"
}

# --- The targets ----------------------------------------------------------------------------------

targets() {
    local source
    for source in fuzz/fuzz_*.c; do
        source=${source#fuzz/fuzz_}
        printf '%s\n' "${source%.c}"
    done
}

engines_check() {
    local engine
    [ ${#engines[@]} -gt 0 ] || fail "CAIRN_FUZZ_ENGINES names no engine; there are libfuzzer and afl"
    for engine in "${engines[@]}"; do
        case $engine in
        libfuzzer | afl) ;;
        *) fail "CAIRN_FUZZ_ENGINES: no engine is called '$engine'; there are libfuzzer and afl" ;;
        esac
    done
}

# How many processes fuzz_kill has killed, with both engines.
kills_tell() {
    local seconds=$1 kills
    [ -s "$FUZZ_KILLS" ] || return 0
    read -r kills < <(od -A n -t u8 "$FUZZ_KILLS")
    printf 'kill: %s kills in %s s, %s a second\n' "$kills" "$seconds" $((kills / seconds))
}

# Whoever reads this may have nothing else: what each finding's program says when it is run on it again, and its bytes.
findings_tell() {
    local where=$1 path noun engine told=0 status
    echo
    echo "findings, for docs/fuzzing.md:"
    while IFS= read -r -d '' path; do
        printf '%s\n' "$path"
        told=$((told + 1))
        [ "$told" -le 3 ] || continue
        engine=$(basename "$(dirname "$path")")
        noun=$(basename "$(dirname "$(dirname "$path")")")
        status=0
        CAIRN_BIN_DIR=$(bin_of "$engine") timeout 60 "$(bin_of "$engine")/fuzz_$noun" "$path" >"$FUZZ_DIR/again" 2>&1 || status=$?
        if [ "$status" = 0 ]; then
            echo "  run again, it passes; what was said at the time:"
            tail -n 40 "$out/log/$noun.$engine" >"$FUZZ_DIR/again"
        else
            printf '  run again, it ends with %s and says:\n' "$status"
        fi
        awk '!/^INFO:/ && lines++ < 60 { print "    " $0 }' "$FUZZ_DIR/again"
        echo "  of it, for base64 -d:"
        base64 -w 120 "$path" | sed 's/^/    /'
    done < <(find "$where" -type f -print0)
}

# The programs of an engine.
bin_of() {
    case $1 in
    libfuzzer) printf '%s\n' "$PWD/build/fuzz/bin" ;;
    afl) printf '%s\n' "$PWD/build/afl/bin" ;;
    esac
}

run_all() {
    local seconds=$1 only=${2:-} noun engine line result=0 found runs rate cov added start kills=
    only=${only#fuzz_}
    [ -z "$only" ] || [ -e "fuzz/fuzz_$only.c" ] || fail "no target is called '$only'"
    rm -rf "$out/findings${only:+/$only}"
    mkdir -p "$out/log"
    printf '%-12s %-10s %10s %8s %12s %6s %9s\n' target engine runs runs/s coverage new findings
    for noun in ${only:-$(targets)}; do
        start=$SECONDS
        for engine in "${engines[@]}"; do
            if [ "$engine" = afl ] && ! command -v afl-fuzz >/dev/null; then
                echo "skipped afl-fuzz is not installed" >"$out/log/$noun.$engine.line"
                continue
            fi
            CAIRN_BIN_DIR=$(bin_of "$engine") "run_$engine" "$noun" "$seconds" "$(bin_of "$engine")/fuzz_$noun" \
                "$out/findings/$noun/$engine" "$out/log/$noun.$engine" "$out/corpus/$noun" >"$out/log/$noun.$engine.line" &
        done
        wait
        [ "$noun" != kill ] || kills=$(kills_tell $((SECONDS - start)))
        for engine in "${engines[@]}"; do
            read -r line <"$out/log/$noun.$engine.line" || line="failed see the log"
            case $line in
            skipped* | failed*)
                printf '%-12s %-10s %s\n' "$noun" "$engine" "$line: build/fuzz/log/$noun.$engine"
                case $line in failed*) result=1 ;; esac
                continue
                ;;
            esac
            read -r runs rate cov added found <<<"$line"
            printf '%-12s %-10s %10s %8s %12s %6s %9s\n' "$noun" "$engine" "$runs" "$rate" "$cov" "$added" "$found"
            [ "$found" = 0 ] || result=1
        done
    done
    [ -z "$kills" ] || printf '\n%s\n' "$kills"
    local where=build/fuzz/findings${only:+/$only}
    if [ -d "$where" ] && [ -n "$(find "$where" -type f -print -quit)" ]; then
        findings_tell "$where"
        result=1
    fi
    return "$result"
}

# --- Planted bugs ---------------------------------------------------------------------------------

# A copy of the tree is kept, so that each patch costs compiling what it touches.
planted_copy() {
    local copy=$1
    mkdir -p "$copy"
    {
        if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
            git ls-files -z --cached --others --exclude-standard
        else
            find . -path ./build -prune -o -type f -print0
        fi
    } | while IFS= read -r -d '' path; do
        # One that is as it was keeps its time, and so is not compiled again.
        if [ -e "$path" ] && ! cmp -s "$path" "$copy/$path"; then
            mkdir -p "$copy/$(dirname "$path")"
            cp "$path" "$copy/$path"
        fi
    done
}

# Whether the findings are the patch's: the tree as it is passes. A kill by the clock may need more than one try to fail.
planted_is_found() {
    local noun=$1 findings=$2 log=$3
    libfuzzer "$noun" "$(bin_of libfuzzer)/fuzz_$noun" -runs=10 "$findings"/* >"$log" 2>&1
}

planted_one() {
    local patch=$1 copy=$2 noun name line runs found start seconds others
    name=$(basename "$patch" .patch)
    read -r _ noun <"$patch"
    noun=${noun#fuzz_}
    [ -e "fuzz/fuzz_$noun.c" ] || fail "$patch: its first line has to be 'target: NAME'"
    planted_copy "$copy"
    patch -s -p1 -d "$copy" <"$patch" || fail "$patch does not apply"
    if ! cmake --build "$copy/build/fuzz" -j "$jobs" --target "fuzz_$noun" >"$copy/build/$name.log" 2>&1; then
        tail -20 "$copy/build/$name.log" >&2
        fail "$patch: the patched tree does not compile"
    fi
    # From the checked-in corpus, and nothing else.
    others=$out/findings/$noun/beside-$name
    rm -rf "$copy/findings" "$copy/grown" "$others"
    start=$SECONDS
    line=$(
        CAIRN_BIN_DIR=$copy/build/fuzz/bin run_libfuzzer "$noun" "$planted_seconds" \
            "$copy/build/fuzz/bin/fuzz_$noun" "$copy/findings" "$copy/build/$name.run.log" "$copy/grown"
    )
    seconds=$((SECONDS - start))
    read -r runs _ _ _ found <<<"$line"
    patch -s -R -p1 -d "$copy" <"$patch"
    if [ "${found:-0}" = 0 ]; then
        found=NO
    elif planted_is_found "$noun" "$copy/findings" "$copy/build/$name.replay.log"; then
        found=yes
    else
        found=other
        mkdir -p "$others"
        cp "$copy/findings/"* "$others"
    fi
    printf '%-12s %-32s %6s %8s %10s\n' "$noun" "$name" "$found" "$seconds" "$runs"
    [ "$found" != other ] || printf '    fails without the patch, too: %s\n' "${others#"$PWD"/}"/*
    [ "$found" = yes ]
}

run_planted() {
    local copy=$out/planted patch result=0
    regressions=no
    planted_copy "$copy"
    mkdir -p "$copy/build"
    (cd "$copy" && cmake --preset fuzz -D CAIRN_WERROR=OFF) >"$copy/build/configure.log" 2>&1 || {
        cat "$copy/build/configure.log" >&2
        fail "configuring the copy failed"
    }
    printf '%-12s %-32s %6s %8s %10s\n' target planted found seconds runs
    for patch in fuzz/planted/${1:-*}.patch; do
        [ -e "$patch" ] || fail "there is no $patch"
        planted_one "$patch" "$copy" || result=1
    done
    return "$result"
}

engines_check
case ${1:-} in
--planted) run_planted "${2:-}" ;;
'' | 0 | *[!0-9]* | ????????*) fail "usage: fuzz/run.sh SECONDS [TARGET] | --planted [NAME]" ;;
*) run_all "$@" ;;
esac
