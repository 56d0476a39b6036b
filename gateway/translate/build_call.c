/* Captures, query and JSON become a validated, sealed call: action, region, parameters. */
#include "gateway/translate/build_call.h"

#include "base/json/json_value.h"
#include "base/text.h"
#include "base/version.h"
#include "gateway/translate/build_document.h"
#include "gateway/translate/build_param.h"
#include "gateway/translate/check_value.h"
#include "gateway/translate/document_pages.h"
#include "gateway/translate/hint.h"
#include "gateway/translate/route_pages.h"

#include <string.h>

enum { BUILD_CALL_DEPTH_MAX = 32, BUILD_CALL_NAME_MAX = 32 };

/* Who names its arguments puts every parameter into one object, wherever a request has it. */
enum { BUILD_CALL_ANYWHERE = CONFIG_IN_PATH | CONFIG_IN_QUERY | CONFIG_IN_BODY };

/* The object that a caller sent. */
struct given {
    const struct json_value *root; /* none: there is no body */
    unsigned sources;              /* which parameters are in it: of enum config_source */
    const char *const *own;        /* members that are none, ended by NULL; or NULL */
    struct json_value *values;     /* by parameter; NULL: there is no body */
};

/* A name goes back to the caller and into the log only when it looks like one: it could be a token that was
 * put in the wrong place. */
static enum problem unknown(struct exchange *x, const char *what, const char *name)
{
    if (text_is_name(name) && strlen(name) < BUILD_CALL_NAME_MAX) {
        if (strcmp(what, "region") != 0 && strcmp(what, "account") != 0)
            hint_name(x, name);
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "there is no %s '%s' here", what, name);
    }
    return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "there is a %s here that does not look like one",
                         what);
}

/* "ids[]=a" with its brackets escaped; those that stand for themselves never come so far. */
static enum problem unknown_key(struct exchange *x, const char *name)
{
    char before[TARGET_NAME_SIZE];
    if (strchr(name, '[') != NULL && target_put_list_name(name, before))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, TARGET_BRACKETS, before, before, before);
    return unknown(x, "query key", name);
}

static const struct config_param *find_param(const struct config_route *route, const char *name,
                                             enum config_source source)
{
    for (size_t i = 0; i < route->param_count; i++)
        if ((route->params[i].sources & source) != 0 && strcmp(route->params[i].name, name) == 0)
            return &route->params[i];
    return NULL;
}

/* ---- what the gateway itself reads ---- */

enum problem build_call_own_key(struct exchange *x, const char *name, const char **value)
{
    for (size_t i = 0; i < x->target.pair_count; i++) {
        if (strcmp(x->target.pairs[i].name, name) != 0)
            continue;
        if (*value != NULL)
            return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "%s is given more than once", name);
        *value = x->target.pairs[i].value;
    }
    return PROBLEM_NONE;
}

/* Did the caller say the parameter, wherever? */
static bool is_said(const struct exchange *x, const struct given *given, const char *name)
{
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (strcmp(x->target.pairs[i].name, name) == 0)
            return true;
    for (size_t i = 0; given->values != NULL && i < x->route->param_count; i++)
        if (given->values[i].kind != JSON_VALUE_NONE && strcmp(x->route->params[i].name, name) == 0)
            return true;
    return false;
}

/* all=true: the call is that of the first of the largest pages. */
static enum problem choose_pages(struct exchange *x, const struct given *given)
{
    const char *all = NULL;
    const char *from = x->route->next == NULL ? "offset" : x->route->next;
    if (x->route->list == NULL)
        return PROBLEM_NONE;
    enum problem problem = build_call_own_key(x, "all", &all);
    if (problem != PROBLEM_NONE || all == NULL)
        return problem;
    if (strcmp(all, "true") != 0 && strcmp(all, "false") != 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "all must be true or false");
    x->all = strcmp(all, "true") == 0;
    x->page_call = route_pages_call;
    if (x->all && (is_said(x, given, "offset") || is_said(x, given, "limit") || is_said(x, given, from)))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "all fetches every page: %s and limit are for a single one", from);
    return PROBLEM_NONE;
}

/* Query keys that the route does not know, and a parameter in the body's place while there is a body. */
static enum problem check_query(struct exchange *x, bool body)
{
    for (size_t i = 0; i < x->target.pair_count; i++) {
        const char *name = x->target.pairs[i].name;
        const struct config_param *param = find_param(x->route, name, CONFIG_IN_QUERY);
        if (param == NULL && strcmp(name, "region") != 0 &&
            !(strcmp(name, "account") == 0 && build_call_has_account(x)) &&
            (x->route->list == NULL || strcmp(name, "all") != 0))
            return unknown_key(x, name);
        if (param != NULL && body && (param->sources & CONFIG_IN_BODY) != 0)
            return check_value_wrong(x, param, "goes into the body or the query, not both at once");
    }
    return PROBLEM_NONE;
}

/* The parameter that the member of a body is for. */
static const struct config_param *find_member(const struct config_route *route, const struct given *given,
                                              const struct json_value *member)
{
    for (size_t i = 0; i < route->param_count; i++)
        if ((route->params[i].sources & given->sources) != 0 &&
            json_value_has_key(member, route->params[i].name))
            return &route->params[i];
    return NULL;
}

enum problem build_call_unknown_member(struct exchange *x, const struct json_value *member)
{
    const struct json_value key = {
        .kind = JSON_VALUE_STRING, .bytes = member->key, .length = member->key_length};
    const char *name = json_value_text(&key, BUILD_CALL_NAME_MAX, x->arena, NULL);
    return name == NULL ? exchange_fail(x) : unknown(x, "field", name);
}

static bool is_own(const struct given *given, const struct json_value *member)
{
    for (const char *const *name = given->own; name != NULL && *name != NULL; name++)
        if (json_value_has_key(member, *name))
            return true;
    return false;
}

/* Each parameter's member of the body, and nothing else, and none of them twice: within a value there is no
 * object, so no other key either. */
static enum problem read_members(struct exchange *x, struct given *given)
{
    struct json_items members = json_value_items(given->root);
    given->values = arena_array(x->arena, x->route->param_count + 1, sizeof *given->values);
    if (given->values == NULL)
        return exchange_fail(x);
    for (struct json_value member; json_value_next(&members, &member);) {
        const struct config_param *param = find_member(x->route, given, &member);
        if (param == NULL && is_own(given, &member))
            continue;
        if (param == NULL)
            return build_call_unknown_member(x, &member);
        struct json_value *place = &given->values[param - x->route->params];
        if (place->kind != JSON_VALUE_NONE)
            return check_value_wrong(x, param, "is in the body twice");
        *place = member;
    }
    return PROBLEM_NONE;
}

static enum problem add_param(struct exchange *x, size_t index, const struct given *given)
{
    const struct config_param *param = &x->route->params[index];
    bool in_body = given->values != NULL && (param->sources & given->sources) != 0;
    return build_param_add(x, param, in_body ? &given->values[index] : NULL);
}

enum problem build_call_choose_region(struct exchange *x, const char *region)
{
    const struct config_upstream *upstream = x->call->upstream;
    if (call_set_region(x->call, region == NULL ? upstream->region : region, &x->err) != 0)
        return PROBLEM_INVALID_PARAMETER; /* it does not even look like one */
    if (region == NULL) {
        call_send_region(x->call, upstream->sent_region);
        return PROBLEM_NONE;
    }
    const struct config_region *known = config_region(x->config, region);
    if (known == NULL)
        return unknown(x, "region", region);
    if (call_set_region(x->call, known->name, &x->err) != 0)
        return PROBLEM_INVALID_PARAMETER;
    if (upstream->short_regions && known->short_name != NULL)
        call_send_region(x->call, known->short_name);
    return PROBLEM_NONE;
}

/* An unknown name is no account, also where the client has another. */
static enum problem find_account(struct exchange *x, const char *said, const struct config_account **account)
{
    if (said == NULL && x->client != NULL)
        said = x->client->account;
    if (said != NULL) {
        *account = config_account(x->config, said);
        return *account != NULL ? PROBLEM_NONE : unknown(x, "account", said);
    }
    if (x->config->account_count > 1)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "there are several accounts: say which (account), or whoami tells them");
    *account = x->config->account_count == 0 ? NULL : &x->config->accounts[0];
    return PROBLEM_NONE;
}

enum problem build_call_choose_upstream(struct exchange *x, const char *service, const char *said,
                                        const struct config_upstream **upstream)
{
    const struct config_account *account = NULL;
    *upstream = config_upstream(x->config, service);
    if (x->config->account_count == 0)
        return PROBLEM_NONE;
    enum problem problem = find_account(x, said, &account);
    if (problem != PROBLEM_NONE)
        return problem;
    *upstream = config_upstream_of(x->config, account, service);
    return *upstream != NULL
               ? PROBLEM_NONE
               : exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the account '%s' has no upstream for %s",
                               account->name, service);
}

/* Of a policy alone: accounts are what a request or a client says. */
enum problem build_call_name_account(struct exchange *x, const char *said)
{
    if (!x->config->policy_alone)
        return PROBLEM_NONE;
    if (said == NULL && x->client != NULL)
        said = x->client->account;
    if (said != NULL && !text_is_name(said))
        return unknown(x, "account", said);
    x->call->account = said;
    return PROBLEM_NONE;
}

bool build_call_has_account(const struct exchange *x)
{
    return x->config->account_count > 0 || x->config->policy_alone;
}

static enum problem begin_call(struct exchange *x)
{
    const char *said = NULL;
    const struct config_upstream *upstream = NULL;
    enum problem problem = PROBLEM_NONE;
    if (build_call_has_account(x))
        problem = build_call_own_key(x, "account", &said);
    if (problem == PROBLEM_NONE)
        problem = build_call_choose_upstream(x, x->route->service, said, &upstream);
    if (problem != PROBLEM_NONE)
        return problem;
    x->call = call_new(x->route, upstream, x->arena);
    if (x->call == NULL || build_call_name_client(x) != 0)
        return exchange_fail(x);
    return build_call_name_account(x, said);
}

static enum problem build_call(struct exchange *x, struct given *given)
{
    const char *region = NULL;
    bool body = given->root->kind != JSON_VALUE_NONE;
    enum problem problem = begin_call(x);
    if (problem == PROBLEM_NONE)
        problem = check_query(x, body);
    if (problem == PROBLEM_NONE && body)
        problem = read_members(x, given);
    if (problem == PROBLEM_NONE)
        problem = build_call_own_key(x, "region", &region);
    if (problem == PROBLEM_NONE)
        problem = build_call_choose_region(x, region);
    if (problem == PROBLEM_NONE)
        problem = choose_pages(x, given);
    for (size_t i = 0; i < x->route->param_count && problem == PROBLEM_NONE; i++)
        problem = add_param(x, i, given);
    if (problem == PROBLEM_NONE)
        call_seal(x->call);
    return problem;
}

enum problem build_call_read_body(struct exchange *x, struct json_value *root)
{
    struct err err = {0};
    if (x->body == NULL)
        return PROBLEM_NONE;
    if (json_value_read(x->body, x->body_length, BUILD_CALL_DEPTH_MAX, root, &err) != 0)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the body cannot be read as JSON: %s", err.text);
    if (root->kind != JSON_VALUE_OBJECT)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER, "the body must be a JSON object");
    return PROBLEM_NONE;
}

int build_call_name_client(const struct exchange *x)
{
    return x->client == NULL ? 0 : call_set_client(x->call, "countersign-" VERSION_TEXT, x->client->name);
}

static bool is_query_of_action(const struct exchange *x, const char *name)
{
    return strcmp(name, "region") == 0 || strcmp(name, "version") == 0 || strcmp(name, "all") == 0 ||
           (strcmp(name, "account") == 0 && build_call_has_account(x));
}

/* The query has the region, the account, the version by which the route was found, and whether every page is
 * wanted. */
static enum problem build_action(struct exchange *x, const struct json_value *root)
{
    const char *version = NULL;
    const char *region = NULL;
    const char *account = NULL;
    for (size_t i = 0; i < x->target.pair_count; i++)
        if (!is_query_of_action(x, x->target.pairs[i].name))
            return exchange_stop(
                x, PROBLEM_INVALID_PARAMETER,
                "the query of an action is region, version%s and all: all else is in its document",
                build_call_has_account(x) ? ", account" : "");
    enum problem problem = build_call_own_key(x, "version", &version);
    if (problem == PROBLEM_NONE)
        problem = build_call_own_key(x, "region", &region);
    if (problem == PROBLEM_NONE && build_call_has_account(x))
        problem = build_call_own_key(x, "account", &account);
    if (problem == PROBLEM_NONE)
        problem = document_pages_choose(x, root);
    return problem != PROBLEM_NONE ? problem : build_document_call(x, root, region, account);
}

enum problem build_call_request(struct exchange *x)
{
    struct json_value root = {0};
    struct given given = {.root = &root, .sources = CONFIG_IN_BODY};
    enum problem problem = build_call_read_body(x, &root);
    if (problem != PROBLEM_NONE)
        return problem;
    if (x->route->document != NULL)
        return build_action(x, &root);
    return build_call(x, &given);
}

enum problem build_call_arguments(struct exchange *x, const struct json_value *arguments,
                                  const char *const *own)
{
    static const struct json_value none = {.kind = JSON_VALUE_OBJECT, .bytes = "{}", .length = 2};
    struct given given = {.root = arguments->kind == JSON_VALUE_NONE ? &none : arguments,
                          .sources = BUILD_CALL_ANYWHERE,
                          .own = own};
    return build_call(x, &given);
}
