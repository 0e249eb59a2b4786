#!/bin/sh
# git.sh work|work-synced|check DIR [OPTION...] -- three commits; the OPTIONs are git's own (-c core.fsync=all). Git
# syncs no directory; work-synced does it in its place.
set -eu
how=$1
dir=$2
shift 2
export HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a \
    GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
cd "$dir"

case $how in
work*)
    git "$@" init -q -b main .
    sync . .git .git/objects .git/refs .git/refs/heads # what is tried is commit
    sync -f .
    for i in 1 2 3; do
        echo "$i" >file
        git "$@" add file
        git "$@" commit -q -m "$i"
        [ "$how" = work ] || sync .git/refs/heads
        git rev-parse HEAD
    done
    ;;
check)
    [ -s "$TORTURE_ACKED" ] || exit 0
    acked=$(tail -n 1 "$TORTURE_ACKED")
    git merge-base --is-ancestor "$acked" HEAD || { echo "lost: $acked was acknowledged"; exit 1; }
    git fsck --no-dangling --no-progress || { echo "garbage"; exit 1; }
    ;;
esac
