/* gateway/mcp/mcp_tools.h - the routes as tools: what MCP's tools/list says of them.
 *
 * A tool is called like the route's operation in the OpenAPI document, and has the same parameters, as one
 * object.  Tools are in the order of the routes.  They are written once for each configuration, and picked
 * for each who asks.  Never changes; safe from many threads. */
#ifndef GATEWAY_MCP_MCP_TOOLS_H
#define GATEWAY_MCP_MCP_TOOLS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/system/network.h"
#include "config/model/config.h"

enum {
    MCP_TOOLS_MAX = 32 * 1024 * 1024, /* bytes of all: more than ten thousand routes of some 1,600 */
    MCP_TOOLS_PAGE = 250,             /* in one answer: no policy of today gives a token more */
};

#define MCP_TOOLS_FIND "find_action"
#define MCP_TOOLS_CALL "call_action"

struct mcp_tools;

/* Of the routes whose service has an upstream that takes them.  `config` is borrowed.  NULL when memory is
 * out, or they would have more than MCP_TOOLS_MAX bytes. */
MUST_USE struct mcp_tools *mcp_tools_new(const struct config *config, struct err *err);
void mcp_tools_free(struct mcp_tools *tools);

/* The route of a tool, or NULL. */
const struct config_route *mcp_tools_route(const struct mcp_tools *tools, const char *name);

/* Who asks, from where and when (seconds since 1970). */
struct mcp_tools_view {
    const struct config_client *client;
    const struct network *source;
    int64_t now;
};

/* The members "tools" and, where there are more, "nextCursor": the tools behind the one that `cursor` names,
 * or from the first.  -1: no tool has that name. */
MUST_USE int mcp_tools_put(struct buf *out, const struct mcp_tools *tools, const struct mcp_tools_view *view,
                           const char *cursor);

#endif
