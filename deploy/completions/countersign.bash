# Bash completion for countersign(1).

_countersign_options() {
    case $1 in
    serve) echo "--config --help" ;;
    check) echo "--config --running --policy --catalog --definitions --region --strict --watch --json --help" ;;
    status) echo "--url --ca-file --json --help" ;;
    top) echo "--by --sort --interval --url --ca-file --help" ;;
    definitions) echo "import diff list show --to --from --version --help" ;;
    diff) echo "--catalog --old-catalog --new-catalog --help" ;;
    token) echo "new hash --help" ;;
    explain) echo "--config --policy --catalog --definitions --region --client --action --value --from --subject --at --own --json --help" ;;
    suggest) echo "--log --times --help" ;;
    replay) echo "--policy --catalog --definitions --log --since --unused --json --help" ;;
    audit) echo "verify show settle whois executed not-executed --config --at --by --note --url --token-file --ca-file --summary --csv --key --from --hash --witness --client --action --outcome --value --policy --catalog --request --since --until --json --help" ;;
    freeze) echo "--token --for --reason --url --token-file --ca-file --json --help" ;;
    thaw) echo "--token --url --token-file --ca-file --json --help" ;;
    freezes) echo "--url --token-file --ca-file --json --help" ;;
    sign) echo "--config --time --nonce --help" ;;
    call) echo "--url --token-file --ca-file --body --idempotency-key --show-key --wait --curl --help GET POST DELETE" ;;
    openapi) echo "--config --policy --catalog --client --service --help" ;;
    sandbox) echo "--listen --cert --key --state --definitions --window --journal --quiet --fault --help" ;;
    version) echo "--verbose --formats --help" ;;
    esac
}

_countersign() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "serve check status top token explain replay suggest definitions diff audit freeze thaw freezes sign call openapi sandbox version --help" -- "$word")
        return
    fi
    case $previous in
    -c | -k | --config | --running | --policy | --catalog | --old-catalog | --new-catalog | --log | --key | --witness | --cert | --state | --journal | --token-file | --ca-file | --to | --definitions)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    --from)
        if [ "${COMP_WORDS[1]}" = definitions ]; then
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
            return
        fi
        ;;
    --outcome)
        mapfile -t COMPREPLY < <(compgen -W "executed not-executed unknown unrecorded" -- "$word")
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$(_countersign_options "${COMP_WORDS[1]}")" -- "$word")
    [ "${#COMPREPLY[@]}" -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$word")
}

complete -o filenames -F _countersign countersign
