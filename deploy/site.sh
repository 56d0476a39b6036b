#!/bin/sh
# deploy/site.sh [FOLDER] - the documentation as pages that can be opened from disk, in FOLDER (build/site).  It fails if a
# link leads nowhere.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

packages_install python3 python3-markdown
/usr/bin/python3 deploy/site/site.py . "${1-build/site}"
