/* Who waits, until when, and how many are called at a time: with one thread, and times that the test says. */
#include "gateway/server/waiters.h"

#include "base/time/clock.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PLACES = 8, WORKERS = 4, LONG_US = 1000000 };

struct house {
    struct connections *guard;
    struct waiters *waiters;
    int theirs[PLACES];
    int64_t now_us; /* when it began */
};

static void begin(struct house *house)
{
    const struct connections_limits limits = {
        .workers = WORKERS, .connections = PLACES, .places = PLACES, .idle_ms = LONG_US};
    struct network peer;
    *house = (struct house){.guard = connections_new(&limits, NULL),
                            .waiters = waiters_new(PLACES, WORKERS, NULL),
                            .now_us = clock_monotonic_us()};
    assert_true(house->guard != NULL && house->waiters != NULL && network_parse_peer("127.0.0.1", &peer));
    for (size_t i = 0; i < PLACES; i++) {
        int ends[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        house->theirs[i] = ends[1];
        assert_int_equal(connections_admit(house->guard, ends[0], &peer, NULL), i + 1);
    }
}

static void end(struct house *house)
{
    waiters_free(house->waiters);
    connections_free(house->guard);
    for (size_t i = 0; i < PLACES; i++)
        (void)close(house->theirs[i]);
}

/* For so long from the begin on. */
static void put(const struct house *house, unsigned place, int64_t for_us)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);
    assert_non_null(waiter);
    waiter->arena = arena_new(1024);
    waiter->connection = (struct connection){.guard = house->guard, .place = place};
    assert_true(waiters_put(house->waiters, waiter, house->now_us + for_us));
    assert_int_equal(connections_waits_for(house->guard, place), CONNECTIONS_FOR_TIME);
}

static unsigned due(const struct house *house, int64_t after_us)
{
    return waiters_due(house->waiters, house->now_us + after_us);
}

/* Takes the place's waiter, which must be there, and is done with it. */
static void serve(const struct house *house, unsigned place)
{
    struct waiter *waiter = waiters_take(house->waiters, place);
    assert_non_null(waiter);
    assert_int_equal(waiter->connection.place, place);
    assert_null(waiters_take(house->waiters, place));
    connections_wait(house->guard, place, CONNECTIONS_FOR_US);
    waiters_end(house->waiters);
    waiters_drop(waiter);
}

static void each_at_its_time(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    assert_true(waiters_next_us(house.waiters) == INT64_MAX);
    assert_int_equal(due(&house, LONG_US), 0);
    put(&house, 2, 2 * LONG_US);
    put(&house, 1, LONG_US);
    assert_true(waiters_next_us(house.waiters) == house.now_us + LONG_US);
    assert_int_equal(due(&house, LONG_US - 1), 0);
    assert_int_equal(due(&house, LONG_US), 1);
    assert_int_equal(due(&house, LONG_US), 0);
    serve(&house, 1);
    assert_true(waiters_next_us(house.waiters) == house.now_us + 2 * LONG_US);
    assert_int_equal(due(&house, 2 * LONG_US), 2);
    serve(&house, 2);
    assert_int_equal(due(&house, 9 * LONG_US), 0);
    assert_true(waiters_next_us(house.waiters) == INT64_MAX);
    end(&house);
}

/* Half of the workers, and everybody has a turn though each wants the next one at once. */
static void half_of_the_workers(void **state)
{
    struct house house;
    unsigned served[PLACES + 1] = {0};
    int64_t after_us = 0;
    (void)state;
    begin(&house);
    for (unsigned place = 1; place <= PLACES; place++)
        put(&house, place, 0);
    for (int round = 0; round < 3 * PLACES / 2; round++) {
        after_us += LONG_US;
        unsigned first = due(&house, after_us), second = due(&house, after_us);
        assert_true(first != 0 && second != 0 && first != second);
        assert_int_equal(due(&house, after_us), 0);
        assert_true(waiters_next_us(house.waiters) > clock_monotonic_us());
        served[first]++;
        served[second]++;
        serve(&house, first);
        serve(&house, second);
        put(&house, first, after_us);
        put(&house, second, after_us);
    }
    for (unsigned place = 1; place <= PLACES; place++)
        assert_int_equal(served[place], 3);
    end(&house);
}

/* Whose client goes is called once, whatever else happens at the same time; where many go, all are. */
static void those_who_go(void **state)
{
    struct house house;
    (void)state;
    begin(&house);
    for (unsigned place = 1; place <= PLACES; place++)
        put(&house, place, LONG_US);
    for (unsigned place = 1; place < PLACES; place++) {
        assert_true(waiters_call(house.waiters, place));
        assert_false(waiters_call(house.waiters, place));
    }
    assert_int_equal(due(&house, LONG_US), 0); /* the workers are taken */
    for (unsigned place = 1; place < PLACES; place++)
        serve(&house, place);
    assert_int_equal(due(&house, LONG_US), PLACES);
    assert_false(waiters_call(house.waiters, PLACES));
    end(&house);
}

/* At once, however many; also who wants to wait then. */
static void the_end_of_all_waiting(void **state)
{
    struct house house;
    unsigned last = 0;
    (void)state;
    begin(&house);
    for (unsigned place = 1; place < PLACES; place++)
        put(&house, place, LONG_US);
    waiters_hurry(house.waiters);
    for (unsigned place = 1; place < PLACES; place++) {
        unsigned found = due(&house, 0);
        assert_true(found > last);
        last = found;
    }
    assert_int_equal(due(&house, 0), 0);
    put(&house, PLACES, LONG_US);
    assert_true(waiters_next_us(house.waiters) <= house.now_us);
    assert_int_equal(due(&house, 100000), PLACES);
    for (unsigned place = 1; place <= PLACES; place++) { /* nobody has come for them */
        struct waiter *waiter = waiters_take_any(house.waiters);
        assert_non_null(waiter);
        waiters_drop(waiter);
    }
    assert_null(waiters_take_any(house.waiters));
    end(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_at_its_time),
        cmocka_unit_test(half_of_the_workers),
        cmocka_unit_test(those_who_go),
        cmocka_unit_test(the_end_of_all_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
