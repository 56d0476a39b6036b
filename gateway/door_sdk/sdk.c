#include "gateway/door_sdk/sdk.h"

#include "auth/token.h"
#include "base/json/json.h"
#include "config/definitions/document.h"
#include "gateway/translate/build_call.h"
#include "gateway/translate/build_document.h"
#include "gateway/translate/client_token.h"
#include "gateway/door/builtin.h"
#include "gateway/door_sdk/flat_document.h"
#include "gateway/door_sdk/sdk_reply.h"
#include "gateway/door_sdk/sdk_request.h"

#include <string.h>

enum {
    SDK_TOKEN_MIN = 20, /* characters: a shorter SecretId is a word in an unused place */
    SDK_IDENTITY_MAX = 4 * 1024,
};

static bool takes(const struct exchange *x)
{
    return x->config->sdk_door && sdk_request_is(x);
}

/* ---- which action ---- */

/* The first label of the name that was asked for.  Its first character tells nearly all of the cloud's
 * services apart from it; 0x20 is what makes a letter small. */
static bool is_label(const char *host, const char *service)
{
    if (host == NULL || (host[0] | 0x20) != (service[0] | 0x20))
        return false;
    size_t length = strlen(service);
    return strncasecmp(host, service, length) == 0 && host[length] == '.';
}

static const char *service_of_host(const struct exchange *x)
{
    for (size_t i = 0; i < x->config->upstream_count; i++)
        if (is_label(x->head->host, x->config->upstreams[i].name))
            return x->config->upstreams[i].name;
    return NULL;
}

/* Some SDKs take the first label of the endpoint, whatever it is, for the service. */
static const char *service_of_scope(const struct exchange *x)
{
    const char *scope = x->sdk->scope;
    const struct config_upstream *upstream = scope == NULL ? NULL : config_upstream(x->config, scope);
    return upstream == NULL ? NULL : upstream->name;
}

/* A service of the cloud that has no upstream here: its actions are not another service's. */
static const char *absent_service(const struct exchange *x)
{
    for (size_t i = 0; i < x->config->known_service_count; i++) {
        const char *name = x->config->known_services[i];
        if (is_label(x->head->host, name) || (x->sdk->scope != NULL && strcmp(x->sdk->scope, name) == 0))
            return name;
    }
    return NULL;
}

/* By version and action alone: hardly two services have the same. */
static enum problem find_by_version(struct exchange *x)
{
    const struct config_action *found = NULL;
    const char *service = NULL;
    for (size_t i = 0; i < x->config->service_count; i++) {
        const struct config_service *one = &x->config->services[i];
        const struct definitions_action *action = strcmp(one->definitions->version, x->sdk->version) != 0
                                                      ? NULL
                                                      : definitions_action(one->definitions, x->sdk->action);
        if (action == NULL)
            continue;
        if (found != NULL)
            return exchange_stop(
                x, PROBLEM_INVALID_PARAMETER,
                "%s and %s have this action: ask by a name that begins with the service, as in "
                "%s.gateway.example.com",
                service, one->definitions->service, service);
        found = &one->actions[action - one->definitions->actions];
        service = one->definitions->service;
    }
    x->sdk->found = found;
    return PROBLEM_NONE;
}

static bool is_identity(const struct exchange *x)
{
    return strcmp(x->sdk->action, "GetCallerIdentity") == 0 && strcmp(x->sdk->version, "2018-08-13") == 0;
}

static enum problem answer_identity(struct exchange *x);

static enum problem match(struct exchange *x)
{
    static const struct builtin_page identity = {"", answer_identity};
    if (is_identity(x)) {
        x->page = &identity;
        return PROBLEM_NONE;
    }
    enum problem problem = PROBLEM_NONE;
    const char *service = service_of_host(x);
    if (service == NULL)
        service = service_of_scope(x);
    if (service != NULL)
        x->sdk->found = config_action(x->config, service, x->sdk->action, x->sdk->version);
    else if (absent_service(x) == NULL)
        problem = find_by_version(x);
    if (x->sdk->found != NULL)
        x->route = &x->sdk->found->route;
    return problem;
}

static enum problem refuse_action(struct exchange *x)
{
    const char *service = service_of_host(x);
    if (service == NULL)
        service = service_of_scope(x);
    if (service == NULL)
        service = absent_service(x);
    return exchange_stop(x, PROBLEM_NO_SUCH_ROUTE, "there is no such action here%s%s: %s",
                         service == NULL ? "" : ", of ", service == NULL ? "" : service,
                         service != NULL && config_upstream(x->config, service) == NULL
                             ? "the service has no upstream"
                             : "no upstream of this gateway has it, in that version");
}

/* ---- whose token ---- */

/* Ids of the cloud's real keys: one of them here is somebody's secret on the wrong way. */
static bool is_real(const char *id)
{
    return strncmp(id, "AKID", 4) == 0 || strncmp(id, "IKID", 4) == 0;
}

static enum problem find_token(struct exchange *x, const char **token, size_t *length)
{
    const struct sdk_request *sdk = x->sdk;
    const char *id = sdk->secret_id;
    if (sdk->bearer)
        return exchange_stop(
            x, PROBLEM_UNAUTHENTICATED,
            "this way in takes no other Authorization than the SDK's: send the token as X-TC-Token");
    if (id != NULL && is_real(id))
        return exchange_stop(
            x, PROBLEM_UNAUTHENTICATED,
            "the SecretId looks like a real key of the cloud's, which has no business here: put "
            "another word in its place, and revoke the key if it was sent in the clear");
    if (id != NULL && sdk->token != NULL && strlen(id) >= SDK_TOKEN_MIN && strcmp(id, sdk->token) != 0)
        return exchange_stop(
            x, PROBLEM_UNAUTHENTICATED,
            "two tokens that differ: beside X-TC-Token, SecretId has to be a word of less than "
            "%d characters",
            SDK_TOKEN_MIN);
    const char *said = sdk->token != NULL ? sdk->token : id;
    if (said == NULL)
        return PROBLEM_NONE;
    *length = strlen(said);
    *token = token_is_sendable(said, *length) ? said : NULL;
    return PROBLEM_NONE;
}

/* Who is it that the cloud would be asked about? */
static enum problem answer_identity(struct exchange *x)
{
    struct buf out;
    const char *id = x->token != NULL ? x->token->id : x->certificate->id;
    buf_init(&out, SDK_IDENTITY_MAX);
    json_open(&out);
    json_open_member(&out, "Response");
    json_member(&out, "Type", "CountersignClient");
    json_member(&out, "Arn", x->client->name);
    json_member(&out, "AccountId", "");
    json_member(&out, "UserId", x->client->name);
    json_member(&out, "PrincipalId", id);
    json_member(&out, "RequestId", x->id);
    json_close(&out);
    json_close(&out);
    const char *bytes = out.failed ? NULL : arena_copy(x->arena, out.bytes, out.length);
    if (bytes != NULL)
        x->own = (struct exchange_own){
            .status = 200, .type = "application/json", .bytes = bytes, .length = out.length};
    buf_done(&out);
    return bytes != NULL ? PROBLEM_NONE : exchange_fail(x);
}

/* ---- the call ---- */

static enum problem read_flat(struct exchange *x, struct json_value *root)
{
    struct buf out;
    struct err err = {0};
    enum problem problem = PROBLEM_NONE;
    const struct sdk_request *sdk = x->sdk;
    buf_init(&out, 2 * REQUEST_BODY_MAX); /* what is escaped as %22 becomes \" */
    if (flat_document_write(sdk->pairs, sdk->pair_count, sdk->found->definition->input, x->arena, &out,
                            &err) != 0)
        problem = err.kind == ERR_MEMORY ? exchange_fail(x)
                                         : exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s", err.text);
    x->body = problem == PROBLEM_NONE ? arena_copy(x->arena, out.bytes, out.length) : NULL;
    x->body_length = out.length;
    buf_done(&out);
    if (problem == PROBLEM_NONE && x->body == NULL)
        return exchange_fail(x);
    return problem != PROBLEM_NONE ? problem : build_call_read_body(x, root);
}

static enum problem translate(struct exchange *x)
{
    struct json_value root = {0};
    enum problem problem = x->sdk->flat ? read_flat(x, &root) : build_call_read_body(x, &root);
    if (problem == PROBLEM_NONE)
        problem = client_token_take(x, &root);
    return problem != PROBLEM_NONE ? problem : build_document_call(x, &root, x->sdk->region);
}

const struct door sdk_door = {
    .name = "sdk",
    .takes = takes,
    .accept = sdk_request_read,
    .loose_host = true,
    .route = match,
    .token = find_token,
    .unauthenticated =
        "send a valid token as X-TC-Token (the SDK's place for a temporary credential's token)",
    .unrouted = refuse_action,
    .translate = translate,
    .reply = sdk_reply,
};
