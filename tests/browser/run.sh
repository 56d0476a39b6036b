#!/bin/sh
# run.sh FOLDER - the tests in a real browser, with axe, which npm puts into FOLDER, as the lockfile here says.  What is
# not there, conftest.py says.
set -eu
here=$(dirname "$(realpath "$0")")
if command -v npm >/dev/null 2>&1; then
    mkdir -p "$1"
    cd "$1"
    cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc .
    if ! cmp -s package-lock.json node_modules/.as-locked; then
        npm ci --ignore-scripts --no-progress --loglevel=error
        cp package-lock.json node_modules/.as-locked
    fi
    AXE=$PWD/node_modules/axe-core/axe.min.js
    export AXE
fi
exec /usr/bin/python3 -m pytest -q "$here"
