#include "gateway/exchange/shared.h"
#include "gateway/request/response_writer.h"
#include "gateway/door/rest.h"

#include "config/catalog/catalog.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include "tests/unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, ANSWER_MAX = 2 * 1024 * 1024 };

/* Two services on one path, so that Allow has something to choose from; only vpc has an upstream. */
static const char catalog[] =
    "version: 1\n"
    "routes:\n"
    "  - { request: 'DELETE /links/{id}', service: vpc, action: Detach, effect: change,\n"
    "      success: 202, task: taskId, parameters: { id: { in: [path], type: string } } }\n"
    "  - { request: 'POST /links/{id}', service: vpc, action: Attach, effect: change,\n"
    "      parameters: { id: { in: [path], type: string } } }\n"
    "  - { request: 'GET /links/{id}', service: cvm, action: Describe, effect: read,\n"
    "      parameters: { id: { in: [path], type: string } } }\n"
    "  - { request: 'GET /links', service: vpc, action: List, effect: read, parameters: {} }\n"
    "  - { request: 'GET /jobs/{taskId}/end', service: vpc, action: Ask, effect: read, api3: none,\n"
    "      status: { from: data, done: '0', failed: '1', running: '2' },\n"
    "      parameters: { taskId: { in: [path], type: string } } }\n";

static struct config_upstream upstream = {.name = "vpc", .region = "ap-guangzhou"};
static struct config config;
static struct shared gateway;
static struct config_client client = {.name = "web"};
static struct call call = {.upstream = &upstream, .region = "ap-guangzhou"};
static const struct config_token token = {.id = "2026-11", .client = &client};

static int enter(void **state)
{
    struct report report;
    (void)state;
    config = (struct config){.arena = arena_new(CEILING), .upstreams = &upstream, .upstream_count = 1};
    atomic_init(&gateway.draining, false);
    report_init(&report);
    struct loader loader = {.arena = config.arena, .report = &report, .config = &config};
    const struct yaml_node *root =
        yaml_parse(catalog, sizeof catalog - 1, "catalog.yaml", config.arena, &report);
    int result = root == NULL ? -1 : catalog_read(&loader, root);
    (void)fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return result;
}

static int leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < config.route_count; i++)
        config_route_done(&config.routes[i]);
    arena_free(config.arena);
    return 0;
}

static struct request_head head;

/* An exchange at the end of its walk: DELETE /links/1 by a known client. */
static struct exchange *ended(enum problem problem)
{
    static struct buf reply;
    static struct exchange x;
    head = (struct request_head){.method = "DELETE", .target = "/links/1", .minor = 1};
    buf_done(&reply);
    buf_init(&reply, ANSWER_MAX);
    x = (struct exchange){.gateway = &gateway,
                          .config = &config,
                          .arena = config.arena,
                          .head = &head,
                          .id = "req-1",
                          .target = {.segments = {"links", "1"}, .segment_count = 2},
                          .began_ms = 784111777000, /* RFC 9110 section 5.6.7 */
                          .door = &rest_door,
                          .route = &config.routes[0],
                          .call = &call,
                          .client = &client,
                          .token = &token,
                          .reply = &reply,
                          .problem = problem};
    call.route = x.route;
    if (problem != PROBLEM_NONE)
        (void)exchange_stop(&x, problem, "a sentence");
    return &x;
}

/* ---- a response taken apart as strictly as a client could ---- */

struct response {
    char *bytes;
    int status;
    char *fields; /* lines, each with its CR LF */
    const char *body;
    size_t body_length;
};

static struct response compose(struct exchange *x)
{
    struct response response = {0};
    response_writer_compose(x);
    response.bytes = malloc(x->reply->length + 1);
    assert_non_null(response.bytes);
    memcpy(response.bytes, buf_text(x->reply), x->reply->length + 1);
    char *line_end = strstr(response.bytes, "\r\n");
    char *head_end = strstr(response.bytes, "\r\n\r\n");
    assert_non_null(head_end);
    assert_int_equal(sscanf(response.bytes, "HTTP/1.1 %d ", &response.status), 1);
    assert_int_equal(response.status, x->status);
    head_end[2] = '\0';
    response.fields = line_end + 2;
    response.body = head_end + 4;
    response.body_length = x->reply->length - (size_t)(response.body - response.bytes);
    return response;
}

/* The field's value, copied to `out`; NULL when it is absent, and it must not come twice. */
static const char *field(const struct response *response, const char *name, char out[300])
{
    const char *found = NULL;
    size_t length = strlen(name);
    for (const char *line = response->fields; *line != '\0'; line = strstr(line, "\r\n") + 2) {
        if (strncasecmp(line, name, length) != 0 || strncmp(line + length, ": ", 2) != 0)
            continue;
        assert_null(found);
        found = line + length + 2;
        assert_true(strcspn(found, "\r") < 300);
        (void)snprintf(out, 300, "%.*s", (int)strcspn(found, "\r"), found);
    }
    return found == NULL ? NULL : out;
}

static int has(const struct response *response, const char *name, const char *value)
{
    char text[300];
    return unit_differs(name, value, field(response, name, text));
}

/* What every answer has, and a head that holds nothing but fields. */
static int check_head(const struct response *response, size_t body_length)
{
    char length[32];
    (void)snprintf(length, sizeof length, "%zu", body_length);
    for (const char *line = response->fields; *line != '\0'; line = strstr(line, "\r\n") + 2) {
        size_t name = strcspn(line, ":\r\n");
        assert_true(name > 0 && line[name] == ':' && line[name + 1] == ' ');
        assert_true(strcspn(line, "\n") == strcspn(line, "\r") + 1);
    }
    return has(response, "Content-Length", length) + has(response, "X-Request-Id", "req-1") +
           has(response, "Cache-Control", "no-store") + has(response, "X-Content-Type-Options", "nosniff") +
           has(response, "Date", "Sun, 06 Nov 1994 08:49:37 GMT");
}

static json_t *parse(const struct response *response)
{
    json_error_t where;
    json_t *root = json_loadb(response->body, response->body_length, JSON_REJECT_DUPLICATES, &where);
    if (root == NULL)
        fail_msg("%s in '%s'", where.text, response->body);
    return root;
}

static const char *member(const json_t *root, const char *name)
{
    return json_string_value(json_object_get(root, name));
}

/* ---- successes ---- */

static void the_answer_goes_through_byte_for_byte(void **state)
{
    static const char bytes[] = "{\"code\":0,\"message\":\"\",\"taskId\":135254}";
    struct exchange *x = ended(PROBLEM_NONE);
    (void)state;
    x->answer = (struct answer){.bytes = bytes, .length = sizeof bytes - 1, .task = "135254"};
    struct response response = compose(x);
    assert_int_equal(response.status, 202);
    assert_int_equal(response.body_length, sizeof bytes - 1);
    assert_memory_equal(response.body, bytes, sizeof bytes - 1);
    int wrong = check_head(&response, sizeof bytes - 1) + has(&response, "Location", "/jobs/135254/end") +
                has(&response, "Content-Type", "application/json") + has(&response, "Connection", NULL) +
                has(&response, "Retry-After", NULL);
    assert_int_equal(wrong, 0);
    free(response.bytes);
}

/* RFC 7240 section 3: what was honoured is said, whether the task is over (200) or not (202). */
static void a_wait_is_told(void **state)
{
    (void)state;
    for (int finished = 0; finished < 2; finished++) {
        struct exchange *x = ended(PROBLEM_NONE);
        x->answer = (struct answer){.bytes = "{}", .length = 2, .task = "7"};
        x->waited_s = 30;
        x->finished = finished;
        struct response response = compose(x);
        assert_int_equal(response.status, finished ? 200 : 202);
        assert_int_equal(
            has(&response, "Preference-Applied", "wait=30") + has(&response, "Location", "/jobs/7/end"), 0);
        free(response.bytes);
    }
}

static void without_a_task_there_is_no_location(void **state)
{
    struct exchange *x = ended(PROBLEM_NONE);
    (void)state;
    x->route = &config.routes[3];
    x->answer = (struct answer){.bytes = "{\"code\":0}", .length = 10};
    struct response response = compose(x);
    assert_int_equal(response.status, 200);
    assert_int_equal(has(&response, "Location", NULL) + check_head(&response, 10), 0);
    free(response.bytes);
}

static void a_megabyte_goes_through(void **state)
{
    enum { SIZE = 1024 * 1024 };
    struct exchange *x = ended(PROBLEM_NONE);
    char *bytes = malloc(SIZE);
    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', SIZE);
    x->answer = (struct answer){.bytes = bytes, .length = SIZE};
    struct response response = compose(x);
    assert_int_equal(response.status, 202);
    assert_int_equal(response.body_length, SIZE);
    free(response.bytes);
    free(bytes);
}

/* ---- problems ---- */

static void every_problem_is_a_problem_document(void **state)
{
    int wrong = 0;
    (void)state;
    for (int problem = PROBLEM_NONE + 1; problem <= PROBLEM_INTERNAL; problem++) {
        char type[100];
        struct exchange *x = ended((enum problem)problem);
        const struct problem_kind *kind = problem_kind(x->problem);
        struct response response = compose(x);
        json_t *root = parse(&response);
        (void)snprintf(type, sizeof type, "urn:countersign:problem:%s", kind->name);
        wrong += check_head(&response, response.body_length);
        wrong += has(&response, "Content-Type", "application/problem+json");
        wrong += unit_differs(kind->name, type, member(root, "type"));
        wrong += unit_differs(kind->name, kind->title, member(root, "title"));
        wrong += unit_differs(kind->name, "a sentence", member(root, "detail"));
        wrong += unit_differs(kind->name, "req-1", member(root, "requestId"));
        wrong += unit_differs(kind->name, "not-executed", member(root, "outcome"));
        wrong +=
            unit_wrong(kind->name, json_integer_value(json_object_get(root, "status")) == response.status);
        wrong += unit_wrong(kind->name, json_is_true(json_object_get(root, "retryable")) == kind->retryable);
        wrong += unit_wrong(kind->name, json_object_get(root, "upstream") == NULL);
        json_decref(root);
        free(response.bytes);
    }
    assert_int_equal(wrong, 0);
}

static void special_fields(void **state)
{
    /* clang-format off */
    static const struct {
        enum problem problem;
        const char *name, *value;
    } rows[] = {
        {PROBLEM_UNAUTHENTICATED, "WWW-Authenticate", "Bearer realm=\"countersign\""},
        {PROBLEM_TOKEN_EXPIRED, "WWW-Authenticate",
         "Bearer realm=\"countersign\", error=\"invalid_token\", error_description=\"the token has "
         "expired\""},
        {PROBLEM_NOT_ALLOWED, "WWW-Authenticate", NULL},
        {PROBLEM_METHOD_NOT_ALLOWED, "Allow", "DELETE, POST"}, /* what GET leads to has no upstream */
        {PROBLEM_NO_SUCH_ROUTE, "Allow", NULL},
        {PROBLEM_BUSY, "Retry-After", "1"},
        {PROBLEM_UPSTREAM_MAINTENANCE, "Retry-After", "30"},
        {PROBLEM_UPSTREAM_FAILED, "Retry-After", NULL},
        {PROBLEM_PARTIAL, "Location", NULL},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct response response = compose(ended(rows[i].problem));
        wrong += has(&response, rows[i].name, rows[i].value);
        free(response.bytes);
    }
    assert_int_equal(wrong, 0);
}

/* A change of unknown outcome must not be invited to happen twice. */
static void a_change_says_what_became_of_it(void **state)
{
    /* clang-format off */
    static const struct {
        enum problem problem;
        enum outcome outcome;
        const char *name;
        bool retryable;
    } rows[] = {
        {PROBLEM_UPSTREAM_TIMEOUT, OUTCOME_UNKNOWN, "unknown", false},
        {PROBLEM_UPSTREAM_INVALID_ANSWER, OUTCOME_UNKNOWN, "unknown", false},
        {PROBLEM_PARTIAL, OUTCOME_EXECUTED, "executed", false},
        {PROBLEM_UPSTREAM_UNREACHABLE, OUTCOME_NOT_EXECUTED, "not-executed", true},
        {PROBLEM_BUSY, OUTCOME_NOT_EXECUTED, "not-executed", true},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange *x = ended(rows[i].problem);
        x->outcome = rows[i].outcome;
        struct response response = compose(x);
        json_t *root = parse(&response);
        wrong += unit_differs(rows[i].name, rows[i].name, member(root, "outcome"));
        wrong +=
            unit_wrong(rows[i].name, json_is_true(json_object_get(root, "retryable")) == rows[i].retryable);
        json_decref(root);
        free(response.bytes);
    }
    assert_int_equal(wrong, 0);
}

static void a_read_has_no_outcome(void **state)
{
    struct exchange *x = ended(PROBLEM_UPSTREAM_TIMEOUT);
    (void)state;
    x->route = &config.routes[3];
    x->outcome = OUTCOME_UNKNOWN;
    struct response response = compose(x);
    json_t *root = parse(&response);
    assert_null(json_object_get(root, "outcome"));
    assert_true(json_is_true(json_object_get(root, "retryable")));
    json_decref(root);
    free(response.bytes);
}

/* Nothing about what a change would have been before the caller is known. */
static void a_stranger_is_told_nothing_more(void **state)
{
    struct exchange *x = ended(PROBLEM_UNAUTHENTICATED);
    (void)state;
    x->client = NULL;
    x->token = NULL;
    struct response response = compose(x);
    json_t *root = parse(&response);
    assert_null(json_object_get(root, "outcome"));
    assert_null(json_object_get(root, "rule"));
    json_decref(root);
    free(response.bytes);
}

static void the_rule_that_said_no_is_named(void **state)
{
    static const struct config_rule rule = {.id = "never-bastion"};
    struct exchange *x = ended(PROBLEM_NOT_ALLOWED);
    (void)state;
    x->verdict.because = &rule;
    struct response response = compose(x);
    json_t *root = parse(&response);
    assert_string_equal(member(root, "rule"), "never-bastion");
    json_decref(root);
    free(response.bytes);
}

/* Quotes, line ends and terminal controls that the upstream said stay inside their JSON strings. */
static void the_upstreams_words_are_escaped(void **state)
{
    struct exchange *x = ended(PROBLEM_UPSTREAM_FAILED);
    (void)state;
    x->answer = (struct answer){.bytes = "{}",
                                .length = 2,
                                .code = 5100,
                                .code_desc = "a\",\"b\":\"c",
                                .message = "a\r\nSet-Cookie: b\r\n\r\n\x1B[31m\xFF",
                                .detail = "{\"ins-1\":{\"code\":0}}"};
    struct response response = compose(x);
    json_t *root = parse(&response);
    const json_t *said = json_object_get(root, "upstream");
    int wrong = check_head(&response, response.body_length) + has(&response, "Set-Cookie", NULL);
    assert_int_equal(wrong, 0);
    assert_int_equal(json_integer_value(json_object_get(said, "code")), 5100);
    assert_string_equal(member(said, "codeDesc"), "a\",\"b\":\"c");
    assert_string_equal(member(said, "message"), "a\r\nSet-Cookie: b\r\n\r\n\x1B[31m\xEF\xBF\xBD");
    assert_int_equal(json_object_size(json_object_get(said, "detail")), 1);
    json_decref(root);
    free(response.bytes);
}

/* A hundred instances of a partial success, each with its code and message: the caller must learn which. */
static void a_long_detail_is_told(void **state)
{
    struct buf detail;
    struct exchange *x = ended(PROBLEM_PARTIAL);
    (void)state;
    buf_init(&detail, ANSWER_MAX);
    for (int i = 0; i < 100; i++)
        buf_put_format(
            &detail,
            "%s\"ins-%08x\":{\"code\":5100,\"message\":\"(100004)%0120d\",\"requestId\":\"%08x-aaaa-bbbb\"}",
            i == 0 ? "{" : ",", (unsigned)i, i, (unsigned)i);
    buf_put(&detail, "}");
    x->answer = (struct answer){.bytes = "{}", .length = 2, .code = 5400, .detail = buf_text(&detail)};
    x->outcome = OUTCOME_EXECUTED;
    struct response response = compose(x);
    assert_true(strstr(response.bytes, "HTTP/1.1 207 ") == response.bytes);
    json_t *root = parse(&response);
    assert_string_equal(member(root, "outcome"), "executed");
    json_decref(root);
    free(response.bytes);
    buf_done(&detail);
}

/* ---- the connection ---- */

static void a_connection_that_ends_is_told(void **state)
{
    struct exchange *x = ended(PROBLEM_MALFORMED_REQUEST);
    (void)state;
    x->close = true;
    struct response response = compose(x);
    assert_int_equal(has(&response, "Connection", "close"), 0);
    free(response.bytes);
}

static void a_head_has_no_body(void **state)
{
    struct exchange *x = ended(PROBLEM_METHOD_NOT_ALLOWED);
    (void)state;
    head.method = "HEAD";
    struct response response = compose(x);
    assert_int_equal(response.body_length, 0);
    free(response.bytes);
}

/* Refused before there was a method, a route or a token. */
static void nothing_is_known(void **state)
{
    struct exchange *x = ended(PROBLEM_MALFORMED_REQUEST);
    (void)state;
    head = (struct request_head){0};
    x->route = NULL;
    x->client = NULL;
    x->token = NULL;
    struct response response = compose(x);
    json_decref(parse(&response));
    assert_int_equal(response.status, 400);
    free(response.bytes);
}

/* An answer for which there is no room is told as any problem is, with what became of the change: whatever
 * was to be said, and in whatever memory. */
static void memory_that_is_out_is_still_an_answer(void **state)
{
    /* clang-format off */
    static const struct {
        enum problem problem;
        enum outcome outcome;
        const char *told;
        bool retryable;
    } rows[] = {
        {PROBLEM_NONE, OUTCOME_EXECUTED, "executed", false},
        {PROBLEM_PARTIAL, OUTCOME_EXECUTED, "executed", false},
        {PROBLEM_UPSTREAM_TIMEOUT, OUTCOME_UNKNOWN, "unknown", false},
        {PROBLEM_NOT_ALLOWED, OUTCOME_NOT_EXECUTED, "not-executed", true},
    };
    /* clang-format on */
    enum { SIZE = 480 * 1024 };
    char *bytes = malloc(SIZE + 1);
    int wrong = 0;
    (void)state;
    assert_non_null(bytes);
    memset(bytes, '1', SIZE);
    bytes[SIZE] = '\0';
    for (size_t ceiling = 0; ceiling < SIZE; ceiling = ceiling * 2 + 200)
        for (size_t i = 0; i < COUNT(rows); i++) {
            struct exchange *x = ended(rows[i].problem);
            x->outcome = rows[i].outcome;
            x->answer = (struct answer){.bytes = bytes, .length = SIZE, .message = bytes};
            if (rows[i].problem == PROBLEM_PARTIAL) {
                x->answer.code = 5400;
                x->answer.detail = bytes;
            }
            if (rows[i].problem == PROBLEM_NOT_ALLOWED && ceiling > 200)
                continue; /* that fits */
            if (rows[i].problem == PROBLEM_UPSTREAM_TIMEOUT && ceiling > 200)
                continue;
            buf_done(x->reply);
            buf_init(x->reply, ceiling);
            struct response response = compose(x);
            json_t *root = parse(&response);
            wrong += check_head(&response, response.body_length) + has(&response, "Connection", "close");
            wrong += unit_wrong(rows[i].told, response.status == 500 && x->close);
            wrong += unit_differs(rows[i].told, "urn:countersign:problem:internal", member(root, "type"));
            wrong += unit_differs(rows[i].told, "req-1", member(root, "requestId"));
            wrong += unit_differs(rows[i].told, rows[i].told, member(root, "outcome"));
            wrong += unit_wrong(rows[i].told,
                                json_is_true(json_object_get(root, "retryable")) == rows[i].retryable);
            wrong += unit_wrong(rows[i].told, x->problem == PROBLEM_INTERNAL); /* as the record says */
            json_decref(root);
            free(response.bytes);
        }
    free(bytes);
    assert_int_equal(wrong, 0);
}

/* Every status that a catalog may name, with a method that has content and with one that has none; RFC 9110
 * sections 8.6, 9.3.2 and 15.3: no content and no length with 204, no content but the same length with
 * HEAD. */
static void every_success_is_framed(void **state)
{
    static const struct {
        int status;
        const char *line;
    } rows[] = {{200, "HTTP/1.1 200 OK\r\n"},
                {201, "HTTP/1.1 201 Created\r\n"},
                {202, "HTTP/1.1 202 Accepted\r\n"},
                {203, "HTTP/1.1 203 Non-Authoritative Information\r\n"},
                {204, "HTTP/1.1 204 No Content\r\n"}};
    static const char bytes[] = "{\"code\":0}";
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < 4 * COUNT(rows); i++) {
        bool is_head = i % 2 == 1;
        bool own = i / 2 % 2 == 1;
        int status = rows[i / 4].status;
        struct config_route route = config.routes[3];
        struct exchange *x = ended(PROBLEM_NONE);
        route.success = own ? 200 : status;
        x->route = &route;
        head.method = is_head ? "HEAD" : "GET";
        x->answer = (struct answer){.bytes = bytes, .length = sizeof bytes - 1};
        if (own)
            x->own = (struct exchange_own){
                .status = status, .type = "application/json", .bytes = bytes, .length = sizeof bytes - 1};
        struct response response = compose(x);
        bool content = status != 204;
        wrong += unit_wrong(rows[i / 4].line,
                            strncmp(response.bytes, rows[i / 4].line, strlen(rows[i / 4].line)) == 0);
        wrong += has(&response, "Content-Length", content ? "10" : NULL);
        wrong += has(&response, "Content-Type", content ? "application/json" : NULL);
        wrong += unit_wrong(rows[i / 4].line, response.body_length == (content && !is_head ? 10 : 0));
        free(response.bytes);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_goes_through_byte_for_byte),
        cmocka_unit_test(a_wait_is_told),
        cmocka_unit_test(without_a_task_there_is_no_location),
        cmocka_unit_test(a_megabyte_goes_through),
        cmocka_unit_test(every_problem_is_a_problem_document),
        cmocka_unit_test(special_fields),
        cmocka_unit_test(a_change_says_what_became_of_it),
        cmocka_unit_test(a_read_has_no_outcome),
        cmocka_unit_test(a_stranger_is_told_nothing_more),
        cmocka_unit_test(the_rule_that_said_no_is_named),
        cmocka_unit_test(the_upstreams_words_are_escaped),
        cmocka_unit_test(a_long_detail_is_told),
        cmocka_unit_test(a_connection_that_ends_is_told),
        cmocka_unit_test(a_head_has_no_body),
        cmocka_unit_test(nothing_is_known),
        cmocka_unit_test(memory_that_is_out_is_still_an_answer),
        cmocka_unit_test(every_success_is_framed),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, enter, leave);
}
