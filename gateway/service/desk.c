#include "gateway/service/desk.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "gateway/http/problem.h"

#include <string.h>

static void put_problem(struct desk_answer *answer, int status, const char *detail)
{
    answer->status = status;
    answer->type = "application/problem+json";
    json_open(&answer->body);
    json_member(&answer->body, "title", problem_reason(status));
    json_member_int(&answer->body, "status", status);
    json_member(&answer->body, "detail", detail);
    json_close(&answer->body);
}

static void put_response(struct buf *reply, const struct desk_answer *answer, bool with_body)
{
    char date[TIMESTAMP_HTTP_SIZE];
    timestamp_format_http(clock_wall_ms(), date);
    buf_put_format(
        reply,
        "HTTP/1.1 %d %s\r\nDate: %s\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n",
        answer->status, problem_reason(answer->status), date);
    if (answer->status != 204) /* which has no content, and says nothing about it (RFC 9110 section 8.6) */
        buf_put_format(reply, "Content-Type: %s\r\nContent-Length: %zu\r\n", answer->type,
                       answer->body.length);
    if (answer->allow != NULL)
        buf_put_format(reply, "Allow: %s\r\n", answer->allow);
    buf_put(reply, "\r\n");
    if (with_body)
        buf_put_bytes(reply, buf_text(&answer->body), answer->body.length);
    reply->failed = reply->failed || answer->body.failed;
}

/* A page of another origin cannot read what it gets here, but a browser would post for it (Fetch standard:
 * "Append a request `Origin` header").  Nobody else says Origin. */
static bool is_from_a_page(const struct request_head *head)
{
    return request_head_field(head, "Origin") != NULL && strcmp(head->method, "GET") != 0 &&
           strcmp(head->method, "HEAD") != 0;
}

/* HTTP/1.0 has no Host; a browser always sends one, so that none comes from another origin's page. */
static bool is_asked_by_its_name(const struct desk *desk, const struct request_head *head)
{
    return head->host == NULL || desk->knows(desk->context, head->host);
}

static void answer_head(const struct desk *desk, const struct request_head *head, struct desk_answer *answer)
{
    if (head->problem != PROBLEM_NONE)
        put_problem(answer, problem_kind(head->problem)->status, head->err.text);
    else if (!is_asked_by_its_name(desk, head)) /* by DNS rebinding */
        put_problem(answer, 400, "ask by address, as localhost, or by a name of admin_hosts");
    else if (is_from_a_page(head))
        put_problem(answer, 403, "a page in a browser changes nothing here");
    else if (request_head_has_body(head))
        put_problem(answer, 400, "nothing here takes a body");
    else
        desk->answer(desk->context, head->method, head->target, answer);
}

void desk_serve(void *context, struct visit *visit)
{
    struct desk_answer answer = {.status = 200, .type = "application/json"};
    const char *method = visit->head->method;
    buf_init(&answer.body, DESK_PAGE_MAX - REQUEST_HEAD_MAX); /* with room for the header */
    answer_head(context, visit->head, &answer);
    put_response(visit->reply, &answer, method == NULL || strcmp(method, "HEAD") != 0);
    if (!visit->reply->failed) /* else memory is out; the client may be gone */
        (void)visit->peer->write(visit->peer->connection, buf_text(visit->reply), visit->reply->length);
    buf_done(&answer.body);
    visit->status = answer.status;
    visit->close = true;
}
