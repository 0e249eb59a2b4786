#!/usr/bin/env bash
# test_deb.sh -- the Debian package: what it needs, that it works where it is installed, and that nothing of it is
# left when it is removed. It is installed in a root of its own, not on this machine.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
programs=$(cd "$CAIRN_BIN_DIR" && pwd)
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

skip() {
    echo "SKIP: $*"
    exit 77
}

[[ -z ${CAIRN_SANITIZE:-} ]] || skip "what is installed has no sanitizer in it"
! grep -q __gcov_ <<<"$(nm -u "$programs/../lib/libcairn.a")" || skip "what is installed counts lines"
for tool in cmake ninja cpack dpkg dpkg-deb dpkg-shlibdeps; do
    command -v "$tool" >/dev/null || skip "there is no $tool"
done
as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v fakeroot >/dev/null || skip "installing needs root or fakeroot"
    as_root=(fakeroot)
fi

base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-deb.XXXXXX")
trap 'rm -rf "$base"' EXIT
cd "$base"

fail() {
    echo "not ok - $*"
    [[ ! -s log ]] || cat log
    exit 1
}

(
    cmake -S "$top" -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DCAIRN_TESTS=OFF &&
        ninja -C build && cd build && cpack -G DEB
) >log 2>&1 || fail "the package cannot be made"
package=$(echo "$base"/build/cairn_*.deb)
echo "ok - a package is made: $(basename "$package")"

dpkg-deb -f "$package" Depends >depends
for needed in libc6 liblmdb0 libxxhash0; do
    grep -q "$needed" depends || fail "it does not depend on $needed: $(cat depends)"
done
# What cairn-torture needs for source lines is libdw1 and libelf1, if that was there to build with.
[[ $(tr ',' '\n' <depends | grep -cvE '^ ?lib(dw|elf)1 ') -eq 3 ]] ||
    fail "it depends on more than libc, LMDB, xxHash and libdw: $(cat depends)"
echo "ok - it depends on libc, LMDB, xxHash and libdw alone"

mkdir -p root/var/lib/dpkg/{info,updates}
touch root/var/lib/dpkg/{status,available}
in_root() {
    # The packages that it depends on are not in there; the loader's cache is this machine's.
    "${as_root[@]}" dpkg --root="$base/root" --force-depends --force-script-chrootless --force-not-root \
        --log="$base/dpkg.log" "$@" >log 2>&1
}
# The scripts renew the loader's cache, here that of the root.
mkdir bin
printf '#!/bin/sh\necho "$*" >>"%s/cache"\n' "$base" >bin/ldconfig
chmod +x bin/ldconfig
PATH=$base/bin:$PATH

in_root --install "$package" || fail "it cannot be installed"
[[ -e cache ]] || fail "the loader's cache is not renewed"
libdir=$(dirname "$(find root/usr/lib -name 'libcairn.so.0')")
[[ -n $libdir ]] || fail "there is no libcairn.so.0"
for file in bin/cairn bin/cairn-conformance include/cairn/cairn.h share/bash-completion/completions/cairn \
    share/doc/cairn/LICENSE; do
    [[ -e root/usr/$file ]] || fail "/usr/$file is not there"
done
if command -v scdoc >/dev/null; then
    [[ -e root/usr/share/man/man1/cairn.1 && -e root/usr/share/man/man3/cairn_operation.3 ]] ||
        fail "there are no manual pages"
fi
root/usr/bin/cairn checkpoint -l one "$base/state" <<<data >id
LD_LIBRARY_PATH=$libdir root/usr/bin/cairn-conformance dir "$base/place" >conformance ||
    fail "the installed suite fails: $(cat conformance)"
echo "ok - what is installed works"

in_root --install "$package" || fail "it cannot be installed over itself"
echo "ok - it can be installed over itself"

rm cache
in_root --remove cairn || fail "it cannot be removed"
[[ -e cache ]] || fail "the loader's cache is not renewed"
in_root --purge cairn || true # it has nothing that stays behind, and is known no more
[[ ! -e root/usr ]] || fail "this is left: $(find root/usr)"
! grep -q cairn root/var/lib/dpkg/status || fail "it is still known: $(cat root/var/lib/dpkg/status)"
[[ $("$programs/cairn" load "$base/state" "$(cat id)") == data ]] || fail "the checkpoints are gone"
echo "ok - it is removed, and nothing is left of it but the checkpoints"
