#!/bin/sh
# deploy/package.sh - builds the Debian package on Debian 12 or 13 and prints its path.  Installs what the build needs.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build dpkg-dev file >&2
say "building (build/release)" >&2
# The time of the last change, so that the same source gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-$(dpkg-parsechangelog -l deploy/debian/changelog -S Timestamp)}
export SOURCE_DATE_EPOCH
umask 022
new=yes
[ ! -e build/release/CMakeCache.txt ] || new='' # tests that are built there stay
cmake --preset release ${new:+-DBUILD_TESTING=OFF} >/dev/null
cmake --build --preset release -- --quiet
mkdir -p build/package
cpack --config build/release/CPackConfig.cmake -G DEB -B "$PWD/build/package" >build/package/cpack.log ||
    { cat build/package/cpack.log >&2; exit 1; }
sed -n 's/^CPack: - package: \(.*\) generated\.$/\1/p' build/package/cpack.log
