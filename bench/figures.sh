#!/bin/sh
# bench/figures.sh - the figures of README.md: how long the gateway takes to be ready, what it holds at rest, and
# what 256 keep-alive clients see in front of a sandbox that takes 20 ms: with a pause between requests, and without
# one, which saturates two cores.  Loopback only; ends what it started.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
seconds=${1-10}

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build wrk
cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release -- --quiet
countersign=$PWD/build/release/countersign
work=$(mktemp -d)
sandbox_pid='' gateway_pid=''
stop() {
    for pid in $gateway_pid $sandbox_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop EXIT

# wait_for FILE PATTERN: at most 10 s
wait_for() {
    tries=0
    until grep -q "$2" "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 10000 ] || { cat "$1" >&2; exit 1; }
        sleep 0.001
    done
}

"$countersign" sandbox --listen 127.0.0.1:0 --quiet --fault '*:delay=20' >"$work/sandbox.log" 2>&1 &
sandbox_pid=$!
wait_for "$work/sandbox.log" 'listening on'
sandbox=$(sed -n 's/.*listening on //p' "$work/sandbox.log")
umask 077
printf %s AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA >"$work/secret_id"
printf %s Gu5t9xGARNpq86cd98joQYCN3Cozk1qA >"$work/secret_key"
TOKEN=$("$countersign" token new bench | head -n 1)
export TOKEN
hash=$(printf %s "$TOKEN" | "$countersign" token hash)
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
  bench: { tokens: [ { id: bench, sha256: "$hash" } ] }
rules:
  - { id: all, allow: [bench], actions: [DetachClassicLinkVpc] }
EOF

echo "ready after, ms (five starts):"
for round in 1 2 3 4 5; do
    : >"$work/gateway.log" # of the start before: its line must not be taken for this one's
    begun=$(date +%s%N)
    "$countersign" serve -c "$work/countersign.yaml" >"$work/access.log" 2>"$work/gateway.log" &
    gateway_pid=$!
    wait_for "$work/gateway.log" 'ready on'
    echo "  $((($(date +%s%N) - begun) / 1000000))"
    [ "$round" = 5 ] || { kill "$gateway_pid"; wait "$gateway_pid"; }
done
gateway=$(sed -n 's/.*ready on \(http:[^,]*\).*/\1/p' "$work/gateway.log")
echo "at rest, 256 workers: $(awk '/VmRSS/ {print $2 " " $3}' "/proc/$gateway_pid/status")"
for think in 20 0; do
    echo "256 keep-alive clients that pause $think ms, sandbox with 20 ms, $seconds s:"
    THINK_MS=$think wrk -t 2 -c 256 -d "${seconds}s" --timeout 10s -s bench/detach.lua "$gateway" |
        grep -E '^(requests|latency|Requests/sec)'
done
echo "after that: $(awk '/VmRSS/ {print $2 " " $3}' "/proc/$gateway_pid/status")"
echo "access lines with status 202: $(grep -c '"status":202' "$work/access.log") of $(wc -l <"$work/access.log")"
