/* client/body.h - from NAME=VALUE to a JSON body, with the types that the gateway's OpenAPI document
 * tells. */
#ifndef CLIENT_BODY_H
#define CLIENT_BODY_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/options.h"

/* Writes the order's parameters as a JSON object.  `document` is what /openapi.json answered; where it does
 * not know the request, a name that is given once is a string and one that is given again a list.  -1 when a
 * parameter that is no list is given twice, or memory is out. */
MUST_USE int body_put_body(struct buf *out, const struct options *order, const struct buf *document,
                           struct err *err);

/* Does this method say its parameters in a body? */
bool body_wants_body(const char *method);

#endif
