#include "gateway/server/desk.h"

#include "base/json.h"
#include "gateway/http/authority.h"
#include "gateway/http/problem.h"

#include <string.h>

static void put_problem(struct front_admin_answer *answer, int status, const char *detail)
{
    answer->status = status;
    answer->type = "application/problem+json";
    json_open(&answer->body);
    json_member(&answer->body, "title", problem_reason(status));
    json_member_int(&answer->body, "status", status);
    json_member(&answer->body, "detail", detail);
    json_close(&answer->body);
}

/* As strict as the public listener. */
static enum problem judge(const struct framing *framing, struct err *err)
{
    struct framing_message message;
    enum problem problem = framing_check(framing, err);
    return problem == PROBLEM_NONE ? framing_read(framing, &message, err) : problem;
}

static void put_response(struct buf *reply, const struct front_admin_answer *answer, bool with_body)
{
    buf_put_format(reply,
                   "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nCache-Control: no-store\r\n"
                   "X-Content-Type-Options: nosniff\r\nConnection: close\r\n",
                   answer->status, problem_reason(answer->status), answer->type, answer->body.length);
    if (answer->allow != NULL)
        buf_put_format(reply, "Allow: %s\r\n", answer->allow);
    buf_put(reply, "\r\n");
    if (with_body)
        buf_put_bytes(reply, buf_text(&answer->body), answer->body.length);
    reply->failed = reply->failed || answer->body.failed;
}

/* A page of another origin cannot read what it gets here, but a browser would post for it (Fetch standard:
 * "Append a request `Origin` header").  Nobody else says Origin. */
static bool is_from_a_page(const struct framing *framing)
{
    return framing_field(framing, "Origin") != NULL && strcmp(framing->method, "GET") != 0 &&
           strcmp(framing->method, "HEAD") != 0;
}

int desk_answer(front_admin_handler *handler, void *context, const struct framing *framing, struct buf *reply)
{
    struct err err = {0};
    static const struct config_names no_names;
    struct front_admin_answer answer = {.status = 200, .type = "application/json"};
    enum problem problem = judge(framing, &err);
    buf_init(&answer.body, FRONT_PAGE_MAX - FRAMING_REQUEST_MAX); /* with room for the header */
    if (problem != PROBLEM_NONE)
        put_problem(&answer, problem_kind(problem)->status, err.text);
    else if (!authority_is_among(
                 &no_names, framing_field(framing, "Host"))) /* another origin's page, by DNS rebinding */
        put_problem(&answer, 400, "ask by address or as localhost");
    else if (is_from_a_page(framing))
        put_problem(&answer, 403, "a page in a browser changes nothing here");
    else
        handler(context, framing->method, framing->target, &answer);
    put_response(reply, &answer, strcmp(framing->method, "HEAD") != 0);
    buf_done(&answer.body);
    return answer.status;
}
