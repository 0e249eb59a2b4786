#!/usr/bin/env bash
# test_bench.sh -- that the engines of cairn-bench are durable before they return, so that no figure is a lie; and that it
# runs to its end.
#
# For the first, an engine appends under strace. The data of each append begins with a mark of its own, `MARK-THREAD-N.`,
# which is written to stdout when the append has returned. By then the write that has the mark must be durable: by a sync
# of that file that began after the write had ended, or because the write itself is synced. A file that was renamed
# since takes a sync of its directory, too. With one thread there may be nothing unsynced in that file at all.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has cairn-bench}"
bench=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn-bench
[[ -x $bench ]] || { echo "test_bench.sh: $bench is no program" >&2; exit 1; }

base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-bench.XXXXXX")
trap 'rm -rf "$base"' EXIT
base=$(cd "$base" && pwd -P)
cd "$base"
test_name=setup

fail() {
    echo "not ok - $test_name: $*" >&2
    exit 1
}

# Says that the test which runs cannot be made here, and why; it has to end then.
skip_case() {
    printf '%s\n' "SKIP: $*" "[  SKIPPED ] $test_name"
    skipped=yes
}

can_trace() {
    command -v strace >/dev/null && strace -f -y -o /dev/null true 2>/dev/null
}

# The names of the engines that are in the program.
engines() {
    "$bench" --list | awk -F '\t' '$1 == "engine" && $3 !~ /left out/ { print $2 }'
}

# --- What a trace says ---------------------------------------------------------------------------------------

# Prints a line for each mark that was printed in the trace $1: `durable MARK`, or `lost MARK: reason`. $2 is the number of
# threads.
judge() {
    awk -v base="$base/store" -v out="$base/out" -v threads="$2" '
        # What stands in the nth pair of angle brackets: the path of a descriptor.
        function bracketed(s, n,    i) {
            for (i = 0; i < n; i++)
                if (!sub(/^[^<]*</, "", s)) return ""
            sub(/>.*/, "", s)
            return s
        }
        # The text between the quotes of argument number n.
        function quoted(s, n,    i) {
            for (i = 1; i < 2 * n; i++)
                if (!sub(/^[^"]*"/, "", s)) return ""
            sub(/".*/, "", s)
            return s
        }
        function absolute(dir, name) {
            return name ~ /^\// ? name : dir "/" name
        }
        function directory(path) {
            sub(/\/[^\/]*$/, "", path)
            return path
        }
        # What the sync of this file or directory will have made durable, if it succeeds.
        function sync_begins(thread, path,    mark) {
            for (mark in file)
                covers[thread, mark] = file[mark] == path
            for (mark in file)
                covers_name[thread, mark] = directory(file[mark]) == path
            covers_dirty[thread] = dirty[path]
        }
        function sync_ends(thread, path,    mark) {
            for (mark in file) {
                if (covers[thread, mark]) data_durable[mark] = 1
                if (covers_name[thread, mark]) delete renamed[mark]
            }
            if (dirty[path] == covers_dirty[thread]) dirty[path] = 0
        }
        function written(path, text, synced,    mark) {
            while (match(text, /MARK-[0-9]+-[0-9]+\./)) {
                mark = substr(text, RSTART, RLENGTH)
                text = substr(text, RSTART + RLENGTH)
                if (data_durable[mark]) continue # a page that is copied has it once more
                file[mark] = path
                data_durable[mark] = synced
            }
            if (!synced) dirty[path]++
        }
        function say(mark) {
            if (!(mark in file)) print "lost " mark ": it was not written"
            else if (!data_durable[mark]) print "lost " mark ": " file[mark] " was not synced behind it"
            else if (mark in renamed) print "lost " mark ": the directory was not synced behind the rename"
            else if (threads == 1 && dirty[file[mark]]) print "lost " mark ": " file[mark] " is not synced"
            else print "durable " mark
        }
        {
            thread = $1
            line = $0
            sub(/^[0-9]+ +/, "", line)
            if (line ~ /<unfinished \.\.\.>$/) {
                sub(/ *<unfinished \.\.\.>$/, "", line)
                begun[thread] = line
                if (line ~ /^(fsync|fdatasync)\(/) sync_begins(thread, bracketed(line, 1))
                next
            }
            whole = 1
            if (line ~ /^<\.\.\. [a-z0-9_]+ resumed>/) {
                sub(/^<\.\.\. [a-z0-9_]+ resumed>/, "", line)
                line = begun[thread] line
                whole = 0
            }
            # What failed was not done, and what strace itself has answered was not either.
            if (line !~ /\) += [0-9]/ || line ~ /\(INJECTED\)$/) next
            call = line
            sub(/\(.*/, "", call)
            path = bracketed(line, 1)
            descriptor = line
            sub(/^[a-z0-9_]+\(/, "", descriptor)
            sub(/<.*/, "", descriptor)

            if (call == "openat") {
                result = line
                sub(/.*\) += /, "", result)
                sub(/<.*/, "", result)
                synced_fd[result] = line ~ /O_DSYNC|O_SYNC/
            } else if (call ~ /^(write|writev|pwrite64|pwritev|pwritev2)$/) {
                if (path == out) say(quoted(line, 1) ~ /^MARK/ ? substr(quoted(line, 1), 1, length(quoted(line, 1)) - 2) : "?")
                else if (index(path, base) == 1) written(path, line, synced_fd[descriptor] || line ~ /RWF_DSYNC/)
            } else if (call ~ /^(fsync|fdatasync)$/) {
                if (whole) sync_begins(thread, path)
                sync_ends(thread, path)
            } else if (call ~ /^rename/) {
                from = call == "rename" ? absolute("", quoted(line, 1)) : absolute(bracketed(line, 1), quoted(line, 1))
                to = call == "rename" ? absolute("", quoted(line, 2)) : absolute(bracketed(line, 2), quoted(line, 2))
                for (mark in file)
                    if (file[mark] == from) {
                        file[mark] = to
                        renamed[mark] = 1
                    }
            }
        }
    ' "$1"
}

# Appends with engine $1 by $2 threads, five times each, under strace, which may get further options; what the trace says
# of them goes to ./verdicts. The engine leaves its syncs out if `unsynced` is set.
trace_appends() {
    local mode=--append
    [[ -z ${unsynced:-} ]] || mode=--append-unsynced
    rm -rf store
    mkdir store
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" strace -f -y -s 65536 -o trace \
        -e trace=openat,write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,rename,renameat,renameat2 "${@:3}" \
        "$bench" "$mode" "$1" "$2" 100 5 "$base/store" >out 2>err || {
        [[ $? -ne 3 ]] || return 3
        fail "$1 failed: $(<err)"
    }
    judge trace "$2" >verdicts
    [[ $(wc -l <verdicts) -eq $((5 * $2)) ]] || fail "$1: of $((5 * $2)) appends the trace tells of $(wc -l <verdicts)"
}

# --- The cases ---------------------------------------------------------------------------------------------------

each_engine__is_durable_before_an_append_returns() {
    local engine threads count=0
    can_trace || { skip_case "strace may not trace here"; return; }
    for engine in $(engines); do
        for threads in 1 4; do
            trace_appends "$engine" "$threads" || {
                echo "# $engine cannot work here: $(<err)"
                continue
            }
            ! grep -q '^lost' verdicts || fail "$engine with $threads threads: $(grep -m1 '^lost' verdicts)"
        done
        count=$((count + 1))
    done
    [[ $count -ge 10 ]] || fail "only $count engines could be looked at"
}

# The other way round: who leaves its syncs out is found out. Cairn cannot leave them out, so strace does.
each_engine__that_leaves_its_syncs_out_is_found_out() {
    local engine threads
    can_trace || { skip_case "strace may not trace here"; return; }
    for engine in $(engines); do
        for threads in 1 4; do
            case $engine in
            cairn | dir) trace_appends "$engine" "$threads" -e inject=fsync,fdatasync:retval=0 ;;
            *) unsynced=yes trace_appends "$engine" "$threads" || continue ;;
            esac
            ! grep -q '^durable' verdicts ||
                fail "$engine with $threads threads does not sync, and yet: $(grep -m1 '^durable' verdicts)"
        done
    done
}

# A quick run with hardly any time. Some 15 engines at some dozen works.
quick_run__measures_every_engine_and_writes_all_that_was_asked_for() {
    local engine
    mkdir disk
    "$bench" --quick --rounds 1 --seconds 0.01 --count-max 10 --tsv figures.tsv --html page.html disk >tables 2>err ||
        fail "it ended with status $?: $(grep failed tables; tail -n 20 err)"
    [[ -z $(ls -A disk) ]] || fail "it left $(ls -A disk)"
    ! grep -q 'failed' tables || fail "$(grep failed tables)"
    for engine in $(engines); do
        grep -qF "left out: $("$bench" --list | awk -F '\t' -v e="$engine" '$2 == e { print $3 }') at append, 100 B, 1 thread" tables ||
            grep -q $'^1\tappend, 100 B, 1 thread\t'"$engine"$'\trate\t' figures.tsv || fail "there is no figure of $engine"
    done
    grep -q '^| goal ' tables || fail "there is no table of goals"
    grep -Eq '^\| heap calls per append +\| <= 0 ' tables || fail "a goal is missing"
}

tsv__has_six_fields_a_line_and_numbers_where_they_belong() {
    awk -F '\t' '
        NR == 1 { if ($0 != "round\twork\tengine\tmetric\tvalue\tunit") { print "heading: " $0; exit 1 } next }
        NF != 6 || $1 !~ /^[1-9][0-9]*$/ || $2 == "" || $3 == "" || $4 == "" || $5 !~ /^[0-9.]+(e[-+][0-9]+)?$/ {
            print "line " NR ": " $0; exit 1
        }
        END { if (NR < 100) { print "only " NR " lines"; exit 1 } }
    ' figures.tsv >wrong || fail "$(<wrong)"
    local metric
    cut -f4 figures.tsv | sort -u >metrics
    for metric in rate throughput p50 p99.9 'system calls' flushes load latest 'to that at 10' 'open after a kill' compact \
        'peak memory'; do
        grep -qxF "$metric" metrics || can_trace_not "$metric" || fail "there is no figure of '$metric'"
    done
}

# Whether calls of the system could not be counted, for nothing may be traced.
can_trace_not() {
    [[ $1 == 'system calls' || $1 == flushes ]] && ! can_trace
}

html__is_one_page_without_scripts_and_links() {
    grep -q '<svg ' page.html || fail "there is no plot"
    grep -q 'prefers-color-scheme: dark' page.html || fail "it has no dark colours"
    grep -q 'The goals' page.html || fail "it has no goals"
    ! grep -Eqi '<script|<link|<img|<iframe|src=|href=|@import|url\(' page.html || fail "it needs something from elsewhere"
    ! grep -Eq '="?-?nan|[ML( ]-?(nan|inf)' page.html || fail "a plot has no number where one belongs"
    if ! command -v xmllint >/dev/null; then
        skip_case "there is no xmllint; the rest of this case was looked at"
        return
    fi
    xmllint --noout page.html || fail "it is not well formed"
}

# With the right answer known: each append is one write and one sync, whatever the machine.
floor__takes_a_write_and_a_flush_by_its_own_count() {
    can_trace || { skip_case "nothing may be traced here"; return; }
    awk -F '\t' '
        $2 == "calls, 100 B" && $3 == "written" && ($4 == "system calls" || $4 == "flushes") { value[$4] = $5 }
        END { exit !(value["system calls"] == 2 && value["flushes"] == 1) }
    ' figures.tsv || fail "$(grep $'calls, 100 B\twritten' figures.tsv)"
}

unknown_name__is_refused() {
    ! "$bench" --only nothing-of-this-name disk >/dev/null 2>err || fail "it ran"
    grep -q "nothing-of-this-name" err || fail "$(<err)"
}

terminated_run__leaves_nothing_behind() {
    local pid status=0
    "$bench" --only written --only 'append, 100 B, 1 thread' --seconds 60 disk >/dev/null 2>&1 &
    pid=$!
    until [[ -n $(find disk -name log) ]]; do
        kill -0 "$pid" 2>/dev/null || fail "it ended by itself"
    done
    kill -TERM "$pid"
    wait "$pid" || status=$?
    [[ $status -eq 143 ]] || fail "status $status"
    [[ -z $(ls -A disk) ]] || fail "it left $(ls -A disk)"
}

for test_name in \
    each_engine__is_durable_before_an_append_returns \
    each_engine__that_leaves_its_syncs_out_is_found_out \
    quick_run__measures_every_engine_and_writes_all_that_was_asked_for \
    tsv__has_six_fields_a_line_and_numbers_where_they_belong \
    html__is_one_page_without_scripts_and_links \
    floor__takes_a_write_and_a_flush_by_its_own_count \
    unknown_name__is_refused \
    terminated_run__leaves_nothing_behind; do
    skipped=no
    "$test_name"
    [[ $skipped == yes ]] || echo "ok - $test_name"
done
