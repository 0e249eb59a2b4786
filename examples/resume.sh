#!/bin/sh
# resume.sh -- the same idea for the shell: a job of twenty steps that goes on where it was stopped.
#
#   resume.sh [URL]        the journal, ./resume-sh.journal if not given; `cairn` must be in the PATH
#
# Its state is one line, "STEP SUM". The id that `cairn checkpoint` prints is the sign that the step is safe.
set -eu
url=${1:-./resume-sh.journal}
step=0
sum=0

status=0
state=$(cairn latest "$url") || status=$?
case $status in
0)
    step=${state%% *}
    sum=${state#* }
    case $step$sum in
    '' | *[!0-9]*) echo "resume.sh: $url is another program's" >&2 && exit 1 ;;
    esac
    echo "going on after step $step"
    ;;
1) ;; # no checkpoint: this is the beginning
*) exit "$status" ;; # cairn has said why
esac

while [ "$step" -lt 20 ]; do
    sleep 0.1 # a step's work
    step=$((step + 1))
    sum=$((sum + step * step))
    id=$(echo "$step $sum" | cairn checkpoint -l "step $step of 20" "$url")
    echo "step $step is safe as $id"
done

echo "the squares from 1 to 20 add up to $sum"
cairn complete "$url"
