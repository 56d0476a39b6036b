/* The whole body, of callers that we know: nobody else can make us wait for one. */
#include "gateway/stations.h"

#include "gateway/clock.h"

enum {
    RECEIVE_BLOCK = 16, /* bytes between two looks at the deadline: each may come after FRONT_GAP_MS */
    RECEIVE_BODY_US = 10000000, /* 64 KiB in 10 s: slower clients are cut  */
};

enum problem receive_body(struct exchange *x)
{
    static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t length = (size_t)x->message.content_length;
    if (length == 0)
        return PROBLEM_NONE;
    int64_t deadline = clock_monotonic_us() + RECEIVE_BODY_US;
    char *body = arena_alloc(x->arena, length + 1);
    if (body == NULL)
        return exchange_fail(x);
    if (x->message.expects_invitation &&
        x->door->write(x->door->connection, invitation, sizeof invitation - 1) != 0)
        return exchange_stop(x, PROBLEM_MALFORMED_REQUEST, "the client is gone");
    for (size_t got = 0; got < length;) {
        size_t left = length - got;
        size_t step =
            x->door->read(x->door->connection, body + got, left < RECEIVE_BLOCK ? left : RECEIVE_BLOCK);
        got += step;
        if (got < length && clock_monotonic_us() > deadline)
            return exchange_stop(x, PROBLEM_REQUEST_TIMEOUT, "the body did not arrive in time");
        if (step == 0)
            return exchange_stop(x, PROBLEM_REQUEST_TIMEOUT, "the body is shorter than its Content-Length");
    }
    x->body = body;
    x->body_length = length;
    x->close = !x->message.keep_alive;
    return PROBLEM_NONE;
}
