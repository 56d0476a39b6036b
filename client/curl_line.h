/* client/curl_line.h - a request as the line of curl that sends the same. */
#ifndef CLIENT_CURL_LINE_H
#define CLIENT_CURL_LINE_H

#include "client/http.h"

/* For a POSIX shell, quoted, without a line feed at its end.  The token is "$COUNTERSIGN_TOKEN" in it, never
 * itself.  -1: the body cannot stand on a command line. */
MUST_USE int curl_line_put(struct buf *out, const struct options *order, const struct http_request *request,
                           struct err *err);

#endif
