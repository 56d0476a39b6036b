#include "gateway/door_sdk/sdk_request.h"

#include "gateway/door/receive.h"
#include "gateway/door/rest.h"

#include <string.h>
#include <strings.h>

/* ---- is it one? ---- */

static bool starts(const char *text, const char *beginning)
{
    return text != NULL && strncasecmp(text, beginning, strlen(beginning)) == 0;
}

static bool is_form(const struct exchange *x)
{
    static const char form[] = "application/x-www-form-urlencoded";
    const char *type = request_head_field(x->head, "Content-Type");
    return starts(type, form) && strchr("; \t", type[sizeof form - 1]) != NULL;
}

/* Does the query have a pair of that name? */
static bool query_has(const struct exchange *x, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = x->head->query; at != NULL; at = strchr(at, '&')) {
        at += *at == '&';
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return true;
    }
    return false;
}

/* Only SDKs say so. */
static bool has_mark(const struct exchange *x)
{
    return request_head_field(x->head, "X-TC-Action") != NULL ||
           starts(request_head_field(x->head, "Authorization"), "TC3-") ||
           (query_has(x, "Action") && query_has(x, "Version")) ||
           (strcmp(x->head->method, "POST") == 0 && is_form(x));
}

/* Does the path begin like a route, or like a page of the gateway's own? */
static bool is_ours(const struct exchange *x)
{
    static const char *const own[] = {"actions", "mcp", "docs", "openapi.json", "whoami"};
    const char *first = x->head->target + 1;
    size_t length = strcspn(first, "/");
    for (size_t i = 0; i < COUNT(own); i++)
        if (strlen(own[i]) == length && strncmp(own[i], first, length) == 0)
            return true;
    for (size_t i = 0; i < x->config->route_count; i++) {
        const struct config_route *route = &x->config->routes[i];
        const char *text = route->segment_count == 0 ? "" : route->segments[0].text;
        if (route->segment_count > 0 &&
            (route->segments[0].capture || (strlen(text) == length && strncmp(text, first, length) == 0)))
            return true;
    }
    return false;
}

/* The one path of API 2.0's gateways. */
static bool has_older_path(const struct exchange *x)
{
    return x->head->target != NULL && strcmp(x->head->target, "/v2/index.php") == 0;
}

bool sdk_request_is_older(const struct exchange *x)
{
    bool said = x->sdk != NULL ? x->sdk->version != NULL : query_has(x, "Version");
    return has_older_path(x) && !said && request_head_field(x->head, "X-TC-Action") == NULL;
}

bool sdk_request_is(const struct exchange *x)
{
    const struct request_head *head = x->head;
    if (head->method == NULL || head->target == NULL || head->target[0] != '/')
        return false;
    bool posts = strcmp(head->method, "POST") == 0;
    if (!posts && strcmp(head->method, "GET") != 0)
        return false;
    if (head->target[1] == '\0') /* of a line that is too long the query is not known */
        return posts || head->query != NULL || head->problem == PROBLEM_TARGET_TOO_LONG || has_mark(x);
    return (has_mark(x) || (has_older_path(x) && query_has(x, "Action"))) && !is_ours(x);
}

/* ---- the common parameters ---- */

static const struct {
    const char *field; /* NULL: a parameter only */
    const char *param;
    size_t offset; /* of its place, or IGNORED */
} commons[] = {
#define IGNORED    SIZE_MAX
#define AT(member) offsetof(struct sdk_request, member)
    {"X-TC-Action", "Action", AT(action)},
    {"X-TC-Version", "Version", AT(version)},
    {"X-TC-Region", "Region", AT(region)},
    {"X-TC-Token", "Token", AT(token)},
    {"X-TC-RequestClient", "RequestClient", AT(client)},
    {"X-TC-Timestamp", "Timestamp", IGNORED},
    {"X-TC-Language", "Language", IGNORED},
    {NULL, "SecretId", AT(secret_id)},
    {NULL, "Nonce", IGNORED},
    {NULL, "Signature", IGNORED},
    {NULL, "SignatureMethod", IGNORED},
#undef AT
};

/* What is empty is not said.  Two that differ could be read by two readers as two. */
static enum problem note(struct exchange *x, struct sdk_request *sdk, size_t common, const char *value)
{
    if (commons[common].offset == IGNORED || value[0] == '\0')
        return PROBLEM_NONE;
    const char **place = (const char **)(void *)((char *)sdk + commons[common].offset);
    if (*place != NULL && strcmp(*place, value) != 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s%s%s is there twice, and differs",
                             commons[common].field == NULL ? "" : commons[common].field,
                             commons[common].field == NULL ? "" : " or ", commons[common].param);
    *place = value;
    return PROBLEM_NONE;
}

static enum problem read_fields(struct exchange *x, struct sdk_request *sdk)
{
    enum problem problem = PROBLEM_NONE;
    for (size_t i = 0; i < x->head->field_count && problem == PROBLEM_NONE; i++) {
        const struct request_field *field = &x->head->fields[i];
        if (!starts(field->name, "X-TC-"))
            continue;
        for (size_t j = 0; j < COUNT(commons); j++)
            if (commons[j].field != NULL && strcasecmp(field->name, commons[j].field) == 0)
                problem = note(x, sdk, j, field->value);
    }
    return problem;
}

/* Takes the common ones out of the pairs. */
static enum problem read_commons(struct exchange *x, struct sdk_request *sdk)
{
    size_t kept = 0;
    enum problem problem = PROBLEM_NONE;
    for (size_t i = 0; i < sdk->pair_count && problem == PROBLEM_NONE; i++) {
        size_t j = 0;
        while (j < COUNT(commons) && strcmp(sdk->pairs[i].name, commons[j].param) != 0)
            j++;
        if (j < COUNT(commons))
            problem = note(x, sdk, j, sdk->pairs[i].value);
        else
            sdk->pairs[kept++] = sdk->pairs[i];
    }
    sdk->pair_count = kept;
    return problem;
}

/* "TC3-HMAC-SHA256 Credential=ID/2026-11-27/vpc/tc3_request, SignedHeaders=..., Signature=...".  The id may
 * hold a '/'. */
static enum problem read_credential(struct exchange *x, struct sdk_request *sdk, const char *value)
{
    static const char name[] = "Credential=";
    const char *begin = strstr(value, name);
    if (begin == NULL)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "Authorization has no Credential");
    begin += sizeof name - 1;
    char *text = arena_copy(x->arena, begin, strcspn(begin, ", \t"));
    if (text == NULL)
        return exchange_fail(x);
    char *parts[3] = {0}; /* from behind: tc3_request, the service, the date */
    for (size_t i = 0; i < COUNT(parts); i++) {
        char *slash = strrchr(text, '/');
        if (slash == NULL)
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                                 "the Credential of Authorization is not ID/DATE/SERVICE/tc3_request");
        *slash = '\0';
        parts[i] = slash + 1;
    }
    sdk->scope = parts[1];
    sdk->secret_id = text[0] == '\0' ? NULL : text;
    return PROBLEM_NONE;
}

static enum problem read_authorization(struct exchange *x, struct sdk_request *sdk)
{
    const char *value = request_head_field(x->head, "Authorization");
    if (starts(value, "TC3-HMAC-SHA256"))
        return read_credential(x, sdk, value);
    sdk->bearer = value != NULL && strcasecmp(value, "SKIP") != 0; /* which is: not signed */
    return PROBLEM_NONE;
}

/* ---- where the document is ---- */

static enum problem read_form(struct exchange *x, struct sdk_request *sdk)
{
    struct target target = {0};
    enum problem problem = receive_body(x);
    if (problem != PROBLEM_NONE)
        return problem;
    const char *text = x->body == NULL ? "" : arena_copy(x->arena, x->body, x->body_length);
    if (text == NULL)
        return exchange_fail(x);
    if (text[strspn(text, " \t\r\n")] == '{')
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "the body is JSON: say so by Content-Type: application/json, and the action by "
                             "X-TC-Action");
    if (strlen(text) != x->body_length)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the form holds a NUL");
    if (target_parse_pairs(text, SDK_REQUEST_PAIRS_MAX, x->arena, &target, &x->err) != 0)
        return x->err.kind == ERR_MEMORY ? exchange_fail(x) : PROBLEM_INVALID_PARAMETER;
    sdk->pairs = target.pairs;
    sdk->pair_count = target.pair_count;
    sdk->flat = true;
    x->body = NULL; /* it holds a token */
    x->body_length = 0;
    return read_commons(x, sdk);
}

/* A media type that no JSON or form has: what to do instead. */
static enum problem refuse_type(struct exchange *x)
{
    const char *type = request_head_field(x->head, "Content-Type");
    if (starts(type, "multipart/"))
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                             "multipart/form-data is not taken here: send the document as JSON");
    if (starts(type, "application/octet-stream"))
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                             "application/octet-stream is not taken here: send the document as JSON");
    return PROBLEM_NONE;
}

static enum problem read_post(struct exchange *x, struct sdk_request *sdk)
{
    if (x->target.pair_count > 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "a POST has its parameters in the body, and none in the query");
    enum problem problem = refuse_type(x);
    if (problem != PROBLEM_NONE)
        return problem;
    bool form = is_form(x);
    if (form && sdk->action != NULL)
        return exchange_stop(x, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                             "with X-TC-Action the body is JSON, and its Content-Type application/json");
    return form ? read_form(x, sdk) : rest_accept(x);
}

static enum problem read_get(struct exchange *x, struct sdk_request *sdk)
{
    if (request_head_has_body(x->head))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "a GET has its parameters in the query, and no body");
    sdk->flat = true;
    sdk->pairs = x->target.pairs;
    sdk->pair_count = x->target.pair_count;
    for (size_t i = 0; sdk->action != NULL && i < sdk->pair_count; i++)
        if (strcmp(sdk->pairs[i].name, "Action") == 0 && strcmp(sdk->pairs[i].value, sdk->action) != 0)
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "X-TC-Action and Action disagree");
    return sdk->action == NULL ? read_commons(x, sdk) : PROBLEM_NONE;
}

/* ---- what is meant ---- */

static enum problem check_names(struct exchange *x, const struct sdk_request *sdk)
{
    if (sdk->action == NULL)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the action is missing: X-TC-Action, or Action");
    if (!definitions_is_name(sdk->action, strlen(sdk->action)))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the action's name does not look like one");
    if (sdk_request_is_older(x))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "API 2.0 is not taken here: ask by API 3.0, with its Version, or by a route");
    if (sdk->version == NULL)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "the version is missing: X-TC-Version, or Version");
    if (!definitions_is_version(sdk->version))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the version does not look like one: 2017-03-12");
    return PROBLEM_NONE;
}

enum problem sdk_request_read(struct exchange *x)
{
    struct sdk_request *sdk = arena_alloc(x->arena, sizeof *sdk);
    if (sdk == NULL)
        return exchange_fail(x);
    *sdk = (struct sdk_request){0};
    x->sdk = sdk;
    enum problem problem = rest_accept_size(x);
    if (problem == PROBLEM_NONE)
        problem = read_fields(x, sdk);
    if (problem == PROBLEM_NONE)
        problem = read_authorization(x, sdk);
    if (problem == PROBLEM_NONE)
        problem = strcmp(x->head->method, "POST") == 0 ? read_post(x, sdk) : read_get(x, sdk);
    return problem == PROBLEM_NONE ? check_names(x, sdk) : problem;
}
