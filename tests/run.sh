#!/bin/sh
# tests/run.sh [--all] - installs what the tests need from Debian, builds and runs them: what tools find in the sources;
# all unit tests under the address, undefined and leak sanitizers; and then everything as it ships, but for the package,
# what other programs do with it (a browser, samples in six languages, clients and checks from npm, the edge, Prometheus)
# and the end-to-end tests that wait for deadlines, kill or load.  With --all also those and what takes longer: what is
# concurrent under the thread sanitizer, the end-to-end tests under the others, a minute's search for inputs that break a
# promise, how much of the code the tests reach, whether another folder gives the same program, Debian 13, every action of
# the cloud, and 3,000 changes while gateways and their store are killed.  The first failure ends it.
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

# stage NAME - what comes now, and how much time has gone
began=$(date +%s)
stage() {
    seconds=$(($(date +%s) - began))
    say "$(printf '%d:%02d %s' $((seconds / 60)) $((seconds % 60)) "$1")"
}

# build PRESET [TARGET...] - all targets where none is named
build() {
    preset=$1
    shift
    stage "building $preset"
    cmake --preset "$preset" -DBUILD_TESTING=ON >/dev/null
    cmake --build --preset "$preset" ${1+--target} "$@" -- --quiet
}

# check PRESET OPTION... - runs its tests; the options are ctest's
check() {
    stage "testing $1"
    ctest --preset "$@"
}

# Another npm, such as a newer Node's own, does as well.
command -v npm >/dev/null 2>&1 || packages_tests="$packages_tests npm"

stage "looking for what the tests need"
# shellcheck disable=SC2086  # a list of words
packages_install $packages_build $packages_tests

stage "looking through the sources"
./tests/lint.sh quick
if [ -z "$all" ]; then
    build asan
    check asan -L unit
    build release
    check release -LE long
else
    build tsan concurrency countersign
    check tsan -L concurrency
    build asan
    check asan -LE house
    stage "fuzzing"
    FUZZ_JOBS=0 ./tests/fuzz.sh 60 # side by side: a minute for all
    stage "coverage"
    ./tests/coverage.sh
    stage "another folder"
    ./tests/reproducible.sh
    stage "Debian 13"
    ./tests/trixie.sh
    build release
    stage "killing gateways and their store under 3000 changes" # alone: its load is its own
    COUNTERSIGN_KEYS=3000 COUNTERSIGN=build/release/countersign /usr/bin/python3 -m pytest -q tests/e2e/test_keys.py
    export COUNTERSIGN_EVERY=1 # the end-to-end tests call every action of the cloud
    check release              # last: whoever scrolls no further sees what ships
fi
