#include "client/admin_call.h"

#include "client/http.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The sentence of a problem (RFC 9457), or its status. */
static int refuse(const struct http_answer *answer, struct err *err)
{
    const char *bytes = buf_text(&answer->body);
    json_t *problem = json_loadb(bytes, answer->body.length, JSON_REJECT_DUPLICATES, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    int result = err_set(err, ERR_INPUT, "%ld: %.250s", answer->status,
                         detail != NULL ? detail : "the gateway says no more: is this its admin listener?");
    json_decref(problem);
    return result;
}

static int exchange(const struct options *order, const struct http_request *request, struct buf *answer,
                    struct err *err)
{
    struct http_answer got = {0};
    struct http *wire = http_open(order, err);
    if (wire == NULL)
        return -1;
    buf_init(&got.body, HTTP_ANSWER_MAX);
    int result = http_exchange(wire, request, &got, err) == HTTP_ANSWERED ? 0 : -1;
    if (result == 0 && got.status != 200)
        result = refuse(&got, err);
    if (result == 0)
        buf_put_bytes(answer, buf_text(&got.body), got.body.length);
    buf_done(&got.body);
    http_close(wire);
    return result;
}

static int exchange_look(const struct options *order, const char *path, long *status, struct buf *answer,
                         struct err *err)
{
    const struct http_request request = {.method = "GET", .target = path, .timeout_s = ADMIN_CALL_LOOK_S};
    struct http_answer got = {0};
    struct http *wire = http_open(order, err);
    if (wire == NULL)
        return -1;
    buf_init(&got.body, HTTP_ANSWER_MAX);
    int result = http_exchange(wire, &request, &got, err) == HTTP_ANSWERED ? 0 : -1;
    if (result == 0) {
        *status = got.status;
        buf_put_bytes(answer, buf_text(&got.body), got.body.length);
    }
    buf_done(&got.body);
    http_close(wire);
    return result;
}

static char *url_of(const struct admin_call *call, char *standard)
{
    char *environment = getenv("COUNTERSIGN_ADMIN_URL");
    return call->url != NULL ? call->url : environment != NULL ? environment : standard;
}

int admin_call_look(const struct admin_call *call, const char *path, long *status, struct buf *answer,
                    struct err *err)
{
    static char standard[] = ADMIN_CALL_URL;
    struct options order = {.ca_file = call->ca_file};
    buf_init(&order.body, 1);
    int result = options_aim(&order, url_of(call, standard), err);
    if (result == 0)
        result = exchange_look(&order, path, status, answer, err);
    options_done(&order);
    return result;
}

int admin_call_send(const struct admin_call *call, const char *method, const char *path,
                    const struct buf *body, struct buf *answer, struct err *err)
{
    static char standard[] = ADMIN_CALL_URL;
    struct options order = {.ca_file = call->ca_file};
    const struct http_request request = {.method = method, .target = path, .body = body};
    buf_init(&order.body, 1);
    int result = options_reach(&order, url_of(call, standard), call->token_file, err);
    if (result == 0)
        result = exchange(&order, &request, answer, err);
    options_done(&order);
    return result;
}
