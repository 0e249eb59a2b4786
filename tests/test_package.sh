#!/usr/bin/env bash
# test_package.sh -- a project of somebody else's finds the installed library, by CMake and by pkg-config, links it
# shared and static, and works; in C and in C++.
set -euo pipefail

: "${CAIRN_BIN_DIR:?set it to the directory that has the programs}"
build=$(cd "$CAIRN_BIN_DIR/.." && pwd)

skip() {
    echo "SKIP: $*"
    exit 77
}

[[ -z ${CAIRN_SANITIZE:-} ]] || skip "what is installed has no sanitizer in it"
for tool in cmake pkg-config cc; do
    command -v "$tool" >/dev/null || skip "there is no $tool"
done
base=$(mktemp -d "${TMPDIR:-/tmp}/cairn-test-package.XXXXXX")
trap 'rm -rf "$base"' EXIT
failed=0
if grep -q __gcov_ <<<"$(nm -u "$build/lib/libcairn.a")"; then
    skip "what is installed counts lines"
fi

cmake --install "$build" --prefix "$base/prefix" >"$base/log" 2>&1 || { cat "$base/log"; exit 1; }
prefix=$base/prefix
libdir=$(dirname "$(find "$prefix" -name libcairn.a)")

mkdir "$base/project"
cat >"$base/project/job.c" <<'END'
#include <cairn/cairn.h>

#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct cairn_op *op;
    void *data;
    size_t size;

    if (argc != 2 || strcmp(cairn_version(), CAIRN_VERSION) != 0 || cairn_open(&op, NULL, argv[1], 0) != 0 ||
        cairn_checkpoint(op, NULL, "a step", "done", 4, NULL) != 0 ||
        cairn_latest(op, NULL, &data, &size) != 0 || size != 4 || memcmp(data, "done", 4) != 0) {
        fprintf(stderr, "%s\n", cairn_message());
        return 1;
    }
    cairn_free(data);
    cairn_close(op);
    return 0;
}
END
cp "$base/project/job.c" "$base/project/job.cc"
cat >"$base/project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.21)
project(job C)
find_package(cairn 0.1 REQUIRED)
if(CXX)
  enable_language(CXX)
  set(CMAKE_CXX_FLAGS "-Wall -Wextra -Werror")
endif()
set(CMAKE_C_FLAGS "-Wall -Wextra -Werror")
foreach(kind cairn cairn_static)
  add_executable(c_${kind} job.c)
  target_link_libraries(c_${kind} cairn::${kind})
  if(CXX)
    add_executable(cxx_${kind} job.cc)
    target_link_libraries(cxx_${kind} cairn::${kind})
  endif()
endforeach()
END

# Runs program $1, which must work on a journal and on a directory; $2 is what it shows.
works() {
    local place=$base/place
    rm -rf "$place"*
    if LD_LIBRARY_PATH=$libdir "$1" "$place" && LD_LIBRARY_PATH=$libdir "$1" "dir:$place-files"; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        failed=1
    fi
}

cxx=OFF
if command -v c++ >/dev/null; then cxx=ON; else echo "SKIP: there is no c++: the cases in C++"; fi
{
    cmake -S "$base/project" -B "$base/build" -DCMAKE_PREFIX_PATH="$prefix" -DCXX=$cxx &&
        cmake --build "$base/build"
} >"$base/log" 2>&1 || { cat "$base/log"; echo "not ok - find_package(cairn)"; exit 1; }
works "$base/build/c_cairn" "CMake, C, shared"
works "$base/build/c_cairn_static" "CMake, C, static"
if [[ $cxx == ON ]]; then
    works "$base/build/cxx_cairn" "CMake, C++, shared"
    works "$base/build/cxx_cairn_static" "CMake, C++, static"
fi

export PKG_CONFIG_PATH=$libdir/pkgconfig
read -ra flags < <(pkg-config --cflags --libs cairn)
cc -Wall -Wextra -Werror -o "$base/shared" "$base/project/job.c" "${flags[@]}"
works "$base/shared" "pkg-config, C, shared"
read -ra flags < <(pkg-config --cflags --libs --static cairn)
cc -Wall -Wextra -Werror -o "$base/static" "$base/project/job.c" "${flags[@]/-lcairn/-l:libcairn.a}"
works "$base/static" "pkg-config, C, static"

if [[ $(objdump -p "$libdir/libcairn.so" | awk '$1 == "SONAME" { print $2 }') == libcairn.so.0 ]]; then
    echo "ok - the soname"
else
    echo "not ok - the soname"
    failed=1
fi
if LD_LIBRARY_PATH='' "$prefix/bin/cairn-conformance" --help >"$base/log"; then
    echo "ok - cairn-conformance finds its library"
else
    echo "not ok - cairn-conformance finds its library"
    failed=1
fi
exit $failed
