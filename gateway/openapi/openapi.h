/* gateway/openapi/openapi.h - the routes as an OpenAPI 3.1 document, made from the catalog. */
#ifndef GATEWAY_OPENAPI_OPENAPI_H
#define GATEWAY_OPENAPI_OPENAPI_H

#include "base/base.h"
#include "base/buf.h"
#include "base/network.h"
#include "config/model/config.h"

enum { OPENAPI_MAX = 1024 * 1024 }; /* some 4 KiB a route */

/* What is described. */
struct openapi_view {
    const struct config *config;
    const struct config_client *client; /* only what it may call; NULL: everything */
    struct network source;              /* with `client`: where it calls from */
    int64_t now;                        /* likewise, seconds since 1970 */
};

/* Where services have upstreams, only their routes, as the upstream's generation of the API has them; else
 * every route of the catalog. */
void openapi_put(struct buf *out, const struct openapi_view *view);

#endif
