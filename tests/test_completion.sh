#!/usr/bin/env bash
# test_completion.sh -- what bash completes behind `cairn`.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn
# shellcheck source=cli/completion.bash
source "$(dirname "${BASH_SOURCE[0]}")/../cli/completion.bash"
failed=0

# completes WORDS WANTED -- the last of the words, which may be empty, becomes one of these.
completes() {
    local -a COMPREPLY=()
    read -ra COMP_WORDS <<<"$1"
    if [[ $1 == *' ' ]]; then COMP_WORDS+=(''); fi
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _cairn "$cairn" "${COMP_WORDS[COMP_CWORD]}"
    if [[ ${COMPREPLY[*]} == "$2" ]]; then
        echo "ok - '$1'"
    else
        echo "not ok - '$1' becomes '${COMPREPLY[*]}', not '$2'"
        failed=1
    fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir state
touch step.sh

completes 'cairn com' 'compact complete'
completes 'cairn ' 'checkpoint latest load list watch stat compact clear complete copy step verify repair help'
completes 'cairn help ver' 'verify'
completes 'cairn --timeout 3 la' 'latest'
completes 'cairn list --j' '--json'
completes 'cairn watch --a' '--all'
completes 'cairn list --' '--json --timeout --help --version'
completes 'cairn checkpoint -l x --l' '--label'
completes 'cairn checkpoint -l ' ''
completes 'cairn --v' '--version'
completes 'cairn list sta' 'state'
exit $failed
