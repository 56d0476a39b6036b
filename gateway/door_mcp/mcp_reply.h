/* gateway/door_mcp/mcp_reply.h - the way out of the door /mcp: see mcp.h. */
#ifndef GATEWAY_DOOR_MCP_MCP_REPLY_H
#define GATEWAY_DOOR_MCP_MCP_REPLY_H

#include "gateway/door/door.h"

enum {
    MCP_REPLY_TEXT_MAX = 256 * 1024, /* bytes of an answer that are repeated as text, for older clients */
};

/* The door's reply().  A call that was refused before its message was read is read now, so that the refusal
 * is a result, too. */
void mcp_reply_write(struct exchange *x, struct buf *space, struct door_content *content);

#endif
