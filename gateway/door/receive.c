/* Reads the body after authentication, so that anonymous clients cannot tie up a worker. */
#include "gateway/door/receive.h"

#include "gateway/exchange/shared.h"

#include <string.h>

size_t receive_max(const struct exchange *x)
{
    return x->body_max > REQUEST_BODY_MAX ? x->body_max : REQUEST_BODY_MAX;
}

/* What every worker may have needs no leave. */
static enum problem reserve(struct exchange *x, size_t length)
{
    if (length <= REQUEST_BODY_MAX)
        return PROBLEM_NONE;
    atomic_size_t *bodies = &x->gateway->bodies;
    size_t now = atomic_load(bodies);
    do {
        if (now + length > SHARED_BODIES_MAX)
            return exchange_stop(x, PROBLEM_BUSY, "too many large documents are on their way");
    } while (!atomic_compare_exchange_weak(bodies, &now, now + length));
    x->body_reserved = length;
    return PROBLEM_NONE;
}

void receive_end(struct exchange *x)
{
    if (x->body_reserved > 0)
        atomic_fetch_sub(&x->gateway->bodies, x->body_reserved);
    x->body_reserved = 0;
}

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
    return PROBLEM_NONE;
}

/* Without a length it is small until it turns out to be larger. */
static enum problem read_chunked(struct exchange *x, char **body, size_t *length)
{
    size_t most = receive_max(x);
    enum problem problem = read_all(x, *body, REQUEST_BODY_MAX, length);
    if (problem == PROBLEM_NONE && *length > REQUEST_BODY_MAX && most > REQUEST_BODY_MAX) {
        problem = reserve(x, most);
        if (problem != PROBLEM_NONE)
            return problem;
        char *larger = arena_alloc(x->arena, most + 1);
        if (larger == NULL)
            return exchange_fail(x);
        memcpy(larger, *body, *length);
        *body = larger;
        problem = read_all(x, larger, most, length);
    }
    if (problem == PROBLEM_NONE && *length > most)
        return exchange_stop(x, PROBLEM_CONTENT_TOO_LARGE, "the body may have at most %zu bytes", most);
    return problem;
}

enum problem receive_body(struct exchange *x)
{
    bool chunked = x->head->message.chunked;
    size_t claimed = chunked ? REQUEST_BODY_MAX : (size_t)x->head->message.content_length;
    size_t length = 0;
    if (x->received || !request_head_has_body(x->head))
        return PROBLEM_NONE;
    enum problem problem = reserve(x, claimed);
    if (problem != PROBLEM_NONE)
        return problem;
    char *body = arena_alloc(x->arena, claimed + 1);
    if (body == NULL)
        return exchange_fail(x);
    problem = invite(x);
    if (problem == PROBLEM_NONE)
        problem = chunked ? read_chunked(x, &body, &length) : read_all(x, body, claimed, &length);
    if (problem != PROBLEM_NONE)
        return problem;
    x->body = length == 0 ? NULL : body;
    x->body_length = length;
    x->received = true;
    x->close = !x->head->message.keep_alive;
    return PROBLEM_NONE;
}
