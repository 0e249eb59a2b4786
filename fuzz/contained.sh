#!/usr/bin/env bash
# contained.sh -- runs a command that leaves nothing behind: no process and no directory, however it ends.
#
#   fuzz/contained.sh COMMAND...   the exit status is the command's
#
# The command has a directory for what it does to files, $FUZZ_DIR, in memory if that can be. When it ends, or this
# process gets a signal, whatever it has started is ended, and then the directory is removed.
#
# What it has started is told by the environment, which has $FUZZ_DIR: the programs of the engines have children of
# their own, in other process groups and sessions, and not all of their parents live as long.
set -euo pipefail

# What has been started; but not what looks.
started() {
    local pid
    while IFS=/ read -r _ _ pid _; do
        printf '%s\n' "$pid"
    done < <(env -u FUZZ_DIR grep -Fslxze "FUZZ_DIR=$FUZZ_DIR" /proc/[0-9]*/environ)
}

# At SIGTERM an engine tidies up: AFL++ has shared memory of the system's. Who does not end gets SIGKILL in the end.
end_started() {
    local signal=TERM round=0 pids
    while mapfile -t pids < <(started) && [ ${#pids[@]} -gt 0 ]; do
        kill -s "$signal" "${pids[@]}" 2>/dev/null || true # some may have ended
        sleep 0.1
        round=$((round + 1))
        [ "$round" -lt 20 ] || signal=KILL
    done
}

end() {
    local pid
    trap '' HUP INT TERM
    [ -n "$FUZZ_DIR" ] || return 0
    # It may not have come to be the command yet, and so not have the environment.
    for pid in $(jobs -pr); do
        kill -s KILL "$pid" 2>/dev/null || true # it may have ended
        wait "$pid" 2>/dev/null || true # so that bash does not say that it was killed
    done
    end_started
    # Some of it may be closed to us.
    chmod -R u+rwx "$FUZZ_DIR"
    rm -rf "$FUZZ_DIR"
}

FUZZ_DIR=
trap end EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
base=/dev/shm
[ -w "$base" ] || base=${TMPDIR:-/tmp}
FUZZ_DIR=$(mktemp -d "$base/cairn-fuzz.XXXXXX")
export FUZZ_DIR TMPDIR=$FUZZ_DIR
"$@" &
wait $!
