#include "gateway/translate/client_token.h"

#include "base/digest.h"
#include "config/definitions/definitions.h"
#include "gateway/call/idempotency.h"
#include "gateway/translate/build_call.h"

#include <string.h>

static struct json_value find(const struct json_value *root)
{
    struct json_items members = json_value_items(root);
    for (struct json_value member; json_value_next(&members, &member);)
        if (json_value_has_key(&member, CLIENT_TOKEN_NAME))
            return member;
    return (struct json_value){0};
}

enum problem client_token_take(struct exchange *x, const struct json_value *root)
{
    if (x->key.text != NULL || !exchange_changes(x) || root->kind != JSON_VALUE_OBJECT)
        return PROBLEM_NONE;
    const struct json_value token = find(root);
    if (token.kind != JSON_VALUE_STRING || token.length > (size_t)IDEMPOTENCY_KEY_MAX + 2)
        return PROBLEM_NONE;
    const char *text = json_value_text(&token, IDEMPOTENCY_KEY_MAX, x->arena, NULL);
    if (text == NULL || !idempotency_is_key(text, strlen(text)))
        return PROBLEM_NONE; /* the cloud judges it */
    x->key.clouds = true;
    return idempotency_take(x, CLIENT_TOKEN_NAME, text, strlen(text));
}

/* Of the client, too: keys are its own, and the cloud sees one account. */
static int make(const struct exchange *x, char out[DIGEST_TEXT_SIZE])
{
    struct digest *digest = digest_new();
    digest_add(digest, x->client->name, strlen(x->client->name) + 1);
    digest_add(digest, x->key.text, strlen(x->key.text));
    return digest_end(digest, out);
}

static bool takes_one(const struct exchange *x)
{
    const struct definitions_member *member = definitions_member(
        x->route->document->definition->input, CLIENT_TOKEN_NAME, sizeof CLIENT_TOKEN_NAME - 1);
    return member != NULL && member->type == DEFINITIONS_STRING && !member->list && !member->disabled;
}

enum problem client_token_put(struct exchange *x, struct json_value *root)
{
    char token[DIGEST_TEXT_SIZE];
    struct buf out;
    if (x->key.text == NULL || x->client == NULL || !exchange_changes(x) || !takes_one(x) ||
        find(root).kind != JSON_VALUE_NONE)
        return PROBLEM_NONE;
    buf_init(&out, root->length + sizeof CLIENT_TOKEN_NAME + sizeof token + 8);
    const char *rest = memchr(root->bytes, '{', root->length);
    int result = make(x, token);
    buf_put_format(&out, "{\"" CLIENT_TOKEN_NAME "\":\"%s\"%s", token, root->count > 0 ? "," : "");
    buf_put_bytes(&out, rest + 1, root->length - (size_t)(rest + 1 - root->bytes));
    const char *bytes = out.failed || result != 0 ? NULL : arena_copy(x->arena, out.bytes, out.length);
    if (bytes == NULL || json_value_read(bytes, out.length, JSON_VALUE_DEPTH_MAX, root, NULL) != 0)
        result = -1;
    buf_done(&out);
    return result == 0 ? PROBLEM_NONE : exchange_fail(x);
}

static bool is_one(const struct config_param *param)
{
    return param->type == CONFIG_STRING && param->wire[CONFIG_API3].name != NULL &&
           strcmp(param->wire[CONFIG_API3].name, CLIENT_TOKEN_NAME) == 0;
}

enum problem client_token_value(struct exchange *x, const struct config_param *param, const char **value)
{
    char token[DIGEST_TEXT_SIZE];
    if (!is_one(param) || x->key.text == NULL || x->client == NULL || !exchange_changes(x))
        return PROBLEM_NONE;
    if (make(x, token) != 0)
        return exchange_fail(x);
    bool shorter = param->length > 0 && param->length < DIGEST_TEXT_SIZE - 1;
    *value = arena_copy(x->arena, token, shorter ? (size_t)param->length : DIGEST_TEXT_SIZE - 1);
    return *value == NULL ? exchange_fail(x) : PROBLEM_NONE;
}
