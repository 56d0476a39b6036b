#include "gateway/admin/admin.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/version.h"
#include "gateway/audit/audit.h"
#include "gateway/http/host_check.h"
#include "gateway/http/response_head.h"
#include "gateway/keeper/keeper.h"
#include "gateway/metrics/prometheus_text.h"
#include "gateway/metrics/series.h"
#include "gateway/reload/certificates.h"
#include "gateway/admin/console_desk.h"
#include "gateway/admin/health.h"
#include "gateway/admin/metrics_page.h"
#include "gateway/admin/operate.h"
#include "gateway/admin/operators.h"
#include "gateway/state/state.h"
#include "gateway/upstream/upstream_pool.h"

#include <string.h>

enum { ADMIN_ERRORS_MAX = 128 * 1024 };

static void put_status(struct desk_answer *answer, int status, const char *word)
{
    answer->status = status;
    json_open(&answer->body);
    json_member(&answer->body, "status", word);
    json_close(&answer->body);
    buf_put_char(&answer->body, '\n');
}

/* The lines of `text` as an array. */
static void put_lines(struct buf *body, const char *key, const char *text)
{
    json_open_array(body, key);
    for (const char *at = text; *at != '\0';) {
        size_t length = strcspn(at, "\n");
        if (at != text)
            buf_put_char(body, ',');
        json_put_string(body, at, length);
        at += length + (at[length] == '\n');
    }
    json_close_array(body);
}

/* Alive is who can still take the lock that every request takes. */
static void healthz(struct admin *admin, struct desk_answer *answer)
{
    shared_release(shared_take(admin->gateway));
    put_status(answer, 200, "alive");
}

static const char *readiness(const struct admin *admin)
{
    if (atomic_load(&admin->gateway->draining))
        return "draining";
    return atomic_load(&admin->gateway->serving) ? "ready" : "starting";
}

/* A failed reload leaves it ready: the old configuration serves; so do a test of the policy that fails, and
 * reads without an audit file.  The detail tells. */
static void readyz(struct admin *admin, struct desk_answer *answer)
{
    struct buf errors;
    const char *word = readiness(admin);
    buf_init(&errors, ADMIN_ERRORS_MAX);
    answer->status = strcmp(word, "ready") == 0 ? 200 : 503;
    json_open(&answer->body);
    json_member(&answer->body, "status", word);
    health_put_hashes(&answer->body, admin->gateway);
    if (reload_failed(admin->reload, &errors)) {
        json_member(&answer->body, "lastReload", "failed");
        put_lines(&answer->body, "errors", buf_text(&errors));
    }
    buf_reset(&errors);
    reload_tests(admin->reload, &errors);
    if (errors.length > 0)
        put_lines(&answer->body, "failedTests", buf_text(&errors));
    health_put(&answer->body, admin);
    json_close(&answer->body);
    buf_put_char(&answer->body, '\n');
    buf_done(&errors);
}

static void version(struct admin *admin, struct desk_answer *answer)
{
    json_open(&answer->body);
    json_member(&answer->body, "version", VERSION_TEXT);
    health_put_hashes(&answer->body, admin->gateway);
    json_close(&answer->body);
    buf_put_char(&answer->body, '\n');
}

static void put_reloaded(struct desk_answer *answer, const char *warnings)
{
    answer->status = 200;
    json_open(&answer->body);
    json_member(&answer->body, "status", "reloaded");
    if (warnings[0] != '\0')
        put_lines(&answer->body, "warnings", warnings);
    json_close(&answer->body);
    buf_put_char(&answer->body, '\n');
}

static void put_failure(struct admin *admin, struct desk_answer *answer, const char *name, const char *title,
                        const char *errors, const char *warnings)
{
    struct snapshot *snapshot = shared_take(admin->gateway);
    answer->type = RESPONSE_HEAD_PROBLEM_TYPE;
    json_open(&answer->body);
    response_head_put_type(&answer->body, snapshot->config->problem_types, name);
    shared_release(snapshot);
    json_member(&answer->body, "title", title);
    json_member_int(&answer->body, "status", answer->status);
    put_lines(&answer->body, "errors", errors);
    if (warnings[0] != '\0')
        put_lines(&answer->body, "warnings", warnings);
    json_close(&answer->body);
    buf_put_char(&answer->body, '\n');
}

static void reload(struct admin *admin, struct desk_answer *answer)
{
    struct buf errors;
    struct buf warnings;
    buf_init(&errors, ADMIN_ERRORS_MAX);
    buf_init(&warnings, ADMIN_ERRORS_MAX);
    switch (reload_ask(admin->reload, &errors, &warnings)) {
    case RELOAD_GOOD:
        put_reloaded(answer, buf_text(&warnings));
        break;
    case RELOAD_BAD:
        answer->status = 422;
        put_failure(admin, answer, "bad-configuration",
                    "The new configuration is wrong; the old one stays in force", buf_text(&errors),
                    buf_text(&warnings));
        break;
    case RELOAD_UNAUDITED:
        answer->status = 500;
        put_failure(admin, answer, "audit-not-reopened",
                    "The new configuration is in force, but the audit file could not be opened again",
                    buf_text(&errors), buf_text(&warnings));
        break;
    case RELOAD_BUSY:
        put_status(answer, 503, "too many wait for a reload already: try again");
        break;
    }
    buf_done(&warnings);
    buf_done(&errors);
}

/* For Prometheus. */
static void metrics(struct admin *admin, struct desk_answer *answer)
{
    answer->type = PROMETHEUS_TEXT_TYPE;
    series_write(admin->gateway->metrics, &answer->body);
    metrics_page_write(admin->gateway, admin->reload, atomic_load(&admin->public_door),
                       atomic_load(&admin->own_door), clock_wall_ms(), &answer->body);
}

void admin_look(struct admin *admin, struct buf *ready, struct buf *metrics)
{
    struct desk_answer answer = {.body = *ready};
    readyz(admin, &answer);
    *ready = answer.body;
    series_write(admin->gateway->metrics, metrics);
    metrics_page_write(admin->gateway, admin->reload, atomic_load(&admin->public_door),
                       atomic_load(&admin->own_door), clock_wall_ms(), metrics);
}

static const struct {
    const char *path;
    const char *method; /* GET stands for HEAD, too */
    enum operators_need need;
    void (*answer)(struct admin *admin, struct desk_answer *answer);
    void (*operate)(const struct operate *operate, struct desk_answer *answer); /* instead of that */
} pages[] = {
    {"/healthz", "GET", OPERATORS_NOBODY, healthz, NULL},
    {"/readyz", "GET", OPERATORS_NOBODY, readyz, NULL},
    {"/metrics", "GET", OPERATORS_NOBODY, metrics, NULL},
    {"/version", "GET", OPERATORS_NOBODY, version, NULL},
    {"/reload", "POST", OPERATORS_RELOAD, reload, NULL},
    {"/freezes", "GET", OPERATORS_VIEWER, NULL, operate_freezes},
    {"/freeze", "POST", OPERATORS_CHANGE, NULL, operate_freeze},
    {"/thaw", "POST", OPERATORS_CHANGE, NULL, operate_thaw},
    {"/settle", "POST", OPERATORS_CHANGE, NULL, operate_settle},
};

bool admin_is_asked_by(void *context, const char *host)
{
    struct admin *admin = context;
    struct snapshot *snapshot = shared_take(admin->gateway);
    bool known = host_check_is_among(&snapshot->config->admin_hosts, host);
    shared_release(snapshot);
    return known;
}

static bool is_method_of(size_t page, const char *method)
{
    return strcmp(pages[page].method, method) == 0 ||
           (strcmp(pages[page].method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static bool takes_body(size_t page)
{
    return pages[page].operate != NULL && strcmp(pages[page].method, "POST") == 0;
}

/* Whoever is known leaves a record, also where they are refused. */
static void answer_page(struct admin *admin, size_t page, struct visit *visit, struct desk_answer *answer)
{
    struct snapshot *snapshot = shared_take(admin->gateway);
    const struct operators_use use = operators_admit(admin->gateway, snapshot, visit, pages[page].need);
    answer->wait_us = use.wait_us;
    if (use.status != 0)
        desk_put_problem(answer, use.status, use.detail);
    else if (request_head_has_body(visit->head) && !takes_body(page))
        desk_put_problem(answer, 400, "this takes no body");
    else if (pages[page].operate != NULL)
        pages[page].operate(
            &(struct operate){admin->gateway, snapshot->config, &use, visit, &admin->settling}, answer);
    else
        pages[page].answer(admin, answer);
    if (answer->status != 200 || !takes_body(page)) /* else it has a record of its own */
        operators_record(admin->gateway, &use, visit, answer->status);
    shared_release(snapshot);
}

void admin_answer(void *context, struct visit *visit, struct desk_answer *answer)
{
    struct admin *admin = context;
    const char *path = visit->head->target;
    if (strcmp(path, "*") == 0) { /* OPTIONS */
        answer->status = 204;
        answer->allow = "GET, HEAD, POST, OPTIONS";
        return;
    }
    if (desk_is_console(path) && console_desk_answer(admin, visit, answer))
        return;
    for (size_t i = 0; i < COUNT(pages); i++) {
        if (strcmp(pages[i].path, path) != 0)
            continue;
        if (is_method_of(i, visit->head->method)) {
            answer_page(admin, i, visit, answer);
        } else {
            answer->allow = strcmp(pages[i].method, "POST") == 0 ? "POST" : "GET, HEAD";
            put_status(answer, 405, "method not allowed");
        }
        return;
    }
    put_status(answer, 404,
               "there is /healthz, /readyz, /metrics, /version, /freezes, and by POST /reload, /freeze, "
               "/thaw and /settle");
}
