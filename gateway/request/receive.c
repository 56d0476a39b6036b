/* The whole body, of callers that we know: nobody else can make us wait for one. */
#include "gateway/request/receive.h"

enum problem receive_body(struct exchange *x)
{
    static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t length = (size_t)x->message.content_length;
    if (length == 0)
        return PROBLEM_NONE;
    char *body = arena_alloc(x->arena, length + 1);
    if (body == NULL)
        return exchange_fail(x);
    if (x->message.expects_invitation &&
        x->door->write(x->door->connection, invitation, sizeof invitation - 1) != 0)
        return exchange_stop(x, PROBLEM_MALFORMED_REQUEST, "the client is gone");
    for (size_t got = 0; got < length;) {
        size_t step = x->door->read(x->door->connection, body + got, length - got);
        got += step;
        if (step == 0) /* the client has ended, or the door's deadline for the whole body is over */
            return exchange_stop(x, PROBLEM_REQUEST_TIMEOUT, "the body did not arrive in time, or not whole");
    }
    x->body = body;
    x->body_length = length;
    x->close = !x->message.keep_alive;
    return PROBLEM_NONE;
}
