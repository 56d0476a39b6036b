#!/bin/sh
# build.sh FOLDER - the reference page as C arrays: FOLDER/reference_files.c.
set -eu
here=$(dirname "$(realpath "$0")")

hex() {
    od -An -v -tx1 | sed 's/ \(..\)/0x\1,/g'
}

# NAME FILE: as it is, and compressed once, here.
array() {
    printf 'static const unsigned char plain_%s[] = {\n' "$1"
    hex <"$here/$2"
    printf '};\nstatic const unsigned char gzip_%s[] = {\n' "$1"
    gzip -9 -n -c "$here/$2" | hex
    printf '};\n'
}
{
    printf '#include "gateway/openapi/docs_page.h"\n'
    printf '#define BOTH(name) gzip_##name, sizeof gzip_##name, plain_##name, sizeof plain_##name\n'
    array html index.html
    array css page.css
    array page page.js
    array operation operation.js
    array request request.js
    array rules rules.js
    array elements elements.js
    array document document.js
    array list list.js
    array actions actions.js
    cat <<'END'
const struct docs_page_file reference_files[] = {
    {"", "text/html; charset=utf-8", BOTH(html)},
    {"page.css", "text/css; charset=utf-8", BOTH(css)},
    {"page.js", "text/javascript; charset=utf-8", BOTH(page)},
    {"operation.js", "text/javascript; charset=utf-8", BOTH(operation)},
    {"request.js", "text/javascript; charset=utf-8", BOTH(request)},
    {"rules.js", "text/javascript; charset=utf-8", BOTH(rules)},
    {"elements.js", "text/javascript; charset=utf-8", BOTH(elements)},
    {"document.js", "text/javascript; charset=utf-8", BOTH(document)},
    {"list.js", "text/javascript; charset=utf-8", BOTH(list)},
    {"actions.js", "text/javascript; charset=utf-8", BOTH(actions)},
    {0},
};
END
} >"$1/reference_files.c"
