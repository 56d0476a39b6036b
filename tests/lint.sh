#!/bin/sh
# tests/lint.sh [quick] - what tools find in the sources without running them: shellcheck, cppcheck, clang-tidy (its
# checks are in .clang-tidy) and gcc's -fanalyzer.  `quick` leaves out the last two, which take minutes.  Findings of
# the analyzers that were looked at and are none stand in tests/lint.known, with the reason.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh
build=build/analyzer

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build shellcheck cppcheck clang-tidy
say "shellcheck"
# shellcheck disable=SC2046  # a list of words
shellcheck -x .ci/run $(git ls-files '*.sh')
say "cppcheck"
# Of the system's headers it reads only what is all macros, without which a loop over a list is a riddle to it.
mkdir -p "$build/macros"
ln -sf /usr/include/utlist.h /usr/include/uthash.h "$build/macros/"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DBUILD_TESTING=OFF -DCOUNTERSIGN_PLOTS=OFF \
    "-DCMAKE_C_FLAGS=-O1 -fanalyzer -I$PWD/$build/macros" >/dev/null
cppcheck --project="$build/compile_commands.json" -j 2 --std=c17 --enable=warning,performance,portability \
    --suppress='*:/usr/*' --suppress="*:$PWD/$build/macros/*" --quiet --error-exitcode=1
[ "${1-}" != quick ] || exit 0

say "gcc -fanalyzer"
cmake --build "$build" --clean-first >"$build/gcc.log" 2>&1 || { tail -n 30 "$build/gcc.log"; exit 1; }
say "clang-tidy"
# Without gcc's own flags, which clang does not know.
mkdir -p "$build/clang"
sed 's/ -fanalyzer//' "$build/compile_commands.json" >"$build/clang/compile_commands.json"
git ls-files 'base/*.c' 'config/*.c' 'auth/*.c' 'gateway/*.c' 'sandbox/*.c' 'client/*.c' |
    xargs -P 2 -n 8 clang-tidy --quiet -p "$build/clang" >"$build/clang.log" 2>/dev/null

# "FILE:LINE:COLUMN: warning: ... [CHECK]" -> what is not known
sed "s|^$PWD/||" "$build/gcc.log" "$build/clang.log" | grep -E '^[a-z]+/[^ ]+: (warning|error):' | sort -u |
    awk -v known=tests/lint.known '
        BEGIN { while ((getline line < known) > 0) { split(line, word, " "); seen[word[1] " " word[2]] = 1 } }
        { split($1, place, ":"); check = $NF; gsub(/[][]/, "", check); sub(/,.*/, "", check)
          if (!((place[1] " " check) in seen)) { print; found = 1 } }
        END { exit found }'
say "nothing found"
