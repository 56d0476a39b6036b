#!/bin/sh
# build.sh FOLDER - the reference page as C arrays, and what draws the console's plots: FOLDER/reference_files.c.  npm takes
# both as the lockfile says.  Where it cannot, the gateway is built without them, and says so.
set -eu
here=$(dirname "$(realpath "$0")")
out=$(realpath "$1")
viewer=$out/node_modules/swagger-ui-dist
plots=$out/node_modules/uplot

empty() {
    echo "reference page: $1; the gateway is built without /docs and plots" >&2
    cat >"$out/reference_files.c" <<'END'
#include "gateway/openapi/docs_page.h"
const struct docs_page_file reference_files[] = {{0}};
const struct docs_page_file console_files[] = {{0}};
END
    exit 0
}

command -v npm >/dev/null 2>&1 || empty "there is no npm (apt-get install npm)"
cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" "$out"
(cd "$out" && npm ci --ignore-scripts --no-progress --loglevel=error >/dev/null) || empty "npm cannot fetch its viewer"

cat "$viewer/NOTICE" "$viewer/LICENSE" "$viewer/swagger-ui-bundle.js.LICENSE.txt" "$plots/LICENSE" >"$out/licences.txt"

hex() {
    od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'
}

# NAME FILE: as it is, and compressed once, here.
array() {
    printf 'static const unsigned char plain_%s[] = {\n' "$1"
    hex <"$2"
    printf '};\nstatic const unsigned char gzip_%s[] = {\n' "$1"
    gzip -9 -n -c "$2" | hex
    printf '};\n'
}
{
    printf '#include "gateway/openapi/docs_page.h"\n'
    printf '#define BOTH(name) gzip_##name, sizeof gzip_##name, plain_##name, sizeof plain_##name\n'
    array html "$here/index.html"
    array page_css "$here/page.css"
    array page_js "$here/page.js"
    array viewer_css "$viewer/swagger-ui.css"
    array viewer_js "$viewer/swagger-ui-bundle.js"
    array licences "$out/licences.txt"
    array plots_css "$plots/dist/uPlot.min.css"
    array plots_js "$plots/dist/uPlot.iife.min.js"
    cat <<'END'
const struct docs_page_file reference_files[] = {
    {"", "text/html; charset=utf-8", BOTH(html)},
    {"page.css", "text/css; charset=utf-8", BOTH(page_css)},
    {"page.js", "text/javascript; charset=utf-8", BOTH(page_js)},
    {"swagger-ui.css", "text/css; charset=utf-8", BOTH(viewer_css)},
    {"swagger-ui-bundle.js", "text/javascript; charset=utf-8", BOTH(viewer_js)},
    {"licences.txt", "text/plain; charset=utf-8", BOTH(licences)},
    {0},
};
const struct docs_page_file console_files[] = {
    {"uplot.css", "text/css; charset=utf-8", BOTH(plots_css)},
    {"uplot.js", "text/javascript; charset=utf-8", BOTH(plots_js)},
    {0},
};
END
} >"$out/reference_files.c"
