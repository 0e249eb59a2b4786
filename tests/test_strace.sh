#!/usr/bin/env bash
# test_strace.sh -- what `cairn checkpoint` has asked of the kernel by the time it prints the id.
#
# The command runs under strace. Its trace is boiled down to one event a line, in the order in which the calls
# ended: what was written, synced, renamed, made or opened for writing, by name, and the moment of the id. The
# tests then ask for events before that moment, or for there being none.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn
[[ -x $cairn ]] || { echo "test_strace.sh: $cairn is no program" >&2; exit 1; }

skip() {
    echo "SKIP: $*"
    exit 77
}

# Says that the test which runs cannot be made here, and why; it has to end then.
skip_case() {
    printf '%s\n' "SKIP: $*" "[  SKIPPED ] $test_name"
    skipped=yes
}

command -v strace >/dev/null || skip "there is no strace"
strace -f -y -o /dev/null true 2>/dev/null || skip "strace may not trace here"

base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-strace.XXXXXX")
trap 'rm -rf "$base"' EXIT
base=$(cd "$base" && pwd -P)
test_name=setup

fail() {
    echo "not ok - $test_name: $*" >&2
    [[ ! -s $base/events ]] || sed 's/^/# /' "$base/events" >&2
    exit 1
}

# --- From a trace to events ----------------------------------------------------------------------------

# Prints the events of the trace in $1:
#
#   write PATH CALL   sync PATH   syncfs PATH   rename PATH   mkdir PATH   create PATH   open-to-write PATH   unlink PATH   id
#
# Paths are below $base, and a file is called by the name that it had at that moment. Calls that failed are
# none. `id` is the first write to stdout, which is the file "out".
events() {
    awk -v base="$base/" '
        # The text between the quotes of argument number n (1 is the first that is quoted).
        function quoted(s, n,    i) {
            for (i = 1; i < 2 * n; i++)
                if (!sub(/^[^"]*"/, "", s)) return ""
            sub(/".*/, "", s)
            return s
        }
        # What stands in the nth pair of angle brackets: the path of a descriptor.
        function bracketed(s, n,    i) {
            for (i = 0; i < n; i++)
                if (!sub(/^[^<]*</, "", s)) return ""
            sub(/>.*/, "", s)
            return s
        }
        function absolute(dir, name) {
            if (name ~ /^\//) return name
            sub(/^\.\//, "", name)
            return dir "/" name
        }
        function say(what, path, rest) {
            if (index(path, base) == 1) print what, substr(path, length(base) + 1) rest
            else if (path "/" == base) print what, "." rest
        }
        {
            pid = $1
            line = $0
            sub(/^[0-9]+ +/, "", line)
            if (line ~ /<unfinished \.\.\.>$/) {
                sub(/ *<unfinished \.\.\.>$/, "", line)
                begun[pid] = line
                next
            }
            if (line ~ /^<\.\.\. [a-z0-9_]+ resumed>/) {
                sub(/^<\.\.\. [a-z0-9_]+ resumed>/, "", line)
                line = begun[pid] line
            }
            if (line !~ /\) += [0-9]/) next
            call = line
            sub(/\(.*/, "", call)
            arguments = substr(line, length(call) + 2)
            result = line
            sub(/.*\) += /, "", result)

            if (call ~ /^(write|writev|pwrite64|pwritev|pwritev2|ftruncate|fallocate|sendfile|copy_file_range)$/) {
                path = bracketed(arguments, 1)
                if (path == base "out" && call == "write") print "id"
                else say("write", path, " " call)
            } else if (call ~ /^(fsync|fdatasync)$/) {
                say("sync", bracketed(arguments, 1), "")
            } else if (call == "syncfs") {
                say("syncfs", bracketed(arguments, 1), "")
            } else if (call ~ /^renameat2?$/) {
                say("rename", absolute(bracketed(arguments, 2), quoted(arguments, 2)), "")
            } else if (call == "rename") {
                say("rename", absolute(bracketed(arguments, 1), quoted(arguments, 2)), "")
            } else if (call == "mkdir" || call == "mkdirat") {
                say("mkdir", absolute(call == "mkdir" ? base "." : bracketed(arguments, 1), quoted(arguments, 1)), "")
            } else if (call == "unlinkat") {
                say("unlink", absolute(bracketed(arguments, 1), quoted(arguments, 1)), "")
            } else if (call == "openat" && arguments ~ /O_(WRONLY|RDWR)/) {
                say(arguments ~ /O_CREAT/ ? "create" : "open-to-write", bracketed(result, 1), "")
            }
        }
    ' "$1" | sed 's, \./, ,'
}

# strace, and options and a command for it. LeakSanitizer cannot work in a traced process.
trace() {
    ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" strace -f "$@"
}

# Records a checkpoint in journal $1 under strace, which may get further options; the events up to and from the
# id go to ./before and ./after.
trace_checkpoint() {
    trace -y -s 16 -o "$base/trace" "${@:2}" "$cairn" checkpoint --label step "$1" "$base/data" >"$base/out" ||
        fail "the command failed"
    events "$base/trace" >"$base/events"
    [[ $(grep -c '^id$' "$base/events") -eq 1 ]] || fail "the id was not printed by one write"
    sed '/^id$/,$d' "$base/events" >"$base/before"
    sed '1,/^id$/d' "$base/events" >"$base/after"
}

# --- What is asked -------------------------------------------------------------------------------------

# Wants a line before the id that matches $1, and one that matches $2 behind the last of these.
synced_after() {
    awk -v done="$1" -v sync="$2" '
        $0 ~ done { seen = 1; synced = 0 }
        $0 ~ sync { synced = 1 }
        END { exit !(seen && synced) }
    ' "$base/before" || fail "before the id there is no '$2' behind the last '$1'"
}

# Wants $1 lines of ./$2 to match $3.
count_is() {
    local count
    count=$(grep -Ec -- "$3" "$base/$2" || true)
    [[ $count -eq $1 ]] || fail "$count and not $1 events $2 the id match '$3'"
}

cd "$base"
echo "some data" >data

fresh_journal__segment_and_directory_and_parent_are_synced_before_the_id() {
    trace_checkpoint fresh/journal
    synced_after '^mkdir fresh$' '^sync \.$'
    synced_after '^mkdir fresh/journal$' '^sync fresh$'
    synced_after '^rename fresh/journal/seg-00000001$' '^sync fresh/journal$'
    synced_after '^rename fresh/journal/seg-00000001$' '^sync fresh$'
    synced_after '^write fresh/journal/(seg|spare)-[0-9]+ ' '^sync fresh/journal/seg-00000001$'
    count_is 1 before '^write fresh/journal/seg-00000001 pwritev$'
    # Its space was written and synced while nothing in it mattered yet.
    synced_after '^write fresh/journal/spare-00000001 ' '^sync fresh/journal/spare-00000001$'
    count_is 0 before '^write .*/index\.mdb'
}

closed_journal__one_write_and_one_sync_stand_before_the_id() {
    trace_checkpoint fresh/journal
    count_is 1 before '^write '
    count_is 1 before '^write fresh/journal/seg-00000001 pwritev$'
    # The directory once at opening, for what a killed process may have made or removed there; the log once.
    count_is 1 before '^sync fresh/journal$'
    count_is 2 before '^sync '
    count_is 1 before '^sync fresh/journal/seg-00000001$'
    synced_after '^write fresh/journal/seg-00000001 ' '^sync fresh/journal/seg-00000001$'
    count_is 0 before '^(rename|mkdir) '
}

closed_journal__index_is_touched_only_behind_the_id() {
    trace_checkpoint fresh/journal
    count_is 0 before '^(write|create|open-to-write|unlink|rename|sync) .*/index\.mdb'
    grep -q '^write fresh/journal/index\.mdb ' after || fail "the index was not written behind the id either"
}

existing_directory__its_own_name_is_synced_before_the_id() {
    mkdir -p made/journal
    trace_checkpoint made/journal
    synced_after '^rename made/journal/seg-00000001$' '^sync made/journal$'
    synced_after '^rename made/journal/seg-00000001$' '^sync made$'
}

# A process is killed at each sync in turn, until it comes to its end without.
killed_creation__is_followed_by_syncs_of_all_parents() {
    local at=0 code=1 parent
    while [[ $code -ne 0 ]]; do
        at=$((at + 1)) code=0
        rm -rf deep
        (trace -o "$base/trace" -e "inject=fsync:signal=KILL:when=$at" \
            "$cairn" checkpoint deep/er/journal "$base/data" >"$base/out") 2>/dev/null || code=$?
        [[ $code -eq 0 || ! -s $base/out ]] || fail "there is an id before sync number $at"
        trace_checkpoint deep/er/journal
        [[ $code -eq 0 ]] || for parent in '\.' deep deep/er; do
            count_is 1 before "^sync $parent$"
        done
    done
    [[ $at -gt 5 ]] || fail "only $((at - 1)) syncs were killed"
}

unreadable_parent__has_its_file_system_synced() {
    if ! strace -u nobody -o /dev/null "$cairn" --version >/dev/null 2>&1; then
        skip_case "cannot become nobody"
        return
    fi
    chmod 711 "$base"
    mkdir -m 733 vault
    trace_checkpoint vault/deep/journal -u nobody
    synced_after '^mkdir vault/deep/journal$' '^sync vault/deep$'
    synced_after '^mkdir vault/deep$' '^syncfs vault/deep/journal$'
}

for test_name in \
    fresh_journal__segment_and_directory_and_parent_are_synced_before_the_id \
    closed_journal__one_write_and_one_sync_stand_before_the_id \
    closed_journal__index_is_touched_only_behind_the_id \
    existing_directory__its_own_name_is_synced_before_the_id \
    killed_creation__is_followed_by_syncs_of_all_parents \
    unreadable_parent__has_its_file_system_synced; do
    skipped=no
    "$test_name"
    [[ $skipped == yes ]] || echo "ok - $test_name"
done
