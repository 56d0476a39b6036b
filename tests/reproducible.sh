#!/bin/sh
# tests/reproducible.sh - the release once more from these sources, in a folder of another name and depth: the program
# must be the same, byte for byte.  Compared with build/release, which is built first.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build
cmake --preset release >/dev/null
cmake --build --preset release --target countersign -- --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
copy=$work/another/place
mkdir -p "$copy"
tar --exclude=./build --exclude=./.git -cf - . | tar -xf - -C "$copy"
cmake -S "$copy" -B "$copy/out" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCOUNTERSIGN_STRICT=ON -DBUILD_TESTING=OFF >/dev/null
cmake --build "$copy/out" --target countersign -- --quiet
cmp build/release/countersign "$copy/out/countersign"
say "the same program from two folders: $(sha256sum build/release/countersign | cut -c 1-16)..."
