#!/bin/sh
# deploy/release.sh [FOLDER] - what is published of a release, in FOLDER (build/published): the Debian package, the sources of
# the last commit, a bill of materials (SPDX 2.3), the documentation as pages, and SHA256SUMS over all of them.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

packages_install git python3 >&2
folder=${1-build/published}
version=$(sed -n 's/^project(countersign VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
package=$(deploy/package.sh | tail -n 1)
rm -rf "$folder"
mkdir -p "$folder"
cp "$package" "$folder/"
git archive --format=tar.gz --prefix="countersign-$version/" -o "$folder/countersign-$version.tar.gz" HEAD
deploy/site.sh build/site >&2
tar -C build -czf "$folder/countersign-$version-docs.tar.gz" --sort=name --owner=0 --group=0 --numeric-owner \
    --mtime="@$(git log -1 --format=%ct)" site
/usr/bin/python3 deploy/spdx.py "$version" "$package" >"$folder/countersign-$version.spdx.json"
(cd "$folder" && sha256sum -- *.deb *.tar.gz *.json >SHA256SUMS && cat SHA256SUMS)
