#!/bin/sh
# run.sh FOLDER - the tests of the SDKs' door with the vendor's own Node SDK, which npm puts into FOLDER, as the lockfile
# here says.
# 77 (skipped) where there is no npm; with CI set, that is a failure.
set -eu
here=$(dirname "$(realpath "$0")")
mkdir -p "$1"
cd "$1"
if ! command -v npm >/dev/null 2>&1; then
    echo "there is no npm: the Node SDK was not tried (apt-get install npm)"
    [ -z "${CI:-}" ] || exit 1
    exit 77
fi
cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc .
if ! cmp -s package-lock.json node_modules/.as-locked; then
    npm ci --ignore-scripts --no-progress --loglevel=error
    cp package-lock.json node_modules/.as-locked
fi
NODE_PATH=$PWD/node_modules
export NODE_PATH
exec /usr/bin/python3 -m pytest -q "$here"
