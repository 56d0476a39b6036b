/* sandbox/http/head.h - the head of an HTTP request: its request line and its fields. */
#ifndef SANDBOX_HTTP_HEAD_H
#define SANDBOX_HTTP_HEAD_H

#include "sandbox/http/http_request.h"

/* Picks request->head apart, which must end with the empty line; its bytes are cut into the texts that the
 * request points to.  HTTP_READ, or the status to refuse with: 400, 413 (body), 417 (Expect), 501
 * (Transfer-Encoding), 431 (too many fields), 505. */
MUST_USE int head_parse(struct http_request *request);

#endif
