/* The thread of parking.c between clients that send in pieces and workers that answer: each request is
 * answered once, in order, with what its own client has said, whoever comes, goes, hangs up or says
 * nothing; some requests wait in between, and go on with another worker. */
#include "gateway/server/parking.h"

#include "base/time/clock.h"
#include "gateway/connection/connection.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORKERS = 3, CLIENTS = 12, ROUNDS = 40, CONNECTIONS = 200 };

struct house {
    struct connections *guard;
    struct dispatch *dispatch;
    struct waiters *waiters;
    struct parking *parking;
    struct listeners listeners;
    struct sockaddr_in address;
    pthread_t workers[WORKERS];
    struct dispatch_worker seats[WORKERS];
};

/* ---- workers ---- */

static void answer(struct connection *connection)
{
    const struct peer peer = connection_peer(connection);
    char text[256];
    const char *said = request_head_field(connection->head, "X");
    int length = snprintf(text, sizeof text, "%s\n", said == NULL ? "-" : said);
    (void)peer.write(peer.connection, text, (size_t)length);
}

/* Every third one, for a millisecond: what its client has said is the state that it goes on with. */
static bool lay_aside(struct house *house, const struct connection *connection)
{
    const char *said = request_head_field(connection->head, "X");
    if (said == NULL || said[strlen(said) - 1] % 3 != 0)
        return false;
    struct waiter *waiter = calloc(1, sizeof *waiter);
    struct arena *arena = arena_new(1024);
    assert_true(waiter != NULL && arena != NULL);
    *waiter = (struct waiter){*connection, arena, arena_strdup(arena, said)};
    assert_non_null(waiter->state);
    assert_true(waiters_put(house->waiters, waiter, clock_monotonic_us() + 1000));
    return true;
}

static void take_up(struct house *house, struct connection *connection, struct waiter *waiter)
{
    *connection = waiter->connection;
    assert_string_equal(waiter->state, request_head_field(connection->head, "X"));
    connections_wait(house->guard, connection->place, CONNECTIONS_FOR_US);
    waiters_drop(waiter);
}

/* As server.c does it. */
static void serve(struct house *house, struct dispatch_worker *seat, unsigned place)
{
    struct connection connection;
    enum connection_state state = CONNECTION_ASKS;
    struct waiter *waiter = waiters_take(house->waiters, place);
    bool called = waiter != NULL;
    if (called)
        take_up(house, &connection, waiter);
    else if (!connection_open(&connection, house->guard, place)) {
        connections_leave(house->guard, place);
        return;
    }
    for (bool again = called; state == CONNECTION_ASKS; again = false) {
        if (again)
            waiters_end(house->waiters);
        else
            connection_begin(&connection);
        if (!again && lay_aside(house, &connection))
            return;
        answer(&connection);
        if (connection.head->problem != PROBLEM_NONE) {
            connection_end(&connection, true);
            return;
        }
        bool lingers = dispatch_may_linger(house->dispatch);
        if (lingers)
            dispatch_linger(house->dispatch, seat, true);
        state = connection_next(&connection, lingers);
        if (lingers && state == CONNECTION_ASKS)
            dispatch_linger(house->dispatch, seat, false);
    }
    if (state == CONNECTION_WAITS)
        connection_park(&connection);
    else
        connection_end(&connection, false);
}

struct task {
    struct house *house;
    struct dispatch_worker *seat;
};

static void *work(void *context)
{
    const struct task *task = context;
    for (unsigned place; (place = dispatch_take(task->house->dispatch, task->seat)) != 0;)
        serve(task->house, task->seat, place);
    return NULL;
}

/* ---- clients ---- */

static int come(const struct house *house)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&house->address, sizeof house->address), 0);
    return fd;
}

static bool say(int fd, const char *text, size_t length)
{
    return send(fd, text, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* One line, or less at the end. */
static size_t hear(int fd, char *line, size_t size)
{
    size_t length = 0;
    while (length + 1 < size && recv(fd, line + length, 1, 0) == 1)
        if (line[length++] == '\n')
            break;
    line[length] = '\0';
    return length;
}

struct client {
    const struct house *house;
    unsigned number;
    bool good;
};

/* Requests in pieces, two at once, with a neighbour who hangs up in the middle of his. */
static void *ask(void *context)
{
    struct client *client = context;
    int fd = come(client->house);
    client->good = true;
    for (unsigned round = 0; round < ROUNDS && client->good; round++) {
        char text[256], line[64], wanted[2][64];
        for (unsigned i = 0; i < 2; i++)
            (void)snprintf(wanted[i], sizeof wanted[i], "%u-%u-%u\n", client->number, round, i);
        int length = snprintf(
            text, sizeof text,
            "GET / HTTP/1.1\r\nHost: h\r\nX: %.*s\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nX: %.*s\r\n\r\n",
            (int)strcspn(wanted[0], "\n"), wanted[0], (int)strcspn(wanted[1], "\n"), wanted[1]);
        size_t cut = (client->number * 7 + round * 13) % (size_t)length;
        int neighbour = come(client->house);
        client->good = say(fd, text, cut) && say(neighbour, "GET / HTTP/1.1\r\nX: neigh", 24);
        (void)close(neighbour);
        client->good = client->good && say(fd, text + cut, (size_t)length - cut);
        for (unsigned i = 0; i < 2; i++)
            client->good = client->good && hear(fd, line, sizeof line) > 0 && strcmp(line, wanted[i]) == 0;
    }
    (void)close(fd);
    return NULL;
}

/* ---- from start to end ---- */

static void open_house(struct house *house, struct task *tasks)
{
    const struct connections_limits limits = {.workers = WORKERS,
                                              .connections = CONNECTIONS,
                                              .places = connections_places(CONNECTIONS),
                                              .queue_ms = 1000000, /* however slow the machine is */
                                              .idle_ms = 1000000};
    struct err err = {0};
    struct config_listener here = {.address = "127.0.0.1:0", .kind = CONFIG_TCP};
    *house = (struct house){.address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    assert_true(network_parse_address("127.0.0.1", &here.host));
    assert_int_equal(listeners_open(&house->listeners, &(struct config_listeners){&here, 1}, NULL, &err), 0);
    house->address.sin_port = htons((uint16_t)house->listeners.items[0].port);
    house->guard = connections_new(&limits, &err);
    house->dispatch = dispatch_new(WORKERS, limits.places, &err);
    house->waiters = waiters_new(limits.places, WORKERS, &err);
    assert_true(house->guard != NULL && house->dispatch != NULL && house->waiters != NULL);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(dispatch_worker_init(&house->seats[i]), 0);
        tasks[i] = (struct task){house, &house->seats[i]};
        assert_int_equal(pthread_create(&house->workers[i], NULL, work, &tasks[i]), 0);
    }
    house->parking = parking_start(house->guard, house->dispatch, house->waiters, &house->listeners, &err);
    assert_non_null(house->parking);
}

static void close_house(struct house *house)
{
    connections_close(house->guard);
    parking_wake(house->parking);
    dispatch_close(house->dispatch);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(house->workers[i], NULL), 0);
    parking_end(house->parking);
    for (size_t i = 0; i < WORKERS; i++)
        dispatch_worker_done(&house->seats[i]);
    connections_free(house->guard);
    dispatch_free(house->dispatch);
    waiters_free(house->waiters);
    listeners_done(&house->listeners);
}

static void each_has_its_own_answers(void **state)
{
    struct house house;
    struct task tasks[WORKERS];
    pthread_t threads[CLIENTS];
    struct client clients[CLIENTS];
    (void)state;
    open_house(&house, tasks);
    for (unsigned i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){&house, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, ask, &clients[i]), 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(clients[i].good);
    }
    close_house(&house);
}

/* All of them are parked when it ends: each finds that out. */
static void an_end_with_many_parked(void **state)
{
    struct house house;
    struct task tasks[WORKERS];
    int fds[CONNECTIONS / 2];
    char line[64];
    static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\nX: 1\r\n\r\n";
    (void)state;
    open_house(&house, tasks);
    for (size_t i = 0; i < COUNT(fds); i++) {
        fds[i] = come(&house);
        assert_true(say(fds[i], request, sizeof request - 1));
        assert_int_equal(hear(fds[i], line, sizeof line), 2);
    }
    connections_drain(house.guard);
    parking_wake(house.parking);
    for (size_t i = 0; i < COUNT(fds); i++) {
        assert_int_equal(hear(fds[i], line, sizeof line), 0);
        (void)close(fds[i]);
    }
    close_house(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_its_own_answers),
        cmocka_unit_test(an_end_with_many_parked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
