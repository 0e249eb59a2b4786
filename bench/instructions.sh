#!/usr/bin/env bash
# instructions.sh -- how many instructions an append takes, without the kernel's, beside what bench/instructions.txt says.
#
#   bench/instructions.sh BIN_DIR [--store]
#
# Times are noisy, these are not: more or less by over 5 % is an error, so that it is either mended or stored, with
# --store, by a change that says why. What opening and closing take is taken out by two runs of different length.
set -euo pipefail

bin=$(cd "${1:?usage: bench/instructions.sh BIN_DIR [--store]}" && pwd)
stored=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/instructions.txt
work=$(mktemp -d "${TMPDIR:-/tmp}/cairn-instructions.XXXXXX")
trap 'rm -rf "$work"' EXIT
few=100 many=1100
[[ $# -eq 1 || ($# -eq 2 && $2 == --store) ]] || { echo "instructions: there is only --store" >&2; exit 2; }

# collected COUNT SIZE -- the instructions of so many appends, opening and closing included.
collected() {
    rm -rf "$work/journal"
    valgrind --tool=callgrind --callgrind-out-file="$work/callgrind" "$bin/cairn-bench-appends" "$work/journal" "$1" "$2" \
        >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
    sed -nE 's/^==[0-9]+== Collected : ([0-9]+).*/\1/p' "$work/log"
}

result=0
: >"$work/now"
for size in 100 4096; do
    less=$(collected "$few" "$size")
    more=$(collected "$many" "$size")
    echo "$size $(((more - less) / (many - few)))" >>"$work/now"
done
if [[ ${2:-} == --store ]]; then
    cp "$work/now" "$stored"
fi
while read -r size now; do
    was=$(awk -v size="$size" '$1 == size { print $2 }' "$stored")
    said=$(awk -v now="$now" -v was="$was" 'BEGIN { printf "%+.1f %%", 100 * (now / was - 1) }')
    echo "an append of $size bytes: $now instructions, stored are $was: $said"
    if ((now * 100 > was * 105 || now * 105 < was * 100)); then
        echo "instructions: that is over 5 %" >&2
        result=1
    fi
done <"$work/now"
exit "$result"
