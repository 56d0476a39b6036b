/* gateway/door_mcp/mcp_actions.h - the cloud's own actions as two tools, where the doors `actions` and `mcp`
 * are both open: thousands of tools are more than a model can look at. */
#ifndef GATEWAY_DOOR_MCP_MCP_ACTIONS_H
#define GATEWAY_DOOR_MCP_MCP_ACTIONS_H

#include "base/json/json_value.h"
#include "gateway/exchange/exchange.h"

enum { MCP_ACTIONS_LISTED = 100 }; /* in one answer: a model asks again, with more of the name */

/* find_action: what this token may call, or how the document of one action looks.  Writes x->own. */
enum problem mcp_actions_find(struct exchange *x, const struct json_value *arguments);

/* The route of the action that call_action names; NULL: it names none, with the reason in x->err. */
const struct config_route *mcp_actions_route(struct exchange *x, const struct json_value *arguments);

/* call_action: writes x->route and x->call. */
enum problem mcp_actions_call(struct exchange *x, const struct json_value *arguments);

#endif
