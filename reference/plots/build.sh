#!/bin/sh
# build.sh FOLDER - what draws the console's plots as C arrays: FOLDER/console_files.c.  npm takes it as the lockfile says.
# Where it cannot, the console has its figures as tables, and the build says so.
set -eu
here=$(dirname "$(realpath "$0")")
out=$(realpath "$1")
plots=$out/node_modules/uplot

empty() {
    echo "console: $1; the gateway is built without plots" >&2
    cat >"$out/console_files.c" <<'END'
#include "gateway/admin/console_files.h"
const struct docs_page_file console_files[] = {{0}};
END
    exit 0
}

command -v npm >/dev/null 2>&1 || empty "there is no npm (apt-get install npm)"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$out"
(cd "$out" && npm ci --ignore-scripts --no-progress --loglevel=error >/dev/null) || empty "npm cannot fetch uPlot"

# NAME FILE
array() {
    printf 'static const unsigned char %s[] = {\n' "$1"
    od -An -v -tx1 <"$plots/$2" | sed 's/ \(..\)/0x\1,/g'
    printf '};\n'
}

{
    printf '#include "gateway/admin/console_files.h"\n'
    array css dist/uPlot.min.css
    array js dist/uPlot.iife.min.js
    array licence LICENSE
    cat <<'END'
const struct docs_page_file console_files[] = {
    {.name = "uplot.css", .type = "text/css; charset=utf-8", .plain = css, .plain_length = sizeof css},
    {.name = "uplot.js", .type = "text/javascript; charset=utf-8", .plain = js, .plain_length = sizeof js},
    {.name = "licences.txt", .type = "text/plain; charset=utf-8", .plain = licence, .plain_length = sizeof licence},
    {0},
};
END
} >"$out/console_files.c"
