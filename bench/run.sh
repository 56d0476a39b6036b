#!/bin/sh
# bench/run.sh - all figures of docs/performance.md: the gateway beside its peers (bench/side_by_side.py), what a
# request costs in system calls and instructions (counts.py), what the gateway adds to a slow upstream (latency.py),
# many connections (connections.py), TLS on both sides (tls.py), what happens as things grow (growth.py), and the plots.
# Takes about fifteen minutes, loads both cores, stays on loopback, ends what it started.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
export PYTHONDONTWRITEBYTECODE=1

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build nginx libnginx-mod-http-lua libnginx-mod-http-js lua-cjson haproxy nodejs golang-go wrk \
    openssl strace valgrind python3 python3-matplotlib
cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release --target countersign stub load relay -- --quiet
for part in side_by_side counts latency connections tls growth; do
    say "$part"
    /usr/bin/python3 "bench/$part.py"
done
/usr/bin/python3 bench/plot.py
