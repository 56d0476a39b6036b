#!/bin/sh
# tests/coverage.sh - how much of our own code the tests reach: builds the preset `coverage`, runs the unit tests, the
# corpora and the quick files of tests/e2e (what waits, kills and loads for minutes reaches nothing else), prints lines
# and branches, what is left in every file below 90 % of its lines or 80 % of its branches, and fails below 95.8 % of
# all lines or 84.3 % of all branches.  Not counted, by rule: branches that the compiler made without any in the source,
# and those of uthash's macros, which gcov sees at each line that uses one.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
build=build/coverage
quick="accounts action_pages actions answers audit bad_input call carried catalog claims client_certificates
    client_sessions client_token config console console_past console_policy credentials definitions door_tls doors
    down_scope edge_certificates flattened framing freeze hints idempotency language large_documents like
    listeners machine main_job mcp metrics notices openapi openapi_actions operators parking policy problem_types reload renewal
    replay reviews routes sdk sdk_requests seals secret_parameters secrets several shared_limits source stores
    structured suggest tasks terminal things tls token_pages trace upstream_head usage values waiting way_out without_token"

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build $packages_tests gcovr
cmake --preset coverage -DBUILD_TESTING=ON >/dev/null
cmake --build --preset coverage -- --quiet
find "$build" -name '*.gcda' -delete
ctest --preset coverage -L unit
ctest --preset coverage -R '^sandbox_'
files=''
for name in $quick; do files="$files tests/e2e/test_$name.py"; done
# shellcheck disable=SC2086  # a list of words
COUNTERSIGN=$PWD/$build/countersign /usr/bin/python3 -m pytest -q -n 4 $files
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
gcovr --root . --add-tracefile "$build/coverage.json" --txt "$build/total.txt" --print-summary --fail-under-line 95.8 \
    --fail-under-branch 84.3
