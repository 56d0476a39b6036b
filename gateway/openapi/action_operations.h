/* gateway/openapi/action_operations.h - the cloud's own actions as operations of an OpenAPI document, each
 * with the schema of its document, where `doors: { actions: true }` opens /actions.
 *
 * They are written for each who asks: at rest they would take megabytes.  Any thread. */
#ifndef GATEWAY_OPENAPI_ACTION_OPERATIONS_H
#define GATEWAY_OPENAPI_ACTION_OPERATIONS_H

#include "base/arena.h"
#include "base/system/network.h"
#include "config/model/config.h"

/* Bytes of all operations and schemas of one document.  The vendor's largest service has 700 KiB of them; who
 * may call more than this asks for one service at a time. */
enum { ACTION_OPERATIONS_MAX = 1024 * 1024 };

/* Who asks for what. */
struct action_operations_query {
    const struct config_client *client; /* NULL: everything that there is */
    const struct network *source;       /* with `client` */
    int64_t now;                        /* seconds since 1970 */
    const char *service;                /* only its actions; NULL: of all services */
};

/* All in the arena. */
struct action_operations {
    const char *paths; /* members of `paths`, without a comma in front; of no length: there are none */
    size_t paths_length;
    const char *schemas; /* likewise, of `components.schemas` */
    size_t schemas_length;
    const bool *services; /* which of the configuration's has an operation, or would have one; or NULL */
    bool left_out;        /* they would have more bytes than ACTION_OPERATIONS_MAX: there are none */
};

/* -1: memory is out. */
MUST_USE int action_operations_write(struct action_operations *operations, const struct config *config,
                                     const struct action_operations_query *query, struct arena *arena);

#endif
