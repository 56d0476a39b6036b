/* One suite for every store: what gateway/state/state.h promises, and what one gateway sees of another. */
#include "gateway/state/state.h"

#include "base/log/operator_log.h"

#include "tests/unit.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOON_MS = 30, LATER_MS = 600000, DAY_MS = 86400000 };

/* Two gateways; where nothing is shared they are one and the same. */
struct world {
    struct state *one, *other;
    struct arena *arena;
    struct log notices;
};

static enum state_claim claim(struct world *world, struct state *state, const char *key, const char *print,
                              const char *holder, int64_t within_ms, const char **bytes)
{
    const struct state_key ask = {"web", key, print, holder};
    struct state_claimed claimed;
    assert_int_equal(state_claim(state, &ask, within_ms, DAY_MS, "who", world->arena, &claimed), 0);
    *bytes = claimed.bytes;
    assert_true(claimed.claim != STATE_BUSY || (claimed.wait_ms > 0 && claimed.wait_ms <= within_ms));
    return claimed.claim;
}

static void one_of_two_claims(void **context)
{
    struct world *world = *context;
    const char *bytes;
    const struct state_key mine = {"web", "k1", "print", "h1"};
    const struct state_key not_mine = {"web", "k1", "print", "h2"};
    assert_int_equal(claim(world, world->one, "k1", "print", "h1", LATER_MS, &bytes), STATE_CLAIMED);
    assert_int_equal(claim(world, world->one, "k1", "print", "h1", LATER_MS, &bytes), STATE_CLAIMED);
    assert_int_equal(claim(world, world->other, "k1", "print", "h2", LATER_MS, &bytes), STATE_BUSY);
    assert_string_equal(bytes, "who");
    assert_int_equal(claim(world, world->other, "k1", "another", "h2", LATER_MS, &bytes), STATE_OTHER);
    assert_int_equal(state_settle(world->other, &not_mine, DAY_MS, "no", 2), 0);
    assert_int_equal(state_release(world->other, &not_mine), 0);
    assert_int_equal(claim(world, world->other, "k1", "print", "h2", LATER_MS, &bytes), STATE_BUSY);
    assert_int_equal(state_settle(world->one, &mine, DAY_MS, "yes\0 and on", 11), 0);
    assert_int_equal(state_release(world->one, &mine), 0); /* too late */
    assert_int_equal(claim(world, world->other, "k1", "print", "h2", LATER_MS, &bytes), STATE_SETTLED);
    assert_memory_equal(bytes, "yes\0 and on", 11);
    assert_int_equal(claim(world, world->one, "k1", "another", "h3", LATER_MS, &bytes), STATE_OTHER);
}

static void a_key_is_its_clients(void **context)
{
    struct world *world = *context;
    const char *bytes;
    struct state_claimed claimed;
    const struct state_key other = {"batch", "k2", "print", "h2"};
    assert_int_equal(claim(world, world->one, "k2", "print", "h1", LATER_MS, &bytes), STATE_CLAIMED);
    assert_int_equal(state_claim(world->other, &other, LATER_MS, DAY_MS, "", world->arena, &claimed), 0);
    assert_int_equal(claimed.claim, STATE_CLAIMED);
}

static void what_was_not_sent_is_free(void **context)
{
    struct world *world = *context;
    const char *bytes;
    const struct state_key mine = {"web", "k3", "print", "h1"};
    assert_int_equal(claim(world, world->one, "k3", "print", "h1", LATER_MS, &bytes), STATE_CLAIMED);
    assert_int_equal(state_release(world->one, &mine), 0);
    assert_int_equal(claim(world, world->other, "k3", "another", "h2", LATER_MS, &bytes), STATE_CLAIMED);
}

/* Its gateway has died, or is slow: then its word is still the better one. */
static void a_claim_lapses(void **context)
{
    struct world *world = *context;
    const char *bytes;
    const struct state_key mine = {"web", "k4", "print", "h1"};
    assert_int_equal(claim(world, world->one, "k4", "print", "h1", SOON_MS, &bytes), STATE_CLAIMED);
    unit_elapse(SOON_MS + 10);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(claim(world, world->other, "k4", "print", "h2", SOON_MS, &bytes), STATE_LAPSED);
        assert_string_equal(bytes, "who");
    }
    assert_int_equal(state_settle(world->one, &mine, DAY_MS, "late", 4), 0);
    assert_int_equal(claim(world, world->other, "k4", "print", "h2", SOON_MS, &bytes), STATE_SETTLED);
}

static void a_key_expires(void **context)
{
    struct world *world = *context;
    const char *bytes;
    const struct state_key mine = {"web", "k5", "print", "h1"};
    assert_int_equal(claim(world, world->one, "k5", "print", "h1", LATER_MS, &bytes), STATE_CLAIMED);
    assert_int_equal(state_settle(world->one, &mine, SOON_MS, "", 0), 0);
    unit_elapse(SOON_MS + 10);
    assert_int_equal(claim(world, world->other, "k5", "another", "h2", LATER_MS, &bytes), STATE_CLAIMED);
}

static struct state_verdict enter(struct state *state, const struct state_limit *limit)
{
    struct state_verdict verdict;
    assert_int_equal(state_enter(state, limit, &verdict), 0);
    return verdict;
}

/* 10 at once and no more for an hour, whichever gateway is asked. */
static void a_rate(void **context)
{
    struct world *world = *context;
    const struct state_limit limit = {"rated", {.interval_us = 3600000000, .burst = 10}, .calls = 1};
    for (int i = 0; i < 10; i++) {
        struct state_verdict verdict = enter(i % 2 == 0 ? world->one : world->other, &limit);
        assert_int_equal(verdict.allowed, 1);
        assert_int_equal(verdict.remaining, 9 - i);
    }
    struct state_verdict verdict = enter(world->other, &limit);
    assert_int_equal(verdict.allowed, 0);
    assert_int_equal(verdict.full, 0);
    assert_in_range(verdict.wait_us, 3590000000, 3600000000);
    const struct state_limit faster = {"rated", {.interval_us = 20000, .burst = 1}, .calls = 1};
    assert_in_range(enter(world->one, &faster).wait_us, 1, 20000); /* what was used is used */
    unit_elapse(25);
    assert_int_equal(enter(world->one, &faster).allowed, 1);
    const struct state_limit none = {"unrated", {0}, .calls = 1};
    assert_int_equal(enter(world->one, &none).remaining, INT64_MAX);
}

/* One more call of this gateway, beside `own` others of it. */
static struct state_verdict fly(struct state *state, int64_t own)
{
    const struct state_limit limit = {"flying", {0}, 3, own, 1};
    return enter(state, &limit);
}

/* What a gateway says of its own holds, whatever it said before; where nothing is shared it has them all. */
static void in_flight(void **context)
{
    struct world *world = *context;
    int64_t others = world->one == world->other ? 1 : 0;
    assert_int_equal(fly(world->one, 0).allowed, 1);
    assert_int_equal(fly(world->other, others).allowed, 1);
    assert_int_equal(fly(world->one, 1 + others).allowed, 1);
    assert_int_equal(fly(world->other, 1 + 2 * others).full, 1);
    assert_int_equal(state_hold(world->one, "flying", 1 + others), 0);
    assert_int_equal(fly(world->one, 1 + others).allowed, 1);
    assert_int_equal(fly(world->one, 2 + others).full, 1);
    assert_int_equal(fly(world->one, 1 + others).allowed, 1); /* of which the store had not been told */
    assert_int_equal(state_hold(world->one, "flying", 0), 0);
    assert_int_equal(fly(world->other, 1).allowed, 1);
    assert_int_equal(fly(world->other, 2).allowed, 1);
    assert_int_equal(fly(world->one, 3 * others).full, 1);
    assert_int_equal(state_hold(world->one, "unknown", 0), 0);
}

/* So many calls one after the other, in the words of gateway/state/state.h. */
static struct state_verdict enter_singly(struct state *state, const struct state_limit *limit)
{
    struct state_verdict all = {.remaining = limit->rate.interval_us == 0 ? INT64_MAX : 0};
    struct state_limit one = *limit;
    one.calls = 1;
    for (int64_t i = 0; i < limit->calls; i++) {
        struct state_verdict verdict = enter(state, &one);
        one.own += verdict.allowed;
        all.allowed += verdict.allowed;
        all.full += verdict.full;
        all.remaining = verdict.remaining;
        all.wait_us = verdict.wait_us;
    }
    return all;
}

static void expect_same(const struct state_verdict *many, const struct state_verdict *singly)
{
    assert_int_equal(many->allowed, singly->allowed);
    assert_int_equal(many->full, singly->full);
    assert_int_equal(many->remaining, singly->remaining);
    assert_in_range(singly->wait_us - many->wait_us + 60000000, 0,
                    120000000); /* asked a minute apart at most */
}

/* Nothing comes back of a rate while this runs. */
static void many_at_once(void **context)
{
    struct world *world = *context;
    uint64_t random = 20;
    for (unsigned round = 0; round < 100; round++) {
        char names[2][16];
        (void)snprintf(names[0], sizeof names[0], "many%u", round);
        (void)snprintf(names[1], sizeof names[1], "singly%u", round);
        struct state_limit limit = {
            .rate = {round % 4 == 0 ? 0 : 3600000000, (int64_t)(unit_random(&random) % 30 + 1)},
            .in_flight = round % 3 == 0 ? 0 : (int64_t)(unit_random(&random) % 20 + 1)};
        for (unsigned step = 0; step < 6; step++) {
            struct state *state = unit_random(&random) % 2 == 0 ? world->one : world->other;
            limit.own = (int64_t)(unit_random(&random) % 10);
            limit.calls = (int64_t)(unit_random(&random) % 12 + 1);
            limit.client = names[0];
            struct state_verdict many = enter(state, &limit);
            limit.client = names[1];
            struct state_verdict singly = enter_singly(state, &limit);
            expect_same(&many, &singly);
        }
    }
}

static size_t count_freezes(struct world *world, struct state *state, const char *name, const char **text)
{
    struct state_freeze *freezes;
    size_t count, same = 0;
    assert_int_equal(state_freezes(state, world->arena, &freezes, &count), 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(freezes[i].name, name) == 0) {
            same++;
            *text = freezes[i].text;
            assert_true(freezes[i].left_ms > 0);
        }
    return same;
}

static void freezes(void **context)
{
    struct world *world = *context;
    const char *text = NULL;
    assert_int_equal(state_freeze(world->one, "web", "{\"by\":\"alice\"}", INT64_MAX), 0);
    assert_int_equal(state_freeze(world->one, "web/2026-11", "{}", SOON_MS), 0);
    assert_int_equal(count_freezes(world, world->other, "web", &text), 1);
    assert_string_equal(text, "{\"by\":\"alice\"}");
    assert_int_equal(state_freeze(world->other, "web", "{\"by\":\"bob\"}", LATER_MS), 0);
    assert_int_equal(count_freezes(world, world->one, "web", &text), 1);
    assert_string_equal(text, "{\"by\":\"bob\"}");
    unit_elapse(SOON_MS + 10);
    assert_int_equal(count_freezes(world, world->one, "web/2026-11", &text), 0);
    assert_int_equal(state_thaw(world->other, "web"), 0);
    assert_int_equal(state_thaw(world->other, "web"), 0);
    assert_int_equal(count_freezes(world, world->one, "web", &text), 0);
}

/* {name: use} of its shard; NULL: there is none. */
static const struct state_use *find_use(struct world *world, struct state *state, const char *name)
{
    struct state_use *uses;
    size_t count;
    const struct state_use *found = NULL;
    assert_int_equal(state_uses(state, state_use_shard(name), world->arena, &uses, &count), 0);
    for (size_t i = 0; i < count; i++)
        if (strcmp(uses[i].name, name) == 0) {
            assert_null(found);
            found = &uses[i];
        }
    return found;
}

static void use_one(struct state *state, const char *name, int64_t hits, int64_t keep_ms)
{
    const struct state_use use = {.name = name, .hits = hits};
    assert_int_equal(state_used(state, state_use_shard(name), &use, 1, keep_ms), 0);
}

static void what_is_used(void **context)
{
    static const char name[] = "rule <b>&\"' %41 a";
    struct world *world = *context;
    assert_null(find_use(world, world->one, name));
    use_one(world->one, name, 0, LATER_MS); /* it is known, and unused */
    const struct state_use *use = find_use(world, world->other, name);
    assert_non_null(use);
    assert_int_equal(use->hits, 0);
    assert_int_equal(use->last_ms, -1);
    assert_in_range(use->since_ms, 0, LATER_MS);
    unit_elapse(SOON_MS);
    use_one(world->other, name, 3, LATER_MS);
    use_one(world->one, name, INT64_C(5000000000), LATER_MS);
    unit_elapse(SOON_MS);
    use_one(world->one, name, 0, LATER_MS); /* which is no hit */
    use = find_use(world, world->one, name);
    assert_non_null(use);
    assert_int_equal(use->hits, INT64_C(5000000003));
    assert_in_range(use->last_ms, SOON_MS - 1, use->since_ms - (SOON_MS - 1));
}

static void what_is_used_no_more_expires(void **context)
{
    struct world *world = *context;
    use_one(world->one, "token gone", 7, LATER_MS);
    assert_non_null(find_use(world, world->other, "token gone"));
    use_one(world->other, "token gone", 1, SOON_MS); /* the last word counts */
    unit_elapse(SOON_MS + 10);
    assert_null(find_use(world, world->other, "token gone"));
    use_one(world->one, "token gone", 0, LATER_MS); /* and is new when it comes back */
    const struct state_use *use = find_use(world, world->other, "token gone");
    assert_non_null(use);
    assert_int_equal(use->hits, 0);
    assert_int_equal(use->last_ms, -1);
}

/* Whatever a configuration is like: a shard has room for so many names, and those that are there still
 * count. */
static void a_shard_is_full(void **context)
{
    enum { SHARD = STATE_USE_SHARDS - 1 };
    static char names[STATE_USES_MAX + 10][16];
    struct world *world = *context;
    struct state_use uses[STATE_USES_TOLD] = {{0}};
    struct state_use *list;
    size_t count;
    assert_int_equal(state_used(world->one, SHARD, uses, STATE_USES_TOLD + 1, LATER_MS), -1);
    for (size_t i = 0; i < COUNT(names);) {
        size_t told = 0;
        for (; told < STATE_USES_TOLD && i < COUNT(names); told++, i++) {
            (void)snprintf(names[i], sizeof names[i], "n%zu", i);
            uses[told] = (struct state_use){.name = names[i], .hits = 1};
        }
        assert_int_equal(state_used(world->one, SHARD, uses, told, LATER_MS), 0);
    }
    assert_int_equal(state_used(world->one, SHARD, uses, 0, LATER_MS), 0);
    uses[0] = (struct state_use){.name = "n0", .hits = 1};
    assert_int_equal(state_used(world->one, SHARD, uses, 1, LATER_MS), 0);
    assert_int_equal(state_uses(world->one, SHARD, world->arena, &list, &count), 0);
    assert_int_equal(count, STATE_USES_MAX);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(list[i].hits, strcmp(list[i].name, "n0") == 0 ? 2 : 1);
}

/* FNV-1a by hand (its reference values, isthe.com): a name stays where it is, whichever release looks. */
static void where_a_name_is(void **context)
{
    (void)context;
    assert_int_equal(state_use_shard(""), UINT32_C(0x811c9dc5) % STATE_USE_SHARDS);
    assert_int_equal(state_use_shard("a"), UINT32_C(0xe40c292c) % STATE_USE_SHARDS);
    assert_int_equal(state_use_shard("foobar"), UINT32_C(0xbf9cf968) % STATE_USE_SHARDS);
}

static void who_is_there(void **context)
{
    struct world *world = *context;
    unsigned seen = 0;
    assert_int_equal(state_announce(world->one, &seen), 0);
    assert_int_equal(state_announce(world->other, &seen), 0);
    assert_int_equal(seen, world->one == world->other ? 1 : 2);
    assert_int_equal(state_gateways(world->other), seen);
}

/* ---- the stores ---- */

/* What a store answers is looked at here, not how soon: on a machine that is busy a server of Redis has
 * more than REDIS_POOL_WAIT_MS for it.  tests/CMakeLists.txt has the linker ask here. */
int __wrap_redisSetTimeout(redisContext *connection, struct timeval time);
int __real_redisSetTimeout(redisContext *connection, struct timeval time);

int __wrap_redisSetTimeout(redisContext *connection, struct timeval time)
{
    bool promised = time.tv_sec == 0 && time.tv_usec == STATE_WAIT_MS * 1000;
    return promised ? __real_redisSetTimeout(connection, (struct timeval){.tv_sec = 60}) : REDIS_ERR;
}

static int open_world(struct world *world, const struct config_store *config)
{
    struct err err = {0};
    world->arena = arena_new(1 << 23);
    assert_non_null(world->arena);
    assert_int_equal(operator_log_init(&world->notices, false), 0);
    world->one = state_open(config, &world->notices, &err);
    if (world->one == NULL)
        print_error("%s\n", err.text);
    assert_non_null(world->one);
    world->other = state_is_shared(world->one) ? state_open(config, &world->notices, &err) : world->one;
    assert_non_null(world->other);
    return 0;
}

static int end_world(void **context)
{
    struct world *world = *context;
    if (world->other != world->one)
        state_close(world->other);
    state_close(world->one);
    log_done(&world->notices);
    arena_free(world->arena);
    free(world);
    return 0;
}

static int begin_memory(void **context)
{
    const struct config_store config = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
    *context = calloc(1, sizeof(struct world));
    return open_world(*context, &config);
}

/* A folder that only this test uses, and that begins empty. */
static char folder[] = "/tmp/countersign-state.XXXXXX";

static char *in_folder(char *out, size_t size, const char *name)
{
    (void)snprintf(out, size, "%s/%s", folder, name);
    return out;
}

static int begin_sqlite(void **context)
{
    char file[64];
    const struct config_store config = {
        .kind = CONFIG_STORE_SQLITE, .instances = 8, .file = in_folder(file, sizeof file, "state.db")};
    *context = calloc(1, sizeof(struct world));
    return open_world(*context, &config);
}

/* The real one, from Debian, on a socket in the folder; the first server of the list is not there. */
static pid_t redis;

static bool is_alone(const struct state *state)
{
    return state_look(state).server == NULL;
}

static int begin_redis(void **context)
{
    static char socket[64], nobody[64];
    static const struct config_redis_server servers[] = {{"unix:nobody", nobody, 0},
                                                         {"unix:redis", socket, 0}};
    const struct config_store config = {.kind = CONFIG_STORE_REDIS,
                                        .instances = 8,
                                        .servers = servers,
                                        .server_count = COUNT(servers),
                                        .database = 3,
                                        .prefix = "test:"};
    (void)in_folder(socket, sizeof socket, "redis");
    (void)in_folder(nobody, sizeof nobody, "nobody");
    redis = fork();
    if (redis == 0) {
        const char *server = getenv("REDIS_SERVER"); /* valkey-server, in tests/trixie.sh */
        if (server == NULL)
            server = "redis-server";
        (void)execlp(server, server, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder,
                     "--loglevel", "warning", (char *)NULL);
        _exit(127);
    }
    for (unsigned i = 0; i < 6000 && access(socket, F_OK) != 0; i++)
        unit_elapse(10);
    struct world *world = calloc(1, sizeof *world);
    assert_int_equal(open_world(world, &config), 0);
    for (unsigned i = 0; i < 6000 && (is_alone(world->one) || is_alone(world->other)); i++)
        unit_elapse(10);
    *context = world;
    return 0;
}

static int end_redis(void **context)
{
    int result = end_world(context);
    (void)kill(redis, SIGTERM);
    return waitpid(redis, NULL, 0) == redis ? result : -1;
}

static int remove_folder(void)
{
    static const char *const names[] = {"state.db", "state.db-wal", "state.db-shm", "redis"};
    char file[64];
    for (size_t i = 0; i < COUNT(names); i++)
        (void)unlink(in_folder(file, sizeof file, names[i]));
    return rmdir(folder);
}

/* ---- a store that is away ---- */

/* Everything fails at once, and is not asked again and again. */
static void away(void **context)
{
    (void)context;
    struct world world;
    char nobody[64];
    const struct config_redis_server servers[] = {
        {"unix:nobody", in_folder(nobody, sizeof nobody, "nobody"), 0}};
    const struct config_store config = {
        .kind = CONFIG_STORE_REDIS, .instances = 8, .servers = servers, .server_count = 1, .prefix = "test:"};
    (void)open_world(&world, &config);
    unsigned seen;
    for (unsigned i = 0; i < STATE_FAILURES; i++)
        assert_int_equal(state_announce(world.one, &seen), -1);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(state_announce(world.one, &seen), -1);
    struct state_look look = state_look(world.one);
    assert_true(look.away);
    assert_null(look.server);
    assert_int_equal(look.failed, look.asked);
    assert_int_equal(look.asked + look.spared, STATE_FAILURES + 1000);
    unsigned long long asked = 0;
    for (unsigned i = 0; i < 1000; i++) { /* of a claim it is told: one that was not asked for came nowhere */
        const struct state_key key = {"web", "k", "print", "holder"};
        struct state_claimed claimed = {.asked = true};
        assert_int_equal(state_claim(world.one, &key, 1, 1, "who", world.arena, &claimed), -1);
        asked += claimed.asked;
    }
    assert_int_equal(state_look(world.one).asked, look.asked + asked);
    assert_int_equal(state_gateways(world.one), 1);
    state_close(world.one);
    state_close(world.other);
    log_done(&world.notices);
    arena_free(world.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(one_of_two_claims),
                                       cmocka_unit_test(a_key_is_its_clients),
                                       cmocka_unit_test(what_was_not_sent_is_free),
                                       cmocka_unit_test(a_claim_lapses),
                                       cmocka_unit_test(a_key_expires),
                                       cmocka_unit_test(a_rate),
                                       cmocka_unit_test(in_flight),
                                       cmocka_unit_test(many_at_once),
                                       cmocka_unit_test(freezes),
                                       cmocka_unit_test(what_is_used),
                                       cmocka_unit_test(what_is_used_no_more_expires),
                                       cmocka_unit_test(a_shard_is_full),
                                       cmocka_unit_test(where_a_name_is),
                                       cmocka_unit_test(who_is_there)};
    const struct CMUnitTest others[] = {cmocka_unit_test(away)};
    (void)signal(SIGPIPE, SIG_IGN);
    if (mkdtemp(folder) == NULL)
        return 1;
    int failed = cmocka_run_group_tests_name("memory", tests, begin_memory, end_world) +
                 cmocka_run_group_tests_name("sqlite", tests, begin_sqlite, end_world) +
                 cmocka_run_group_tests_name("redis", tests, begin_redis, end_redis) +
                 cmocka_run_group_tests_name("away", others, NULL, NULL);
    return failed + (remove_folder() == 0 ? 0 : 1);
}
