#include "gateway/mcp/mcp_message.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    MCP_MESSAGE_VERSION_MAX = 32, /* bytes of a version that is told again */
    MCP_MESSAGE_CURSOR_MAX = MCP_MESSAGE_NAME_MAX,
};

#define MCP_META "io.modelcontextprotocol/"

/* What is needed while a message is read. */
struct reading {
    struct mcp_message *message;
    const struct request_head *head;
    struct arena *arena;
    struct err *err;
    struct json_value id, method, params;
    struct json_value meta, name, arguments, cursor, version; /* of params */
    struct json_value claim, capabilities;                    /* of _meta */
};

static int PRINTF_LIKE(4, 5)
    refuse(struct reading *reading, enum mcp_code code, int status, const char *format, ...)
{
    char text[sizeof reading->err->text];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    reading->message->code = code;
    reading->message->status = status;
    return err_set(reading->err, ERR_INPUT, "%s", text);
}

/* ---- members ---- */

struct wanted {
    const char *key;
    struct json_value *place;
};

/* Members that nobody wants are left alone: the protocol grows by them. */
static int find_members(struct reading *reading, const struct json_value *object, const struct wanted *wanted,
                        size_t count)
{
    struct json_items items = json_value_items(object);
    for (struct json_value member; json_value_next(&items, &member);)
        for (size_t i = 0; i < count; i++) {
            if (!json_value_has_key(&member, wanted[i].key))
                continue;
            if (wanted[i].place->kind != JSON_VALUE_NONE)
                return refuse(reading, MCP_INVALID_REQUEST, 400, "%s is there twice", wanted[i].key);
            *wanted[i].place = member;
        }
    return 0;
}

/* A text of at most `most` bytes; NULL: it is none, or memory is out. */
static const char *text_of(struct reading *reading, const struct json_value *value, size_t most)
{
    bool exact = true;
    if (value->kind != JSON_VALUE_STRING)
        return NULL;
    const char *text = json_value_text(value, most + 1, reading->arena, &exact);
    if (text == NULL)
        err_memory(reading->err);
    return text == NULL || !exact || strlen(text) > most ? NULL : text;
}

/* ---- JSON-RPC ---- */

static int read_envelope(struct reading *reading, const struct json_value *root)
{
    struct json_value jsonrpc = {0};
    struct json_value result = {0};
    struct json_value error = {0};
    const struct wanted members[] = {{"jsonrpc", &jsonrpc},        {"id", &reading->id},
                                     {"method", &reading->method}, {"params", &reading->params},
                                     {"result", &result},          {"error", &error}};
    if (root->kind == JSON_VALUE_ARRAY)
        return refuse(reading, MCP_INVALID_REQUEST, 400,
                      "a batch is unsupported: send one message in each request");
    if (root->kind != JSON_VALUE_OBJECT)
        return refuse(reading, MCP_INVALID_REQUEST, 400, "a message is a JSON object");
    if (find_members(reading, root, members, COUNT(members)) != 0)
        return -1;
    if (!json_value_is(&jsonrpc, "2.0"))
        return refuse(reading, MCP_INVALID_REQUEST, 400, "jsonrpc must be \"2.0\"");
    if (result.kind != JSON_VALUE_NONE || error.kind != JSON_VALUE_NONE)
        return refuse(reading, MCP_INVALID_REQUEST, 400, "an answer is unsupported: nothing was asked");
    return 0;
}

/* MCP knows no id that is null (JSON-RPC does), and it goes back as it came. */
static int read_id(struct reading *reading)
{
    long long number;
    bool exact = false;
    const struct json_value *id = &reading->id;
    if (id->kind == JSON_VALUE_NONE)
        return 0;
    if (id->kind == JSON_VALUE_STRING && json_value_text(id, SIZE_MAX, reading->arena, &exact) == NULL)
        return err_memory(reading->err);
    if (!exact && (id->kind != JSON_VALUE_NUMBER || json_value_integer(id, &number) != 0))
        return refuse(reading, MCP_INVALID_REQUEST, 400, "id must be a string or a whole number");
    reading->message->id = id->bytes;
    reading->message->id_length = id->length;
    return 0;
}

static int read_params(struct reading *reading)
{
    const struct wanted members[] = {{"_meta", &reading->meta},
                                     {"name", &reading->name},
                                     {"arguments", &reading->arguments},
                                     {"cursor", &reading->cursor},
                                     {"protocolVersion", &reading->version}};
    const struct wanted metas[] = {{MCP_META "protocolVersion", &reading->claim},
                                   {MCP_META "clientCapabilities", &reading->capabilities}};
    if (reading->method.kind != JSON_VALUE_STRING)
        return refuse(reading, MCP_INVALID_REQUEST, 400, "method must be a string");
    if (reading->params.kind != JSON_VALUE_NONE && reading->params.kind != JSON_VALUE_OBJECT)
        return refuse(reading, MCP_INVALID_PARAMS, 400, "params must be an object");
    if (find_members(reading, &reading->params, members, COUNT(members)) != 0)
        return -1;
    return find_members(reading, &reading->meta, metas, COUNT(metas));
}

/* ---- versions and fields ---- */

/* Of several fields of one name none counts. */
static const char *field_of(const struct reading *reading, const char *name, bool *several)
{
    const char *value = request_head_only_field(reading->head, name);
    *several = value == NULL && request_head_field(reading->head, name) != NULL;
    return value;
}

static int refuse_version(struct reading *reading, const char *version)
{
    reading->message->requested = version;
    return refuse(reading, MCP_UNSUPPORTED_VERSION, 400,
                  "this protocol version is unsupported: use " MCP_VERSION_MODERN
                  " or " MCP_VERSION_HANDSHAKE);
}

static bool is_known(const char *version)
{
    return strcmp(version, MCP_VERSION_MODERN) == 0 || strcmp(version, MCP_VERSION_HANDSHAKE) == 0;
}

/* A version in the body must be that of the head. */
static int compare_version(struct reading *reading, const struct json_value *said, const char *field)
{
    if (said->kind != JSON_VALUE_STRING || json_value_is(said, field))
        return 0;
    return refuse(reading, MCP_HEADER_MISMATCH, 400,
                  "the field MCP-Protocol-Version says another version than the body");
}

static int read_version(struct reading *reading)
{
    bool several;
    bool first = json_value_is(&reading->method, "initialize");
    const char *field = field_of(reading, "MCP-Protocol-Version", &several);
    const struct json_value *said = first ? &reading->version : &reading->claim;
    if (several)
        return refuse(reading, MCP_HEADER_MISMATCH, 400, "MCP-Protocol-Version is given more than once");
    if (field == NULL && (first || reading->id.kind == JSON_VALUE_NONE))
        return 0; /* nothing is agreed upon yet, or nothing is asked */
    if (field == NULL)
        return refuse(reading, MCP_HEADER_MISMATCH, 400, "the field MCP-Protocol-Version is missing");
    if (compare_version(reading, said, field) != 0)
        return -1;
    if (first)
        return 0; /* the answer says which one it will be */
    if (!is_known(field)) {
        size_t length = strlen(field) < MCP_MESSAGE_VERSION_MAX ? strlen(field) : 0;
        const char *version = arena_copy(reading->arena, field, length);
        return version == NULL ? err_memory(reading->err) : refuse_version(reading, version);
    }
    reading->message->modern = strcmp(field, MCP_VERSION_MODERN) == 0;
    return 0;
}

/* Each request tells what it needs to be understood: there is no handshake that would have told it. */
static int check_meta(struct reading *reading)
{
    if (!reading->message->modern || reading->id.kind == JSON_VALUE_NONE)
        return 0;
    if (reading->claim.kind != JSON_VALUE_STRING)
        return refuse(reading, MCP_INVALID_PARAMS, 400,
                      "params._meta has to say " MCP_META "protocolVersion, as the field does");
    if (reading->capabilities.kind != JSON_VALUE_OBJECT)
        return refuse(reading, MCP_INVALID_PARAMS, 400,
                      "params._meta has to say " MCP_META
                      "clientCapabilities: an object, which may be empty");
    return 0;
}

/* "=?base64?Z2V0LXZwY3M=?=": for names that a field cannot hold. */
static bool is_coded(struct reading *reading, const char *field, const struct json_value *said)
{
    static const char start[] = "=?base64?";
    unsigned char coded[4 * ((MCP_MESSAGE_NAME_MAX + 2) / 3) + 1];
    const char *name = text_of(reading, said, MCP_MESSAGE_NAME_MAX);
    if (name == NULL || strncasecmp(field, start, sizeof start - 1) != 0)
        return false;
    field += sizeof start - 1;
    int length = EVP_EncodeBlock(coded, (const unsigned char *)name, (int)strlen(name));
    return strncmp(field, (const char *)coded, (size_t)length) == 0 && strcmp(field + length, "?=") == 0;
}

/* Whatever the head says must be what the body says, and a request of 2026-07-28 has to say it. */
static int check_field(struct reading *reading, const char *name, const struct json_value *said)
{
    bool several;
    bool needed = reading->message->modern && reading->message->id != NULL;
    const char *field = field_of(reading, name, &several);
    if (several)
        return refuse(reading, MCP_HEADER_MISMATCH, 400, "%s is given more than once", name);
    if (field == NULL)
        return needed && said->kind == JSON_VALUE_STRING
                   ? refuse(reading, MCP_HEADER_MISMATCH, 400, "the field %s is missing", name)
                   : 0;
    if (json_value_is(said, field) || is_coded(reading, field, said))
        return 0;
    return refuse(reading, MCP_HEADER_MISMATCH, 400, "the field %s says something else than the body", name);
}

static int check_fields(struct reading *reading)
{
    static const struct json_value none = {0};
    bool names = json_value_is(&reading->method, "tools/call");
    if (check_field(reading, "Mcp-Method", &reading->method) != 0)
        return -1;
    return check_field(reading, "Mcp-Name", names ? &reading->name : &none);
}

/* ---- methods ---- */

enum { MODERN = 1, HANDSHAKE = 2 };

static const struct {
    const char *name;
    enum mcp_method method;
    int versions;
} methods[] = {
    {"initialize", MCP_INITIALIZE, HANDSHAKE},         {"ping", MCP_PING, HANDSHAKE},
    {"server/discover", MCP_DISCOVER, MODERN},         {"tools/list", MCP_LIST_TOOLS, MODERN | HANDSHAKE},
    {"tools/call", MCP_CALL_TOOL, MODERN | HANDSHAKE},
};

static int choose_method(struct reading *reading, const char *method)
{
    struct mcp_message *message = reading->message;
    if (reading->id.kind == JSON_VALUE_NONE) {
        static const char start[] = "notifications/";
        message->method = MCP_NOTIFICATION;
        return strncmp(method, start, sizeof start - 1) == 0
                   ? 0
                   : refuse(reading, MCP_INVALID_REQUEST, 400, "a request needs an id");
    }
    for (size_t i = 0; i < COUNT(methods); i++)
        if ((methods[i].versions & (message->modern ? MODERN : HANDSHAKE)) != 0 &&
            strcmp(methods[i].name, method) == 0) {
            message->method = methods[i].method;
            return 0;
        }
    return refuse(reading, MCP_METHOD_NOT_FOUND, message->modern ? 404 : 200, "there is no such method here");
}

/* A name that is too long is that of no tool. */
static int read_tool(struct reading *reading)
{
    struct mcp_message *message = reading->message;
    message->name = text_of(reading, &reading->name, MCP_MESSAGE_NAME_MAX);
    if (message->name == NULL)
        return refuse(reading, MCP_INVALID_PARAMS, 200, "params.name must be the name of a tool");
    if (reading->arguments.kind != JSON_VALUE_NONE && reading->arguments.kind != JSON_VALUE_OBJECT)
        return refuse(reading, MCP_INVALID_PARAMS, 200, "params.arguments must be an object");
    message->arguments = reading->arguments;
    return 0;
}

static int read_cursor(struct reading *reading)
{
    if (reading->cursor.kind == JSON_VALUE_NONE)
        return 0;
    reading->message->cursor = text_of(reading, &reading->cursor, MCP_MESSAGE_CURSOR_MAX);
    return reading->message->cursor != NULL
               ? 0
               : refuse(reading, MCP_INVALID_PARAMS, 200, "params.cursor must be a nextCursor of before");
}

int mcp_message_read(struct mcp_message *message, const struct request_head *head, const char *body,
                     size_t length, struct arena *arena, struct err *err)
{
    struct json_value root;
    struct err why = {0};
    struct reading reading = {.message = message, .head = head, .arena = arena, .err = err};
    *message = (struct mcp_message){0};
    if (json_value_read(body, length, MCP_MESSAGE_DEPTH_MAX, &root, &why) != 0)
        return refuse(&reading, MCP_PARSE_ERROR, 400, "the body cannot be read as JSON: %s", why.text);
    if (read_envelope(&reading, &root) != 0 || read_id(&reading) != 0 || read_params(&reading) != 0 ||
        read_version(&reading) != 0 || check_meta(&reading) != 0)
        return -1;
    const char *method = text_of(&reading, &reading.method, MCP_MESSAGE_NAME_MAX);
    if (method == NULL)
        method = ""; /* of no method */
    if (check_fields(&reading) != 0 || choose_method(&reading, method) != 0)
        return -1;
    int result = 0;
    if (message->method == MCP_CALL_TOOL)
        result = read_tool(&reading);
    else if (message->method == MCP_LIST_TOOLS)
        result = read_cursor(&reading);
    return result;
}
