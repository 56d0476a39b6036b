#!/bin/sh
# tests/trixie.sh - Debian 13 in a root of its own: builds with its gcc and its clang, runs the unit tests, the
# end-to-end tests of framing, TLS and life, those of what gateways share with Valkey, the quickstart, and makes and
# installs the package.  Needs root and namespaces.  The root's packages are kept in build/trixie.
set -eu
cd "$(dirname "$0")/.."
. deploy/packages.sh

suite=trixie
# What is asked of Debian 13's libraries; everything else is asked of Debian 12 as well.
end_to_end="test_listeners.py test_door_tls.py test_framing.py test_stale.py test_upstream_head.py test_tls.py test_life.py test_main_job.py"

packages_install mmdebstrap
in_root="$packages_build $packages_root"
# shellcheck disable=SC2086  # a list of words
names=$(echo $in_root | tr ' ' '\n' | sort -u | paste -sd,)
mkdir -p build/trixie
tarball=build/trixie/$(echo "$names" | sha256sum | cut -c 1-8).tar
if [ ! -e "$tarball" ]; then
    say "making a Debian 13"
    mmdebstrap --variant=minbase --quiet --format=tar --include="$names" "$suite" "$tarball.new"
    mv "$tarball.new" "$tarball"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tar -C "$work" -xf "$tarball"
mkdir "$work/src"
tar --exclude=./build --exclude=./.git --exclude=node_modules -cf - . | tar -xf - -C "$work/src"

# inside COMMAND - as root of the new root, with its own processes and mounts, and loopback alone
inside() {
    # shellcheck disable=SC2016  # the inner shell expands it
    unshare --mount --pid --net --uts --ipc --fork --kill-child sh -ec '
        mount -t proc proc "$1/proc"
        mount -t tmpfs tmpfs "$1/tmp"
        mount --bind /dev "$1/dev"
        ip link set lo up
        exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 CI=true \
            DEBIAN_FRONTEND=noninteractive sh -ec "cd /src && $2"' sh "$work" "$1"
}

say "Debian 13: building with gcc"
inside 'cmake --preset release -DBUILD_TESTING=ON >/dev/null && cmake --build --preset release -- --quiet'
say "Debian 13: unit tests"
inside 'ctest --preset release -L unit -LE "e2e|house"'
say "Debian 13: the suite of stores, and what gateways share, with Valkey"
inside 'REDIS_SERVER=valkey-server ctest --preset release -R "^unit_gateway_state_state$"'
inside 'cd tests/e2e && REDIS_SERVER=valkey-server COUNTERSIGN=/src/build/release/countersign python3 -m pytest -q -n 4 \
        test_idempotency.py test_shared_limits.py test_stores.py'
say "Debian 13: end to end"
inside "cd tests/e2e && COUNTERSIGN=/src/build/release/countersign python3 -m pytest -q -n 4 $end_to_end"
say "Debian 13: the quickstart and the package"
# shellcheck disable=SC2016  # the inner shell expands it
inside './deploy/quickstart.sh >/tmp/out || { cat /tmp/out; exit 1; }; tail -n 1 /tmp/out
        dpkg -i "$(./deploy/package.sh | tail -n 1)" && countersign version && dpkg -s countersign | grep "^Version: .*+deb13"'
say "Debian 13: building with clang" # that it does; nothing is run
inside 'CC=clang cmake -S . -B build/clang -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O0 -DBUILD_TESTING=OFF >/dev/null &&
        cmake --build build/clang -- --quiet'
say "Debian 13: good"
