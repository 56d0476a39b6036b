#!/bin/sh
# bench/node.sh WORDS - runs Debian's Node, also where another one is installed in its place: then Debian's is unpacked
# into build/node, and sees its own /usr/share/nodejs in a mount namespace of its own, for which it has to be root.
set -eu
case $(dpkg-query -W -f='${Version}' nodejs 2>/dev/null) in
*dfsg*) exec node "$@" ;;
esac
there=$(cd "$(dirname "$0")/.." && pwd)/build/node
if [ ! -x "$there/usr/bin/node" ]; then
    mkdir -p "$there/packages"
    cd "$there/packages"
    version=$(apt-cache madison nodejs | awk '$3 ~ /dfsg/ { print $3; exit }')
    apt-get download -qq "nodejs=$version" "libnode108=$version" node-cjs-module-lexer node-acorn node-undici node-busboy \
        node-xtend 2>/dev/null
    for package in *.deb; do
        dpkg -x "$package" "$there"
    done
    cd "$OLDPWD"
fi
mkdir -p /usr/share/nodejs
LD_LIBRARY_PATH=$there/usr/lib/$(gcc -print-multiarch)
export LD_LIBRARY_PATH
# shellcheck disable=SC2016  # for the shell inside
exec unshare --mount sh -c 'mount --bind "$0/usr/share/nodejs" /usr/share/nodejs && exec "$0/usr/bin/node" "$@"' "$there" "$@"
