#include "client/client.h"

#include "base/text.h"
#include "client/attempts.h"
#include "client/body.h"
#include "client/curl_line.h"
#include "client/http.h"
#include "client/task_progress.h"
#include "client/terminal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    TARGET_MAX = 64 * 1024,
    SENTENCE_MAX = 4096,
    CURL_LINE_MAX = 512 * 1024, /* a target and a body of which each byte is a quote */
    ESCAPE_MAX = 6,             /* bytes that one byte becomes: \u001b */
    PREFER_MAX_S = 30           /* what proxies in between let pass */
};

/* The path, and the parameters that go in its query. */
static void put_target(struct buf *out, const struct options *order, bool with_pairs)
{
    buf_put(out, order->path);
    for (size_t i = 0; with_pairs && i < order->pair_count; i++) {
        const struct options_pair *pair = &order->pairs[i];
        const char *value = pair->text + pair->name_length + 1;
        buf_put_char(out, strchr(buf_text(out), '?') == NULL ? '?' : '&');
        buf_put_percent(out, pair->text, pair->name_length);
        buf_put_char(out, '=');
        buf_put_percent(out, value, strlen(value));
    }
}

/* An answer that is not good leaves `document` empty: the body is then guessed, and the gateway says what is
 * wrong. */
static int put_guided_body(struct buf *body, const struct options *order, struct http *wire, struct err *err)
{
    struct err ignored = {0};
    struct http_answer answer = {0};
    const struct http_request request = {.method = "GET", .target = "/openapi.json"};
    buf_init(&answer.body, HTTP_ANSWER_MAX);
    if (http_exchange(wire, &request, &answer, &ignored) != HTTP_ANSWERED || answer.status != 200)
        buf_reset(&answer.body);
    int result = body_put_body(body, order, &answer.body, err);
    buf_done(&answer.body);
    return result;
}

static enum client_exit print_curl(const struct options *order, const struct http_request *request,
                                   struct buf *sentence)
{
    struct buf line;
    struct err err = {0};
    buf_init(&line, CURL_LINE_MAX);
    int result = curl_line_put(&line, order, request, &err);
    if (result == 0)
        (void)puts(buf_text(&line)); /* main() looks whether it arrived */
    else
        buf_put(sentence, err.text);
    buf_done(&line);
    return result == 0 ? CLIENT_GOOD : CLIENT_USAGE;
}

static enum client_exit exchange(const struct options *order, struct task_progress *watch,
                                 struct http_request *request, struct http_answer *answer,
                                 struct buf *sentence)
{
    enum client_exit code = attempts_make(order, watch->wire, request, answer, sentence);
    if (code == CLIENT_UNKNOWN && request->key != NULL)
        buf_put_format(sentence, " (Idempotency-Key: %s)", request->key);
    if (code == CLIENT_GOOD && order->wait_s > 0)
        code = task_progress_task(watch, answer, sentence);
    task_progress_quiet(watch);
    return code;
}

static enum client_exit send(const struct options *order, struct task_progress *watch, const struct buf *body,
                             struct http_answer *answer, struct buf *sentence)
{
    struct buf target;
    buf_init(&target, TARGET_MAX);
    put_target(&target, order, !body_wants_body(order->method));
    struct http_request request = {
        .method = order->method,
        .target = buf_text(&target),
        .body = body,
        .key = options_changes(order) ? order->key : NULL,
        .prefer_wait_s =
            !options_changes(order) || order->wait_s < PREFER_MAX_S ? order->wait_s : PREFER_MAX_S,
        .tick = order->wait_s > 0 ? task_progress_tick : NULL,
        .context = watch,
    };
    enum client_exit code = order->curl ? print_curl(order, &request, sentence)
                                        : exchange(order, watch, &request, answer, sentence);
    buf_done(&target);
    return code;
}

/* As it came, unless a person's terminal would obey it. */
static void print_body(const struct buf *body)
{
    struct buf shown;
    const struct buf *what = body;
    buf_init(&shown, (size_t)HTTP_ANSWER_MAX * ESCAPE_MAX);
    if (isatty(STDOUT_FILENO) == 1) {
        terminal_put(&shown, buf_text(body), body->length);
        what = &shown;
    }
    (void)fwrite(buf_text(what), 1, what->length, stdout); /* main() looks whether it arrived */
    if (what->length > 0 && what->bytes[what->length - 1] != '\n')
        (void)fputc('\n', stdout);
    buf_done(&shown);
}

static enum client_exit run(const struct options *order, struct http *wire, struct err *err)
{
    struct buf made;
    struct buf sentence;
    struct task_progress watch;
    struct http_answer answer = {0};
    bool guided = !order->has_body && body_wants_body(order->method);
    enum client_exit code = CLIENT_USAGE;
    buf_init(&made, OPTIONS_BODY_MAX);
    buf_init(&sentence, SENTENCE_MAX);
    buf_init(&answer.body, HTTP_ANSWER_MAX);
    task_progress_begin(&watch, order, wire);
    if (!guided || put_guided_body(&made, order, wire, err) == 0)
        code = send(order, &watch,
                    guided            ? &made
                    : order->has_body ? &order->body
                                      : NULL,
                    &answer, &sentence);
    print_body(&answer.body);
    (void)fflush(stdout); /* before the sentence, where both go to one place */
    if (code != CLIENT_GOOD)
        fprintf(stderr, "countersign call: %s\n", sentence.length > 0 ? buf_text(&sentence) : err->text);
    buf_done(&made);
    buf_done(&sentence);
    buf_done(&answer.body);
    return code;
}

int client_main(int argc, char **argv)
{
    struct options order;
    struct err err = {0};
    int code = CLIENT_FAILED;
    if (options_read(&order, argc, argv, &code) == 0) {
        struct http *wire = http_open(&order, &err);
        if (wire == NULL || attempts_key(&order, &err) != 0)
            fprintf(stderr, "countersign call: %s\n", err.text);
        else {
            if (order.show_key && options_changes(&order))
                fprintf(stderr, "Idempotency-Key: %s\n", order.key);
            code = (int)run(&order, wire, &err);
        }
        http_close(wire);
    }
    options_done(&order);
    return code;
}
