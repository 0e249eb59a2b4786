#!/usr/bin/env bash
# test_power_cut.sh -- on ext4, xfs and btrfs, a checkpoint whose id was printed is on the disk.
#
# The file system is on a loop device. The moment the id is there, the file beneath the device is copied: all that the file
# system has given to its disk by then, and nothing of what is only in memory. The copy is mounted, as after a power
# cut, and must give the checkpoint's bytes. That is the best case of a cut: what was given to the disk got there.
#
# It needs root, loop devices and the mkfs of each file system.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the command cairn}"
cairn=$(cd "$CAIRN_BIN_DIR" && pwd)/cairn

skip() {
    echo "SKIP: $*"
    exit 77
}

[[ -z ${CAIRN_SANITIZE:-} ]] || skip "it is about the file systems"
[[ $(id -u) -eq 0 ]] || skip "only root may mount"
command -v losetup >/dev/null || skip "there is no losetup"
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-power.XXXXXX")
# Whatever the moment; a loop device goes with its mount.
trap 'umount "$base/cut" "$base/disk" 2>/dev/null || true; rm -rf "$base"' EXIT
cd "$base"
mkdir disk cut
failed=0

# Makes and mounts a file system of type $1; false if that cannot be done here.
begin() {
    command -v "mkfs.$1" >/dev/null || { echo "SKIP: there is no mkfs.$1"; return 1; }
    rm -f image
    truncate -s 400M image
    "mkfs.$1" -q image >log 2>&1 || { echo "SKIP: mkfs.$1 fails: $(tail -n 1 log)"; return 1; }
    mount -o loop image disk 2>log || { echo "SKIP: $1 cannot be mounted: $(tail -n 1 log)"; return 1; }
}

# look FS URL-PREFIX ID TEXT -- cuts the power, and loads the checkpoint.
look() {
    local options=loop got
    cp --sparse=always image copy
    if [[ $1 == xfs ]]; then options=loop,nouuid; fi
    # btrfs does not mount two with the same UUID.
    if [[ $1 == btrfs ]]; then umount disk; fi
    mount -o "$options" copy cut
    got=$("$cairn" load "$2$base/cut/state" "$3" 2>&1) || true
    if [[ $got != "$4" ]]; then
        echo "not ok - $1, $2: $3 gives '$got'"
        failed=1
    fi
    umount cut
    if [[ $1 == btrfs ]]; then mount -o loop image disk; fi
}

for fs in ext4 xfs btrfs; do
    for scheme in journal: dir:; do
        begin "$fs" || break
        before=$failed
        failed=0
        for i in 1 2 3 4 5 6; do
            if [[ $i -eq 4 ]]; then "$cairn" compact -l first "$scheme$base/disk/state"; fi
            id=$(echo "data $i" | "$cairn" checkpoint -l "step $i" "$scheme$base/disk/state")
            look "$fs" "$scheme" "$id" "data $i"
        done
        umount disk
        if [[ $failed -eq 0 ]]; then echo "ok - $fs, $scheme"; fi
        failed=$((failed | before))
    done
done
exit $failed
