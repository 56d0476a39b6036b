#include "sandbox/command/service.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/json/json_value.h"
#include "sandbox/actions/action_params.h"
#include "sandbox/actions/action_table.h"
#include "sandbox/fault/api_request.h"
#include "sandbox/command/control.h"
#include "sandbox/command/plain_action.h"
#include "sandbox/actions/counters.h"
#include "sandbox/actions/metadata.h"
#include "sandbox/auth/nonce_cache.h"
#include "sandbox/state/request_id.h"
#include "sandbox/auth/verify.h"
#include "sandbox/shapes/shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char form_type[] = "application/x-www-form-urlencoded";
static const char json_type[] = "application/json";

enum { SERVICE_NAME_SIZE = 64 };

struct settings {
    struct state *state;
    struct fault_set *faults;
    struct nonce_cache *replay;
    struct journal *journal;
    struct counters *tally;
    struct shapes *shapes;
    int64_t window;
};

struct settings *service_new(struct state **state, struct fault_set **faults,
                             const struct service_options *options, struct err *err)
{
    struct settings *service = calloc(1, sizeof *service);
    if (service == NULL) {
        state_free(*state);
        fault_set_free(*faults);
        *state = NULL;
        *faults = NULL;
        (void)err_memory(err);
        return NULL;
    }
    service->state = *state;
    service->faults = *faults;
    service->window = options->window;
    *state = NULL;
    *faults = NULL;
    service->replay = nonce_cache_new(2 * options->window, NONCE_CACHE_CAPACITY);
    service->tally = counters_new();
    service->journal = journal_open(options->journal, options->quiet, err);
    service->shapes = shapes_new(options->definitions, err);
    if (service->replay == NULL || service->tally == NULL)
        (void)err_memory(err);
    if (service->replay != NULL && service->tally != NULL && service->journal != NULL &&
        service->shapes != NULL)
        return service;
    service_free(service);
    return NULL;
}

void service_free(struct settings *service)
{
    if (service == NULL)
        return;
    shapes_free(service->shapes);
    journal_close(service->journal);
    counters_free(service->tally);
    nonce_cache_free(service->replay);
    fault_set_free(service->faults);
    state_free(service->state);
    free(service);
}

/* A type may be followed by a charset. */
static bool is_type(const char *content_type, const char *type)
{
    size_t length = strlen(type);
    return strncasecmp(content_type, type, length) == 0 && strchr("; \t", content_type[length]) != NULL;
}

/* What is in it is read when its action is known. */
static int check_json(const struct api_request *x, struct err *err)
{
    struct json_value root;
    const struct buf *body = &x->request->body;
    if (!is_type(x->request->content_type, json_type))
        return err_set(err, ERR_INPUT, "a POST must be %s", json_type);
    if (x->request->query[0] != '\0')
        return err_set(err, ERR_INPUT, "a POST has no query: it would not be signed");
    if (json_value_read(buf_text(body), body->length, PARAMS_DEPTH_MAX, &root, err) != 0)
        return -1;
    return root.kind == JSON_VALUE_OBJECT ? 0 : err_set(err, ERR_INPUT, "the body is not one JSON object");
}

/* Which of the two the parameters come from is documented: with POST the query is not looked at. */
static int parse_form(struct api_request *x, struct err *err)
{
    const struct http_request *request = x->request;
    bool post = strcmp(request->method, "POST") == 0;
    if (post && !is_type(request->content_type, form_type))
        return err_set(err, ERR_INPUT, "a POST must be %s", form_type);
    const char *bytes = post ? buf_text(&request->body) : request->query;
    return params_parse(&x->params, bytes, post ? request->body.length : strlen(bytes), err);
}

/* TC3 wants JSON with POST, and a form's query with GET. */
static int read_params(struct api_request *x)
{
    struct err err = {0};
    x->json = auth_params_scheme(x->request) >= AUTH_PARAMS_TC3 && strcmp(x->request->method, "POST") == 0;
    if ((x->json ? check_json(x, &err) : parse_form(x, &err)) != 0)
        return outcome_refuse(&x->outcome, OUTCOME_BAD_REQUEST, "%s", err.text);
    return 0;
}

static int judge(const struct settings *service, struct api_request *x)
{
    const struct verify_desk desk = {
        .state = x->state, .replay = service->replay, .window = service->window, .now = x->now};
    const struct verify_subject subject = {.request = x->request, .params = &x->params, .claim = &x->claim};
    return verify_request(&desk, &subject, &x->outcome);
}

/* Of 127.0.0.1:9443, "127"; of localhost:9443, "localhost", with or without the port. */
static bool is_first_label(const char *host, const char *label)
{
    size_t length = strlen(label);
    return strncmp(host, label, length) == 0 &&
           (length == strcspn(host, ".") || length == strcspn(host, ".:"));
}

/* In generation 3 a service knows its own actions only; with TC3 it is named by the scope that was signed.
 * The vendor's SDKs for Node, Java and PHP take that name from the endpoint: where it is an address, or a
 * host's name that is no service's, the action and the version decide.  A query signature has no scope: there
 * it is the endpoint's name as well.  NULL: they decide. */
static const char *service_of(const struct settings *service, const struct api_request *x,
                              char label[SERVICE_NAME_SIZE])
{
    const char *name = x->claim.scheme == AUTH_PARAMS_TC3 ? x->claim.service : label;
    (void)snprintf(label, SERVICE_NAME_SIZE, "%.*s", (int)strcspn(x->request->host, ".:"), x->request->host);
    bool known = action_table_has_service(name) || shapes_has_service(service->shapes, name);
    return !known && is_first_label(x->request->host, name) ? NULL : name;
}

/* One that has a state here, in whatever version; NULL: there is none. */
static const struct action *find_action(const struct api_request *x, const char *service)
{
    bool third = x->generation == 3;
    const struct action *action = action_table_find(x->action);
    bool found = action != NULL && (third ? action->run3 : action->run2) != NULL &&
                 (!third || service == NULL || strcmp(action->service, service) == 0);
    return found ? action : NULL;
}

/* Generation 3 wraps what the action writes. */
static int run3(const struct action *action, struct action_call *call)
{
    if (action_params_check(action, call) != 0)
        return -1;
    json_open(call->body);
    json_open_member(call->body, "Response");
    if (action->run3(call) != 0)
        return -1;
    json_member(call->body, "RequestId", call->outcome->request_id);
    json_close(call->body);
    json_close(call->body);
    return 0;
}

static int run_action(struct api_request *x, const struct action *action, const struct state_region *region)
{
    struct err err = {0};
    const struct buf *body = &x->request->body;
    struct action_call call = {.generation = x->generation,
                               .state = x->state,
                               .params = &x->params,
                               .region = region,
                               .now_ms = x->received_ms,
                               .now = x->now,
                               .body = &x->answer->body,
                               .outcome = &x->outcome};
    if (x->json && params_json_parse(&x->params, buf_text(body), body->length, &err) != 0)
        return outcome_refuse(&x->outcome, OUTCOME_BAD_REQUEST, "%s", err.text);
    state_lock(x->state);
    int result = x->generation == 3 ? run3(action, &call) : action->run2(&call);
    state_unlock(x->state);
    return result;
}

static int no_such(struct api_request *x, bool action)
{
    return outcome_refuse(&x->outcome, action ? OUTCOME_NO_VERSION : OUTCOME_NO_ACTION,
                          "this action or version is not supported");
}

static int run(const struct settings *service, struct api_request *x)
{
    bool third = x->generation == 3;
    char label[SERVICE_NAME_SIZE];
    const char *name = third ? service_of(service, x, label) : NULL;
    const struct action *action = find_action(x, name);
    const struct definitions_action *plain = NULL;
    bool version = third ? action != NULL && strcmp(x->claim.version, action_table_version(action)) == 0
                         : x->claim.version == NULL;
    if ((action == NULL || !version) && third)
        plain = shapes_find(service->shapes, name, x->claim.version, x->action, &x->outcome);
    if ((action == NULL || !version) && plain == NULL)
        return no_such(x, action != NULL);
    const struct state_region *region = state_region(x->state, x->claim.region);
    if (region == NULL)
        return outcome_refuse(&x->outcome, OUTCOME_NO_REGION, "there is no region %.64s here",
                              x->claim.region);
    return plain == NULL ? run_action(x, action, region) : plain_action_run(x, name, plain);
}

static void execute(const struct settings *service, struct api_request *x, int readable)
{
    x->judged = true;
    if (readable == 0 && judge(service, x) == 0 && run(service, x) == 0)
        return;
    buf_reset(&x->answer->body);
    if (x->generation == 3)
        outcome_put3(&x->outcome, &x->answer->body);
    else
        outcome_put(&x->outcome, &x->answer->body);
}

static void apply(struct api_request *x, enum fault_class class)
{
    const struct fault *fault = &x->strike.by_class[class];
    if (fault->kind != NULL)
        fault->kind->apply(fault, x);
}

static bool executes(const struct api_request *x)
{
    const struct fault_kind *kind = x->strike.by_class[FAULT_OUTCOME].kind;
    return kind == NULL || kind->executes;
}

/* The clock first: the window is judged by it.  Then, unless a fault says otherwise, what ever happens; then
 * what the faults make of it. */
static bool answer_api(const struct settings *service, struct api_request *x)
{
    int readable = read_params(x);
    if (auth_params_read(&x->claim, x->request, &x->params) != 0)
        return false;
    x->action = x->claim.action == NULL ? "" : x->claim.action;
    if (fault_set_strike(service->faults, x->action, &x->strike) != 0)
        return false;
    apply(x, FAULT_CLOCK);
    if (executes(x))
        execute(service, x, readable);
    apply(x, FAULT_PACE);
    apply(x, FAULT_OUTCOME);
    counters_count(service->tally, x);
    journal_write(service->journal, x);
    return true;
}

/* Likewise, but for what is verified: plain HTTP to a service of the machine itself. */
static bool answer_metadata(const struct settings *service, struct api_request *x)
{
    x->action = "Metadata";
    if (fault_set_strike(service->faults, x->action, &x->strike) != 0)
        return false;
    apply(x, FAULT_CLOCK);
    if (executes(x))
        metadata_answer(x);
    apply(x, FAULT_PACE);
    apply(x, FAULT_OUTCOME);
    counters_count(service->tally, x);
    journal_write(service->journal, x);
    return true;
}

static bool is_metadata(const struct http_request *request)
{
    return strcmp(request->method, "GET") == 0 &&
           strncmp(request->path, METADATA_PATH, strlen(METADATA_PATH)) == 0;
}

static void answer_not_found(struct http_answer *answer)
{
    answer->status = 404;
    buf_put(&answer->body, "{\"error\":\"the sandbox answers GET and POST on /v2/index.php and /\"}");
}

/* The generation that a path belongs to; 0: none. */
static int generation_of(const struct http_request *request)
{
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "POST") != 0)
        return 0;
    return strcmp(request->path, "/v2/index.php") == 0 ? 2 : strcmp(request->path, "/") == 0 ? 3 : 0;
}

bool service_answer(struct settings *service, const struct http_request *request, struct http_answer *answer)
{
    int64_t now_ms = clock_wall_ms();
    answer->date = now_ms / 1000;
    int generation = generation_of(request);
    if (generation != 0 || is_metadata(request)) {
        struct api_request x = {.request = request,
                                .generation = generation,
                                .answer = answer,
                                .state = service->state,
                                .received_ms = now_ms,
                                .now = now_ms / 1000};
        request_id_random(x.outcome.request_id);
        bool answered = generation == 0 ? answer_metadata(service, &x) : answer_api(service, &x);
        fault_strike_done(&x.strike);
        auth_params_done(&x.claim);
        params_done(&x.params);
        return answered;
    }
    const struct control control = {
        .state = service->state, .faults = service->faults, .tally = service->tally};
    if (!control_answer(&control, request, answer))
        answer_not_found(answer);
    return true;
}

void service_refuse(struct http_request *request, struct http_answer *answer, int status)
{
    request->keep_alive = false;
    answer->date = clock_wall_ms() / 1000;
    answer->status = status;
    buf_put(&answer->body, "{\"error\":\"the sandbox cannot read this request\"}");
}
