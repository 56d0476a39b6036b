/* gateway/mcp/mcp_answer.h - what a message of MCP is answered: one JSON object, by both schemas. */
#ifndef GATEWAY_MCP_MCP_ANSWER_H
#define GATEWAY_MCP_MCP_ANSWER_H

#include "base/buf.h"
#include "gateway/mcp/mcp_message.h"

/* {"jsonrpc":"2.0","id":1,"result":{ and what every result has; the caller's members follow. */
void mcp_answer_open(struct buf *out, const struct mcp_message *message);
void mcp_answer_close(struct buf *out);

/* A list that depends on who asks; it may change with any reload, so nobody keeps it. */
void mcp_answer_put_caching(struct buf *out, const struct mcp_message *message);

/* The whole answer to MCP_INITIALIZE, MCP_PING or MCP_DISCOVER. */
void mcp_answer_put_server(struct buf *out, const struct mcp_message *message);

/* The whole error.  `problem`: what it is in the words of the other doors, JSON; or NULL. */
void mcp_answer_put_error(struct buf *out, const struct mcp_message *message, enum mcp_code code,
                          const char *text, const char *problem);

#endif
