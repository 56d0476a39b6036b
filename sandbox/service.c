#include "sandbox/service.h"

#include "base/json.h"
#include "sandbox/action.h"
#include "sandbox/control.h"
#include "sandbox/exchange.h"
#include "sandbox/replay.h"
#include "sandbox/tally.h"
#include "sandbox/verify.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char form_type[] = "application/x-www-form-urlencoded";

struct service {
    struct state *state;
    struct fault_set *faults;
    struct replay *replay;
    struct journal *journal;
    struct tally *tally;
    int64_t window;
};

struct service *service_new(struct state **state, struct fault_set **faults,
                            const struct service_options *options, struct err *err)
{
    struct service *service = calloc(1, sizeof *service);
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
    service->replay = replay_new(2 * options->window, REPLAY_CAPACITY);
    service->tally = tally_new();
    service->journal = journal_open(options->journal, options->quiet, err);
    if (service->replay == NULL || service->tally == NULL)
        (void)err_memory(err);
    if (service->replay != NULL && service->tally != NULL && service->journal != NULL)
        return service;
    service_free(service);
    return NULL;
}

void service_free(struct service *service)
{
    if (service == NULL)
        return;
    journal_close(service->journal);
    tally_free(service->tally);
    replay_free(service->replay);
    fault_set_free(service->faults);
    state_free(service->state);
    free(service);
}

static int64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A form's type may be followed by a charset. */
static bool is_form(const char *content_type)
{
    size_t length = sizeof form_type - 1;
    return strncasecmp(content_type, form_type, length) == 0 && strchr("; \t", content_type[length]) != NULL;
}

/* Which of the two the parameters come from is documented: with POST the query is not looked at. */
static int read_params(struct exchange *x)
{
    const struct http_request *request = x->request;
    struct err err = {0};
    bool post = strcmp(request->method, "POST") == 0;
    if (post && !is_form(request->content_type))
        return outcome_refuse(&x->outcome, OUTCOME_BAD_PARAMETER, NULL, "a POST must be %s", form_type);
    const char *bytes = post ? buf_text(&request->body) : request->query;
    if (params_parse(&x->params, bytes, post ? request->body.length : strlen(bytes), &err) != 0)
        return outcome_refuse(&x->outcome, OUTCOME_BAD_PARAMETER, NULL, "%s", err.text);
    return 0;
}

static int judge(const struct service *service, struct exchange *x)
{
    const struct verify_desk desk = {
        .state = x->state, .replay = service->replay, .window = service->window, .now = x->now};
    const struct verify_subject subject = {.method = x->request->method,
                                           .host = x->request->host,
                                           .path = x->request->path,
                                           .params = &x->params};
    return verify_request(&desk, &subject, &x->outcome);
}

static int run_action(struct exchange *x)
{
    const struct action *action = action_find(x->action);
    if (action == NULL || params_get(&x->params, "Version") != NULL)
        return outcome_refuse(&x->outcome, OUTCOME_UNSUPPORTED, NULL,
                              "this action or version is not supported");
    const char *region = params_get(&x->params, "Region");
    struct action_call call = {.state = x->state,
                               .params = &x->params,
                               .region = state_region(x->state, region),
                               .now_ms = x->received_ms,
                               .body = &x->answer->body,
                               .outcome = &x->outcome};
    if (call.region == NULL)
        return outcome_refuse(&x->outcome, OUTCOME_BAD_PARAMETER, NULL, "there is no region %.64s here",
                              region);
    state_lock(x->state);
    int result = action->run(&call);
    state_unlock(x->state);
    return result;
}

static void execute(const struct service *service, struct exchange *x, int readable)
{
    x->judged = true;
    if (readable == 0 && judge(service, x) == 0 && run_action(x) == 0)
        return;
    buf_reset(&x->answer->body);
    outcome_put(&x->outcome, &x->answer->body);
}

static void apply(struct exchange *x, enum fault_class class)
{
    const struct fault *fault = &x->strike.by_class[class];
    if (fault->kind != NULL)
        fault->kind->apply(fault, x);
}

static bool executes(const struct exchange *x)
{
    const struct fault_kind *kind = x->strike.by_class[FAULT_OUTCOME].kind;
    return kind == NULL || kind->executes;
}

/* The clock first: the window is judged by it.  Then, unless a fault says otherwise, what ever happens; then
 * what the faults make of it. */
static bool answer_api(const struct service *service, struct exchange *x)
{
    int readable = read_params(x);
    const char *action = params_get(&x->params, "Action");
    x->action = action == NULL ? "" : action;
    if (fault_set_strike(service->faults, x->action, &x->strike) != 0)
        return false;
    apply(x, FAULT_CLOCK);
    if (executes(x))
        execute(service, x, readable);
    apply(x, FAULT_PACE);
    apply(x, FAULT_OUTCOME);
    tally_count(service->tally, x);
    journal_write(service->journal, x);
    return true;
}

static void answer_not_found(struct http_answer *answer)
{
    answer->status = 404;
    buf_put(&answer->body, "{\"error\":\"the sandbox answers GET and POST on /v2/index.php\"}");
}

static bool is_api(const struct http_request *request)
{
    return strcmp(request->path, "/v2/index.php") == 0 &&
           (strcmp(request->method, "GET") == 0 || strcmp(request->method, "POST") == 0);
}

bool service_answer(struct service *service, const struct http_request *request, struct http_answer *answer)
{
    int64_t now_ms = clock_ms();
    answer->date = now_ms / 1000;
    if (is_api(request)) {
        struct exchange x = {.request = request,
                             .answer = answer,
                             .state = service->state,
                             .received_ms = now_ms,
                             .now = now_ms / 1000};
        bool answered = answer_api(service, &x);
        fault_strike_done(&x.strike);
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
    answer->date = clock_ms() / 1000;
    answer->status = status;
    buf_put(&answer->body, "{\"error\":\"the sandbox cannot read this request\"}");
}
