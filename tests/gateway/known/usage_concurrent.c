/* What is used: counted by many threads while others tell the store and ask it; nothing is lost or counted
 * twice, over a reload and a restart. */
#include "gateway/known/usage.h"

#include "base/log/operator_log.h"
#include "base/time/clock.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 4, EACH = 5000 };

static struct config_client clients[] = {{.name = "web"}, {.name = "batch", .index = 1}};
static const char *names[] = {"web", "batch", "b*"};
static const char *actions[] = {"Describe", "Detach"};
static const struct config_rule allow = {
    .id = "allow", .clients = {names, COUNT(names)}, .actions = {actions, COUNT(actions)}, .number = 0};
static const struct config_rule deny = {.id = "deny", .effect = CONFIG_DENY, .number = 1};
static const struct config_rule audit = {.id = "audit", .audit = true, .number = 2};
static const struct config_rule *rules[] = {&allow, &deny, &audit};
static struct config_token tokens[] = {{.client = &clients[0], .id = "t1"},
                                       {.client = &clients[1], .id = "t1"}};
static struct config config = {.rules = rules,
                               .rule_count = COUNT(rules),
                               .action_count = USE_COUNTS_GRANTS + 1002,
                               .tokens = {.items = tokens, .count = COUNT(tokens)},
                               .hashes = {[CONFIG_HASH_ALL] = "a"}};
static const struct config_route describe = {.action = "Describe"};
static const struct config_route detach = {.action = "Detach", .action_index = 1};

struct world {
    struct log notices;
    struct state *state;
    struct use_counts *counts;
    struct usage *usage;
    atomic_bool ends;
};

static void look(void *context)
{
    struct world *world = context;
    usage_use(world->usage, &config);
    usage_see(world->usage, world->counts);
}

static void begin(struct world *world, const struct config_store *store)
{
    struct err err = {0};
    *world = (struct world){0};
    assert_int_equal(operator_log_init(&world->notices, false), 0);
    world->state = state_open(store, &world->notices, &err);
    world->counts = use_counts_new(&config);
    assert_non_null(world->state);
    assert_non_null(world->counts);
    world->usage = usage_start(world->state, look, world, &err);
    assert_non_null(world->usage);
}

static void end(struct world *world)
{
    usage_stop(world->usage);
    usage_free(world->usage);
    use_counts_free(world->counts);
    state_close(world->state);
    log_done(&world->notices);
}

static int64_t hits(struct world *world, enum use_kind kind, const char *one, const char *other)
{
    struct usage_of of = {.hits = -1};
    struct usage_report *report = usage_ask(world->usage, clock_wall_ms());
    assert_non_null(report);
    assert_true(usage_report_since(report) > 0);
    if (usage_report_find(report, kind, one, other, &of)) {
        assert_int_equal(of.last_ms > 0, of.hits > 0);
        assert_true(of.since_ms > 0 && (of.last_ms == 0 || of.last_ms >= of.since_ms));
    }
    usage_report_free(report);
    return of.hits;
}

static void *use(void *context)
{
    static const struct policy_verdict allowed = {.allowed = true, .because = &allow, .audit = &audit};
    static const struct policy_verdict denied = {.because = &deny};
    struct world *world = context;
    for (int i = 0; i < EACH; i++) {
        use_counts_add(world->counts, &clients[0], &tokens[0], &describe, &allowed);
        use_counts_add(world->counts, &clients[1], NULL, &detach, &denied);
        use_counts_add(world->counts, &clients[1], &tokens[1], NULL, NULL);
    }
    return NULL;
}

static void *ask(void *context)
{
    struct world *world = context;
    while (!atomic_load(&world->ends))
        assert_true(hits(world, USE_RULE, "allow", "") >= 0);
    return NULL;
}

static void nothing_is_lost(void **state)
{
    const struct config_store memory = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
    pthread_t threads[THREADS], asking;
    struct world world;
    (void)state;
    begin(&world, &memory);
    assert_int_equal(pthread_create(&asking, NULL, ask, &world), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, &world), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    atomic_store(&world.ends, true);
    assert_int_equal(pthread_join(asking, NULL), 0);
    assert_int_equal(hits(&world, USE_RULE, "allow", ""), THREADS * EACH);
    assert_int_equal(hits(&world, USE_RULE, "audit", ""), THREADS * EACH);
    assert_int_equal(hits(&world, USE_RULE, "deny", ""), THREADS * EACH);
    assert_int_equal(hits(&world, USE_TOKEN, "web", "t1"), THREADS * EACH);
    assert_int_equal(hits(&world, USE_TOKEN, "batch", "t1"), THREADS * EACH);
    assert_int_equal(hits(&world, USE_GRANT, "web", "Describe"), THREADS * EACH);
    assert_int_equal(hits(&world, USE_GRANT, "web", "Detach"), 0);
    assert_int_equal(hits(&world, USE_GRANT, "batch", "Detach"), 0); /* which was denied */
    assert_int_equal(hits(&world, USE_GRANT, "b*", "Detach"), -1);
    assert_int_equal(hits(&world, USE_RULE, "gone", ""), -1);
    end(&world);
}

static void expect(void *context, enum use_ask asked, const char *name, unsigned count)
{
    bool client = strcmp(name, "web") == 0 || strcmp(name, "batch") == 0;
    int *told = context;
    assert_int_equal(asked, client ? USE_CLIENT : USE_ACTION);
    assert_true(client || strcmp(name, "Describe") == 0 || strcmp(name, "Detach") == 0);
    assert_int_equal(count, strcmp(name, "batch") == 0 ? 2 : 1);
    ++*told;
}

/* Whatever became of it. */
static void who_asked_for_what(void **state)
{
    static const struct policy_verdict denied = {.because = &deny};
    struct use_counts *counts = use_counts_new(&config);
    int told = 0;
    (void)state;
    assert_non_null(counts);
    use_counts_add(counts, &clients[0], &tokens[0], &describe, &denied);
    use_counts_add(counts, &clients[1], NULL, &detach, NULL);
    use_counts_add(counts, &clients[1], NULL, NULL, NULL);
    use_counts_take_asked(counts, expect, &told);
    assert_int_equal(told, 4);
    use_counts_take_asked(counts, expect, &told);
    assert_int_equal(told, 4);
    use_counts_free(counts);
}

/* Told at the end, and there when another process begins. */
static void a_restart(void **state)
{
    static const struct policy_verdict allowed = {.allowed = true, .because = &allow};
    char folder[] = "/tmp/countersign-usage.XXXXXX";
    char file[64];
    const struct config_store store = {.kind = CONFIG_STORE_SQLITE, .instances = 8, .file = file};
    static const char *const made[] = {"state.db", "state.db-wal", "state.db-shm"};
    struct world world;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/state.db", folder);
    begin(&world, &store);
    use_counts_add(world.counts, &clients[0], &tokens[0], &describe, &allowed);
    end(&world);
    begin(&world, &store);
    assert_int_equal(hits(&world, USE_RULE, "allow", ""), 1);
    use_counts_add(world.counts, &clients[0], &tokens[0], &describe, &allowed);
    assert_int_equal(hits(&world, USE_RULE, "allow", ""), 2);
    assert_int_equal(hits(&world, USE_TOKEN, "web", "t1"), 2);
    end(&world);
    for (size_t i = 0; i < COUNT(made); i++) {
        (void)snprintf(file, sizeof file, "%s/%s", folder, made[i]);
        (void)unlink(file);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* A store that is away is told when it is back; here it never is. */
static void away(void **state)
{
    const struct config_redis_server nobody[] = {{"127.0.0.1:1", "127.0.0.1", 1}};
    const struct config_store store = {
        .kind = CONFIG_STORE_REDIS, .instances = 8, .servers = nobody, .server_count = 1, .prefix = "test:"};
    struct world world;
    (void)state;
    begin(&world, &store);
    assert_null(usage_ask(world.usage, clock_wall_ms()));
    end(&world);
}

/* There is room for so many; what finds none is not counted, and nothing breaks. */
static void more_grants_than_there_is_room_for(void **state)
{
    static const struct policy_verdict allowed = {.allowed = true};
    static struct config_route many[USE_COUNTS_GRANTS + 1000];
    const struct config_store memory = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
    struct world world;
    (void)state;
    begin(&world, &memory);
    for (size_t i = 0; i < COUNT(many); i++) {
        many[i] = (struct config_route){.action = "Many", .action_index = i + 2};
        use_counts_add(world.counts, &clients[0], NULL, &many[i], &allowed);
    }
    assert_in_range(hits(&world, USE_GRANT, "web", "Many"), USE_COUNTS_GRANTS / 2, USE_COUNTS_GRANTS);
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost), cmocka_unit_test(who_asked_for_what), cmocka_unit_test(a_restart),
        cmocka_unit_test(away), cmocka_unit_test(more_grants_than_there_is_room_for)};
    for (size_t i = 0; i < COUNT(clients); i++)
        HASH_ADD_KEYPTR(hh, config.clients, clients[i].name, strlen(clients[i].name), &clients[i]);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    HASH_CLEAR(hh, config.clients);
    return failed;
}
