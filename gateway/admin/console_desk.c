#include "gateway/admin/console_desk.h"

#include "base/secret.h"
#include "base/time/clock.h"
#include "gateway/admin/console_files.h"
#include "gateway/admin/operate.h"
#include "gateway/console_past/audit_page.h"
#include "gateway/console_past/decision_page.h"
#include "gateway/console_past/decisions_page.h"
#include "gateway/web/form.h"
#include "gateway/console/now_page.h"
#include "gateway/console_past/policy_page.h"
#include "gateway/console_past/questions_page.h"
#include "gateway/console/rights_page.h"
#include "gateway/console/tokens_page.h"
#include "gateway/console/try_page.h"
#include "gateway/console_past/usage_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COOKIE "countersign_console"

/* As /docs; forms go to us.  Referrer-Policy is not no-referrer: with it a browser hides a form's Origin. */
#define FIELDS                                                                                               \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "      \
    "data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"             \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                            \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                          \
    "Referrer-Policy: same-origin\r\n"

#define HTML "text/html; charset=utf-8"

enum { CONSOLE_READY_MAX = 1024 * 1024, CONSOLE_FIELD = 1024, CONSOLE_NUMBER = 24 };

/* One request. */
struct desk_visit {
    struct admin *admin;
    struct visit *visit;
    struct desk_answer *answer;
    struct snapshot *snapshot;
    struct login session; /* its name is "" where nobody is signed in */
    struct operators_use use;
    struct page page;
};

/* ---- who ---- */

/* The value of our cookie among those of the request (RFC 6265, section 4.2.1). */
static bool read_cookie(const struct request_head *head, char name[TOKEN_TEXT_SIZE])
{
    const char *at = request_head_only_field(head, "Cookie");
    while (at != NULL && *at != '\0') {
        at += strspn(at, " ;");
        size_t length = strcspn(at, ";");
        if (strncmp(at, COOKIE "=", sizeof COOKIE) == 0 && length == sizeof COOKIE + TOKEN_TEXT_SIZE - 1) {
            memcpy(name, at + sizeof COOKIE, TOKEN_TEXT_SIZE - 1);
            name[TOKEN_TEXT_SIZE - 1] = '\0';
            return true;
        }
        at += length;
    }
    return false;
}

/* The token that began the session, by the configuration in force: NULL when it is nobody's any more. */
static const struct config_token *token_of(const struct config *config, const struct login *session,
                                           int64_t now)
{
    const struct config_token *token = token_index_find(&config->operator_tokens, session->digest);
    return token == NULL || token->disabled || token->expires <= now || token->not_before > now ? NULL
                                                                                                : token;
}

static void find_session(struct desk_visit *desk)
{
    char name[TOKEN_TEXT_SIZE];
    if (!read_cookie(desk->visit->head, name) ||
        !logins_find(desk->admin->sessions, name, clock_monotonic_us() / 1000, &desk->session))
        return;
    desk->use.token = token_of(desk->page.config, &desk->session, desk->page.now);
    if (desk->use.token == NULL) {
        logins_end(desk->admin->sessions, name);
        return;
    }
    desk->page.name = desk->use.token->operated->name;
    desk->page.operates = desk->use.token->operated->role == CONFIG_OPERATOR;
    desk->page.form = desk->session.form;
}

/* ---- answers ---- */

static void say(struct desk_visit *desk, int status, const char *sentence)
{
    desk->answer->status = status;
    desk->page.message = sentence;
    desk->page.failed = status >= 400;
    if (desk->page.name == NULL)
        page_put_login(&desk->answer->body, &desk->page);
    else
        page_put_message(&desk->answer->body, &desk->page);
}

static void go(struct desk_visit *desk, const char *path)
{
    desk->answer->status = 303;
    desk->answer->location = path;
}

static void set_cookie(struct desk_visit *desk, const char *value, const char *more)
{
    struct server *door = atomic_load(&desk->admin->own_door);
    struct tls_set *tls = door == NULL ? NULL : server_tls(door);
    (void)snprintf(desk->answer->cookie, sizeof desk->answer->cookie,
                   COOKIE "=%s; Path=/console; HttpOnly; SameSite=Strict%s%s", value,
                   tls != NULL && tls_set_count(tls) > 0 ? "; Secure" : "", more);
    tls_set_release(tls);
}

/* ---- what forms do ---- */

static void log_in(struct desk_visit *desk, const char *fields)
{
    char token[CONSOLE_FIELD];
    struct login begun;
    bool given = form_value(fields, "token", token, sizeof token);
    desk->use = operators_check(desk->admin->gateway, desk->snapshot, desk->visit, given ? token : NULL,
                                strlen(token), OPERATORS_VIEWER);
    desk->answer->wait_us = desk->use.wait_us;
    if (desk->use.status != 0)
        say(desk, desk->use.status,
            desk->use.status == 401 ? "That is no operator's token, or it has expired." : desk->use.detail);
    else if (logins_begin(desk->admin->sessions, desk->use.token->digest, clock_monotonic_us() / 1000,
                          &begun) != 0)
        say(desk, 500, "There is no randomness for a session.");
    else {
        set_cookie(desk, begun.name, "");
        go(desk, "/console");
    }
}

static void log_out(struct desk_visit *desk, const char *fields)
{
    (void)fields;
    logins_end(desk->admin->sessions, desk->session.name);
    set_cookie(desk, "", "; Max-Age=0");
    go(desk, "/console");
}

/* The members that an operator's request has, from the fields of a form. */
static json_t *members_of(const char *fields, const char *const *keys)
{
    json_t *members = json_object();
    char value[CONSOLE_FIELD];
    for (size_t i = 0; keys[i] != NULL; i++)
        if (form_value(fields, keys[i], value, sizeof value) && value[0] != '\0')
            (void)json_object_set_new(members, keys[i], json_string(value));
    return members;
}

/* The command's own code; its answer's sentence becomes the page's.  Takes `body`. */
static void operate(struct desk_visit *desk, json_t *body, const char *done,
                    void (*run)(const struct operate *operate, const json_t *body,
                                struct desk_answer *answer),
                    void (*put)(struct buf *out, const struct page *page))
{
    struct desk_answer told = {.status = 200};
    const struct operate request = {desk->admin->gateway, desk->page.config, &desk->use, desk->visit,
                                    &desk->admin->settling};
    buf_init(&told.body, CONSOLE_READY_MAX);
    run(&request, body, &told);
    json_t *answer = json_loadb(buf_text(&told.body), told.body.length, 0, NULL);
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    desk->answer->status = told.status;
    desk->page.failed = told.status != 200;
    desk->page.message = told.status == 200 ? done : detail;
    put(&desk->answer->body, &desk->page);
    json_decref(answer);
    json_decref(body);
    buf_done(&told.body);
}

static void freeze(struct desk_visit *desk, const char *fields)
{
    static const char *const keys[] = {"client", "token", "for", "reason", NULL};
    operate(desk, members_of(fields, keys), "Frozen.", operate_freeze_as, tokens_page_put);
}

static void thaw(struct desk_visit *desk, const char *fields)
{
    static const char *const keys[] = {"client", "token", NULL};
    operate(desk, members_of(fields, keys), "Thawed.", operate_thaw_as, tokens_page_put);
}

/* `audit settle` --by is who is signed in. */
static void settle(struct desk_visit *desk, const char *fields)
{
    static const char *const keys[] = {"outcome", "note", NULL};
    char seq[CONSOLE_NUMBER];
    json_t *body = members_of(fields, keys);
    (void)form_value(fields, "seq", seq, sizeof seq);
    (void)json_object_set_new(body, "seq", json_integer(strtoll(seq, NULL, 10)));
    (void)json_object_set_new(body, "by", json_string(desk->page.name));
    operate(desk, body, "Settled.", operate_settle_as, questions_page_put);
}

static void test_policy(struct desk_visit *desk, const char *fields)
{
    desk->page.fields = fields;
    policy_page_put(&desk->answer->body, &desk->page);
}

static void try_it(struct desk_visit *desk, const char *fields)
{
    desk->page.fields = fields;
    try_page_put(&desk->answer->body, &desk->page);
}

static const struct {
    const char *path;
    size_t most;  /* bytes */
    bool changes; /* takes the role operator, and has a record of its own when it was done */
    bool signed_in;
    void (*run)(struct desk_visit *desk, const char *fields);
} forms[] = {{"/console/login", DESK_BODY_MAX, false, false, log_in},
             {"/console/logout", DESK_BODY_MAX, false, true, log_out},
             {"/console/try", 2 * DESK_BODY_MAX, false, true, try_it},
             {"/console/policy", POLICY_PAGE_FORM, false, true, test_policy},
             {"/console/freeze", DESK_BODY_MAX, true, true, freeze},
             {"/console/thaw", DESK_BODY_MAX, true, true, thaw},
             {"/console/settle", DESK_BODY_MAX, true, true, settle}};

static bool has_form_token(const struct desk_visit *desk, const char *fields)
{
    char given[TOKEN_TEXT_SIZE];
    return form_value(fields, "form", given, sizeof given) && strlen(given) == TOKEN_TEXT_SIZE - 1 &&
           secret_equal_bytes(given, desk->session.form, TOKEN_TEXT_SIZE - 1);
}

/* A browser says where a form's page came from; desk.c has let only our own Origin through. */
static void post(struct desk_visit *desk, size_t form)
{
    bool stranger = forms[form].signed_in && desk->page.name == NULL; /* whose body is not read */
    const char *fields = stranger ? NULL : desk_form(desk->visit, forms[form].most, desk->answer);
    bool recorded = false;
    if (stranger) {
        say(desk, 401, "Sign in first.");
    } else if (fields == NULL) {
        desk->answer->type = HTML;
        buf_reset(&desk->answer->body);
        say(desk, desk->answer->status, "That is no form of the console.");
    } else if (request_head_only_field(desk->visit->head, "Origin") == NULL) {
        say(desk, 403, "A form is sent by a browser, which says from where (Origin).");
    } else if (forms[form].signed_in && !has_form_token(desk, fields)) {
        say(desk, 403, "That form is of an older session: open the page again.");
    } else if (forms[form].changes && !desk->page.operates) {
        say(desk, 403, "This takes the role operator.");
    } else {
        forms[form].run(desk, fields);
        recorded = forms[form].changes && desk->answer->status == 200;
    }
    if (!recorded)
        operators_record(desk->admin->gateway, &desk->use, desk->visit, desk->answer->status);
}

/* ---- pages ---- */

/* A page of what the listener says of itself. */
static void show_with_figures(struct desk_visit *desk, void (*put)(struct buf *out, const struct page *page))
{
    struct buf ready;
    struct buf metrics;
    buf_init(&ready, CONSOLE_READY_MAX);
    buf_init(&metrics, DESK_PAGE_MAX);
    admin_look(desk->admin, &ready, &metrics);
    desk->page.ready = buf_text(&ready);
    desk->page.metrics = buf_text(&metrics);
    put(&desk->answer->body, &desk->page);
    buf_done(&metrics);
    buf_done(&ready);
}

static void show_now(struct desk_visit *desk)
{
    show_with_figures(desk, now_page_put);
}

static void show_csv(struct desk_visit *desk)
{
    desk->answer->type = "text/csv; charset=utf-8";
    desk->answer->fields = FIELDS "Content-Disposition: attachment; filename=\"rights.csv\"\r\n";
    rights_page_put_csv(&desk->answer->body, &desk->page);
}

/* Pages of what every page has; and those that need more. */
static const struct {
    const char *path;
    void (*put)(struct buf *out, const struct page *page);
    void (*show)(struct desk_visit *desk);
} shown[] = {{"/console", NULL, show_now},
             {"/console/decisions", decisions_page_put, NULL},
             {"/console/decision", decision_page_put, NULL},
             {"/console/questions", questions_page_put, NULL},
             {"/console/audit", audit_page_put, NULL},
             {"/console/rights", rights_page_put, NULL},
             {"/console/rights.csv", NULL, show_csv},
             {"/console/try", try_page_put, NULL},
             {"/console/policy", policy_page_put, NULL},
             {"/console/usage", usage_page_put, NULL},
             {"/console/tokens", tokens_page_put, NULL}};

/* Style and scripts: the same for everybody. */
static bool put_file(struct desk_answer *answer, const char *name)
{
    const struct docs_page_file *file = console_files;
    while (file->name != NULL && strcmp(file->name, name) != 0)
        file++;
    if (strcmp(name, "console.css") == 0) {
        answer->type = "text/css; charset=utf-8";
        buf_put(&answer->body, page_style());
    } else if (strcmp(name, "console.js") == 0) {
        answer->type = "text/javascript; charset=utf-8";
        buf_put_bytes(&answer->body, console_script, console_script_size);
    } else if (file->name != NULL) {
        answer->type = file->type;
        buf_put_bytes(&answer->body, file->plain, file->plain_length);
    } else {
        return false;
    }
    return true;
}

static void get(struct desk_visit *desk)
{
    const char *path = desk->visit->head->target;
    if (strncmp(path, "/console/", sizeof "/console/" - 1) == 0 &&
        put_file(desk->answer, path + sizeof "/console/" - 1))
        return;
    if (desk->page.name == NULL) {
        desk->answer->status = 401;
        page_put_login(&desk->answer->body, &desk->page);
        return;
    }
    size_t i = 0;
    while (i < COUNT(shown) && strcmp(shown[i].path, path) != 0)
        i++;
    if (i < COUNT(shown) && shown[i].put != NULL)
        shown[i].put(&desk->answer->body, &desk->page);
    else if (i < COUNT(shown))
        shown[i].show(desk);
    else
        say(desk, 404, "The console has no such page.");
    operators_record(desk->admin->gateway, &desk->use, desk->visit, desk->answer->status);
}

static void answer_visit(struct desk_visit *desk)
{
    const struct request_head *head = desk->visit->head;
    bool gets = strcmp(head->method, "GET") == 0 || strcmp(head->method, "HEAD") == 0;
    size_t form = 0;
    while (form < COUNT(forms) && strcmp(forms[form].path, head->target) != 0)
        form++;
    if (gets && !request_head_has_body(head)) {
        get(desk);
    } else if (!gets && strcmp(head->method, "POST") == 0 && form < COUNT(forms)) {
        post(desk, form);
    } else {
        desk->answer->allow = form < COUNT(forms) ? "GET, HEAD, POST" : "GET, HEAD";
        say(desk, 405, "That is not done here.");
    }
}

bool console_desk_answer(struct admin *admin, struct visit *visit, struct desk_answer *answer)
{
    struct snapshot *snapshot = shared_take(admin->gateway);
    bool on = snapshot->config->console;
    struct desk_visit desk = {.admin = admin,
                              .visit = visit,
                              .answer = answer,
                              .snapshot = snapshot,
                              .page = {.gateway = admin->gateway,
                                       .config = snapshot->config,
                                       .query = visit->head->query,
                                       .now = clock_wall_ms() / 1000}};
    if (on) {
        answer->type = HTML;
        answer->fields = FIELDS;
        find_session(&desk);
        answer_visit(&desk);
    }
    shared_release(snapshot);
    return on;
}
