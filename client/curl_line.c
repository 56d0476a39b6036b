#include "client/curl_line.h"

#include <string.h>

/* In single quotes a shell leaves all as it is; a quote ends them, and stands between (POSIX, Shell Command
 * Language, section 2.2.2). */
static void put_quoted(struct buf *out, const char *text)
{
    buf_put_char(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_put(out, "'\\'");
        buf_put_char(out, *text);
    }
    buf_put_char(out, '\'');
}

/* What curl would read otherwise: brackets as a pattern of urls, dots as a way up. */
static void put_url(struct buf *out, const struct options *order, const struct http_request *request)
{
    struct buf url;
    buf_init(&url, out->ceiling);
    buf_put(&url, order->url);
    buf_put(&url, request->target);
    if (strpbrk(buf_text(&url), "[]{}") != NULL)
        buf_put(out, " --globoff");
    if (strstr(request->target, "/.") != NULL)
        buf_put(out, " --path-as-is");
    buf_put(out, strcmp(request->method, "HEAD") == 0 ? " --head " : " -X ");
    if (strcmp(request->method, "HEAD") != 0)
        buf_put_format(out, "%.15s ", request->method);
    put_quoted(out, buf_text(&url));
    out->failed = out->failed || url.failed;
    buf_done(&url);
}

int curl_line_put(struct buf *out, const struct options *order, const struct http_request *request,
                  struct err *err)
{
    if (request->body != NULL && memchr(buf_text(request->body), '\0', request->body->length) != NULL)
        return err_set(err, ERR_INPUT, "the body holds a byte of zero, which no command line can");
    buf_put(out, "curl -sS");
    if (order->ca_file != NULL) {
        buf_put(out, " --cacert ");
        put_quoted(out, order->ca_file);
    }
    put_url(out, order, request);
    buf_put(out, " -H \"Authorization: Bearer $COUNTERSIGN_TOKEN\"");
    if (request->prefer_wait_s > 0)
        buf_put_format(out, " -H 'Prefer: wait=%d'", request->prefer_wait_s);
    if (request->key != NULL && request->key != order->made_key) { /* a random one is for one call alone */
        buf_put(out, " -H 'Idempotency-Key: '");
        put_quoted(out, request->key);
    }
    if (request->body != NULL) {
        buf_put(out, " -H 'Content-Type: application/json' --data-raw "); /* a leading '@' is no file then */
        put_quoted(out, buf_text(request->body));
    }
    return out->failed ? err_set(err, ERR_LIMIT, "the line would be too long") : 0;
}
