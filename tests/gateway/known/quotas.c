/* Quotas by a clock of our own: who gets how much while others want it, too. */
#include "gateway/known/quotas.h"

#include "tests/unit.h"

#include <string.h>

enum { SECOND = 1000000, CLIENTS = 3 };

static struct config_client clients[CLIENTS] = {
    {.name = "a"}, {.name = "b", .index = 1}, {.name = "c", .index = 2}};
static struct config_rule rule = {.id = "r", .limit = {SECOND, 5}};
static const struct config_rule *rules[] = {&rule};
static struct config_route routes[] = {{.action = "Describe"}, {.action = "Detach", .action_index = 1}};
static struct config_action_limit limits[] = {{.action = "Detach", .rate = {SECOND / 2, 2}}};
static struct config_upstream upstreams[] = {
    {.name = "vpc", .limit = {SECOND / 10, 10}, .limits = limits, .limit_count = 1}, {.name = "cvm"}};
static struct config config = {.rules = rules,
                               .rule_count = 1,
                               .routes = routes,
                               .route_count = 2,
                               .action_count = 2,
                               .upstreams = upstreams,
                               .upstream_count = 2};

static const struct call read_call = {.route = &routes[0], .upstream = &upstreams[0]};
static const struct call change_call = {.route = &routes[1], .upstream = &upstreams[0]};
static const struct call free_call = {.route = &routes[1], .upstream = &upstreams[1]};

static bool takes(struct quotas *quotas, const struct call *call, int client, int64_t now_us)
{
    int64_t wait_us = 0;
    return quotas_take(quotas, NULL, call, &clients[client], now_us, &wait_us) == QUOTA_NONE;
}

static int take_all(struct quotas *quotas, const struct call *call, int client, int64_t now_us)
{
    int count = 0;
    while (count < 1000 && takes(quotas, call, client, now_us))
        count++;
    return count;
}

static void alone_it_has_all(void **state)
{
    struct quotas *quotas = quotas_new(&config, NULL);
    (void)state;
    assert_int_equal(take_all(quotas, &read_call, 0, 100 * SECOND), 10);
    assert_int_equal(take_all(quotas, &read_call, 0, 100 * SECOND + SECOND / 2), 5);
    assert_int_equal(take_all(quotas, &free_call, 0, 100 * SECOND), 1000);
    quotas_free(quotas);
}

/* The first asks for everything all the time, the second for a little: it always gets its part. */
static void a_greedy_one_leaves_the_others_their_part(void **state)
{
    struct quotas *quotas = quotas_new(&config, NULL);
    int got[2] = {0, 0};
    int refused = 0;
    (void)state;
    for (int64_t now = 100 * SECOND; now < 120 * SECOND; now += SECOND / 100) {
        got[0] += takes(quotas, &read_call, 0, now);
        if (now % (SECOND / 4) == 0 && now > 101 * SECOND) { /* four a second, of five that are its part */
            bool taken = takes(quotas, &read_call, 1, now);
            got[1] += taken;
            refused += !taken;
        }
    }
    assert_in_range(refused, 0, 1); /* the first may have taken the last one just before the second came */
    assert_in_range(got[1], 74, 75);
    assert_in_range(got[0], 100, 150); /* what is left of ten a second, and the first burst */
    quotas_free(quotas);
}

static void two_greedy_ones_have_the_same(void **state)
{
    struct quotas *quotas = quotas_new(&config, NULL);
    int got[2] = {0, 0};
    (void)state;
    for (int64_t now = 100 * SECOND; now < 120 * SECOND; now += SECOND / 100) {
        got[0] += takes(quotas, &read_call, 0, now); /* always the first to ask */
        got[1] += takes(quotas, &read_call, 1, now);
    }
    assert_in_range(got[0] + got[1], 200, 215);
    assert_in_range(got[1], 85, 115);
    quotas_free(quotas);
}

static void an_action_and_a_rule_have_their_own(void **state)
{
    struct quotas *quotas = quotas_new(&config, NULL);
    int64_t wait_us = 0;
    int count = 0;
    (void)state;
    assert_int_equal(take_all(quotas, &change_call, 0, 100 * SECOND), 2);
    assert_int_equal(quotas_take(quotas, NULL, &change_call, &clients[0], 100 * SECOND, &wait_us),
                     QUOTA_ACTION);
    assert_int_equal(wait_us, SECOND / 2);
    while (quotas_take(quotas, &rule, &free_call, &clients[2], 100 * SECOND, &wait_us) == QUOTA_NONE)
        count++;
    assert_int_equal(count, 5);
    assert_int_equal(quotas_take(quotas, &rule, &free_call, &clients[2], 100 * SECOND, &wait_us), QUOTA_RULE);
    assert_int_equal(wait_us, SECOND);
    assert_true(takes(quotas, &read_call, 0, 100 * SECOND));
    quotas_free(quotas);
}

static void a_reload_forgets_nothing_of_what_was_used(void **state)
{
    struct quotas *old = quotas_new(&config, NULL);
    (void)state;
    assert_int_equal(take_all(old, &read_call, 0, 100 * SECOND), 10);
    struct quotas *new = quotas_new(&config, old);
    quotas_free(old);
    assert_int_equal(take_all(new, &read_call, 0, 100 * SECOND), 0);
    assert_int_equal(take_all(new, &read_call, 0, 101 * SECOND), 10);
    quotas_free(new);
}

static int add_clients(void **state)
{
    (void)state;
    for (size_t i = 0; i < CLIENTS; i++)
        HASH_ADD_KEYPTR(hh, config.clients, clients[i].name, strlen(clients[i].name), &clients[i]);
    return 0;
}

static int remove_clients(void **state)
{
    (void)state;
    HASH_CLEAR(hh, config.clients);
    return 0;
}

/* 600 an hour that are used up, then raised; 100 a second, then lowered: what was used are calls. */
static void a_reload_that_changes_a_limit_keeps_the_count(void **state)
{
    static const struct {
        const char *what;
        struct rate before, after;
        int used;  /* of `before`, at once */
        int left;  /* of `after`, at the same moment */
        int later; /* and a second after that */
    } rows[] = {
        {"raised when used up", {6 * SECOND, 600}, {SECOND / 100, 100}, 600, 0, 100},
        {"raised, half used", {6 * SECOND, 600}, {SECOND / 100, 1000}, 300, 700, 100},
        {"lowered when unused", {SECOND / 100, 100}, {36 * SECOND, 100}, 0, 100, 0},
        {"lowered, one left", {SECOND / 100, 100}, {36 * SECOND, 100}, 99, 1, 0},
        {"lowered when used up", {SECOND / 100, 100}, {36 * SECOND, 50}, 100, 0, 0},
        {"the same", {SECOND, 10}, {SECOND, 10}, 4, 6, 1},
    };
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct config_upstream mine[] = {{.name = "vpc", .limit = rows[i].before}};
        struct config_upstream other[] = {{.name = "vpc", .limit = rows[i].after}};
        struct config old = config, new = config;
        const struct call first = {.route = &routes[0], .upstream = mine};
        const struct call second = {.route = &routes[0], .upstream = other};
        old.upstreams = mine;
        new.upstreams = other;
        old.upstream_count = new.upstream_count = 1;
        struct quotas *before = quotas_new(&old, NULL);
        for (int j = 0; j < rows[i].used; j++)
            wrong += !takes(before, &first, 0, 100 * SECOND);
        struct quotas *after = quotas_new(&new, before);
        quotas_free(before);
        wrong += unit_wrong(rows[i].what, take_all(after, &second, 0, 100 * SECOND) == rows[i].left);
        wrong += unit_wrong(rows[i].what, take_all(after, &second, 0, 101 * SECOND) == rows[i].later);
        quotas_free(after);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_it_has_all),
        cmocka_unit_test(a_greedy_one_leaves_the_others_their_part),
        cmocka_unit_test(two_greedy_ones_have_the_same),
        cmocka_unit_test(an_action_and_a_rule_have_their_own),
        cmocka_unit_test(a_reload_forgets_nothing_of_what_was_used),
        cmocka_unit_test(a_reload_that_changes_a_limit_keeps_the_count),
    };
    return cmocka_run_group_tests(tests, add_clients, remove_clients);
}
