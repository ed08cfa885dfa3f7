#compdef gesta
# zsh completion for gesta. Add to ~/.zshrc, after compinit: source <(gesta completion zsh)

_gesta() {
    local word line program=${(Q)words[1]} group=-J
    local -i directive=0
    local -a arguments offered described suffix

    # Quotes and backslashes go; nothing that was typed is run.
    for word in "${(@)words[2,CURRENT-1]}" "$PREFIX"; do
        word=${(Q)word}
        if [[ $word == '~' || $word == '~/'* ]]; then
            word=$HOME${word#\~}
        fi
        arguments+=("$word")
    done
    if [[ $program == '~/'* ]]; then
        program=$HOME${program#\~}
    fi

    offered=("${(@f)$("$program" __complete "${(@)arguments}" 2>/dev/null)}")
    if [[ ${offered[-1]} == :<-> ]]; then
        directive=${offered[-1]#:}
        offered[-1]=()
    fi
    if ((directive & 2)); then
        suffix=(-S '')
    fi
    if ((directive & 32)); then
        group=-V # in the order in which gesta offers them
    fi

    # Gesta offers what stands after a flag and its =.
    if [[ $PREFIX == -*=* ]]; then
        IPREFIX+=${PREFIX%%=*}=
        PREFIX=${PREFIX#*=}
    fi
    for line in "${(@)offered}"; do
        word=${line%%$'\t'*}
        if [[ -z $word ]]; then
            continue
        fi
        word=${${word//\\/\\\\}//:/\\:} # a : ends a name
        if [[ $line == *$'\t'* ]]; then
            word+=:${line#*$'\t'}
        fi
        described+=("$word")
    done
    if (($#described > 0)); then
        _describe $group gesta described "${(@)suffix}"
    elif (((directive & (1 | 4)) == 0)); then
        _files
    fi
}

if [[ ${funcstack[1]-} == _gesta ]]; then # a file of this name in $fpath
    _gesta "$@"
elif ((${+functions[compdef]})); then
    compdef _gesta gesta
else
    print -u2 'gesta: completion in zsh needs its own, before this line: autoload -Uz compinit && compinit'
fi
