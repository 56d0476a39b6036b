#include "client/attempts.h"

#include "base/time/clock.h"
#include "base/text.h"
#include "base/unique_id.h"
#include "client/exit_code.h"

#include <string.h>

int attempts_key(struct options *order, struct err *err)
{
    struct unique_id ids;
    unsigned char id[UNIQUE_ID_SIZE];
    if (!options_changes(order) || order->key != NULL)
        return 0;
    if (unique_id_init(&ids) != 0)
        return err_set(err, ERR_SYSTEM, "there are no random bytes for an Idempotency-Key");
    unique_id_take(&ids, id);
    text_hex(id, sizeof id, order->made_key);
    order->key = order->made_key;
    return 0;
}

/* What one attempt leads to. */
enum next {
    NEXT_END,
    NEXT_AGAIN,
    NEXT_LATER, /* an earlier attempt is still under way */
};

static enum next next_of(enum http_result result, const struct http_answer *answer, enum client_exit code,
                         bool repeats)
{
    if (result == HTTP_LOST)
        return NEXT_AGAIN;
    if (result == HTTP_NOT_SENT) /* at first: the url may be wrong, and its owner is told at once */
        return repeats ? NEXT_AGAIN : NEXT_END;
    if (answer->status == 409 && code == CLIENT_LATER && repeats)
        return NEXT_LATER;
    bool passing = answer->status == 502 || answer->status == 503;
    return passing && (code == CLIENT_LATER || code == CLIENT_UNKNOWN) && !answer->replayed ? NEXT_AGAIN
                                                                                            : NEXT_END;
}

/* The last answer is about the last attempt, unless it says that it is the first one's. */
static enum client_exit whole_of(enum client_exit last, const struct http_answer *answer,
                                 struct buf *sentence)
{
    if (last == CLIENT_GOOD || last == CLIENT_UNKNOWN || answer->replayed)
        return last;
    buf_put(sentence, "; an earlier attempt may have been executed: look before you try again");
    return CLIENT_UNKNOWN;
}

enum client_exit attempts_make(const struct options *order, struct http *wire, struct http_request *request,
                               struct http_answer *answer, struct buf *sentence)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)ATTEMPTS_UNDER_WAY_S * 1000000;
    int64_t pause_ms = ATTEMPTS_FIRST_PAUSE_MS;
    for (int attempts = 1;;) {
        struct err err = {0};
        buf_reset(sentence);
        enum http_result result = http_exchange(wire, request, answer, &err);
        enum client_exit code = exit_code_of(order, result, answer, &err, sentence);
        enum next next = request->key == NULL ? NEXT_END : next_of(result, answer, code, request->repeats);
        bool later = next == NEXT_LATER && clock_monotonic_us() < until_us;
        if (!later && (next != NEXT_AGAIN || attempts == ATTEMPTS_MAX))
            return request->repeats ? whole_of(code, answer, sentence) : code;
        request->repeats = request->repeats || code == CLIENT_UNKNOWN;
        clock_sleep_us((later ? ATTEMPTS_UNDER_WAY_MS : pause_ms) * 1000);
        if (!later) {
            attempts++;
            pause_ms *= 4;
        }
    }
}
