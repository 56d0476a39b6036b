#include "gateway/server/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the socket ---- */

/* Waits; 0 when the client has ended its side, or was ended by the guard.  What came before that still
 * counts. */
static size_t receive_bytes(const struct connection *connection, char *bytes, size_t size)
{
    ssize_t got = -1;
    if (connections_has_ended(connection->guard, connection->place))
        return 0;
    do
        got = recvfrom(connection->fd, bytes, size, 0, NULL, NULL);
    while (got < 0 && errno == EINTR);
    return got > 0 ? (size_t)got : 0;
}

/* Waits until all of it is sent; -1: the client is gone, or was ended. */
static int send_bytes(const struct connection *connection, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(connection->fd, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

bool connection_open(struct connection *connection, struct connections *guard, unsigned place,
                     struct request_head *head)
{
    *connection = (struct connection){.guard = guard,
                                      .place = place,
                                      .fd = connections_fd(guard, place),
                                      .inbox = connections_inbox(guard, place),
                                      .head = head};
    const struct network peer = connections_peer(guard, place);
    network_format(&peer, connection->source);
    /* It comes without waiting, from CivetWeb.  One call less for each wait. */
    return connection->inbox != NULL && fcntl(connection->fd, F_SETFL, 0) == 0;
}

/* ---- heads ---- */

static void refuse_half(struct connection *connection)
{
    if (connections_has_ended(connection->guard, connection->place))
        (void)request_head_refuse(connection->head, PROBLEM_REQUEST_TIMEOUT,
                                  "the header did not arrive in time");
    else
        (void)request_head_refuse(connection->head, PROBLEM_MALFORMED_REQUEST,
                                  "the connection ended in the middle of the header");
}

void connection_rest(struct connection *connection)
{
    connection->idle = true;
    connections_wait(connection->guard, connection->place, CONNECTIONS_IDLE);
}

/* Its header is waited for as any other's from its first byte on. */
static void wake(struct connection *connection)
{
    if (connection->idle)
        connections_wait(connection->guard, connection->place, CONNECTIONS_FOR_HEADER);
    connection->idle = false;
}

bool connection_next(struct connection *connection)
{
    struct inbox *inbox = connection->inbox;
    struct request_head *head = connection->head;
    inbox_settle(inbox);
    request_head_begin(head);
    if (inbox->end > 0)
        wake(connection);
    while (request_head_read(head, inbox->bytes, inbox->end) == REQUEST_HEAD_PART) {
        size_t got = receive_bytes(connection, inbox->bytes + inbox->end, INBOX_SIZE - inbox->end);
        if (got == 0 && !request_head_has_begun(head, inbox->end))
            return false;
        if (got == 0) {
            refuse_half(connection);
            break;
        }
        inbox_grow(inbox, got);
        wake(connection);
    }
    inbox->begin = head->length;
    connection->reading = false;
    connection->whole = head->problem == PROBLEM_NONE && !request_head_has_body(head);
    connection->left = (unsigned long long)head->message.content_length;
    chunked_begin(&connection->chunked);
    return true;
}

/* ---- bodies ---- */

static size_t waiting(const struct inbox *inbox)
{
    return inbox->end - inbox->begin;
}

/* By length: from the inbox, else straight to where it is wanted. */
static size_t read_plain(struct connection *connection, char *bytes, size_t size)
{
    struct inbox *inbox = connection->inbox;
    size_t step = size < connection->left ? size : (size_t)connection->left;
    if (waiting(inbox) > 0) {
        step = step < waiting(inbox) ? step : waiting(inbox);
        memcpy(bytes, inbox->bytes + inbox->begin, step);
        inbox->begin += step;
    } else {
        step = receive_bytes(connection, bytes, step);
    }
    connection->left -= step;
    connection->whole = connection->left == 0;
    return step;
}

/* The strings of the head stay: only what lies behind them is used again.  False: nothing more came. */
static bool fill(struct connection *connection)
{
    struct inbox *inbox = connection->inbox;
    inbox->begin = inbox->end = connection->head->length;
    size_t got = receive_bytes(connection, inbox->bytes + inbox->end, INBOX_SIZE - inbox->end);
    inbox_grow(inbox, got);
    return got > 0;
}

/* As above, 0 also when the body is at its end or broken: see `whole` and `chunked.why`. */
static size_t read_chunked(struct connection *connection, char *bytes, size_t size)
{
    struct inbox *inbox = connection->inbox;
    enum chunked_state state = CHUNKED_PART;
    size_t put = 0;
    while (put == 0 && state == CHUNKED_PART && (waiting(inbox) > 0 || fill(connection))) {
        size_t taken = 0;
        state = chunked_read(&connection->chunked, inbox->bytes + inbox->begin, waiting(inbox), &taken, bytes,
                             size, &put);
        inbox->begin += taken;
    }
    connection->whole = state == CHUNKED_WHOLE;
    return state == CHUNKED_BROKEN ? 0 : put;
}

static enum problem read_body(void *context, char *bytes, size_t size, size_t *got, struct err *err)
{
    struct connection *connection = context;
    *got = 0;
    if (connection->whole)
        return PROBLEM_NONE;
    if (!connection->reading) { /* once: the deadline is for the whole body */
        connections_wait(connection->guard, connection->place, CONNECTIONS_FOR_BODY);
        connection->reading = true;
    }
    *got = connection->head->message.chunked ? read_chunked(connection, bytes, size)
                                             : read_plain(connection, bytes, size);
    if (connection->whole)
        connections_wait(connection->guard, connection->place, CONNECTIONS_FOR_US);
    if (connection->whole || *got > 0)
        return PROBLEM_NONE;
    if (connection->chunked.why != NULL) {
        err_set(err, ERR_INPUT, "%s", connection->chunked.why);
        return PROBLEM_MALFORMED_REQUEST;
    }
    err_set(err, ERR_INPUT, "the body did not arrive in time, or not whole");
    return PROBLEM_REQUEST_TIMEOUT;
}

/* ---- answers ---- */

static int write_answer(void *context, const char *bytes, size_t size)
{
    struct connection *connection = context;
    connections_wait(connection->guard, connection->place, CONNECTIONS_FOR_READER);
    int result = send_bytes(connection, bytes, size);
    connections_wait(connection->guard, connection->place, CONNECTIONS_FOR_US);
    return result;
}

static bool is_gone(void *context, int millis)
{
    struct connection *connection = context;
    return connections_sees_leave(connection->guard, connection->place, millis);
}

struct door connection_door(struct connection *connection)
{
    return (struct door){connection, read_body, write_answer, is_gone};
}
