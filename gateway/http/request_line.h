/* gateway/http/request_line.h - the first line of a request: RFC 9112 section 3. */
#ifndef GATEWAY_HTTP_REQUEST_LINE_H
#define GATEWAY_HTTP_REQUEST_LINE_H

#include "gateway/http/request_head.h"

/* `line` has `length` octets, no control but HTAB among them, and one more behind it that may be overwritten.
 * Fills method, target, query, authority and minor of the head as far as it comes. */
MUST_USE enum request_head_state request_line_read(struct request_head *head, char *line, size_t length);

#endif
