#include "gateway/http/response_head.h"

#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "config/model/config.h"

#include <stdio.h>

enum { RESPONSE_HEAD_TYPE_MAX = CONFIG_PROBLEM_TYPES_MAX + 64 }; /* our longest name has 29 characters */

void response_head_put_field(struct buf *out, const char *name, const char *value)
{
    buf_put(out, name);
    buf_put(out, ": ");
    buf_put(out, value);
    buf_put(out, "\r\n");
}

/* RFC 9110 section 6.6.1: an origin server with a clock sends Date. */
static void put_date(struct buf *out, int64_t millis)
{
    char text[TIMESTAMP_HTTP_SIZE];
    timestamp_format_http(millis, text);
    response_head_put_field(out, "Date", text);
}

/* W3C Trace Context, section 4.3 */
static void put_trace(struct buf *out, const struct trace *trace)
{
    buf_put(out, "traceparent: 00-");
    buf_put(out, trace->id);
    buf_put_char(out, '-');
    buf_put(out, trace->span);
    buf_put(out, trace->sampled ? "-01\r\n" : "-00\r\n");
}

void response_head_put(struct buf *out, const struct response_head *head)
{
    buf_put(out, "HTTP/1.1 ");
    buf_put_int(out, head->status);
    buf_put_char(out, ' ');
    buf_put(out, problem_reason(head->status));
    buf_put(out, "\r\n");
    put_date(out, head->date_ms);
    if (head->type != NULL)
        response_head_put_field(out, "Content-Type", head->type);
    if (head->status != 204) { /* which says nothing about its length: RFC 9110 section 8.6 */
        buf_put(out, "Content-Length: ");
        buf_put_int(out, (long long)head->length);
        buf_put(out, "\r\n");
    }
    if (head->request_id != NULL)
        response_head_put_field(out, "X-Request-Id", head->request_id);
    if (head->trace != NULL && head->trace->id[0] != '\0')
        put_trace(out, head->trace);
    buf_put(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
}

void response_head_put_type(struct buf *body, const char *types, const char *name)
{
    char type[RESPONSE_HEAD_TYPE_MAX];
    (void)snprintf(type, sizeof type, "%s%s", types == NULL ? CONFIG_PROBLEM_TYPES : types, name);
    json_member(body, "type", type);
}

void response_head_put_problem(struct buf *body, const char *types, const struct problem_kind *kind,
                               int status, const char *detail, const char *request_id, bool retryable)
{
    response_head_put_type(body, types, kind->name);
    json_member(body, "title", kind->title);
    json_member_int(body, "status", status);
    json_member(body, "detail", detail);
    json_member(body, "requestId", request_id);
    json_member_bool(body, "retryable", retryable);
}
