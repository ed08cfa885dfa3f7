# bash completion for gesta. Add to ~/.bashrc: source <(gesta completion bash)

_gesta() {
    COMPREPLY=()
    # Bash cuts words at : = and @, which stand inside of addresses: they are put together again as they were typed.
    local rest=${COMP_LINE:0:COMP_POINT} words=() i word lead
    for ((i = 0; i <= COMP_CWORD; i++)); do
        lead=${rest%%[![:space:]]*}
        rest=${rest#"$lead"}
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then
            word=$rest
        fi
        rest=${rest#"$word"}
        if ((i == 0)) || [[ -n $lead ]]; then
            words+=("$word")
        else
            words[${#words[@]} - 1]+=$word
        fi
    done

    # Quotes and backslashes go; nothing that was typed is run.
    local typed=${words[${#words[@]} - 1]} arguments=() quote=''
    for word in "${words[@]:1}"; do
        word=${word//[\"\'\\]/}
        case $word in
        '~') word=$HOME ;;
        '~/'*) word=$HOME/${word#'~/'} ;;
        esac
        arguments+=("$word")
    done
    case $typed in # the quote that it stands in, unless that is closed
    \"*)
        word=${typed:1}
        word=${word//\\?/}
        [[ $word == *\"* ]] || quote=\"
        ;;
    \'*) [[ ${typed:1} == *\'* ]] || quote=\' ;;
    esac

    local line directive=0 candidates=()
    while IFS= read -r line; do
        candidates+=("$line")
    done < <("${COMP_WORDS[0]/#\~/$HOME}" __completeNoDesc "${arguments[@]}" 2>/dev/null)
    if ((${#candidates[@]} > 0)); then
        line=${candidates[${#candidates[@]} - 1]}
        if [[ $line == :* && $line != :*[!0-9]* ]]; then # bash runs what stands in a number
            directive=${line#:}
            unset "candidates[${#candidates[@]} - 1]"
        fi
    fi
    if (((directive & 2) != 0)) && [[ $(type -t compopt) == builtin ]]; then
        compopt -o nospace 2>/dev/null
    fi
    if (((directive & 32) != 0)) && [[ $(type -t compopt) == builtin ]]; then
        compopt -o nosort 2>/dev/null
    fi
    if (((directive & (1 | 4)) == 0)) && ((${#candidates[@]} == 0)); then
        compopt -o default 2>/dev/null # names of files
        return
    fi

    # Bash replaces what stands after the last character at which it cut, and an @ as well while it completes names of hosts.
    local before='' flag='' current=${arguments[${#arguments[@]} - 1]}
    if [[ $current == -*=* ]]; then # gesta offers what stands after the flag
        flag=${current%%=*}=
    fi
    if [[ -z $quote ]]; then
        for i in : = @; do
            if [[ $COMP_WORDBREAKS == *"$i"* && $current == *"$i"* && ${#current} -gt ${#before} ]]; then
                word=${current%"${current##*"$i"}"}
                ((${#word} > ${#before})) && before=$word
            fi
        done
    fi
    if [[ $before == *@ ]] && shopt -q hostcomplete; then
        before=${before%@}
    fi
    local escape=\\ single="'\\''" double='"\!"'
    for word in "${candidates[@]}"; do
        word=$flag$word
        [[ $word == "$current"* ]] || continue
        word=${word#"$before"}
        if [[ $word == *[!A-Za-z0-9_./:=@%+,-]* ]]; then
            case $quote in
            '') printf -v word '%q' "$word" ;;
            \') word=${word//\'/"$single"} ;;
            \") # what the shell would obey between such quotes
                word=${word//\\/"$escape$escape"}
                for i in \" \$ \`; do
                    word=${word//"$i"/"$escape$i"}
                done
                word=${word//!/"$double"}
                ;;
            esac
        fi
        COMPREPLY+=("$word")
    done
}

complete -F _gesta gesta
