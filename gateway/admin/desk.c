#include "gateway/admin/desk.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "gateway/http/host_check.h"
#include "gateway/http/problem.h"
#include "gateway/http/response_head.h"

#include <string.h>
#include <strings.h>

void desk_put_problem(struct desk_answer *answer, int status, const char *detail)
{
    answer->status = status;
    answer->type = RESPONSE_HEAD_PROBLEM_TYPE;
    json_open(&answer->body);
    json_member(&answer->body, "title", problem_reason(status));
    json_member_int(&answer->body, "status", status);
    json_member(&answer->body, "detail", detail);
    json_close(&answer->body);
}

static void put_response(struct buf *reply, const struct desk_answer *answer, bool with_body)
{
    bool empty = answer->status == 204;
    response_head_put(reply, &(struct response_head){.status = answer->status,
                                                     .date_ms = clock_wall_ms(),
                                                     .type = empty ? NULL : answer->type,
                                                     .length = answer->body.length});
    buf_put(reply, "Connection: close\r\n");
    if (answer->status == 401) /* RFC 9110 section 11.6.1 */
        buf_put(reply, "WWW-Authenticate: Bearer realm=\"operators\"\r\n");
    if (answer->wait_us > 0)
        buf_put_format(reply, "Retry-After: %lld\r\n", (long long)((answer->wait_us + 999999) / 1000000));
    if (answer->allow != NULL)
        buf_put_format(reply, "Allow: %s\r\n", answer->allow);
    if (answer->location != NULL)
        response_head_put_field(reply, "Location", answer->location);
    if (answer->cookie[0] != '\0')
        response_head_put_field(reply, "Set-Cookie", answer->cookie);
    buf_put(reply, answer->fields == NULL ? "" : answer->fields);
    buf_put(reply, "\r\n");
    if (with_body)
        buf_put_bytes(reply, buf_text(&answer->body), answer->body.length);
    reply->failed = reply->failed || answer->body.failed;
}

/* A page of another origin cannot read what it gets here, but a browser would post for it (Fetch standard:
 * "Append a request `Origin` header").  Nobody else says Origin. */
bool desk_is_console(const char *path)
{
    static const char console[] = "/console";
    return strncmp(path, console, sizeof console - 1) == 0 &&
           (path[sizeof console - 1] == '\0' || path[sizeof console - 1] == '/');
}

/* The console's own forms: a browser says truly where a page came from. */
static bool is_from_the_console(const struct request_head *head)
{
    const char *origin = request_head_only_field(head, "Origin");
    const char *authority = origin == NULL ? NULL : strstr(origin, "://");
    return desk_is_console(head->target) && authority != NULL && head->host != NULL &&
           strcasecmp(authority + 3, head->host) == 0;
}

static bool is_from_a_page(const struct request_head *head)
{
    return request_head_field(head, "Origin") != NULL && !is_from_the_console(head) &&
           strcmp(head->method, "GET") != 0 && strcmp(head->method, "HEAD") != 0;
}

/* HTTP/1.0 has no Host; a browser always sends one, so that none comes from another origin's page. */
static bool is_asked_by_its_name(const struct desk *desk, const struct request_head *head)
{
    return head->host == NULL || desk->knows(desk->context, head->host);
}

static bool is_of_type(const char *type, const char *wanted)
{
    size_t length = strlen(wanted);
    return type != NULL && strncasecmp(type, wanted, length) == 0 &&
           (type[length] == '\0' || type[length] == ';' || type[length] == ' ');
}

static int read_all(struct visit *visit, char *body, size_t most, size_t *length, struct desk_answer *answer)
{
    struct err err = {0};
    size_t got = 0;
    do {
        enum problem problem =
            visit->peer->read(visit->peer->connection, body + *length, most + 1 - *length, &got, &err);
        if (problem != PROBLEM_NONE) {
            desk_put_problem(answer, problem_kind(problem)->status, err.text);
            return -1;
        }
        *length += got;
    } while (got > 0 && *length <= most);
    return 0;
}

static bool invite(struct visit *visit)
{
    static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
    return !visit->head->message.expects_invitation ||
           visit->peer->write(visit->peer->connection, invitation, sizeof invitation - 1) == 0;
}

static const char *read_typed(struct visit *visit, const char *type, const char *otherwise, size_t most,
                              size_t *length, struct desk_answer *answer)
{
    const struct request_message *message = &visit->head->message;
    *length = 0;
    if (!request_head_has_body(visit->head) ||
        !is_of_type(request_head_only_field(visit->head, "Content-Type"), type)) {
        desk_put_problem(answer, 415, otherwise);
        return NULL;
    }
    char *body = message->content_length > (long long)most ? NULL : arena_alloc(visit->arena, most + 2);
    if (body == NULL) {
        desk_put_problem(answer, message->content_length > (long long)most ? 413 : 500,
                         "the body is too long");
        return NULL;
    }
    if (!invite(visit) || read_all(visit, body, most, length, answer) != 0)
        return NULL;
    if (*length > most) {
        desk_put_problem(answer, 413, "the body is too long");
        return NULL;
    }
    body[*length] = '\0';
    return body;
}

const char *desk_body(struct visit *visit, size_t *length, struct desk_answer *answer)
{
    return read_typed(visit, "application/json", "say what in a JSON body: Content-Type: application/json",
                      DESK_BODY_MAX, length, answer);
}

const char *desk_form(struct visit *visit, size_t most, struct desk_answer *answer)
{
    size_t length = 0;
    return read_typed(visit, "application/x-www-form-urlencoded", "that is no form", most, &length, answer);
}

static void answer_head(const struct desk *desk, struct visit *visit, struct desk_answer *answer)
{
    const struct request_head *head = visit->head;
    if (head->problem != PROBLEM_NONE)
        desk_put_problem(answer, problem_kind(head->problem)->status, head->err.text);
    else if (head->loose_host)
        desk_put_problem(answer, 400, HOST_CHECK_LOOSE);
    else if (!is_asked_by_its_name(desk, head)) /* by DNS rebinding */
        desk_put_problem(answer, 400, "ask by address, as localhost, or by a name of admin_hosts");
    else if (is_from_a_page(head))
        desk_put_problem(answer, 403, "a page in a browser changes nothing here");
    else
        desk->answer(desk->context, visit, answer);
}

void desk_serve(void *context, struct visit *visit)
{
    struct desk_answer answer = {.status = 200, .type = "application/json"};
    const char *method = visit->head->method;
    buf_init(&answer.body, DESK_PAGE_MAX - REQUEST_HEAD_MAX); /* with room for the header */
    answer_head(context, visit, &answer);
    put_response(visit->reply, &answer, method == NULL || strcmp(method, "HEAD") != 0);
    if (!visit->reply->failed) /* else memory is out; the client may be gone */
        (void)visit->peer->write(visit->peer->connection, buf_text(visit->reply), visit->reply->length);
    buf_done(&answer.body);
    visit->status = answer.status;
    visit->close = true;
}
