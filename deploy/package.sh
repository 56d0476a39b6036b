#!/bin/sh
# deploy/package.sh - builds the Debian package on Debian 12 or 13 and prints its path.  Installs what the build needs.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

# shellcheck disable=SC2086  # a list of words
packages_install $packages_build dpkg-dev file >&2
say "building (build/package)" >&2
# The time of the last change, so that the same source gives the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH-$(dpkg-parsechangelog -l deploy/debian/changelog -S Timestamp)}
export SOURCE_DATE_EPOCH
umask 022
cmake -S . -B build/package -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_INSTALL_PREFIX=/usr \
    -DBUILD_TESTING=OFF >/dev/null
cmake --build build/package -- --quiet
(cd build/package && cpack -G DEB >cpack.log) || { cat build/package/cpack.log >&2; exit 1; }
sed -n 's/^CPack: - package: \(.*\) generated\.$/\1/p' build/package/cpack.log
