#include "client/client.h"

#include "base/text.h"
#include "client/guide.h"
#include "client/verdict.h"
#include "client/watch.h"
#include "client/wire.h"

#include <stdio.h>
#include <string.h>

enum {
    TARGET_MAX = 64 * 1024,
    SENTENCE_MAX = 4096,
    PREFER_MAX_S = 30 /* what proxies in between let pass */
};

/* The path, and the parameters that go in its query. */
static void put_target(struct buf *out, const struct order *order, bool with_pairs)
{
    buf_put(out, order->path);
    for (size_t i = 0; with_pairs && i < order->pair_count; i++) {
        const struct order_pair *pair = &order->pairs[i];
        const char *value = pair->text + pair->name_length + 1;
        buf_put_char(out, strchr(buf_text(out), '?') == NULL ? '?' : '&');
        buf_put_percent(out, pair->text, pair->name_length);
        buf_put_char(out, '=');
        buf_put_percent(out, value, strlen(value));
    }
}

/* An answer that is not good leaves `document` empty: the body is then guessed, and the gateway says what is
 * wrong. */
static int put_guided_body(struct buf *body, const struct order *order, struct wire *wire, struct err *err)
{
    struct err ignored = {0};
    struct wire_answer answer = {0};
    const struct wire_request request = {.method = "GET", .target = "/openapi.json"};
    buf_init(&answer.body, WIRE_ANSWER_MAX);
    if (wire_exchange(wire, &request, &answer, &ignored) != WIRE_ANSWERED || answer.status != 200)
        buf_reset(&answer.body);
    int result = guide_put_body(body, order, &answer.body, err);
    buf_done(&answer.body);
    return result;
}

static enum client_exit send(const struct order *order, struct watch *watch, const struct buf *body,
                             struct wire_answer *answer, struct buf *sentence)
{
    struct buf target;
    struct err err = {0};
    buf_init(&target, TARGET_MAX);
    put_target(&target, order, !guide_wants_body(order->method));
    const struct wire_request request = {
        .method = order->method,
        .target = buf_text(&target),
        .body = body,
        .prefer_wait_s = !order_changes(order) || order->wait_s < PREFER_MAX_S ? order->wait_s : PREFER_MAX_S,
        .tick = order->wait_s > 0 ? watch_tick : NULL,
        .context = watch,
    };
    enum client_exit code =
        verdict_of(order, wire_exchange(watch->wire, &request, answer, &err), answer, &err, sentence);
    if (code == CLIENT_GOOD && order->wait_s > 0)
        code = watch_task(watch, answer, sentence);
    watch_quiet(watch);
    buf_done(&target);
    return code;
}

static void print_body(const struct buf *body)
{
    (void)fwrite(buf_text(body), 1, body->length, stdout); /* main() looks whether it arrived */
    if (body->length > 0 && body->bytes[body->length - 1] != '\n')
        (void)fputc('\n', stdout);
}

static enum client_exit run(const struct order *order, struct wire *wire, struct err *err)
{
    struct buf made;
    struct buf sentence;
    struct watch watch;
    struct wire_answer answer = {0};
    bool guided = !order->has_body && guide_wants_body(order->method);
    enum client_exit code = CLIENT_USAGE;
    buf_init(&made, ORDER_BODY_MAX);
    buf_init(&sentence, SENTENCE_MAX);
    buf_init(&answer.body, WIRE_ANSWER_MAX);
    watch_begin(&watch, order, wire);
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
    struct order order;
    struct err err = {0};
    int code = CLIENT_FAILED;
    if (order_read(&order, argc, argv, &code) == 0) {
        struct wire *wire = wire_open(&order, &err);
        if (wire == NULL)
            fprintf(stderr, "countersign call: %s\n", err.text);
        else
            code = (int)run(&order, wire, &err);
        wire_close(wire);
    }
    order_done(&order);
    return code;
}
