/* Reads the body after authentication, so that anonymous clients cannot tie up a worker. */
#include "gateway/request/receive.h"

static enum problem invite(struct exchange *x)
{
    static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!x->head->message.expects_invitation ||
        x->peer->write(x->peer->connection, invitation, sizeof invitation - 1) == 0)
        return PROBLEM_NONE;
    return exchange_stop(x, PROBLEM_MALFORMED_REQUEST, "the client is gone");
}

/* One byte more than there may be, so that too many are seen. */
static enum problem read_all(struct exchange *x, char *body, size_t most, size_t *length)
{
    size_t got = 0;
    do {
        enum problem problem =
            x->peer->read(x->peer->connection, body + *length, most + 1 - *length, &got, &x->err);
        if (problem != PROBLEM_NONE)
            return problem;
        *length += got;
    } while (got > 0 && *length <= most);
    if (*length > most)
        return exchange_stop(x, PROBLEM_CONTENT_TOO_LARGE, "the body may have at most %d bytes",
                             REQUEST_BODY_MAX);
    return PROBLEM_NONE;
}

enum problem receive_body(struct exchange *x)
{
    size_t most = x->head->message.chunked ? REQUEST_BODY_MAX : (size_t)x->head->message.content_length;
    size_t length = 0;
    if (x->received || !request_head_has_body(x->head))
        return PROBLEM_NONE;
    char *body = arena_alloc(x->arena, most + 1);
    if (body == NULL)
        return exchange_fail(x);
    enum problem problem = invite(x);
    if (problem == PROBLEM_NONE)
        problem = read_all(x, body, most, &length);
    if (problem != PROBLEM_NONE)
        return problem;
    x->body = length == 0 ? NULL : body;
    x->body_length = length;
    x->received = true;
    x->close = !x->head->message.keep_alive;
    return PROBLEM_NONE;
}
