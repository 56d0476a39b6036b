#include "gateway/door_mcp/mcp_reply.h"

#include "base/json/json.h"
#include "base/json/json_value.h"
#include "gateway/exchange/shared.h"
#include "gateway/mcp/mcp_answer.h"
#include "gateway/door/whoami.h"
#include "gateway/door_mcp/mcp.h"
#include "gateway/door/receive.h"
#include "gateway/door/rest.h"

/* ---- what a tool's call came to ---- */

/* Without the line feed at its end, behind which no comma would come: see json.h. */
static void put_raw(struct buf *out, const char *key, const char *bytes, size_t length)
{
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\r'))
        length--;
    json_member_raw(out, key, "");
    buf_put_bytes(out, bytes, length);
}

static void put_answer(struct buf *out, const struct exchange *x)
{
    const struct json_value *members = &x->answer.members;
    if (x->status == 204)
        return;
    if (x->route->document != NULL) /* as at /actions: without its envelope */
        put_raw(out, "answer", members->bytes, members->length);
    else
        put_raw(out, "answer", x->answer.bytes, x->answer.length);
}

static void put_refusal(struct buf *out, const struct exchange *x)
{
    const struct problem_kind *kind = problem_kind(x->problem);
    long long seconds = x->wait_us > 0 ? (long long)(x->wait_us + 999999) / 1000000 : kind->retry_after;
    if (seconds > 0)
        json_member_int(out, "retryAfter", seconds);
    json_member_raw(out, "problem", "");
    buf_put_char(out, '\n'); /* else a comma would come before the brace */
    rest_put_problem(out, x);
    if (x->problem == PROBLEM_NOT_ALLOWED && x->route != NULL) {
        const struct whoami_view view = {
            .config = x->config, .client = x->client, .token = x->token, .now = x->began_ms / 1000};
        whoami_put_rules(out, &view, x->route);
    }
}

static void put_structure(struct buf *out, const struct exchange *x)
{
    if (x->own.status != 0) {
        buf_put_bytes(out, x->own.bytes, x->own.length);
        return;
    }
    json_open(out);
    json_member_int(out, "status", x->status);
    json_member(out, "requestId", x->id);
    json_member(out, "outcome", exchange_outcome_name(x->outcome));
    if (x->problem == PROBLEM_NONE)
        put_answer(out, x);
    else
        put_refusal(out, x);
    json_close(out);
}

/* For models whose clients show them the text alone. */
static void put_text(struct buf *out, const struct exchange *x, const struct buf *structure)
{
    struct buf text;
    buf_init(&text, MCP_REPLY_TEXT_MAX + 1024);
    if (x->problem != PROBLEM_NONE)
        buf_put_format(&text, "%s: %s. The outcome is %s.\n", problem_kind(x->problem)->title, x->err.text,
                       exchange_outcome_name(x->outcome));
    if (structure->length <= MCP_REPLY_TEXT_MAX)
        buf_put_bytes(&text, buf_text(structure), structure->length);
    else
        buf_put_format(&text, "The answer has %zu bytes: see structuredContent.", structure->length);
    json_open_array(out, "content");
    json_open(out);
    json_member(out, "type", "text");
    json_member(out, "text", buf_text(&text));
    json_close(out);
    json_close_array(out);
    out->failed = out->failed || text.failed;
    buf_done(&text);
}

static void put_result(struct buf *out, const struct exchange *x, const struct mcp_message *message)
{
    struct buf structure;
    buf_init(&structure, out->ceiling);
    put_structure(&structure, x);
    mcp_answer_open(out, message);
    put_text(out, x, &structure);
    put_raw(out, "structuredContent", buf_text(&structure), structure.length);
    json_member_bool(out, "isError", x->problem != PROBLEM_NONE);
    mcp_answer_close(out);
    out->failed = out->failed || structure.failed;
    buf_done(&structure);
}

/* ---- a change that was made before, under the same key ---- */

static struct json_value member_of(const struct json_value *object, const char *key)
{
    struct json_items items = json_value_items(object);
    for (struct json_value member; json_value_next(&items, &member);)
        if (json_value_has_key(&member, key))
            return member;
    return (struct json_value){0};
}

/* The message that was sent then, for this request's id and revision. */
static void put_again(struct buf *out, const struct exchange *x, const struct mcp_message *message)
{
    static const char *const members[] = {"content", "structuredContent", "isError"};
    struct json_value root = {0};
    int result = json_value_read(x->own.bytes, x->own.length, JSON_VALUE_DEPTH_MAX, &root, NULL);
    const struct json_value kept = member_of(&root, "result");
    mcp_answer_open(out, message);
    for (size_t i = 0; i < COUNT(members); i++) {
        const struct json_value value = member_of(&kept, members[i]);
        put_raw(out, members[i], value.bytes, value.length);
        if (value.kind == JSON_VALUE_NONE)
            out->failed = true; /* it is no answer of ours */
    }
    mcp_answer_close(out);
    out->failed = out->failed || result != 0;
}

/* ---- everything else ---- */

/* With the problem, as other doors have it, beside the code. */
static void put_error(struct buf *out, const struct exchange *x, const struct mcp_message *message)
{
    struct buf problem;
    buf_init(&problem, out->ceiling);
    rest_put_problem(&problem, x);
    mcp_answer_put_error(out, message, message->code == MCP_GOOD ? MCP_INTERNAL_ERROR : message->code,
                         x->err.text, buf_text(&problem));
    out->failed = out->failed || problem.failed;
    buf_done(&problem);
}

/* A client at its limit, or one that found no free worker, still has its message before it. */
static const struct mcp_message *message_of(struct exchange *x)
{
    struct err err = x->err;
    struct err unread = {0};
    bool close = x->ends || atomic_load(&x->gateway->draining);
    if (x->mcp != NULL || x->client == NULL || x->problem == PROBLEM_INTERNAL)
        return x->mcp;
    if (x->problem != PROBLEM_TOO_MANY_REQUESTS && !x->received)
        return NULL;
    enum problem problem = receive_body(x);
    x->close = x->close || close;
    if (problem == PROBLEM_NONE && mcp_read(x, &unread) == PROBLEM_NONE)
        mcp_name_route(x);
    else
        x->mcp = NULL;
    x->err = err;
    return x->mcp;
}

void mcp_reply_write(struct exchange *x, struct buf *space, struct door_content *content)
{
    const struct mcp_message *message = message_of(x);
    bool calls = message != NULL && message->code == MCP_GOOD && message->method == MCP_CALL_TOOL;
    if (message == NULL || x->problem == PROBLEM_INTERNAL ||
        (!calls && x->problem == PROBLEM_NONE)) { /* an answer of our own is a whole message */
        rest_reply(x, space, content);
        return;
    }
    if (calls && x->key.result == EXCHANGE_KEY_REPLAYED && x->own.status != 0)
        put_again(space, x, message);
    else if (calls)
        put_result(space, x, message);
    else
        put_error(space, x, message);
    if (calls)
        content->status = 200;
    else if (message->code != MCP_GOOD)
        content->status = message->status;
    content->type = "application/json";
    content->bytes = buf_text(space);
    content->length = space->length;
}
