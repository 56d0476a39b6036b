/* Messages by the text of the specification (2026-07-28: basic/transports, server/tools; 2025-11-25:
 * basic/lifecycle) and by JSON-RPC 2.0 section 4. */
#include "gateway/mcp/mcp_message.h"

#include "tests/unit.h"

#include <string.h>

enum { ARENA_MAX = 1024 * 1024 };

#define META                                                                                                 \
    "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\","                                 \
    "\"io.modelcontextprotocol/clientCapabilities\":{}}"
#define REQUEST(method, params)                                                                              \
    "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" method "\",\"params\":{" params "}}"
#define CALL REQUEST("tools/call", META ",\"name\":\"get-vpcs\",\"arguments\":{\"limit\":5}")

static const struct {
    const char *version, *method, *name; /* of the head; NULL: absent */
    const char *body;
    int code;
    int status;
} rows[] = {
    {"2026-07-28", "tools/call", "get-vpcs", CALL, 0, 0},
    {"2026-07-28", "tools/call", "=?base64?Z2V0LXZwY3M=?=", CALL, 0, 0},
    {"2026-07-28", "tools/call", "=?BASE64?Z2V0LXZwY3M=?=", CALL, 0, 0},
    {"2026-07-28", "tools/call", "=?base64?Z2V0LXZwY3M?=", CALL, -32020, 400},
    {"2026-07-28", "tools/call", "=?base64?Z2V0LXZwY3M=", CALL, -32020, 400},
    {"2026-07-28", "tools/call", "Z2V0LXZwY3M=", CALL, -32020, 400},
    {"2026-07-28", "tools/call", "get-vpcs ", CALL, -32020, 400},
    {"2026-07-28", "tools/call", NULL, CALL, -32020, 400},
    {"2026-07-28", NULL, "get-vpcs", CALL, -32020, 400},
    {"2026-07-28", "tools/list", "get-vpcs", CALL, -32020, 400},
    {NULL, "tools/call", "get-vpcs", CALL, -32020, 400},
    {"2025-11-25", "tools/call", "get-vpcs", CALL, -32020, 400},
    {"2026-07-28", "tools/list", NULL, REQUEST("tools/list", META), 0, 0},
    {"2026-07-28", "tools/list", "get-vpcs", REQUEST("tools/list", META), -32020, 400},
    {"2026-07-28", "tools/list", NULL, REQUEST("tools/list", META ",\"cursor\":\"x\""), 0, 0},
    {"2026-07-28", "tools/list", NULL, REQUEST("tools/list", META ",\"cursor\":5"), -32602, 200},
    {"2026-07-28", "tools/list", NULL, REQUEST("tools/list", ""), -32602, 400},
    {"2026-07-28", "ping", NULL, REQUEST("ping", META), -32601, 404},
    {"2026-07-28", "server/discover", NULL, REQUEST("server/discover", META), 0, 0},
    {"2025-11-25", NULL, NULL, REQUEST("server/discover", ""), -32601, 200},
    {"2025-11-25", NULL, NULL, REQUEST("ping", ""), 0, 0},
    {"2025-11-25", NULL, NULL, REQUEST("tools/call", "\"name\":\"get-vpcs\""), 0, 0},
    {"2025-11-25", "tools/list", NULL, REQUEST("tools/call", "\"name\":\"get-vpcs\""), -32020, 400},
    {"2025-11-25", NULL, "get-vpc", REQUEST("tools/call", "\"name\":\"get-vpcs\""), -32020, 400},
    {"2025-06-18", NULL, NULL, REQUEST("ping", ""), -32022, 400},
    {NULL, NULL, NULL, REQUEST("ping", ""), -32020, 400},
    {NULL, NULL, NULL, REQUEST("initialize", "\"protocolVersion\":\"2024-11-05\""), 0, 0},
    {"2025-11-25", NULL, NULL, REQUEST("initialize", "\"protocolVersion\":\"2024-11-05\""), -32020, 400},
    {NULL, NULL, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 0, 0},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}", 0, 0},
    {"1900-01-01", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}", -32022, 400},
    {"2025-11-25", "ping", NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}", -32020, 400},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", -32600, 400},
    {"2025-11-25", NULL, NULL, "[" REQUEST("ping", "") "]", -32600, 400},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}", -32600, 400},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", -32600, 400},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":7,\"method\":\"ping\"}", -32600, 400},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\",\"params\":[]}", -32602,
     400},
    {"2025-11-25", NULL, NULL, "{\"jsonrpc\":\"2.0\"", -32700, 400},
    {"2025-11-25", NULL, NULL, "", -32700, 400},
};

static void test_every_message(void **state)
{
    int wrong = 0;
    struct arena *arena = arena_new(ARENA_MAX);
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct mcp_message message;
        struct err err = {0};
        struct request_head head = {.field_count = 0};
        const struct request_field fields[] = {{"MCP-Protocol-Version", rows[i].version},
                                               {"Mcp-Method", rows[i].method},
                                               {"mcp-name", rows[i].name}};
        for (size_t j = 0; j < COUNT(fields); j++)
            if (fields[j].value != NULL)
                head.fields[head.field_count++] = fields[j];
        arena_reset(arena);
        int result = mcp_message_read(&message, &head, rows[i].body, strlen(rows[i].body), arena, &err);
        wrong += unit_wrong(rows[i].body, (result == 0) == (rows[i].code == 0));
        wrong +=
            unit_wrong(rows[i].body, (int)message.code == rows[i].code && message.status == rows[i].status);
        wrong += unit_wrong(rows[i].body, (err.text[0] != '\0') == (result != 0));
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

static void test_what_is_read(void **state)
{
    struct mcp_message message;
    struct arena *arena = arena_new(ARENA_MAX);
    const struct request_head head = {.fields = {{"MCP-Protocol-Version", "2026-07-28"},
                                                 {"Mcp-Method", "tools/call"},
                                                 {"Mcp-Name", "get-vpcs"}},
                                      .field_count = 3};
    (void)state;
    assert_int_equal(mcp_message_read(&message, &head, CALL, strlen(CALL), arena, NULL), 0);
    assert_true(message.modern && message.method == MCP_CALL_TOOL);
    assert_string_equal(message.name, "get-vpcs");
    assert_int_equal(message.id_length, 1);
    assert_memory_equal(message.id, "7", 1);
    assert_memory_equal(message.arguments.bytes, "{\"limit\":5}", message.arguments.length);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message),
        cmocka_unit_test(test_what_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
