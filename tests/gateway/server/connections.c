#include "gateway/server/connections.h"

#include "tests/unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 4, CLIENTS = 400 };

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
    limits.workers = WORKERS;
    limits.queue_ms = CONNECTIONS_QUEUE_MS;
    limits.idle_ms = CONNECTIONS_HEADER_MS;
    *crowd = (struct crowd){.guard = connections_new(&limits, &err)};
    assert_non_null(crowd->guard);
}

static void crowd_begin(struct crowd *crowd, size_t per_address)
{
    crowd_begin_with(crowd, (struct connections_limits){.places = connections_places(WORKERS),
                                                        .per_address = per_address});
}

static unsigned come_on(struct crowd *crowd, const int ends[2], const char *source)
{
    assert_true(crowd->count < CLIENTS);
    size_t i = crowd->count++;
    crowd->ours[i] = ends[0];
    crowd->theirs[i] = ends[1];
    struct network peer;
    assert_true(network_parse_peer(source, &peer));
    crowd->places[i] = connections_admit(crowd->guard, ends[0], &peer);
    return crowd->places[i];
}

static unsigned come(struct crowd *crowd, const char *source)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    return come_on(crowd, ends, source);
}

/* Over TCP, whose kernel knows whether anything was sent. */
static unsigned come_by_tcp(struct crowd *crowd, const char *source, const char *says)
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
    assert_int_equal(send(ends[1], says, strlen(says), 0), strlen(says));
    (void)close(listener);
    return come_on(crowd, ends, source);
}

static void crowd_end(struct crowd *crowd)
{
    for (size_t i = 0; i < crowd->count; i++) {
        if (crowd->places[i] != 0)
            connections_leave(crowd->guard, crowd->places[i]);
        (void)close(crowd->ours[i]);
        (void)close(crowd->theirs[i]);
    }
    connections_free(crowd->guard);
}

static void sleep_ms(long millis)
{
    const struct timespec step = {.tv_sec = millis / 1000, .tv_nsec = millis % 1000 * 1000000};
    (void)nanosleep(&step, NULL);
}

static void hears(const struct crowd *crowd, size_t i, const char *status)
{
    char answer[2048] = "";
    assert_true(recv(crowd->theirs[i], answer, sizeof answer - 1, 0) > 0);
    assert_true(strncmp(answer, status, strlen(status)) == 0);
    assert_non_null(strstr(answer, "\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer, "\"retryable\":true"));
}

static void whom_no_worker_takes_is_answered_and_not_served(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin(&crowd, 0);
    for (int i = 0; i < WORKERS; i++) {
        unsigned place = come(&crowd, "127.0.0.1");
        connections_enter(crowd.guard);
        assert_true(connections_begin(crowd.guard, place));
    }
    unsigned last = come(&crowd, "127.0.0.1");
    hears(&crowd, WORKERS, "HTTP/1.1 503 ");
    connections_enter(crowd.guard);
    assert_false(connections_begin(crowd.guard, last));
    assert_true(connections_is_crowded(crowd.guard));
    crowd_end(&crowd);
}

/* A slow machine is no overload: an idle worker will come, and it finds the connection untouched. */
static void an_idle_worker_is_waited_for(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned first = come(&crowd, "127.0.0.1"), second = come(&crowd, "127.0.0.1");
    sleep_ms(20 * CONNECTIONS_QUEUE_MS);
    connections_enter(crowd.guard);
    connections_enter(crowd.guard);
    assert_true(connections_begin(crowd.guard, second));
    assert_true(connections_begin(crowd.guard, first));
    assert_false(connections_has_ended(crowd.guard, first));
    assert_false(connections_is_crowded(crowd.guard));
    crowd_end(&crowd);
}

static void who_waits_longest_makes_room(void **state)
{
    char byte;
    struct crowd crowd;
    struct connections_counts counts;
    (void)state;
    crowd_begin(&crowd, 0);
    for (int i = 0; i < WORKERS; i++) {
        (void)come(&crowd, "127.0.0.1");
        connections_enter(crowd.guard);
        sleep_ms(2);
    }
    assert_true(connections_begin(crowd.guard, crowd.places[0])); /* it waits for us: it stays */
    sleep_ms(CONNECTIONS_PATIENCE_MS + 50);
    (void)come(&crowd, "127.0.0.1");
    assert_false(connections_has_ended(crowd.guard, crowd.places[0]));
    assert_true(connections_has_ended(crowd.guard, crowd.places[1]));
    assert_false(connections_has_ended(crowd.guard, crowd.places[2]));
    assert_int_equal(recv(crowd.ours[1], &byte, 1, 0), 0); /* its worker finds the end */
    connections_count(crowd.guard, &counts);
    assert_int_equal(counts.displaced, 1);
    crowd_end(&crowd);
}

static void one_address_has_its_share(void **state)
{
    static const struct {
        size_t limit, comes, stays;
        const char *source;
    } rows[] = {
        {2, 3, 2, "192.0.2.1"},
        {2, 3, 2, "127.0.0.1"},
        {0, WORKERS, WORKERS * 3 / 4, "192.0.2.1"},
        {0, WORKERS, WORKERS, "127.0.0.1"},
        {2, 3, 2, "2001:db8::#"}, /* one network of 64 bits */
        {2, 3, 3, "2001:db8:0:#::1"},
        {2, 3, 3, "192.0.2.#"},
        {0, WORKERS, WORKERS, "::1"},
        {0, WORKERS, WORKERS, "unix"},
        {2, 3, 2, "unix"},
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
            if (place == 0)
                hears(&crowd, j, "HTTP/1.1 429 ");
            else {
                connections_enter(crowd.guard);
                assert_true(connections_begin(crowd.guard, place));
            }
        }
        assert_true(come(&crowd, "198.51.100.1") != 0);
        crowd_end(&crowd);
    }
}

static void places_run_out_and_come_back(void **state)
{
    struct crowd crowd;
    size_t places = connections_places(WORKERS);
    (void)state;
    crowd_begin(&crowd, CONNECTIONS_PLACES_MAX);
    for (size_t i = 0; i < places; i++)
        assert_true(come(&crowd, "127.0.0.1") != 0);
    assert_int_equal(come(&crowd, "127.0.0.1"), 0);
    hears(&crowd, places, "HTTP/1.1 503 ");
    connections_leave(crowd.guard, crowd.places[0]);
    crowd.places[0] = 0;
    assert_true(come(&crowd, "127.0.0.1") != 0);
    crowd_end(&crowd);
}

/* Where so many may come that have not asked, the oldest of them goes for the next one, and nobody of another
 * address; who has asked is none of them. */
static void who_only_connects_makes_way(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin_with(&crowd,
                     (struct connections_limits){.places = connections_places(WORKERS), .unasked = 2});
    unsigned asked = come_by_tcp(&crowd, "192.0.2.1", "GET /");
    connections_enter(crowd.guard);
    assert_true(connections_begin(crowd.guard, asked));
    for (size_t i = 0; i < 2; i++) {
        assert_true(come_by_tcp(&crowd, "192.0.2.1", "") != 0);
        connections_enter(crowd.guard);
        assert_false(connections_has_ended(crowd.guard, crowd.places[1]));
    }
    assert_true(come_by_tcp(&crowd, "192.0.2.1", "") != 0);
    assert_true(connections_has_ended(crowd.guard, crowd.places[1]));
    assert_false(connections_has_ended(crowd.guard, asked));
    crowd_end(&crowd);
}

/* Few places: one that has sent nothing goes for the next one, and nobody is refused. */
static void few_places(void **state)
{
    struct crowd crowd;
    (void)state;
    crowd_begin_with(&crowd, (struct connections_limits){.places = 4, .per_address = 100});
    for (size_t i = 0; i < 4; i++) {
        assert_true(come_by_tcp(&crowd, "127.0.0.1", "") != 0);
        connections_enter(crowd.guard);
        sleep_ms(2);
    }
    (void)come_by_tcp(&crowd, "127.0.0.1", "GET /");
    assert_true(connections_has_ended(crowd.guard, crowd.places[0]));
    assert_true(connections_is_crowded(crowd.guard));
    crowd_end(&crowd);
}

static void a_drain_ends_who_is_idle(void **state)
{
    char byte;
    struct crowd crowd;
    (void)state;
    crowd_begin(&crowd, 0);
    unsigned idle = come(&crowd, "127.0.0.1"), busy = come(&crowd, "127.0.0.1");
    connections_enter(crowd.guard);
    connections_enter(crowd.guard);
    assert_true(connections_begin(crowd.guard, idle) && connections_begin(crowd.guard, busy));
    connections_wait(crowd.guard, idle, CONNECTIONS_FOR_HEADER);
    connections_drain(crowd.guard);
    assert_int_equal(recv(crowd.ours[0], &byte, 1, 0), 0);
    assert_true(connections_has_ended(crowd.guard, idle));
    assert_false(connections_has_ended(crowd.guard, busy));
    crowd_end(&crowd);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whom_no_worker_takes_is_answered_and_not_served),
        cmocka_unit_test(an_idle_worker_is_waited_for),
        cmocka_unit_test(who_waits_longest_makes_room),
        cmocka_unit_test(one_address_has_its_share),
        cmocka_unit_test(places_run_out_and_come_back),
        cmocka_unit_test(who_only_connects_makes_way),
        cmocka_unit_test(few_places),
        cmocka_unit_test(a_drain_ends_who_is_idle),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
