/* gateway/openapi/info.h - what an OpenAPI document says of itself. */
#ifndef GATEWAY_OPENAPI_INFO_H
#define GATEWAY_OPENAPI_INFO_H

#include "base/base.h"
#include "base/buf.h"

/* Opens the document, and has its members from "openapi" to "servers".  `prefix`: what its paths begin with,
 * or "".  `whole`: it has every route, not those of a token alone.  `left_out`: the actions are too many. */
void info_put(struct buf *out, const char *prefix, bool whole, bool left_out);

#endif
