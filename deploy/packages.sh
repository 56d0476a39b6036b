# shellcheck shell=sh disable=SC2034  # sourced: others use the lists
# deploy/packages.sh - sourced by the scripts that need Debian packages: says what it installs and why, and
# installs only what is missing.
packages_install() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    say "installing from Debian:$missing"
    as_root=
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    if [ -n "$as_root" ] && ! command -v sudo >/dev/null 2>&1; then
        echo "$0: these packages are missing and only root can install them:$missing" >&2
        exit 1
    fi
    $as_root apt-get update -qq
    (
        # Some bring a service (prometheus listens on the admin listener's port): none is started here, unless the
        # machine has a rule of its own (policy-rc.d, see invoke-rc.d(8)).
        rule=/usr/sbin/policy-rc.d
        if [ ! -e "$rule" ]; then
            trap '$as_root rm -f "$rule"' EXIT
            trap 'exit 130' INT TERM
            printf '#!/bin/sh\nexit 101\n' | $as_root tee "$rule" >/dev/null
            $as_root chmod 755 "$rule"
        fi
        # shellcheck disable=SC2086  # a list of words
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    )
}

# What the build needs; the tests add to it.
packages_build="gcc libc6-dev cmake ninja-build pkg-config libcivetweb-dev libcurl4-openssl-dev libhiredis-dev libjansson-dev
    libpcre2-dev libsqlite3-dev libyaml-dev libssl-dev uthash-dev zlib1g-dev"

packages_tests="redis-server libcmocka-dev prometheus logrotate python3-yaml python3 python3-pytest python3-pytest-xdist python3-jsonschema python3-hypothesis python3-markdown tzdata openssl curl ca-certificates
    procps clang-format systemd strace binutils mandoc groff-base lintian mmdebstrap iproute2 haproxy nginx git
    dpkg-dev file"

# What tests/trixie.sh has in its Debian 13, beside what the build needs.
packages_root="redis-server valkey-server libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-yaml python3-hypothesis
    python3-jsonschema tzdata openssl curl ca-certificates procps strace binutils iproute2 dpkg-dev file clang"

# A browser, and what drives it.
packages_tests="$packages_tests chromium chromium-driver"

# The languages of docs/samples.md; npm brings Node.
packages_tests="$packages_tests jq default-jdk-headless golang-go"

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

say() {
    printf '%s== %s%s\n' "$bold" "$*" "$plain"
}
