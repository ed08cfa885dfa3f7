# fish completion for gesta. Add to ~/.config/fish/config.fish: gesta completion fish | source

# __gesta_ask asks gesta what may come next. It fails where names of files may.
function __gesta_ask
    set -g __gesta_offered

    # Quotes and backslashes go; nothing that was typed is run.
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l current (string unescape -- "$typed"; or string unescape -- "$typed'"; or string unescape -- "$typed\""; or string join -- \n "$typed")
    set -l arguments
    for word in $words "$current"
        if string match -qr '^~(/|$)' -- "$word"
            set word $HOME(string sub -s 2 -- "$word")
        end
        set -a arguments "$word"
    end

    set -l offered ($arguments[1] __complete $arguments[2..-1] 2>/dev/null)
    set -l directive (string replace -fr '^:(\d+)$' '$1' -- "$offered[-1]")
    test -n "$directive"; or return 1
    set -e offered[-1]
    if test (count $offered) -eq 0; and test (math "bitand($directive, 5)") -eq 0
        return 1
    end

    if test (math "bitand($directive, 32)") -eq 0
        set offered (string join -- \n $offered | sort) # gesta offers them in no order of its own
    end

    # Gesta offers what stands after a flag and its =, and fish wants all of the word.
    set -l flag (string match -r '^-[^=]*=' -- "$current")
    for line in $offered
        set -a __gesta_offered "$flag$line"
    end
    # Behind the only one fish puts a space, but for some characters at its end; it puts none where there are two.
    if test (count $offered) -eq 1; and test (math "bitand($directive, 2)") -ne 0
        set -l word (string split -m 1 -- \t $__gesta_offered)[1]
        if not string match -qr '[@=/:.,]$' -- $word
            set __gesta_offered $word "$word."
        end
    end
    return 0
end

complete -c gesta -e
complete -c gesta -n __gesta_ask -f -k -a '$__gesta_offered'
