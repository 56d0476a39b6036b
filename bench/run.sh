#!/bin/sh
# bench/run.sh [--rounds N] [PART...] - the figures of docs/performance.md.  Parts, in their order:
#   side_by_side  the gateway beside its peers, 32 clients                 (4 minutes)
#   as_shipped    1, 256, 1,000 clients, 20 ms, doors, TLS, rules          (8 minutes)
#   counts        system calls and instructions a request                  (1 minute)
#   latency connections tls growth   what is added to a slow upstream, many connections, handshakes, as things grow
# Without any named: all, and the plots.  --rounds: of the first two; 9 unless said otherwise, and from 9 on their tables
# are put into docs/performance.md (bench/page.py); 1 is for a look at whether all of it runs.  Loads all cores, stays on
# loopback, ends what it started.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
export PYTHONDONTWRITEBYTECODE=1
rounds=9
if [ "${1-}" = --rounds ]; then
    rounds=${2:?--rounds needs a number}
    shift 2
fi

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build nginx libnginx-mod-http-lua libnginx-mod-http-js lua-cjson haproxy nodejs golang-go wrk \
    openssl strace valgrind python3 python3-matplotlib
cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release --target countersign stub load relay -- --quiet
mkdir -p build/bench
all=false
[ $# -gt 0 ] || {
    all=true
    set -- side_by_side as_shipped counts latency connections tls growth
}
for part in "$@"; do
    say "$part"
    case $part in
    side_by_side | as_shipped) /usr/bin/python3 "bench/$part.py" "$rounds" >"build/bench/$part.md" ;;
    *) /usr/bin/python3 "bench/$part.py" >"build/bench/$part.txt" ;;
    esac
    cat "build/bench/$part".*
done
[ "$rounds" -lt 9 ] || /usr/bin/python3 bench/page.py
[ $all = false ] || /usr/bin/python3 bench/plot.py
