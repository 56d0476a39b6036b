/* gateway/openapi/openapi.h - the routes as an OpenAPI 3.1 document, made from the catalog, and the cloud's
 * own actions behind them.
 *
 * The operations of routes are written once for each configuration, and put together for each who asks: a
 * document of ten thousand routes is copied, not composed.  Never changes; safe from many threads. */
#ifndef GATEWAY_OPENAPI_OPENAPI_H
#define GATEWAY_OPENAPI_OPENAPI_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/openapi/action_operations.h"

enum { OPENAPI_MAX = 16 * 1024 * 1024 }; /* bytes: more than ten thousand routes of some 1,300 */

struct openapi;

/* Where services have upstreams, only their routes, as the upstream's generation of the API has them; else
 * every route of the catalog.  `config` is borrowed.  NULL when memory is out, or when the document would
 * have more than OPENAPI_MAX bytes. */
MUST_USE struct openapi *openapi_new(const struct config *config, struct err *err);
void openapi_free(struct openapi *openapi);

/* What somebody sees of it. */
struct openapi_view {
    const bool *shown; /* by the route's place in the configuration; NULL: every route */
    struct action_operations actions;
    const struct config_client *client; /* NULL: it is for all of them */
    const char *prefix; /* what the paths begin with for callers, see config_is_prefix(); or NULL */
};

/* What this client may call from there at this time, of all services or of one; `prefix` is the caller's to
 * write.  In the arena; -1 when memory is out. */
MUST_USE int openapi_look(const struct openapi *openapi, const struct action_operations_query *query,
                          struct arena *arena, struct openapi_view *view);

/* Appends the document and gives its length; `out` NULL: the length alone. */
size_t openapi_put(struct buf *out, const struct openapi *openapi, const struct openapi_view *view);

#endif
