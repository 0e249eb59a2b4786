#!/usr/bin/env bash
# test_torture_cairn.sh -- cairn-torture on Cairn, short: torture/cairn/run.sh says what that is. Nothing that was
# acknowledged is lost by a power cut, a kill or a call that fails, nor comes back with other bytes, and it can be gone on
# with.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-torture.XXXXXX")
trap 'rm -rf "$base"' EXIT

skip() {
    echo "SKIP: $*"
    exit 77
}

[[ -z ${CAIRN_SANITIZE:-} ]] || skip "thousands of checks are for the release build"
unshare --user --mount --pid --fork true 2>/dev/null || [[ $(id -u) -eq 0 ]] ||
    skip "namespaces are not permitted here, and there is no root"
bash "$(dirname "${BASH_SOURCE[0]}")/../torture/cairn/run.sh" "$base"
