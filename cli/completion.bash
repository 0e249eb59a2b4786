# Completion of `cairn` for bash. What there is to complete, the command itself tells: `cairn --help` and
# `cairn help COMMAND`.

# _cairn_words FIRST -- prints the words that the help on stdin has at the beginning of its lines: the commands, or
# with FIRST "-" the options.
_cairn_words() {
    if [[ $1 == - ]]; then
        sed -nE 's/^ +(-[a-zA-Z], )?(--[a-z]+).*/\2/p'
    else
        sed -nE '/^Commands:$/,/^$/s/^  ([a-z]+)  .*/\1/p'
    fi
}

_cairn() {
    local cairn=$1 current=$2 command='' skip='' word
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ -n $skip ]]; then
            skip=''
            continue
        fi
        case $word in
        --timeout | --label | -l) skip=yes ;; # its argument comes next
        --) [[ $command != step ]] || return 0 ;;
        -*) ;;
        *) command=${command:-$word} ;;
        esac
    done
    if [[ -n $skip ]]; then
        return 0
    elif [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$cairn" help ${command:+"$command"} 2>/dev/null | _cairn_words -)" -- "$current")
    elif [[ -z $command || $command == help ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$cairn" --help | _cairn_words commands) help" -- "$current")
    else
        # A place, or a file.
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        compopt -o filenames 2>/dev/null || true
    fi
}

complete -F _cairn cairn
