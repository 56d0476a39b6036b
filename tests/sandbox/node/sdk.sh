#!/bin/sh
# sdk.sh PROGRAM FOLDER - the vendor's SDK for Node against `PROGRAM`, which is the sandbox alone.  npm puts the SDK
# into FOLDER, as the lockfile here says.
# 77 (skipped) where there is no npm; with CI set, that is a failure.
set -eu
program=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
mkdir -p "$2"
cd "$2"
export NO_UPDATE_NOTIFIER=1

if ! command -v npm >/dev/null 2>&1; then
    echo "there is no npm: the vendor's SDK was not tried (apt-get install npm)"
    [ -z "${CI:-}" ] || exit 1
    exit 77
fi
cp "$here"/package.json "$here"/package-lock.json "$here"/.npmrc "$here"/sdk.js .
if ! cmp -s package-lock.json node_modules/.as-locked; then
    npm ci --ignore-scripts --no-progress --loglevel=error
    cp package-lock.json node_modules/.as-locked
fi

"$program" --listen 127.0.0.1:0 --quiet >listening &
sandbox=$!
trap 'kill "$sandbox"' EXIT
for _ in $(seq 100); do
    [ ! -s listening ] || break
    sleep 0.1
done
address=$(sed 's#.*http://##' listening)
# The SDK goes through a proxy of the environment, even to this machine.
env -u http_proxy -u https_proxy -u HTTP_PROXY -u HTTPS_PROXY node sdk.js "$address"
