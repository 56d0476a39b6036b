/* gateway/openapi/operation.h - one route as an operation of an OpenAPI document. */
#ifndef GATEWAY_OPENAPI_OPERATION_H
#define GATEWAY_OPENAPI_OPERATION_H

#include "base/base.h"
#include "base/buf.h"
#include "config/model/config.h"

/* Which generation of the API is described: one, or, where it is not known, both. */
enum { OPERATION_BOTH = CONFIG_APIS };

struct operation {
    const struct config *config; /* borrowed: which accounts there are */
    const struct config_route *route;
    const struct config_route *leader; /* of its path: the names of captures are its */
    int api;                           /* enum config_api, or OPERATION_BOTH */
    bool hashed;                       /* values are signed by a hash: any text is good */
};

/* The member "get":{...} of a path. */
void operation_put(struct buf *out, const struct operation *operation);

#endif
