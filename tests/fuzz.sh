#!/bin/sh
# tests/fuzz.sh [SECONDS [TARGET...]] - searches for inputs that break a promise: libFuzzer with the address and
# undefined sanitizers, SECONDS (60) for each target, FUZZ_JOBS (2) at a time, 0 is all.  It starts from
# tests/fuzz/corpus and from what earlier runs left in build/fuzz/corpus.  An input that breaks a promise ends it with 1 and stays in
# build/fuzz/found: put it into the target's folder of tests/fuzz/corpus, where every ordinary test run replays it.
# With FUZZ_KEEP=1 what reaches new code is added to tests/fuzz/corpus in the end.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
build=build/fuzz
corpus=tests/fuzz/corpus

# seeds TARGET: the folders that it starts from, besides its own
seeds() {
    echo "$corpus/$1"
    case $1 in policy | service) echo tests/vectors/config ;; esac
}

# run_target TARGET SECONDS
run_target() {
    mkdir -p "$build/corpus/$1" "$build/found" "$build/log"
    # shellcheck disable=SC2046  # a list of words
    if nice "$build/tests/fuzz/fuzz_$1" -max_total_time="$2" -max_len=1024 -timeout=10 -rss_limit_mb=1500 \
        -print_final_stats=1 -artifact_prefix="$build/found/$1-" "$build/corpus/$1" $(seeds "$1") \
        >"$build/log/$1" 2>&1; then
        echo "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/log/$1") executions, nothing broken"
    else
        grep -E 'broken|ERROR|SUMMARY|Test unit' "$build/log/$1" | head -n 5 | sed "s/^/$1: /" >&2
        return 1
    fi
}

# keep TARGET: the smallest set of inputs that reaches what all of them reach
keep() {
    # shellcheck disable=SC2046  # a list of words
    "$build/tests/fuzz/fuzz_$1" -set_cover_merge=1 -max_len=4096 "$corpus/$1" $(seeds "$1") "$build/corpus/$1" \
        >/dev/null 2>&1
    echo "$1: $(find "$corpus/$1" -type f | wc -l) inputs kept"
}

if [ "${1-}" = --target ]; then # as xargs calls it
    run_target "$3" "$2"
    exit
fi
seconds=${1-60}
[ $# -eq 0 ] || shift
# shellcheck disable=SC2086  # a list of words
packages_install $packages_build clang-14 libclang-rt-14-dev libcmocka-dev
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target fuzzers countersign -- --quiet
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046  # a list of words
    set -- $(ls "$corpus")
fi
printf '%s\n' "$@" | xargs -P "${FUZZ_JOBS-2}" -n 1 "$0" --target "$seconds"
[ -z "${FUZZ_KEEP-}" ] || for target; do keep "$target"; done
