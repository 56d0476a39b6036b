#include "gateway/connection/connections.h"

#include "base/time/clock.h"
#include "tests/unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 4, CLIENTS = 400, IDLE_MS = 75000 };

/* Both ends of connections that never went over a network. */
struct crowd {
    struct connections *guard;
    int ours[CLIENTS], theirs[CLIENTS];
    unsigned places[CLIENTS];
    size_t count;
};

static void crowd_begin_with(struct crowd *crowd, struct connections_limits limits)
{
    struct err err = {0};
    limits.workers = limits.connections = ROOM;
    limits.queue_ms = CONNECTIONS_QUEUE_MS;
    limits.idle_ms = IDLE_MS;
    *crowd = (struct crowd){.guard = connections_new(&limits, &err)};
    assert_non_null(crowd->guard);
}

static void crowd_begin(struct crowd *crowd, size_t per_address)
{
    crowd_begin_with(
        crowd, (struct connections_limits){.places = connections_places(ROOM), .per_address = per_address});
}

static unsigned come_on(struct crowd *crowd, const int ends[2], const char *source)
{
    assert_true(crowd->count < CLIENTS);
    size_t i = crowd->count++;
    crowd->ours[i] = ends[0];
    crowd->theirs[i] = ends[1];
    struct network peer;
    assert_true(network_parse_peer(source, &peer));
    crowd->places[i] = connections_admit(crowd->guard, ends[0], &peer, NULL);
    return crowd->places[i];
}

static unsigned come(struct crowd *crowd, const char *source)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    return come_on(crowd, ends, source);
}

/* Over TCP, whose kernel knows whether anything was sent. */
static unsigned come_by_tcp(struct crowd *crowd, const char *source, const char *text)
{
    int ends[2];
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&here, sizeof here), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&here, &size), 0);
    ends[1] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[1], (struct sockaddr *)&here, sizeof here), 0);
    ends[0] = accept(listener, NULL, NULL);
    assert_int_equal(send(ends[1], text, strlen(text), 0), strlen(text));
    (void)close(listener);
    return come_on(crowd, ends, source);
}

/* Which of ours are open is the table's affair. */
static void crowd_end(struct crowd *crowd)
{
    connections_free(crowd->guard);
    for (size_t i = 0; i < crowd->count; i++)
        (void)close(crowd->theirs[i]);
}

static void hears(const struct crowd *crowd, size_t i, const char *status, const char *retryable)
{
    char answer[2048] = "";
    assert_true(recv(crowd->theirs[i], answer, sizeof answer - 1, 0) > 0);
    assert_true(strncmp(answer, status, strlen(status)) == 0);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer, retryable));
    assert_int_equal(recv(crowd->theirs[i], answer, 1, 0), 0);
}

/* Ended, and nothing said. */
static void is_closed(const struct crowd *crowd, size_t i)
{
    char byte;
    assert_true(recv(crowd->theirs[i], &byte, 1, MSG_DONTWAIT) == 0);
}

static void is_open(const struct crowd *crowd, size_t i)
{
    char byte;
    assert_int_equal(recv(crowd->theirs[i], &byte, 1, MSG_DONTWAIT), -1);
}

static void says(const struct crowd *crowd, size_t i, const char *text)
{
    assert_int_equal(send(crowd->theirs[i], text, strlen(text), 0), strlen(text));
}

/* The places of which the kernel tells now. */
static size_t events(const struct crowd *crowd, unsigned *places)
{
    struct epoll_event found[CLIENTS];
    int count = epoll_wait(connections_events(crowd->guard), found, CLIENTS, 0);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++)
        places[i] = (unsigned)found[i].data.u64;
    return (size_t)count;
}

/* Whoever has waited longest goes, but for those that wait for us. */
static void who_waits_longest_makes_room(void **state)
{
    struct crowd crowd;
    struct connections_counts counts;
    (void)state;
    crowd_begin(&crowd, 0);
    for (int i = 0; i < ROOM; i++) {
        (void)come(&crowd, "127.0.0.1");
        unit_elapse(2);
    }
    connections_begin(crowd.guard, crowd.places[0]);
    unit_elapse(CONNECTIONS_NEWCOMER_MS + 5);
    assert_true(come(&crowd, "127.0.0.1") != 0);
    is_open(&crowd, 0);
    is_closed(&crowd, 1);
    is_open(&crowd, 2);
    connections_count(crowd.guard, &counts);
    assert_int_equal(counts.displaced, 1);
    assert_int_equal(counts.open, ROOM);
    crowd_end(&crowd);
}

/* Who has begun to ask is told why. */
static void half_a_header_is_answered(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned place = come(&crowd, "127.0.0.1");
    struct inbox *inbox = connections_inbox(crowd.guard, place);
    memcpy(inbox->bytes, "GET /", 5);
    inbox_grow(inbox, 5);
    unit_elapse(CONNECTIONS_NEWCOMER_MS + 5);
    connections_make_room(crowd.guard);
    hears(&crowd, 0, "HTTP/1.1 408 ", "\"status\":408");
    crowd_end(&crowd);
}

/* A worker's connection is not closed under it. */
static void a_workers_connection_is_only_shut(void **state)
{
    char byte;
    struct crowd crowd;
    struct connections_counts counts;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned place = come(&crowd, "127.0.0.1");
    connections_begin(crowd.guard, place);
    connections_wait(crowd.guard, place, CONNECTIONS_FOR_BODY);
    unit_elapse(CONNECTIONS_PATIENCE_MS + 5);
    connections_make_way(crowd.guard, 1);
    assert_true(connections_has_ended(crowd.guard, place));
    assert_int_equal(recv(crowd.ours[0], &byte, 1, 0), 0); /* its worker finds the end */
    connections_make_way(crowd.guard, 1);                  /* one goes already */
    connections_count(crowd.guard, &counts);
    assert_int_equal(counts.displaced, 1);
    assert_int_equal(counts.open, 1);
    crowd_end(&crowd);
}

static void one_address_has_its_share(void **state)
{
    static const struct {
        size_t limit, comes, stays;
        const char *source;
    } rows[] = {
        {2, 3, 2, "192.0.2.1"},       {2, 3, 2, "127.0.0.1"},   {0, ROOM, ROOM * 3 / 4, "192.0.2.1"},
        {0, ROOM, ROOM, "127.0.0.1"}, {2, 3, 2, "2001:db8::#"}, /* one network of 64 bits */
        {2, 3, 3, "2001:db8:0:#::1"}, {2, 3, 3, "192.0.2.#"},   {0, ROOM, ROOM, "::1"},
        {0, ROOM, ROOM, "unix"},      {2, 3, 2, "unix"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct crowd crowd;
        crowd_begin(&crowd, rows[i].limit);
        for (size_t j = 0; j < rows[i].comes; j++) {
            char source[NETWORK_TEXT_SIZE]; /* its number stands where the row wants one */
            const char *hole = strchr(rows[i].source, '#');
            if (hole == NULL)
                (void)snprintf(source, sizeof source, "%s", rows[i].source);
            else
                (void)snprintf(source, sizeof source, "%.*s%zu%s", (int)(hole - rows[i].source),
                               rows[i].source, j + 1, hole + 1);
            unsigned place = come(&crowd, source);
            assert_int_equal(place != 0, j < rows[i].stays);
            if (place == 0) {
                hears(&crowd, j, "HTTP/1.1 429 ", "\r\nRetry-After: 1\r\n");
                continue;
            }
            assert_string_equal(connections_source(crowd.guard, place), source);
            connections_begin(crowd.guard, place);
        }
        assert_true(come(&crowd, "198.51.100.1") != 0);
        crowd_end(&crowd);
    }
}

/* Those who are parked count, and have no protection: one of them goes for the next of its address. */
static void who_is_parked_counts(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin(&crowd, 2);
    for (size_t i = 0; i < 2; i++) {
        unsigned place = come(&crowd, "192.0.2.1");
        connections_begin(crowd.guard, place);
        assert_true(connections_park(crowd.guard, place, CONNECTIONS_IDLE));
    }
    assert_int_equal(come(&crowd, "192.0.2.1"), 0);
    hears(&crowd, 2, "HTTP/1.1 429 ", "\"retryable\":true");
    unit_elapse(CONNECTIONS_PATIENCE_MS + 5);
    assert_true(come(&crowd, "192.0.2.1") != 0);
    is_closed(&crowd, 0);
    is_open(&crowd, 1);
    crowd_end(&crowd);
}

static void places_run_out_and_come_back(void **state)
{
    struct crowd crowd;
    size_t places = connections_places(ROOM);
    (void)state;
    crowd_begin(&crowd, CONNECTIONS_PLACES_MAX);
    for (size_t i = 0; i < places; i++) {
        assert_true(come(&crowd, "127.0.0.1") != 0);
        connections_begin(crowd.guard, crowd.places[i]);
    }
    assert_true(connections_is_crowded(crowd.guard));
    assert_int_equal(come(&crowd, "127.0.0.1"), 0);
    hears(&crowd, places, "HTTP/1.1 503 ", "\r\nRetry-After: 1\r\n");
    connections_leave(crowd.guard, crowd.places[0]);
    assert_true(come(&crowd, "127.0.0.1") != 0);
    crowd_end(&crowd);
}

/* Where so many may come that have not asked, the oldest of them goes for the next one, and nobody of another
 * address; who has asked is none of them. */
static void who_only_connects_makes_way(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin_with(&crowd, (struct connections_limits){.places = connections_places(ROOM), .unasked = 2});
    unsigned asked = come_by_tcp(&crowd, "192.0.2.1", "GET /");
    connections_begin(crowd.guard, asked);
    for (size_t i = 0; i < 2; i++) {
        assert_true(come_by_tcp(&crowd, "192.0.2.1", "") != 0);
        is_open(&crowd, 1);
    }
    assert_true(come_by_tcp(&crowd, "192.0.2.1", "") != 0);
    is_closed(&crowd, 1);
    is_open(&crowd, 0);
    crowd_end(&crowd);
}

/* Few places: one that has sent nothing goes for the next one, and nobody is refused. */
static void few_places(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin_with(&crowd, (struct connections_limits){.places = 4, .per_address = 100});
    for (size_t i = 0; i < 12; i++)
        assert_true(come_by_tcp(&crowd, "127.0.0.1", "") != 0);
    assert_true(come_by_tcp(&crowd, "127.0.0.1", "GET /") != 0);
    is_closed(&crowd, 0);
    crowd_end(&crowd);
}

/* A millisecond before its deadline nothing is late, at it the wait ends, and who waits for us never does. */
static void every_wait_has_a_deadline(void **state)
{
    static const struct {
        enum connections_wait wait;
        int limit_ms; /* 0: none */
        bool parked;
    } rows[] = {
        {CONNECTIONS_FOR_HEADER, CONNECTIONS_HEADER_MS, true},
        {CONNECTIONS_IDLE, IDLE_MS, true},
        {CONNECTIONS_FOR_CLOSE, CONNECTIONS_LINGER_MS, true},
        {CONNECTIONS_FOR_WORKER, 0, false},
        {CONNECTIONS_FOR_NEXT, 0, false},
        {CONNECTIONS_FOR_BODY, CONNECTIONS_BODY_MS, false},
        {CONNECTIONS_FOR_READER, CONNECTIONS_WRITE_MS, false},
        {CONNECTIONS_FOR_US, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct crowd crowd;
        struct connections_counts counts;
        crowd_begin(&crowd, 0);
        unsigned place = come(&crowd, "127.0.0.1");
        int64_t before = clock_monotonic_us();
        if (rows[i].parked)
            assert_true(connections_park(crowd.guard, place, rows[i].wait));
        else
            connections_wait(crowd.guard, place, rows[i].wait);
        int64_t after = clock_monotonic_us();
        int64_t limit_us = rows[i].limit_ms == 0 ? INT64_C(3600000000) : rows[i].limit_ms * INT64_C(1000);
        assert_int_equal(connections_late(crowd.guard, 0, before + limit_us - 1000), 0);
        assert_false(connections_has_ended(crowd.guard, place));
        assert_int_equal(connections_late(crowd.guard, 0, after + limit_us), rows[i].parked ? place : 0);
        assert_int_equal(connections_has_ended(crowd.guard, place), rows[i].limit_ms != 0);
        connections_count(crowd.guard, &counts);
        assert_int_equal(counts.late, rows[i].limit_ms != 0);
        crowd_end(&crowd);
    }
}

/* Who was late and is answered so has the ordinary time to read that, and no more. */
static void who_was_late_is_not_waited_for(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned place = come(&crowd, "127.0.0.1");
    int64_t later = clock_monotonic_us() + INT64_C(1000) * CONNECTIONS_HEADER_MS;
    assert_int_equal(connections_late(crowd.guard, 0, later), place);
    connections_begin(crowd.guard, place);
    assert_true(connections_park(crowd.guard, place, CONNECTIONS_FOR_CLOSE));
    later = clock_monotonic_us() + INT64_C(1000) * CONNECTIONS_LINGER_MS;
    assert_int_equal(connections_late(crowd.guard, 0, later), place);
    crowd_end(&crowd);
}

static void a_drain_ends_who_is_idle(void **state)
{
    struct crowd crowd;
    int64_t later = clock_monotonic_us() + 3000000;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned idle = come(&crowd, "127.0.0.1"), busy = come(&crowd, "127.0.0.1");
    connections_begin(crowd.guard, idle);
    connections_begin(crowd.guard, busy);
    assert_true(connections_park(crowd.guard, idle, CONNECTIONS_IDLE));
    assert_int_equal(connections_late(crowd.guard, 0, later), 0);
    connections_drain(crowd.guard);
    assert_int_equal(connections_late(crowd.guard, 0, later), idle);
    assert_int_equal(connections_late(crowd.guard, idle, later), 0);
    assert_false(connections_has_ended(crowd.guard, busy));
    crowd_end(&crowd);
}

/* The kernel tells once of what is parked, of nothing that a worker has, and also of what came in between. */
static void what_comes_is_told_once(void **state)
{
    struct crowd crowd;
    unsigned places[CLIENTS];
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned place = come(&crowd, "127.0.0.1");
    assert_int_equal(events(&crowd, places), 0);
    says(&crowd, 0, "GET");
    assert_int_equal(events(&crowd, places), 1);
    assert_int_equal(places[0], place);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_FOR_HEADER);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_FOR_US); /* another's */
    connections_begin(crowd.guard, place);
    says(&crowd, 0, " /");
    assert_int_equal(events(&crowd, places), 0);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_FOR_US);
    assert_true(connections_park(crowd.guard, place, CONNECTIONS_IDLE));
    assert_int_equal(events(&crowd, places), 1);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_IDLE);
    assert_true(connections_watch(crowd.guard, place));
    assert_int_equal(events(&crowd, places), 1);
    connections_leave(crowd.guard, place);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_FOR_US);
    crowd_end(&crowd);
}

/* Neither at a deadline nor for others, until it is given back; whoever ends it has taken it. */
static void what_is_taken_is_not_ended(void **state)
{
    struct crowd crowd;
    int64_t later = clock_monotonic_us() + INT64_C(3600000000);
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned place = come(&crowd, "127.0.0.1");
    unit_elapse(CONNECTIONS_NEWCOMER_MS + 5);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_FOR_HEADER);
    connections_make_room(crowd.guard);
    is_open(&crowd, 0);
    assert_int_equal(connections_late(crowd.guard, 0, later), 0);
    assert_true(connections_watch(crowd.guard, place));
    assert_int_equal(connections_late(crowd.guard, 0, later), place);
    assert_int_equal(connections_take(crowd.guard, place), CONNECTIONS_FOR_US);
    connections_make_room(crowd.guard);
    is_open(&crowd, 0);
    connections_dismiss(crowd.guard, place);
    is_closed(&crowd, 0);
    crowd_end(&crowd);
}

/* What an unread client goes on to send is forgotten up to a limit. */
static void not_everything_is_forgotten(void **state)
{
    char bytes[16384] = "";
    struct crowd crowd;
    size_t sent = 0;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned place = come(&crowd, "127.0.0.1");
    do {
        assert_int_equal(send(crowd.theirs[0], bytes, sizeof bytes, 0), sizeof bytes);
        sent += sizeof bytes;
        assert_true(sent <= 21 * 1024 * 1024);
    } while (connections_forget(crowd.guard, place));
    assert_true(sent >= 20 * 1024 * 1024); /* two of the largest documents */
    crowd_end(&crowd);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_waits_longest_makes_room),
        cmocka_unit_test(half_a_header_is_answered),
        cmocka_unit_test(a_workers_connection_is_only_shut),
        cmocka_unit_test(one_address_has_its_share),
        cmocka_unit_test(who_is_parked_counts),
        cmocka_unit_test(places_run_out_and_come_back),
        cmocka_unit_test(who_only_connects_makes_way),
        cmocka_unit_test(few_places),
        cmocka_unit_test(every_wait_has_a_deadline),
        cmocka_unit_test(who_was_late_is_not_waited_for),
        cmocka_unit_test(a_drain_ends_who_is_idle),
        cmocka_unit_test(what_comes_is_told_once),
        cmocka_unit_test(what_is_taken_is_not_ended),
        cmocka_unit_test(not_everything_is_forgotten),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
