#include "gateway/connection/connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* ---- the socket ---- */

enum patience { NONE, A_LITTLE, ALL };

enum { NOTHING_YET = -1 };

static ssize_t receive_once(const struct connection *connection, char *bytes, size_t size, int flags)
{
    return connection->tls == NULL ? recvfrom(connection->fd, bytes, size, flags, NULL, NULL)
                                   : tls_receive(connection->tls, bytes, size, flags);
}

static ssize_t send_once(const struct connection *connection, const char *bytes, size_t size)
{
    return connection->tls == NULL ? send(connection->fd, bytes, size, MSG_NOSIGNAL)
                                   : tls_send(connection->tls, bytes, size);
}

/* Bytes of the record that was read last, of which the kernel would tell nothing. */
static bool has_more(const struct connection *connection)
{
    return connection->tls != NULL && tls_has_pending(connection->tls);
}

/* Bytes; 0 when the client has ended its side, or was ended; NOTHING_YET where we do not wait, or not any
 * longer.  SO_RCVTIMEO is what is little: see connections_admit(). */
static ssize_t receive_bytes(const struct connection *connection, char *bytes, size_t size,
                             enum patience patience)
{
    ssize_t got = -1;
    do {
        if (connections_has_ended(connection->guard, connection->place))
            return 0;
        got = receive_once(connection, bytes, size, patience == NONE ? MSG_DONTWAIT : 0);
    } while (got < 0 && (errno == EINTR || (errno == EAGAIN && patience == ALL)));
    if (got < 0 && errno == EAGAIN)
        return NOTHING_YET;
    return got > 0 ? got : 0;
}

/* Waits until all of it is sent; -1: the client is gone, or was ended. */
static int send_bytes(const struct connection *connection, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send_once(connection, bytes, size);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return -1;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

bool connection_open(struct connection *connection, struct connections *guard, unsigned place)
{
    *connection = (struct connection){.guard = guard,
                                      .place = place,
                                      .fd = connections_fd(guard, place),
                                      .tls = connections_tls(guard, place),
                                      .inbox = connections_inbox(guard, place)};
    if (connection->inbox == NULL)
        return false;
    connection->head = connection->inbox->head;
    return true;
}

/* ---- heads ---- */

enum connection_state connection_give_up(struct connection *connection)
{
    if (!request_head_has_begun(connection->head, connection->inbox->end))
        return CONNECTION_ENDED;
    if (connections_has_ended(connection->guard, connection->place))
        (void)request_head_refuse(connection->head, PROBLEM_REQUEST_TIMEOUT,
                                  "the header did not arrive in time");
    else
        (void)request_head_refuse(connection->head, PROBLEM_MALFORMED_REQUEST,
                                  "the connection ended in the middle of the header");
    return CONNECTION_ASKS;
}

static enum connection_state read_head(struct connection *connection)
{
    const struct inbox *inbox = connection->inbox;
    return request_head_read(connection->head, inbox->bytes, inbox->end) == REQUEST_HEAD_PART
               ? CONNECTION_WAITS
               : CONNECTION_ASKS;
}

/* More of it, once. */
static enum connection_state read_more(struct connection *connection, enum patience patience)
{
    struct inbox *inbox = connection->inbox;
    ssize_t got = receive_bytes(connection, inbox->bytes + inbox->end, INBOX_SIZE - inbox->end, patience);
    if (got == NOTHING_YET)
        return CONNECTION_WAITS;
    if (got == 0)
        return connection_give_up(connection);
    inbox_grow(inbox, (size_t)got);
    return read_head(connection);
}

enum connection_state connection_gather(struct connection *connection)
{
    enum connection_state state = CONNECTION_WAITS;
    size_t before;
    do {
        before = connection->inbox->end;
        state = read_more(connection, NONE);
    } while (state == CONNECTION_WAITS && connection->inbox->end > before);
    if (connection->inbox->end > 0 &&
        connections_waits_for(connection->guard, connection->place) == CONNECTIONS_IDLE)
        connections_wake(connection->guard, connection->place);
    return state;
}

void connection_begin(struct connection *connection)
{
    const struct request_head *head = connection->head;
    connection->inbox->begin = head->length;
    connection->reading = false;
    connection->whole = head->problem == PROBLEM_NONE && !request_head_has_body(head);
    connection->left = (unsigned long long)head->message.content_length;
    chunked_begin(&connection->chunked);
    connections_begin(connection->guard, connection->place);
}

enum connection_state connection_next(struct connection *connection, bool lingers)
{
    inbox_settle(connection->inbox);
    enum connection_state state = read_head(connection);
    if (state == CONNECTION_WAITS && has_more(connection))
        state = connection_gather(connection);
    if (state == CONNECTION_WAITS && connection->inbox->end == 0 && lingers) {
        connections_wait(connection->guard, connection->place, CONNECTIONS_FOR_NEXT);
        state = read_more(connection, A_LITTLE);
        connections_set_quick(connection->guard, connection->place, connection->inbox->end > 0);
    }
    return state;
}

/* ---- ends ---- */

void connection_park(struct connection *connection)
{
    bool idle = connection->inbox->end == 0;
    if (idle)
        connections_empty(connection->guard, connection->place);
    if (!connections_park(connection->guard, connection->place,
                          idle ? CONNECTIONS_IDLE : CONNECTIONS_FOR_HEADER))
        connections_leave(connection->guard, connection->place);
}

void connection_end(struct connection *connection, bool unread)
{
    struct connections *guard = connection->guard;
    if (unread && !connections_is_crowded(guard) && connections_finish(guard, connection->place) == 0) {
        connections_empty(guard, connection->place);
        if (connections_park(guard, connection->place, CONNECTIONS_FOR_CLOSE))
            return;
    }
    connections_leave(guard, connection->place);
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
        step = (size_t)receive_bytes(connection, bytes, step, ALL);
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
    ssize_t got = receive_bytes(connection, inbox->bytes + inbox->end, INBOX_SIZE - inbox->end, ALL);
    inbox_grow(inbox, (size_t)got);
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

struct peer connection_peer(struct connection *connection)
{
    return (struct peer){connection, read_body, write_answer, is_gone};
}
