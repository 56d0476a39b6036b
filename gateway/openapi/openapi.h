/* gateway/openapi/openapi.h - the routes as an OpenAPI 3.1 document, made from the catalog.
 *
 * The operations are written once for each configuration, and put together for each who asks: a document of
 * ten thousand routes is copied, not composed.  Never changes; safe from many threads. */
#ifndef GATEWAY_OPENAPI_OPENAPI_H
#define GATEWAY_OPENAPI_OPENAPI_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/system/network.h"
#include "config/model/config.h"

enum { OPENAPI_MAX = 16 * 1024 * 1024 }; /* bytes: more than ten thousand routes of some 1,300 */

struct openapi;

/* Where services have upstreams, only their routes, as the upstream's generation of the API has them; else
 * every route of the catalog.  `config` is borrowed.  NULL when memory is out, or when the document would
 * have more than OPENAPI_MAX bytes. */
MUST_USE struct openapi *openapi_new(const struct config *config, struct err *err);
void openapi_free(struct openapi *openapi);

/* By the route's place in the configuration: what this client may call from there at this time (seconds since
 * 1970). In the arena; NULL when memory is out. */
MUST_USE const bool *openapi_shown(const struct openapi *openapi, const struct config_client *client,
                                   const struct network *source, int64_t now, struct arena *arena);

/* Appends the document and gives its length; `out` NULL: the length alone.  `shown` NULL: every route.
 * `client` NULL: for all of them.  `prefix`: what the paths begin with for callers, see config_is_prefix();
 * or "". */
size_t openapi_put(struct buf *out, const struct openapi *openapi, const bool *shown,
                   const struct config_client *client, const char *prefix);

#endif
