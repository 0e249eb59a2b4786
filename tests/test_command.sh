#!/usr/bin/env bash
# test_command.sh -- the command `cairn` as a user and a script meet it: what it prints, and its exit codes.
#
# Runs "$CAIRN_BIN_DIR/cairn" on journals of its own in a temporary directory. Each test is a function whose
# name is a sentence; it begins with an empty directory, and the first thing that is not as expected ends
# the run. Damage is made by writing over a checkpoint's bytes wherever the files have them.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn
[[ -x $cairn ]] || { echo "test_command.sh: $cairn is no program" >&2; exit 1; }

base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-command.XXXXXX")
trap 'rm -rf "$base"' EXIT
test_name=setup

# --- What the tests are written in ---------------------------------------------------------------------

fail() {
    echo "not ok - $test_name: $*" >&2
    if [[ -s err ]]; then
        sed 's/^/# stderr: /' err >&2
    fi
    exit 1
}

# run CODE COMMAND... -- runs it with stdout in ./out and stderr in ./err, and wants exit code CODE.
run() {
    local want=$1 got=0
    shift
    "$@" >out 2>err || got=$?
    [[ $got -eq $want ]] || fail "exit code $got, not $want, of: $*"
}

# Wants ./out to have exactly these bytes (as printf %b).
out_is() {
    printf '%b' "$1" | cmp -s - out || fail "stdout is not '$1': $(head -c 300 out | cat -v)"
}

# Wants a line of file $1 to match the extended regular expression $2.
has_line() {
    LC_ALL=C grep -aEq -- "$2" "$1" || fail "no line of $1 matches '$2': $(head -c 600 "$1" | cat -v)"
}

lines_are() {
    [[ $(wc -l <"$1") -eq $2 ]] || fail "$1 has $(wc -l <"$1") lines, not $2"
}

# Wants stderr to have a message of the form `cairn: COMMAND: ...` and stdout to be empty.
complains_as() {
    has_line err "^cairn: $1: ."
    [[ ! -s out ]] || fail "there is something on stdout: $(head -c 300 out | cat -v)"
}

# Wants a bad command line: exit code 2, and the usage on stderr.
misused() {
    run 2 "$cairn" "$@"
    has_line err '^usage: cairn '
    [[ ! -s out ]] || fail "the usage is on stdout"
}

# Wants every line of file $1 to be one JSON object: without its strings nothing but its skeleton is left.
# With python3 at hand it has the last word.
json_is_valid() {
    local line skeleton value='(""|-?[0-9]+|true|false|null)'
    while IFS= read -r line; do
        # shellcheck disable=SC2001 # a pattern that ${line//} has no words for
        skeleton=$(sed 's/"\([^"\\]\|\\["\\bfnrt]\|\\u[0-9a-f]\{4\}\)*"/""/g' <<<"$line")
        [[ $skeleton =~ ^\{\"\":$value(,\"\":$value)*\}$ ]] || fail "this is no JSON: $line"
    done <"$1"
    if LC_ALL=C grep -aq $'[\x01-\x08\x0b-\x1f\x7f]' "$1"; then
        fail "there are control characters in the JSON"
    fi
    if command -v python3 >/dev/null; then
        python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    assert isinstance(json.loads(line), dict)' "$1" 2>err || fail "python3 takes this for no JSON"
    fi
}

# What there is at a place: every name, with kind and size.
listing() {
    find "$1" -printf '%P %y %s\n' | sort
}

# overwrite DIR TEXT [BEFORE] -- writes over TEXT wherever the files in DIR have it, and over BEFORE bytes
# before it, as a bad medium might.
overwrite() {
    local file offset before=${3:-0} found=0
    while IFS= read -r file; do
        while IFS=: read -r offset _; do
            printf '%*s' "$((${#2} + before))" '' | tr ' ' '#' |
                dd of="$file" bs=1 seek="$((offset - before))" conv=notrunc status=none
            found=1
        done < <(LC_ALL=C grep -abo -F -- "$2" "$file")
    done < <(LC_ALL=C grep -rlaF -- "$2" "$1")
    [[ $found -eq 1 ]] || fail "no file in $1 has '$2'"
}

# limited KIB COMMAND... -- where no file may become larger.
limited() {
    (
        ulimit -f "$1"
        shift
        exec "$@"
    )
}

# Opens descriptor 8 on a pipe whose reader is gone.
abandoned_pipe() {
    mkfifo fifo
    exec 7<>fifo
    exec 8>fifo
    exec 7>&-
}

# A journal `j` with three checkpoints, of which the last $1 are damaged.
damaged_journal() {
    printf 'the first step has these words in it' | "$cairn" checkpoint -l one j >/dev/null
    printf 'the second step has other words in it' | "$cairn" checkpoint -l two j >/dev/null
    printf 'the third step is the last of them all' | "$cairn" checkpoint -l three j >/dev/null
    overwrite j 'the third step is the last of them all'
    if [[ $1 -gt 1 ]]; then
        overwrite j 'the second step has other words in it'
    fi
}

# --- checkpoint, latest, load ---------------------------------------------------------------------------

checkpoint__prints_the_id_and_latest_gives_the_data() {
    printf 'step one' >data
    run 0 "$cairn" checkpoint j data
    out_is '00000000@1\n'
    run 0 "$cairn" latest j
    out_is 'step one'
    [[ ! -s err ]] || fail "it is not silent"
}

checkpoint__reads_standard_input() {
    printf 'piped' >data
    run 0 "$cairn" checkpoint j <data
    run 0 "$cairn" latest j
    out_is 'piped'
    printf 'dashed' >data
    run 0 "$cairn" checkpoint j - <data
    out_is '00000001@1\n'
    run 0 "$cairn" latest j
    out_is 'dashed'
    printf 'through a pipe' | "$cairn" checkpoint j >out
    out_is '00000002@1\n'
    run 0 "$cairn" latest j
    out_is 'through a pipe'
}

checkpoint__reads_on_from_where_standard_input_is() {
    printf 'head\ntail' >data
    { IFS= read -r _ && "$cairn" checkpoint j >/dev/null; } <data
    run 0 "$cairn" latest j
    out_is 'tail'
}

checkpoint__takes_empty_data() {
    run 0 "$cairn" checkpoint j /dev/null
    out_is '00000000@1\n'
    run 0 "$cairn" latest j
    out_is ''
    run 0 "$cairn" load j 00000000@1
    out_is ''
}

checkpoint__keeps_every_byte() {
    printf '\0\1\2\377\376\r\n\0\0%%s\\\n' >data
    run 0 "$cairn" checkpoint j data
    run 0 "$cairn" latest j
    cmp data out || fail "the data is another"
}

checkpoint__takes_three_mebibytes() {
    head -c 3145728 /dev/urandom >data
    run 0 "$cairn" checkpoint j data
    run 0 "$cairn" checkpoint j /dev/null
    run 0 "$cairn" load j 00000000@1
    cmp data out || fail "the data from a file is another"
    # shellcheck disable=SC2002 # a pipe, in pieces, is what this is about
    cat data | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" latest j
    cmp data out || fail "the data from a pipe is another"
}

checkpoint__beyond_the_limit_of_file_size_is_no_space() {
    head -c 3000000 /dev/zero >large
    run 0 "$cairn" checkpoint -l one j large
    run 4 limited 256 "$cairn" checkpoint new large
    run 4 limited 2048 "$cairn" checkpoint j large
    run 0 "$cairn" latest j
    run 0 "$cairn" verify j
    run 0 "$cairn" checkpoint j large
}

checkpoint__creates_the_place_and_its_parents() {
    run 0 "$cairn" checkpoint journal:a/b/c /dev/null
    run 0 "$cairn" latest a/b/c
    run 0 "$cairn" latest "$PWD/a/b/c"
}

checkpoint__refuses_an_input_that_cannot_be_read_and_creates_nothing() {
    run 2 "$cairn" checkpoint j absent
    complains_as checkpoint
    mkdir dir
    run 2 "$cairn" checkpoint j dir
    complains_as checkpoint
    run 2 "$cairn" checkpoint j <dir
    complains_as checkpoint
    run 2 "$cairn" checkpoint j <&-
    complains_as checkpoint
    [[ ! -e j ]] || fail "the journal was created"
}

checkpoint__refuses_too_much_data_without_reading_it() {
    truncate -s 1073741825 data
    run 2 "$cairn" checkpoint j data
    complains_as checkpoint
    has_line err '1073741825'
    [[ ! -e j ]] || fail "the journal was created"
}

label__that_is_none_is_refused_before_anything_is_opened() {
    local label
    for label in $'no \xff UTF-8' $'\xff' $'cut \xe2\x82' $'surrogate \xed\xa0\x80' $'too long a form \xc0\xaf' \
        $'past the end \xf4\x90\x80\x80' "$(printf '%065536d' 0)"; do
        run 2 "$cairn" checkpoint -l "$label" j /dev/null
        complains_as checkpoint
        has_line err '^cairn: checkpoint: the label is '
        run 2 "$cairn" compact -l "$label" j
        complains_as compact
    done
    [[ ! -e j ]] || fail "the journal was created"
}

label__at_the_edge_of_what_is_allowed_is_kept() {
    run 0 "$cairn" checkpoint -l "$(printf '%065535d' 0)" j /dev/null
    run 0 "$cairn" compact -l $'\xc3\xa9\xed\x9f\xbf\xf4\x8f\xbf\xbf' j
    run 0 "$cairn" compact -l '' j
}

checkpoint__that_run_side_by_side_get_ids_of_their_own() {
    local i pids=()
    for i in 1 2 3 4 5 6; do
        printf '%s' "$i" | "$cairn" checkpoint j >"id.$i" &
        pids+=($!)
    done
    for i in "${pids[@]}"; do
        wait "$i" || fail "one of them failed"
    done
    [[ $(sort -u id.* | wc -l) -eq 6 ]] || fail "an id was given twice"
    for i in 1 2 3 4 5 6; do
        run 0 "$cairn" load j "$(cat "id.$i")"
        out_is "$i"
    done
}

load__gives_each_checkpoint_by_its_id() {
    printf a | "$cairn" checkpoint j >id.a
    printf b | "$cairn" checkpoint j >id.b
    run 0 "$cairn" load j "$(cat id.a)"
    out_is a
    run 0 "$cairn" load j "$(cat id.b)"
    out_is b
}

load__of_what_is_not_there_exits_1_and_of_no_id_2() {
    run 0 "$cairn" checkpoint j /dev/null
    run 1 "$cairn" load j 00000007@1
    complains_as load
    run 1 "$cairn" load absent 00000000@1
    complains_as load
    run 2 "$cairn" load j 'no id'
    complains_as load
    run 2 "$cairn" load j ''
    complains_as load
}

latest__of_nothing_exits_1_and_creates_nothing() {
    run 1 "$cairn" latest absent
    complains_as latest
    run 1 "$cairn" latest --intact absent
    [[ ! -e absent ]] || fail "it was created"
    run 0 "$cairn" checkpoint j /dev/null
    run 0 "$cairn" clear j
    run 1 "$cairn" latest j
    complains_as latest
    run 1 "$cairn" latest --intact j
}

# --- list, stat -----------------------------------------------------------------------------------------

list__shows_a_table() {
    printf 12345 | "$cairn" checkpoint -l 'first step' j >/dev/null
    "$cairn" checkpoint j /dev/null >/dev/null
    run 0 "$cairn" list j
    lines_are out 3
    has_line out '^ *NUMBER +ID +SIZE +TIME +LABEL$'
    has_line out '^ *0 +00000000@1 +5 +[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z  first step$'
    has_line out '^ *1 +00000001@1 +0 +[0-9T:Z-]+$'
}

list__shows_json() {
    printf 12345 | "$cairn" checkpoint --label=first j >/dev/null
    "$cairn" checkpoint j /dev/null >/dev/null
    run 0 "$cairn" list --json j
    lines_are out 2
    json_is_valid out
    has_line out '^\{"number":0,"id":"00000000@1","label":"first","size":5,"time":"[0-9-]+T[0-9:]+\.[0-9]{9}Z"\}$'
    has_line out '^\{"number":1,"id":"00000001@1","label":"","size":0,"time":"[^"]+"\}$'
}

list__tells_the_time_of_the_checkpoint() {
    local before after time
    before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    "$cairn" checkpoint j /dev/null >/dev/null
    after=$(date -u +%Y-%m-%dT%H:%M:%SZ)
    run 0 "$cairn" list j
    time=$(awk 'NR == 2 { print $4 }' out)
    [[ ! $time < $before && ! $time > $after ]] || fail "$time is not between $before and $after"
}

list__escapes_what_is_in_a_label() {
    local label=$'\e[31mred\a\n\ttab "quoted" back\\slash \x7f \xc2\x9b \xe2\x80\xae \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'
    "$cairn" checkpoint -l "$label" j /dev/null >/dev/null
    run 0 "$cairn" list j
    lines_are out 2
    has_line out '\\x1b\[31mred\\x07\\n\\ttab "quoted" back\\\\slash \\x7f \\u009b \\u202e '$'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80''$'
    if LC_ALL=C grep -aq $'[\x01-\x09\x0b-\x1f\x7f]' out; then
        fail "there are control characters in the table"
    fi
    run 0 "$cairn" list --json j
    lines_are out 1
    json_is_valid out
    has_line out '"label":"\\u001b\[31mred\\u0007\\n\\u0009tab \\"quoted\\" back\\\\slash \\u007f \\u009b \\u202e '$'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80''"'
}

list__shows_a_checkpoint_whose_header_is_damaged_as_lost() {
    printf a | "$cairn" checkpoint -l 'label of the first' j >/dev/null
    printf b | "$cairn" checkpoint -l 'label of the second' j >/dev/null
    printf c | "$cairn" checkpoint -l 'label of the third' j >/dev/null
    overwrite j 'label of the second' 8
    run 0 "$cairn" list j
    has_line out '^ *0 +00000000@1 .*  label of the first$'
    has_line out '^ *1 +00000001@1 .*  LOST, 1 from here on: .'
    has_line out '^ *2 +00000002@1 .*  label of the third$'
    run 0 "$cairn" list --json j
    lines_are out 3
    json_is_valid out
    has_line out '^\{"number":1,"id":"00000001@1",.*"error":"CAIRN_ECORRUPT","lost_count":1,"reason":"[^"]+"\}$'
    run 0 "$cairn" stat j
    has_line out '^lost +1  '
    has_line out '^damaged +yes  '
    run 0 "$cairn" latest j
    out_is c
    run 3 "$cairn" load j 00000001@1
    run 3 "$cairn" verify j
}

list__shows_a_checkpoint_whose_label_is_damaged_as_lost() {
    printf a | "$cairn" checkpoint -l 'label of the first' j >/dev/null
    printf b | "$cairn" checkpoint -l 'label of the second' j >/dev/null
    overwrite j 'label of the second'
    run 0 "$cairn" list j
    has_line out '^ *0 +00000000@1 .*  label of the first$'
    has_line out '^ *1 +00000001@1 .*  LOST, 1 from here on: the record.s label does not match its hash$'
    run 3 "$cairn" load j 00000001@1
}

list__of_an_empty_journal_is_nothing_and_of_none_exits_1() {
    printf a | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" clear j
    run 0 "$cairn" list j
    out_is ''
    run 0 "$cairn" list --json j
    out_is ''
    run 1 "$cairn" list absent
    complains_as list
    [[ ! -e absent ]] || fail "it was created"
}

stat__tells_every_field() {
    local field
    printf 12345 | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" stat j
    for field in count lost data_bytes disk_bytes generation segments spares log_end index_end index_lag \
        completed damaged; do
        has_line out "^$field +[0-9a-z]+  "
    done
    lines_are out 12
    has_line out '^count +1  '
    has_line out '^data_bytes +5  '
    has_line out '^generation +1  '
    has_line out '^completed +no  '
    has_line out '^damaged +no  '
    run 0 "$cairn" stat --json j
    lines_are out 1
    json_is_valid out
    has_line out '^\{"count":1,"lost":0,"data_bytes":5,"disk_bytes":[0-9]+,"generation":1,"segments":[0-9]+,"spares":[0-9]+,"log_end":[0-9]+,"index_end":[0-9]+,"index_lag":[0-9]+,"completed":false,"damaged":false\}$'
    run 1 "$cairn" stat absent
    complains_as stat
    [[ ! -e absent ]] || fail "it was created"
}

# --- compact, clear, complete ---------------------------------------------------------------------------

compact__leaves_the_latest_under_a_new_id_and_label() {
    printf a | "$cairn" checkpoint -l a j >/dev/null
    printf b | "$cairn" checkpoint -l b j >/dev/null
    run 0 "$cairn" compact -l kept j
    out_is ''
    [[ ! -s err ]] || fail "it is not silent"
    run 0 "$cairn" latest j
    out_is b
    run 0 "$cairn" list --json j
    lines_are out 1
    has_line out '^\{"number":0,"id":"00000000@2","label":"kept","size":1,'
    run 0 "$cairn" load j 00000000@2
    out_is b
    run 1 "$cairn" load j 00000000@1
    run 1 "$cairn" load j 00000001@1
}

compact__of_an_empty_journal_does_nothing() {
    printf a | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" clear j
    run 0 "$cairn" compact j
    run 1 "$cairn" latest j
}

removing__where_nothing_is_exits_1_and_creates_nothing() {
    for command in compact clear complete repair; do
        run 1 "$cairn" "$command" nowhere
        complains_as "$command"
    done
    mkdir empty
    run 1 "$cairn" clear empty
    [ ! -e nowhere ] || fail 'a place was made'
    [ -z "$(ls -A empty)" ] || fail 'something was made in the empty directory'
}

clear__removes_everything() {
    printf a | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" clear j
    out_is ''
    run 1 "$cairn" latest j
    run 0 "$cairn" stat --json j
    has_line out '^\{"count":0,.*"generation":2,.*"completed":false'
    run 0 "$cairn" checkpoint j /dev/null
    out_is '00000000@2\n'
}

complete__removes_everything_and_is_remembered() {
    printf a | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" complete j
    out_is ''
    run 1 "$cairn" latest j
    run 0 "$cairn" stat j
    has_line out '^completed +yes  '
    run 0 "$cairn" checkpoint j /dev/null
    out_is '00000000@2\n'
    run 0 "$cairn" stat --json j
    has_line out '"completed":false'
}

# --- verify, repair -------------------------------------------------------------------------------------

verify__of_what_is_whole_exits_0() {
    printf a | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" verify j
    out_is ''
    has_line err '^cairn: verify: '
    run 0 "$cairn" verify --json j
    out_is ''
    run 1 "$cairn" verify absent
    complains_as verify
    [[ ! -e absent ]] || fail "it was created"
}

verify__names_each_damaged_place_and_exits_3() {
    damaged_journal 1
    run 3 "$cairn" verify j
    has_line out '^[^:]*j/[^:]+: at offset [0-9]+, .*00000002@1'
    has_line err '^cairn: verify: damaged places: [1-9]'
    run 3 "$cairn" verify --json j
    json_is_valid out
    has_line out '^\{"path":"[^"]*j/[^"]+","offset":[0-9]+,"size":[0-9]+,"first":"00000002@1","count":[1-9][0-9]*,"accepted":false,"reason":"[^"]+"\}$'
}

latest__of_damage_exits_3_and_intact_passes_over_it() {
    damaged_journal 2
    run 3 "$cairn" latest j
    complains_as latest
    run 0 "$cairn" latest --intact j
    out_is 'the first step has these words in it'
    run 3 "$cairn" load j 00000001@1
    complains_as load
    run 0 "$cairn" load j 00000000@1
    run 3 "$cairn" compact j
    complains_as compact
    run 0 "$cairn" load j 00000000@1
}

repair__says_what_it_gave_up_and_where_the_copy_is() {
    damaged_journal 1
    run 0 "$cairn" repair j
    has_line out '^[^:]*j/[^:]+: at offset [0-9]+, .*00000002@1.*copy kept in [^ ]*j/'
    has_line err '^cairn: repair: '
    run 0 "$cairn" latest j
    out_is 'the second step has other words in it'
    run 3 "$cairn" load j 00000002@1
    run 0 "$cairn" verify j
    run 0 "$cairn" stat j
    has_line out '^damaged +no  '
}

repair__leaves_damage_that_verify_shows_as_accepted() {
    damaged_journal 1
    run 0 "$cairn" repair j
    run 0 "$cairn" verify j
    has_line out '00000002@1.*accepted before'
    run 0 "$cairn" verify --json j
    json_is_valid out
    has_line out '"first":"00000002@1","count":1,"accepted":true,'
}

repair__of_what_is_whole_does_nothing() {
    printf a | "$cairn" checkpoint j >/dev/null
    run 0 "$cairn" repair j
    out_is ''
    run 0 "$cairn" latest j
    out_is a
}

clear__removes_damage() {
    damaged_journal 1
    run 0 "$cairn" clear j
    run 0 "$cairn" verify j
    run 1 "$cairn" latest j
}

# --- What holds for all commands ------------------------------------------------------------------------

reading__creates_and_changes_nothing() {
    local before
    printf a | "$cairn" checkpoint j >/dev/null
    before=$(listing j)
    run 0 "$cairn" latest j
    run 0 "$cairn" latest --intact j
    run 0 "$cairn" load j 00000000@1
    run 0 "$cairn" list j
    run 0 "$cairn" stat j
    run 0 "$cairn" verify j
    run 1 "$cairn" load j 00000009@1
    [[ $(listing j) == "$before" ]] || fail "before: $before; after: $(listing j)"
}

reading__of_an_empty_directory_leaves_it_empty() {
    mkdir j
    run 1 "$cairn" latest j
    run 1 "$cairn" stat j
    [[ -z $(listing j | sed 1d) ]] || fail "there is something in it: $(listing j)"
}

place__that_is_a_file_exits_2() {
    local command
    printf 'a file' >file
    for command in latest list stat verify compact clear complete repair 'checkpoint -l x'; do
        # shellcheck disable=SC2086 # a command and its option
        run 2 "$cairn" $command file </dev/null
        complains_as "${command%% *}"
    done
    [[ $(cat file) == 'a file' ]] || fail "it was changed"
}

place__that_is_a_directory_of_something_else_exits_2_and_is_left_alone() {
    local before command
    mkdir d
    echo precious >d/index.mdb
    before=$(listing d)
    for command in latest list stat verify compact clear complete repair 'checkpoint -l x'; do
        # shellcheck disable=SC2086 # a command and its option
        run 2 "$cairn" $command d
        complains_as "${command%% *}"
        has_line err 'index\.mdb'
    done
    [[ $(listing d) == "$before" && $(cat d/index.mdb) == precious ]] || fail "it was changed: $(listing d)"
}

place__of_an_unknown_scheme_or_without_a_name_exits_2() {
    run 2 "$cairn" latest no-such-scheme:j
    complains_as latest
    run 2 "$cairn" latest ''
    complains_as latest
    has_line err 'URL'
    run 2 "$cairn" latest journal:
    complains_as latest
}

wrong_option__is_told_as_text_that_no_terminal_minds() {
    misused list $'--no\e[2J\xff' j
    has_line err "^cairn: list: there is no option '--no\\\\x1b\[2J\\\\xff'"
    misused list $'-\a' j
    has_line err "^cairn: list: there is no option '-\\\\x07'"
    misused list --json=1 j
    has_line err "^cairn: list: option '--json=1' takes no argument"
    misused compact j --label
    has_line err "^cairn: compact: option '--label' needs an argument"
    misused help list -q
    has_line err "^cairn: help: there is no option '-q'"
}

bad_usage__exits_2_with_the_usage_on_stderr() {
    misused
    misused no-such-command j
    misused --no-such-option
    misused -x latest j
    misused help no-such-command
    misused help list too-much
    misused latest
    misused latest j too-much
    misused latest --json j
    misused latest --no-such-option j
    misused latest -l label j
    misused load j
    misused load j 00000000@1 too-much
    misused list --intact j
    misused list --json=1 j
    misused stat
    misused verify
    misused repair
    misused compact
    misused compact -l
    misused clear -l label j
    misused complete j too-much
    misused checkpoint
    misused checkpoint j /dev/null too-much
    misused checkpoint --label
    misused checkpoint j --timeout
    [[ ! -e j ]] || fail "something was created"
}

timeout__that_is_no_number_of_seconds_exits_2() {
    local seconds
    for seconds in '' . -1 +1 1s 1e3 0x1 nan inf ' 1' 1.2.3 1,5; do
        misused latest "--timeout=$seconds" j
    done
}

timeout__of_zero_exits_5_and_does_nothing() {
    local command
    printf a | "$cairn" checkpoint j >/dev/null
    for command in latest list stat verify compact clear complete repair checkpoint; do
        run 5 "$cairn" "$command" --timeout 0 j </dev/null
        complains_as "$command"
    done
    run 5 "$cairn" load --timeout 0.0 j 00000000@1
    run 5 "$cairn" --timeout 0 checkpoint new /dev/null
    [[ ! -e new ]] || fail "a journal was created"
    run 0 "$cairn" latest j
    out_is a
    run 0 "$cairn" stat --json j
    has_line out '^\{"count":1,.*"generation":1,'
}

timeout__ends_the_wait_for_input() {
    mkfifo fifo
    run 5 "$cairn" checkpoint --timeout .02 j fifo
    complains_as checkpoint
    exec 7<>fifo
    run 5 "$cairn" checkpoint --timeout 0.02 j <&7
    exec 7>&-
    [[ ! -e j ]] || fail "a journal was created"
}

timeout__that_is_long_changes_nothing() {
    run 0 "$cairn" checkpoint --timeout 3600 j /dev/null
    run 0 "$cairn" latest --timeout 99999999999999999999.999999999999 j
    run 0 "$cairn" latest --timeout 0 --timeout 3600 j
}

options__stand_anywhere_and_end_at_two_dashes() {
    printf a >-data
    run 0 "$cairn" checkpoint j --label after -- -data
    run 0 "$cairn" --timeout 3600 latest j
    out_is a
    run 0 "$cairn" list j --json
    has_line out '"label":"after"'
    run 0 "$cairn" checkpoint -l -- -- -j -data
    run 0 "$cairn" list --json -- -j
    has_line out '"label":"--"'
    run 2 "$cairn" load -- j --json
    complains_as load
}

options__end_at_the_first_operand_if_posix_is_what_is_wanted() {
    run 0 "$cairn" checkpoint j /dev/null
    run 0 env POSIXLY_CORRECT=1 "$cairn" list --json j
    json_is_valid out
    run 2 env POSIXLY_CORRECT=1 "$cairn" list j --json
    has_line err "unexpected operand '--json'"
}

help__is_told_everywhere_and_does_nothing_else() {
    local command
    run 0 "$cairn" --help
    mv out general
    has_line general '^usage: cairn '
    run 0 "$cairn" -h
    cmp -s out general || fail "-h is another help"
    run 0 "$cairn" help
    cmp -s out general || fail "\`cairn help\` is another help"
    for command in checkpoint latest load list stat compact clear complete verify repair; do
        has_line general "^  $command +[a-z]"
        run 0 "$cairn" "$command" --help
        mv out own
        has_line own "^usage: cairn $command "
        has_line own '--timeout SECONDS'
        run 0 "$cairn" help "$command"
        cmp -s out own || fail "\`cairn help $command\` is another help"
        run 0 "$cairn" "$command" j -h
        cmp -s out own || fail "\`cairn $command j -h\` is another help"
        run 0 "$cairn" "$command" --version
        has_line out '^cairn [0-9]+\.[0-9]+\.[0-9]+$'
    done
    run 0 "$cairn" --version
    has_line out '^cairn [0-9]+\.[0-9]+\.[0-9]+$'
    [[ ! -e j ]] || fail "something was created"
}

full_stdout__exits_4() {
    local command code
    [[ -c /dev/full ]] || { echo "# skipped: there is no /dev/full"; return; }
    damaged_journal 1
    for command in 'latest --intact j' 'load j 00000000@1' 'list j' 'list --json j' 'stat j' 'stat --json j' \
        'verify j' 'repair j' --help --version 'help list' 'checkpoint j /dev/null'; do
        code=0
        # shellcheck disable=SC2086 # a command line
        "$cairn" $command >/dev/full 2>err || code=$?
        [[ $code -eq 4 ]] || fail "exit code $code of: $command"
        has_line err '^cairn: '
    done
}

checkpoint__whose_id_cannot_be_printed_exits_4_and_names_it_on_stderr() {
    local code=0
    printf a >data
    "$cairn" checkpoint j data >&- 2>err || code=$?
    [[ $code -eq 4 ]] || fail "exit code $code with stdout closed"
    has_line err '^cairn: checkpoint: 00000000@1 '
    abandoned_pipe
    code=0
    "$cairn" checkpoint j data >&8 2>err || code=$?
    exec 8>&-
    [[ $code -eq 4 ]] || fail "exit code $code without a reader"
    has_line err '^cairn: checkpoint: 00000001@1 '
    run 0 "$cairn" latest j
    out_is a
    run 0 "$cairn" verify j
}

closed_descriptors__are_not_taken_for_a_file_of_the_journal() {
    local code=0
    printf a >data
    "$cairn" checkpoint j data <&- >&- 2>&- || code=$?
    [[ $code -eq 4 ]] || fail "exit code $code of checkpoint"
    code=0
    "$cairn" latest j <&- >&- 2>&- || code=$?
    [[ $code -eq 4 ]] || fail "exit code $code of latest"
    run 0 "$cairn" latest j
    out_is a
    run 0 "$cairn" verify j
}

reader_that_is_gone__ends_list_as_it_ends_cat() {
    local code=0
    "$cairn" checkpoint j /dev/null >/dev/null
    abandoned_pipe
    "$cairn" list j >&8 2>err || code=$?
    exec 8>&-
    # 4 if SIGPIPE is ignored here, as it is under some test runners.
    [[ $code -eq 141 || $code -eq 4 ]] || fail "exit code $code"
}

signal__while_waiting_for_input_kills_and_leaves_nothing() {
    local code=0 pid
    mkfifo fifo ready
    exec 7<>fifo
    # The signal is for the command, or what is about to become it, and not for a copy of this shell.
    bash -c 'echo ready >ready; exec "$0" checkpoint j' "$cairn" <&7 7>&- >out 2>err &
    pid=$!
    read -r _ <ready
    kill -TERM "$pid"
    wait "$pid" || code=$?
    exec 7>&-
    [[ $code -eq 143 ]] || fail "exit code $code"
    [[ ! -e j ]] || fail "a journal was created"
}

nothing__is_drawn_on_stderr_that_is_no_terminal() {
    damaged_journal 1
    run 3 "$cairn" verify j
    if LC_ALL=C grep -aq $'[\r\e]' err; then
        fail "there is: $(cat -v err)"
    fi
}

# --- Running them ---------------------------------------------------------------------------------------

mapfile -t tests < <(declare -F | awk '$3 ~ /__/ { print $3 }')
count=0
for test_name in "${tests[@]}"; do
    mkdir "$base/$test_name"
    cd "$base/$test_name"
    "$test_name" </dev/null
    cd "$base"
    rm -rf "${base:?}/$test_name"
    count=$((count + 1))
    echo "ok $count - $test_name"
done
echo "1..$count"
