#!/bin/sh
# tests/coverage.sh - how much of our own code the tests reach: builds the preset `coverage`, runs the unit tests, the
# corpora and the end-to-end tests in it (those of a sanitizer: it has one, so that they need not run twice), prints
# lines and branches, what is left in every file that is below the limits, and fails below 90 % of all lines or 80 % of
# all branches.  Not counted, by rule: branches that the compiler made without any in the source, and those of uthash's
# macros, which gcov sees at each line that uses one.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
build=build/coverage

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build $packages_tests gcovr
cmake --preset coverage -DBUILD_TESTING=ON >/dev/null
cmake --build --preset coverage -- --quiet
find "$build" -name '*.gcda' -delete
ctest --preset coverage -LE house
say "lines and branches of our own code"
# gcov counts calls that never returned, of processes that were ended, below zero: a line that gcovr cannot read
gcovr --root . --object-directory "$build" --gcov-ignore-parse-errors -j 2 --exclude-unreachable-branches \
    --exclude-branches-by-pattern '.*\bHASH_(ADD|DEL|FIND)[A-Z_]*\(' \
    --filter '(base|config|auth|gateway|client|sandbox)/([a-z0-9_]+/)*[a-z0-9_]+\.c$' --json "$build/coverage.json" >/dev/null 2>"$build/gcovr.log"
for kind in lines branches; do
    option=''
    least=90
    [ $kind = lines ] || { option=--branches least=80; }
    # shellcheck disable=SC2086  # none or one word
    gcovr --root . --add-tracefile "$build/coverage.json" $option --txt "$build/$kind.txt"
    echo "below $least % of the $kind: file, how many, reached, share, what is left"
    awk -v least=$least '/\.c / && $4 + 0 < least' "$build/$kind.txt"
done
gcovr --root . --add-tracefile "$build/coverage.json" --txt "$build/total.txt" --print-summary --fail-under-line 90 \
    --fail-under-branch 80
