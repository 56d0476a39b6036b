#!/bin/sh
# tests/run.sh [--all] - installs what the tests need from Debian, builds and runs them: what tools find in the sources;
# the unit tests of what is concurrent under the thread sanitizer, all unit tests and the end-to-end tests that are
# mostly input under the address, undefined and leak sanitizers; and then everything as it ships, but for the samples in
# six languages and the generated clients.  With --all also those and what takes long: the other end-to-end tests under
# the sanitizers, a minute's search for inputs that break a promise, how much of the code the tests reach, whether
# another folder gives the same program, Debian 13, and every action of the cloud.  The first failure ends it.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

all=
case "$#:${1-}" in
0:) ;;
1:--all) all=yes ;;
*)
    echo "usage: $0 [--all]" >&2
    exit 64
    ;;
esac

# Another npm, such as a newer Node's own, does as well.
command -v npm >/dev/null 2>&1 || packages_tests="$packages_tests npm"

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build $packages_tests

# Builds a preset and runs its tests; further arguments are ctest's.
run() {
    preset=$1
    shift
    say "building $preset"
    cmake --preset "$preset" -DBUILD_TESTING=ON >/dev/null
    cmake --build --preset "$preset" -- --quiet
    say "testing $preset"
    ctest --preset "$preset" "$@"
}

./tests/lint.sh quick
long=long
[ -z "$all" ] || long=none # a label that no test has
run tsan -L concurrency -LE "$long"
run asan -LE "house|$long"
if [ -n "$all" ]; then
    say "fuzzing"
    FUZZ_JOBS=12 ./tests/fuzz.sh 60 # side by side: a minute for all
    ./tests/coverage.sh
    ./tests/reproducible.sh
    ./tests/trixie.sh
    say "calling every action of the cloud"
    cmake --preset release >/dev/null
    cmake --build --preset release -- --quiet
    COUNTERSIGN_EVERY=1 COUNTERSIGN=build/release/countersign /usr/bin/python3 -m pytest -q tests/e2e/test_every_action.py
    say "failing every allocation of commands, starts and requests"
    COUNTERSIGN_MEMORY=1 ctest --preset release -R '^unit_config_load_memory$'
    COUNTERSIGN_MEMORY=1 COUNTERSIGN=build/release/countersign /usr/bin/python3 -m pytest -q -n 4 tests/e2e/test_memory.py
    say "killing gateways and their store under 3000 changes"
    COUNTERSIGN_KEYS=3000 COUNTERSIGN=build/release/countersign /usr/bin/python3 -m pytest -q tests/e2e/test_keys.py
fi
run release -LE "$long" # last: whoever scrolls no further sees what ships
