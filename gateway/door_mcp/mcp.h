/* gateway/door_mcp/mcp.h - the door POST /mcp: the routes as tools of the Model Context Protocol, where
 * `doors: { mcp: true }` opens it.
 *
 * What fails before the message can be read (its framing, its token, its media type) is answered as at every
 * path.  From then on answers are messages: to a tool's call a result, also where it is refused, so that the
 * model that called it sees why; to a message that is wrong itself an error of JSON-RPC. */
#ifndef GATEWAY_DOOR_MCP_MCP_H
#define GATEWAY_DOOR_MCP_MCP_H

#include "gateway/mcp/mcp_message.h"
#include "gateway/door/door.h"

extern const struct door mcp_door;

/* Reads the body, which has been received, and writes x->mcp: a struct mcp_message.  Of one that is refused,
 * with the sentence in `err`, it has the code. */
enum problem mcp_read(struct exchange *x, struct err *err);

/* Writes x->route, where the message is a tool's call: for the record of one that went no further. */
void mcp_name_route(struct exchange *x);

/* The argument `region` of a tool becomes the query key that it is elsewhere. */
enum problem mcp_read_region(struct exchange *x, const struct json_value *value);

/* The argument `idempotencyKey` of a change is what the field Idempotency-Key is elsewhere, and comes before
 * it. */
enum problem mcp_read_key(struct exchange *x, const struct json_value *value);

#endif
