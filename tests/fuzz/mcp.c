/* Three lines of fields (version, method, name; "-" is none) and a body, as a message of MCP, against what
 * jansson reads in the same body: what is understood is what the body says, what the fields say agrees with
 * it, and every answer is JSON. */
#include "tests/fuzz/fuzz.h"

#include "gateway/mcp/mcp_answer.h"
#include "gateway/mcp/mcp_message.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 3, ANSWER_MAX = 1024 * 1024 };

static const char *const names[FIELDS] = {"MCP-Protocol-Version", "Mcp-Method", "Mcp-Name"};

static const char *const methods[] = {[MCP_INITIALIZE] = "initialize",
                                      [MCP_PING] = "ping",
                                      [MCP_DISCOVER] = "server/discover",
                                      [MCP_LIST_TOOLS] = "tools/list",
                                      [MCP_CALL_TOOL] = "tools/call"};

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static const char *field_at(const struct request_head *head, size_t number)
{
    return request_head_field(head, names[number]);
}

/* jansson's last of two members is ours, since we take no two of those that we look at. */
static void check_request(const struct mcp_message *message, const struct request_head *head,
                          const json_t *root)
{
    const json_t *params = json_object_get(root, "params");
    const char *version = field_at(head, 0);
    FUZZ_MUST(strcmp(text_at(root, "jsonrpc"), "2.0") == 0);
    if (message->method == MCP_NOTIFICATION) {
        FUZZ_MUST(message->id == NULL && strncmp(text_at(root, "method"), "notifications/", 14) == 0);
        return;
    }
    FUZZ_MUST(strcmp(text_at(root, "method"), methods[message->method]) == 0);
    FUZZ_MUST(message->id != NULL &&
              (json_is_string(json_object_get(root, "id")) || json_is_integer(json_object_get(root, "id"))));
    if (message->method == MCP_CALL_TOOL)
        FUZZ_MUST(strcmp(message->name, text_at(params, "name")) == 0);
    if (message->method != MCP_INITIALIZE)
        FUZZ_MUST(version != NULL &&
                  strcmp(version, message->modern ? MCP_VERSION_MODERN : MCP_VERSION_HANDSHAKE) == 0);
    if (!message->modern)
        return;
    const json_t *meta = json_object_get(params, "_meta");
    FUZZ_MUST(strcmp(text_at(meta, "io.modelcontextprotocol/protocolVersion"), version) == 0);
    FUZZ_MUST(field_at(head, 1) != NULL);
    FUZZ_MUST(strncmp(field_at(head, 1), "=?", 2) == 0 ||
              strcmp(field_at(head, 1), methods[message->method]) == 0);
    if (message->method == MCP_CALL_TOOL)
        FUZZ_MUST(strncmp(field_at(head, 2), "=?", 2) == 0 || strcmp(field_at(head, 2), message->name) == 0);
}

static void check_answer(const struct buf *out)
{
    json_t *read = json_loadb(buf_text(out), out->length, JSON_ALLOW_NUL, NULL);
    FUZZ_MUST(!out->failed && json_is_object(read));
    FUZZ_MUST(strcmp(text_at(read, "jsonrpc"), "2.0") == 0);
    FUZZ_MUST((json_object_get(read, "result") == NULL) != (json_object_get(read, "error") == NULL));
    json_decref(read);
}

static void check_answers(const struct mcp_message *message, const struct err *err)
{
    struct buf out;
    buf_init(&out, ANSWER_MAX);
    mcp_answer_put_error(&out, message, message->code == MCP_GOOD ? MCP_INTERNAL_ERROR : message->code,
                         err->text, "{}");
    check_answer(&out);
    buf_reset(&out);
    if (message->code == MCP_GOOD) {
        mcp_answer_put_server(&out, message);
        check_answer(&out);
    }
    buf_done(&out);
}

static void check(const struct request_head *head, const char *body)
{
    struct mcp_message message;
    struct err err = {0};
    json_t *root = json_loads(body, JSON_ALLOW_NUL, NULL);
    int result = mcp_message_read(&message, head, body, strlen(body), fuzz_arena(), &err);
    FUZZ_MUST((result == 0) == (message.code == MCP_GOOD) && (result == 0) == (err.kind == ERR_NONE));
    FUZZ_MUST(result == 0 || message.status == 200 || message.status == 400 || message.status == 404);
    if (result == 0 && root != NULL) /* what jansson cannot hold is the json_value target's */
        check_request(&message, head, root);
    if (root == NULL && message.code == MCP_GOOD)
        message.id = NULL; /* likewise: an id of many digits */
    check_answers(&message, &err);
    json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > REQUEST_BODY_MAX)
        return 0;
    char *text = fuzz_text(bytes, size);
    char *at = text;
    struct request_head head = {.method = "POST", .target = "/mcp"};
    for (size_t i = 0; i < FIELDS && at != NULL; i++) {
        char *end = strchr(at, '\n');
        if (end != NULL)
            *end++ = '\0';
        if (end != NULL && strcmp(at, "-") != 0)
            head.fields[head.field_count++] = (struct request_field){names[i], at};
        at = end;
    }
    if (at != NULL)
        check(&head, at);
    free(text);
    return 0;
}
