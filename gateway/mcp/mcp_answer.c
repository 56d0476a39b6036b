#include "gateway/mcp/mcp_answer.h"

#include "base/json/json.h"
#include "base/version.h"

/* For the model, which has not read our documentation. */
static const char instructions[] =
    "Each tool is one action of a cloud account, behind a gateway that holds the credentials. Its operator's "
    "policy judges each call by its parameters. A call that is refused is a result with isError: "
    "`problem.rule` names the rule, and `rules` what this token may do with that action. `outcome` tells "
    "whether a change was made: not-executed, executed, or unknown. Do not repeat a change whose outcome is "
    "unknown: read first how things are.";

static void put_start(struct buf *out, const struct mcp_message *message)
{
    json_open(out);
    json_member(out, "jsonrpc", "2.0");
    if (message->id == NULL)
        return;
    buf_put(out, ",\"id\":");
    buf_put_bytes(out, message->id, message->id_length);
}

void mcp_answer_open(struct buf *out, const struct mcp_message *message)
{
    put_start(out, message);
    json_open_member(out, "result");
    if (message->modern)
        json_member(out, "resultType", "complete");
}

void mcp_answer_close(struct buf *out)
{
    json_close(out);
    json_close(out);
}

void mcp_answer_put_caching(struct buf *out, const struct mcp_message *message)
{
    if (!message->modern)
        return;
    json_member_int(out, "ttlMs", 0);
    json_member(out, "cacheScope", "private");
}

static void put_capabilities(struct buf *out)
{
    json_open_member(out, "capabilities");
    json_open_member(out, "tools");
    json_close(out);
    json_close(out);
}

static void put_server_info(struct buf *out, const char *key)
{
    json_open_member(out, key);
    json_member(out, "name", "countersign");
    json_member(out, "title", "Countersign");
    json_member(out, "version", VERSION_TEXT);
    json_close(out);
}

static void put_versions(struct buf *out, const char *key)
{
    json_open_array(out, key);
    json_element(out, MCP_VERSION_MODERN);
    json_element(out, MCP_VERSION_HANDSHAKE);
    json_close_array(out);
}

void mcp_answer_put_server(struct buf *out, const struct mcp_message *message)
{
    mcp_answer_open(out, message);
    if (message->method == MCP_INITIALIZE) {
        json_member(out, "protocolVersion", MCP_VERSION_HANDSHAKE);
        put_capabilities(out);
        put_server_info(out, "serverInfo");
        json_member(out, "instructions", instructions);
    } else if (message->method == MCP_DISCOVER) {
        put_versions(out, "supportedVersions");
        put_capabilities(out);
        json_member(out, "instructions", instructions);
        json_open_member(out, "_meta");
        put_server_info(out, "io.modelcontextprotocol/serverInfo");
        json_close(out);
        mcp_answer_put_caching(out, message);
    }
    mcp_answer_close(out);
}

static void put_data(struct buf *out, const struct mcp_message *message, const char *problem)
{
    if (message->requested == NULL) {
        json_member_raw(out, "data", problem);
        return;
    }
    json_open_member(out, "data");
    put_versions(out, "supported");
    json_member(out, "requested", message->requested);
    json_close(out);
}

void mcp_answer_put_error(struct buf *out, const struct mcp_message *message, enum mcp_code code,
                          const char *text, const char *problem)
{
    put_start(out, message);
    json_open_member(out, "error");
    json_member_int(out, "code", code);
    json_member(out, "message", text);
    put_data(out, message, problem);
    json_close(out);
    json_close(out);
}
