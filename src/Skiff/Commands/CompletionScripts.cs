namespace Skiff.Commands;

/// <summary>The shells' halves of the completion.</summary>
internal static class CompletionScripts
{
    public const string Bash = """
        # bash completion for skiff
        _skiff() {
            local word=${COMP_WORDS[COMP_CWORD]} line add=none
            local -a words=()
            # bash cuts words at = and :, which are part of flags and of image names: put them together again.
            local typed=${COMP_LINE:0:COMP_POINT}
            read -r -a words <<<"$typed"
            [[ $typed == *[[:space:]] ]] && words+=("")
            local whole=${words[${#words[@]}-1]}
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                    :*) add=${line#:} ;;
                    *) COMPREPLY+=("${line%%$'\t'*}") ;;
                esac
            done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
            case $add in
                file) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$word") ;;
                dir) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$word") ;;
            esac
            # A filter's value follows its name at once.
            [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
            if [[ $whole == *[:=]* && $add == none ]]; then
                local cut=${whole%"${whole##*[:=]}"} i
                for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$cut"}; done
            fi
        }
        complete -F _skiff skiff

        """;

    public const string Zsh = """
        #compdef skiff
        _skiff() {
            local line add=none
            local -a names texts
            while IFS= read -r line; do
                case $line in
                    :*) add=${line#:} ;;
                    *) names+=("${line%%$'\t'*}"); texts+=("${line//$'\t'/ -- }") ;;
                esac
            done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
            (( ${#names} )) && if [[ ${names[1]} == *= ]]; then compadd -S '' -l -d texts -- "${names[@]}"; else compadd -l -d texts -- "${names[@]}"; fi
            case $add in
                file) _files ;;
                dir) _files -/ ;;
            esac
        }
        if [ "$funcstack[1]" = "_skiff" ]; then _skiff "$@"; else compdef _skiff skiff; fi

        """;

    public const string Fish = """
        # fish completion for skiff
        function __skiff_complete
            set -l words (commandline -opc) (commandline -ct)
            for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
                switch $line
                    case ':file'
                        __fish_complete_path (commandline -ct)
                    case ':dir'
                        __fish_complete_directories (commandline -ct)
                    case ':*'
                    case '*'
                        echo $line
                end
            end
        end
        complete -c skiff -f -a '(__skiff_complete)'

        """;
}
