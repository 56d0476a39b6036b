/* gateway/mcp/mcp_message.h - one message of a client of the Model Context Protocol: read.
 *
 * Two revisions are supported.  With 2026-07-28 each request says its version in `_meta`, and fields of its
 * head repeat what its body says, so that proxies can look at them: a field that is missing or says something
 * else is refused.  A client of 2025-11-25 begins with `initialize`, and then says its version in a field of
 * each head.  Nothing is kept between two requests with either.
 *
 * A message is read once and in place.  Its members are decided by, so one that is there twice is refused.
 * Sources: the specification's revisions of these dates, basic/transports and server/tools, and their
 * schemas. */
#ifndef GATEWAY_MCP_MCP_MESSAGE_H
#define GATEWAY_MCP_MCP_MESSAGE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/err.h"
#include "base/json/json_value.h"
#include "gateway/http/request_head.h"

#define MCP_VERSION_MODERN    "2026-07-28"
#define MCP_VERSION_HANDSHAKE "2025-11-25"

enum {
    MCP_MESSAGE_DEPTH_MAX =
        40, /* levels: a body of 32, as other doors take it, within params and arguments */
    MCP_MESSAGE_NAME_MAX = 128, /* characters of a tool's name: as the specification has it */
};

/* JSON-RPC 2.0 section 5.1, and what MCP adds. */
enum mcp_code {
    MCP_GOOD = 0,
    MCP_PARSE_ERROR = -32700,
    MCP_INVALID_REQUEST = -32600,
    MCP_METHOD_NOT_FOUND = -32601,
    MCP_INVALID_PARAMS = -32602,
    MCP_INTERNAL_ERROR = -32603,
    MCP_HEADER_MISMATCH = -32020,
    MCP_UNSUPPORTED_VERSION = -32022,
};

enum mcp_method {
    MCP_NOTIFICATION, /* of any kind: there is nothing to answer */
    MCP_INITIALIZE,
    MCP_PING,
    MCP_DISCOVER,
    MCP_LIST_TOOLS,
    MCP_CALL_TOOL,
};

/* All zero: nothing is known.  Texts are the arena's; `id` and `arguments` are bytes of the body. */
struct mcp_message {
    enum mcp_method method;
    bool modern;    /* 2026-07-28 */
    const char *id; /* a string or a number as it came; NULL: none is known */
    size_t id_length;
    struct json_value arguments; /* of MCP_CALL_TOOL: an object, or none */
    const char *name;            /* of MCP_CALL_TOOL */
    const char *cursor;          /* of MCP_LIST_TOOLS, or NULL */

    /* why it is refused */
    enum mcp_code code;
    int status;            /* of HTTP */
    const char *requested; /* with MCP_UNSUPPORTED_VERSION */
};

/* -1: it is refused, with `code`, `status` and the sentence in `err`, or memory is out (ERR_MEMORY).  What
 * was known by then, such as its id, stays in `message`. */
MUST_USE int mcp_message_read(struct mcp_message *message, const struct request_head *head, const char *body,
                              size_t length, struct arena *arena, struct err *err);

#endif
