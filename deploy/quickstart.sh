#!/bin/sh
# deploy/quickstart.sh - from a fresh Debian 12 or 13 to the first answer: installs the build packages, builds, starts
# the sandbox and the gateway on free loopback ports, and makes three calls: one that is allowed, one that the
# policy refuses, one with a wrong token.  Stops what it started.  With --serve it leaves both running until Ctrl-C.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

usage() {
    echo "Usage: deploy/quickstart.sh [--serve]"
    echo "Builds Countersign and shows it at work against a local sandbox.  --serve keeps both running."
}

serve=no
case "${1-}" in
'') ;;
--serve) serve=yes ;;
--help | -h) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build curl ca-certificates
say "building (build/release)"
cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release -- --quiet

countersign=$PWD/build/release/countersign
work=$(mktemp -d)
sandbox_pid='' gateway_pid=''

stop() {
    trap - EXIT INT TERM
    for pid in $gateway_pid $sandbox_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM

# Waits up to 10 s for a line in a file and prints the first URL of it that follows the word.
url_in() {
    tries=0
    until url=$(sed -n "s/.*$2 \(http:[^ ,]*\).*/\1/p" "$1" | head -n 1) && [ -n "$url" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then
            echo "$0: it did not start; it said:" >&2
            cat "$1" >&2
            exit 1
        fi
        sleep 0.1
    done
    echo "$url"
}

say "starting the sandbox: a local upstream that verifies signatures"
"$countersign" sandbox --listen 127.0.0.1:0 >"$work/sandbox.log" 2>&1 &
sandbox_pid=$!
sandbox=$(url_in "$work/sandbox.log" 'listening on')
echo "$sandbox"

say "making a configuration, a policy and a token"
umask 077
# The credential that the vendor's documentation publishes; the sandbox knows it.
printf %s AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA >"$work/secret_id"
printf %s Gu5t9xGARNpq86cd98joQYCN3Cozk1qA >"$work/secret_key"
token=$("$countersign" token new network-console | head -n 1)
hash=$(printf %s "$token" | "$countersign" token hash)
cat >"$work/countersign.yaml" <<EOF
version: 1
listen: 127.0.0.1:0
admin: 127.0.0.1:0
policy: policy.yaml
credentials:
  main: { secret_id: { file: secret_id }, secret_key: { file: secret_key } }
upstreams:
  vpc: { url: $sandbox/v2/index.php, host: vpc.api.qcloud.com, credential: main, region: ap-guangzhou }
EOF
cat >"$work/policy.yaml" <<EOF
version: 1
clients:
  network-console:
    tokens: [ { id: "quickstart", sha256: "$hash" } ]
sets:
  staging: [vpc-2ari9m7h, vpc-8e0ypm3z]
rules:
  - { id: staging-links, allow: [network-console], actions: [DetachClassicLinkVpc], where: { vpcId: [\$staging], region: [ap-guangzhou] } }
  - { id: never-bastion, deny: ["*"], actions: [DetachClassicLinkVpc], where: { instanceIds: ["ins-bastion*"] } }
EOF
cat "$work/policy.yaml"
"$countersign" check -c "$work/countersign.yaml"

say "starting the gateway"
"$countersign" serve -c "$work/countersign.yaml" >"$work/access.log" 2>"$work/gateway.log" &
gateway_pid=$!
gateway=$(url_in "$work/gateway.log" 'ready on')
echo "$gateway"

# Waits up to 10 s until the file has more than so many lines, and prints the last: access lines come in batches.
line_after() {
    tries=0
    while [ "$(wc -l <"$1")" -le "$2" ] && [ "$tries" -lt 100 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    tail -n 1 "$1"
}

# Prints a word and a JSON object, whole, but on lines of at most 100 columns that end between two members.
wrapped() {
    printf '%s\n' "$2" | sed 's/,\("[A-Za-z]*":\)/,\n\1/g' | awk -v word="$1" '
        line != "" && length(line $0) > 92 { printf "%-8s%s\n", word, line; word = line = "" }
        { line = line $0 }
        END { printf "%-8s%s\n", word, line }'
}

# Shows the command, makes the call, shows status, answer and the line that each side logged.
call() {
    lines=$(wc -l <"$work/sandbox.log")
    access_lines=$(wc -l <"$work/access.log")
    printf '$ curl -X DELETE %s/vpcs/%s/classiclinks \\\n' "$gateway" "$1"
    printf '       -H "Authorization: Bearer %s" -H "Content-Type: application/json" \\\n' "$3"
    printf "       -d '{\"instanceIds\":[\"ins-df454d\"]}'\n"
    curl -sS -o "$work/answer" -w '%{http_code}\n' -X DELETE "$gateway/vpcs/$1/classiclinks" \
        -H "Authorization: Bearer $2" -H 'Content-Type: application/json' \
        -d '{"instanceIds":["ins-df454d"]}' >"$work/status"
    printf 'status  %s\n' "$(cat "$work/status")"
    wrapped answer "$(cat "$work/answer")"
    wrapped gateway "$(line_after "$work/access.log" "$access_lines")"
    if [ "$(wc -l <"$work/sandbox.log")" -gt "$lines" ]; then
        wrapped sandbox "$(tail -n 1 "$work/sandbox.log")"
    else
        printf 'sandbox was not called\n'
    fi
    [ "$(cat "$work/status")" = "$4" ] || { echo "$0: expected status $4" >&2; exit 1; }
}

say "each log has one line per call; long lines are wrapped here"
say "an allowed call: the gateway signs it, the sandbox verifies the signature"
# shellcheck disable=SC2016  # shown as it is
call vpc-2ari9m7h "$token" '$TOKEN' 202
say "another VPC: no rule allows it, so it is denied"
# shellcheck disable=SC2016  # shown as it is
call vpc-production "$token" '$TOKEN' 403
say "a wrong token"
call vpc-2ari9m7h wrong wrong 401

if [ "$serve" = yes ]; then
    say "both run until Ctrl-C; try"
    echo "curl -i -X DELETE $gateway/vpcs/vpc-8e0ypm3z/classiclinks -H 'Authorization: Bearer $token' -H 'Content-Type: application/json' -d '{\"instanceIds\":[\"ins-df221dd\"]}'"
    wait "$gateway_pid"
fi
say "done: both are stopped now"
