#include "sandbox/http/http.h"

#include "sandbox/http/head.h"

#include <string.h>
#include <strings.h>
#include <time.h>

enum { HTTP_ANSWER_MAX = 80 * 1024 * 1024, HTTP_LOCATION_MAX = 8192, HTTP_HANG_MS = 300 * 1000 };

void http_answer_init(struct http_answer *answer)
{
    *answer = (struct http_answer){.status = 200, .type = "application/json"};
    buf_init(&answer->location, HTTP_LOCATION_MAX);
    buf_init(&answer->body, HTTP_ANSWER_MAX);
}

void http_answer_done(struct http_answer *answer)
{
    buf_done(&answer->location);
    buf_done(&answer->body);
}

/* More bytes into the chunk, which must be used up. */
static int refill(struct http_reader *reader, int millis)
{
    int got = stream_read(reader->stream, reader->chunk, sizeof reader->chunk, millis);
    if (got <= 0)
        return -1;
    reader->at = 0;
    reader->end = (size_t)got;
    return 0;
}

static void take_until_newline(struct http_reader *reader, struct buf *out)
{
    const char *from = reader->chunk + reader->at;
    size_t left = reader->end - reader->at;
    const char *newline = memchr(from, '\n', left);
    size_t length = newline == NULL ? left : (size_t)(newline - from) + 1;
    buf_put_bytes(out, from, length);
    reader->at += length;
}

static bool head_is_whole(const struct buf *head)
{
    return head->length >= 4 && strcmp(head->bytes + head->length - 4, "\r\n\r\n") == 0;
}

/* Told at once: the empty line that would end such a head may never come. */
static bool ends_with_bare_newline(const struct buf *head)
{
    size_t length = head->length;
    return length > 0 && head->bytes[length - 1] == '\n' && (length == 1 || head->bytes[length - 2] != '\r');
}

static int read_head(struct http_reader *reader, struct http_request *request)
{
    while (!head_is_whole(&request->head)) {
        int millis = request->head.length == 0 ? HTTP_IDLE_MS : HTTP_STEP_MS;
        if (reader->at == reader->end && refill(reader, millis) != 0)
            return HTTP_END;
        take_until_newline(reader, &request->head);
        if (request->head.failed)
            return 431;
        if (ends_with_bare_newline(&request->head))
            return 400;
    }
    return head_parse(request);
}

static int read_body(struct http_reader *reader, struct http_request *request)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (request->expects_continue && request->content_length > 0 && reader->at == reader->end &&
        stream_write(reader->stream, go_on, sizeof go_on - 1, HTTP_STEP_MS) != 0)
        return HTTP_END;
    while (request->body.length < request->content_length) {
        if (reader->at == reader->end && refill(reader, HTTP_STEP_MS) != 0)
            return HTTP_END;
        size_t wanted = request->content_length - request->body.length;
        size_t there = reader->end - reader->at;
        size_t length = wanted < there ? wanted : there;
        buf_put_bytes(&request->body, reader->chunk + reader->at, length);
        reader->at += length;
        if (request->body.failed)
            return 413;
    }
    return HTTP_READ;
}

int http_read(struct http_reader *reader, struct http_request *request)
{
    int status = read_head(reader, request);
    return status == HTTP_READ ? read_body(reader, request) : status;
}

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {{200, "OK"},          {302, "Found"},       {400, "Bad Request"},
                   {404, "Not Found"},   {413, "Too Large"},   {500, "Internal Server Error"},
                   {502, "Bad Gateway"}, {503, "Unavailable"}, {504, "Gateway Timeout"}};
    for (size_t i = 0; i < COUNT(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Other";
}

static void put_date(struct buf *out, int64_t date)
{
    time_t seconds = (time_t)date;
    struct tm tm;
    char text[sizeof "Sun, 06 Nov 1994 08:49:37 GMT"];
    if (gmtime_r(&seconds, &tm) != NULL && strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
        buf_put_format(out, "Date: %s\r\n", text);
}

/* RFC 9110 sections 15.3.5 and 15.4.5 */
static bool has_body(int status)
{
    return status != 204 && status != 304;
}

static void compose(const struct http_request *request, const struct http_answer *answer, struct buf *out)
{
    buf_put_format(out, "HTTP/1.1 %d %s\r\n", answer->status, reason(answer->status));
    put_date(out, answer->date);
    buf_put(out, "Server: countersign-sandbox\r\nContent-Type: ");
    buf_put(out, answer->type);
    buf_put(out, "\r\n");
    if (has_body(answer->status))
        buf_put_format(out, "Content-Length: %zu\r\n", answer->body.length);
    if (answer->location.length > 0) {
        buf_put(out, "Location: ");
        buf_put(out, buf_text(&answer->location));
        buf_put(out, "\r\n");
    }
    buf_put(out, request->keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
    if (has_body(answer->status) && strcmp(request->method, "HEAD") != 0)
        buf_put_bytes(out, buf_text(&answer->body), answer->body.length);
}

static int drip(struct stream *stream, const char *bytes, size_t length, int millis)
{
    for (size_t i = 0; i < length; i++)
        if (stream_wait(stream, millis, false) != 0 || stream_write(stream, bytes + i, 1, HTTP_STEP_MS) != 0)
            return -1;
    return 0;
}

static int deliver(struct stream *stream, const struct http_delivery *delivery, const struct buf *out)
{
    size_t length = delivery->cut && delivery->cut_at < out->length ? delivery->cut_at : out->length;
    int result = delivery->drip_ms > 0 ? drip(stream, buf_text(out), length, delivery->drip_ms)
                                       : stream_write(stream, buf_text(out), length, HTTP_STEP_MS);
    return delivery->cut ? -1 : result;
}

int http_write(struct stream *stream, const struct http_request *request, const struct http_answer *answer)
{
    struct buf out;
    const struct http_delivery *delivery = &answer->delivery;
    if (delivery->hang) {
        (void)stream_wait(stream, HTTP_HANG_MS, true);
        return -1;
    }
    if (delivery->delay_ms > 0 && stream_wait(stream, delivery->delay_ms, false) != 0)
        return -1;
    buf_init(&out, HTTP_ANSWER_MAX);
    compose(request, answer, &out);
    int result = out.failed ? -1 : deliver(stream, delivery, &out);
    buf_done(&out);
    return result;
}
