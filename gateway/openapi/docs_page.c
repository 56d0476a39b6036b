#include "gateway/openapi/docs_page.h"

#include <string.h>

/* Scripts and styles are files of ours, requests go to us, and nobody puts the page into a frame.  Its icon
 * is a data: URL. */
#define FIELDS                                                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "      \
    "data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"             \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                            \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"                                                                       \
    "Vary: Accept-Encoding\r\n"

const char *docs_page_fields(bool gzip)
{
    return gzip ? "Content-Encoding: gzip\r\n" FIELDS : FIELDS;
}

const struct docs_page_file *docs_page_find(const char *name)
{
    for (const struct docs_page_file *file = reference_files; file->name != NULL; file++)
        if (strcmp(file->name, name) == 0)
            return file;
    return NULL;
}
