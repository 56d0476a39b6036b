#!/bin/sh
# tests/coverage.sh [CTEST ARGUMENTS] - how much of our own code the tests reach: builds the preset `coverage`, runs
# every test but those of the source tree, prints lines and branches file by file, and fails below 90 % of the lines
# or 80 % of the branches.  Not counted, by rule: branches that the compiler made without any in the source.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
build=build/coverage

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build $packages_tests gcovr
cmake --preset coverage -DBUILD_TESTING=ON >/dev/null
cmake --build --preset coverage -- --quiet
find "$build" -name '*.gcda' -delete
ctest --preset coverage -LE house "$@"
say "lines and branches of our own code"
# gcov counts calls that never returned, of processes that were ended, below zero: a line that gcovr cannot read
gcovr --root . --object-directory "$build" --gcov-ignore-parse-errors --filter '(base|config|auth|client|gateway|sandbox)/[a-z0-9_]+\.c$' \
    --exclude-unreachable-branches --json "$build/coverage.json" >/dev/null 2>"$build/gcovr.log"
gcovr --root . --add-tracefile "$build/coverage.json" --txt "$build/lines.txt"
gcovr --root . --add-tracefile "$build/coverage.json" --branches --txt "$build/branches.txt" --print-summary \
    --fail-under-line 90 --fail-under-branch 80
