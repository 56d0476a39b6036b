/* What a client may do, by a clock of our own: a call that is refused takes nothing, and a reload forgets
 * nothing of a client that stays. */
#include "gateway/limits/client_limits.h"

#include "tests/unit.h"

#include <string.h>

enum { SECOND = 1000000, NOW = 100 * SECOND };

/* The clients of one configuration. */
static void add_clients(struct config *config, struct config_client *clients, size_t count)
{
    *config = (struct config){0};
    for (size_t i = 0; i < count; i++) {
        struct config_client *client = &clients[i];
        client->index = i;
        HASH_ADD_KEYPTR(hh, config->clients, client->name, strlen(client->name), client);
    }
}

static enum client_limits_refusal enter(struct client_limits *limits, const struct config_client *client,
                                        int64_t now_us)
{
    return client_limits_enter(limits, client, NULL, now_us).refusal;
}

static void nothing_is_limited_by_default(void **state)
{
    struct config config;
    struct config_client client = {.name = "a"};
    (void)state;
    add_clients(&config, &client, 1);
    struct client_limits *limits = client_limits_new(&config, NULL);
    assert_non_null(limits);
    for (int i = 0; i < 1000; i++) {
        struct client_limits_verdict verdict = client_limits_enter(limits, &client, NULL, NOW);
        assert_int_equal(verdict.refusal, CLIENT_LIMITS_NONE);
        assert_false(verdict.limited);
    }
    client_limits_free(limits);
    HASH_CLEAR(hh, config.clients);
}

/* Five at once at two a second: the sixth waits for half a second. */
static void a_rate_has_its_burst(void **state)
{
    struct config config;
    struct config_client clients[] = {{.name = "a", .rate = {SECOND / 2, 5}}, {.name = "b"}};
    (void)state;
    add_clients(&config, clients, 2);
    struct client_limits *limits = client_limits_new(&config, NULL);
    assert_non_null(limits);
    for (int left = 4; left >= 0; left--) {
        struct client_limits_verdict verdict = client_limits_enter(limits, &clients[0], NULL, NOW);
        assert_int_equal(verdict.refusal, CLIENT_LIMITS_NONE);
        assert_true(verdict.limited);
        assert_int_equal(verdict.remaining, left);
    }
    struct client_limits_verdict verdict = client_limits_enter(limits, &clients[0], NULL, NOW);
    assert_int_equal(verdict.refusal, CLIENT_LIMITS_RATE);
    assert_int_equal(verdict.wait_us, SECOND / 2);
    assert_int_equal(enter(limits, &clients[1], NOW), CLIENT_LIMITS_NONE);
    assert_int_equal(enter(limits, &clients[0], NOW + SECOND / 2 - 1), CLIENT_LIMITS_RATE);
    assert_int_equal(enter(limits, &clients[0], NOW + SECOND / 2), CLIENT_LIMITS_NONE);
    client_limits_free(limits);
    HASH_CLEAR(hh, config.clients);
}

/* A refused call holds no place in flight: three come in, three leave, three come in. */
static void places_in_flight_come_back(void **state)
{
    struct config config;
    struct config_client client = {.name = "a", .in_flight = 3};
    (void)state;
    add_clients(&config, &client, 1);
    struct client_limits *limits = client_limits_new(&config, NULL);
    assert_non_null(limits);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(enter(limits, &client, NOW), CLIENT_LIMITS_NONE);
        for (int i = 0; i < 10; i++)
            assert_int_equal(enter(limits, &client, NOW), CLIENT_LIMITS_IN_FLIGHT);
        for (int i = 0; i < 3; i++)
            client_limits_leave(limits, &client, NULL);
    }
    client_limits_free(limits);
    HASH_CLEAR(hh, config.clients);
}

/* A call that its rate refuses was never in flight. */
static void a_refused_rate_takes_no_place(void **state)
{
    struct config config;
    struct config_client client = {.name = "a", .rate = {SECOND, 1}, .in_flight = 2};
    (void)state;
    add_clients(&config, &client, 1);
    struct client_limits *limits = client_limits_new(&config, NULL);
    assert_non_null(limits);
    assert_int_equal(enter(limits, &client, NOW), CLIENT_LIMITS_NONE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(enter(limits, &client, NOW), CLIENT_LIMITS_RATE);
    assert_int_equal(enter(limits, &client, NOW + SECOND), CLIENT_LIMITS_NONE);
    assert_int_equal(enter(limits, &client, NOW + 2 * SECOND), CLIENT_LIMITS_IN_FLIGHT);
    client_limits_free(limits);
    HASH_CLEAR(hh, config.clients);
}

/* After a reload `b` is another client's neighbour and keeps what it has used; `a` is gone, and `c` is new.
 * The call that began before the reload leaves through the snapshot in which it began. */
static void a_reload_forgets_nothing(void **state)
{
    struct config before, after;
    struct config_client old[] = {{.name = "a", .in_flight = 1}, {.name = "b", .in_flight = 1}};
    struct config_client new[] = {{.name = "b", .in_flight = 1}, {.name = "c", .in_flight = 1}};
    (void)state;
    add_clients(&before, old, 2);
    add_clients(&after, new, 2);
    struct client_limits *first = client_limits_new(&before, NULL);
    assert_non_null(first);
    assert_int_equal(enter(first, &old[0], NOW), CLIENT_LIMITS_NONE);
    assert_int_equal(enter(first, &old[1], NOW), CLIENT_LIMITS_NONE);
    struct client_limits *second = client_limits_new(&after, first);
    assert_non_null(second);
    assert_int_equal(enter(second, &new[0], NOW), CLIENT_LIMITS_IN_FLIGHT);
    assert_int_equal(enter(second, &new[1], NOW), CLIENT_LIMITS_NONE);
    client_limits_leave(first, &old[1], NULL);
    assert_int_equal(enter(second, &new[0], NOW), CLIENT_LIMITS_NONE);
    client_limits_free(first);
    assert_int_equal(enter(second, &new[0], NOW), CLIENT_LIMITS_IN_FLIGHT);
    client_limits_free(second);
    HASH_CLEAR(hh, before.clients);
    HASH_CLEAR(hh, after.clients);
}

static void no_clients_and_nothing_to_free(void **state)
{
    const struct config config = {0};
    (void)state;
    struct client_limits *limits = client_limits_new(&config, NULL);
    assert_non_null(limits);
    client_limits_free(limits);
    client_limits_free(NULL);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_limited_by_default),
        cmocka_unit_test(a_rate_has_its_burst),
        cmocka_unit_test(places_in_flight_come_back),
        cmocka_unit_test(a_refused_rate_takes_no_place),
        cmocka_unit_test(a_reload_forgets_nothing),
        cmocka_unit_test(no_clients_and_nothing_to_free),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
