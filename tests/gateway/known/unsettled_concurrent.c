/* What the store was to be told while it was away: kept within bounds by many threads, told in its order by
 * one, and never lost or told twice. */
#include "gateway/known/unsettled.h"

#include "base/log/operator_log.h"
#include "tests/unit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 4, EACH = 500, KEEP_MS = 86400000, NAME_ROOM = 32 };

static const struct config_store memory = {.kind = CONFIG_STORE_MEMORY, .instances = 8};
/* A port of this machine where nobody listens: reserved by IANA, and never given out. */
static const struct config_redis_server nobody[] = {{"127.0.0.1:1", "127.0.0.1", 1}};
static const struct config_store away = {
    .kind = CONFIG_STORE_REDIS, .instances = 8, .servers = nobody, .server_count = 1, .prefix = "test:"};

struct world {
    struct log notices;
    struct state *state;
    struct unsettled *unsettled;
};

static void begin(struct world *world, const struct config_store *store)
{
    struct err err = {0};
    assert_int_equal(operator_log_init(&world->notices, false), 0);
    world->state = state_open(store, &world->notices, &err);
    assert_non_null(world->state);
    world->unsettled = unsettled_new();
    assert_non_null(world->unsettled);
}

static void end(struct world *world)
{
    unsettled_free(world->unsettled);
    state_close(world->state);
    log_done(&world->notices);
}

/* What the store has of the key, and the answer in `arena`. */
static enum state_claim look(struct world *world, const char *key, struct arena *arena,
                             struct state_claimed *claimed)
{
    const struct state_key ask = {"web", key, "print", "another"};
    assert_int_equal(state_claim(world->state, &ask, 1000, KEEP_MS, "who", arena, claimed), 0);
    return claimed->claim;
}

static void claim(struct world *world, const char *key, struct arena *arena)
{
    const struct state_key ask = {"web", key, "print", "holder"};
    struct state_claimed claimed;
    assert_int_equal(state_claim(world->state, &ask, 600000, KEEP_MS, "who", arena, &claimed), 0);
    assert_int_equal(claimed.claim, STATE_CLAIMED);
}

static void what_was_not_told_is_told(void **context)
{
    struct world world;
    struct state_claimed claimed;
    struct arena *arena = arena_new(1 << 16);
    const struct state_key sent = {"web", "sent", "print", "holder"};
    const struct state_key unsent = {"web", "unsent", "print", "holder"};
    (void)context;
    assert_non_null(arena);
    begin(&world, &memory);
    claim(&world, "sent", arena);
    claim(&world, "unsent", arena);
    assert_true(unsettled_put(world.unsettled, &sent, KEEP_MS, "an\0swer", 7));
    assert_true(unsettled_put(world.unsettled, &unsent, KEEP_MS, NULL, 0));
    assert_int_equal(unsettled_count(world.unsettled), 2);
    assert_int_equal(look(&world, "sent", arena, &claimed), STATE_BUSY); /* it has yet to be told */
    unsettled_tell(world.unsettled, world.state);
    assert_int_equal(unsettled_count(world.unsettled), 0);
    assert_int_equal(look(&world, "sent", arena, &claimed), STATE_SETTLED);
    assert_int_equal(claimed.length, 7);
    assert_memory_equal(claimed.bytes, "an\0swer", 7);
    assert_int_equal(look(&world, "unsent", arena, &claimed), STATE_CLAIMED); /* it was free */
    end(&world);
    arena_free(arena);
}

/* A key that another holds shows which of the two was told first. */
static void answers_come_before_releases(void **context)
{
    struct world world;
    struct state_claimed claimed;
    struct arena *arena = arena_new(1 << 16);
    const struct state_key held = {"web", "k", "print", "holder"};
    const struct state_key other = {"web", "k", "print", "not the holder"};
    (void)context;
    assert_non_null(arena);
    begin(&world, &memory);
    claim(&world, "k", arena);
    assert_true(unsettled_put(world.unsettled, &held, KEEP_MS, NULL, 0));
    assert_true(unsettled_put(world.unsettled, &other, KEEP_MS, "answer", 6));
    unsettled_tell(world.unsettled, world.state);
    assert_int_equal(look(&world, "k", arena, &claimed), STATE_CLAIMED); /* a free one would be settled */
    end(&world);
    arena_free(arena);
}

static void a_store_that_is_away_is_told_later(void **context)
{
    struct world world;
    const struct state_key key = {"web", "k", "print", "holder"};
    (void)context;
    begin(&world, &away);
    for (size_t i = 1; i <= 3; i++) {
        assert_true(unsettled_put(world.unsettled, &key, KEEP_MS, "answer", 6));
        unsettled_tell(world.unsettled, world.state);
        assert_int_equal(unsettled_count(world.unsettled), i);
    }
    end(&world);
}

static void it_has_bounds(void **context)
{
    static char large[UNSETTLED_BYTES];
    struct world world;
    const struct state_key key = {"web", "k", "print", "holder"};
    (void)context;
    begin(&world, &away);
    assert_false(unsettled_put(world.unsettled, &key, KEEP_MS, large, sizeof large)); /* the key is on top */
    for (size_t i = 0; i < UNSETTLED_RELEASES; i++)
        assert_true(unsettled_put(world.unsettled, &key, KEEP_MS, NULL, 0));
    assert_false(unsettled_put(world.unsettled, &key, KEEP_MS, NULL, 0));
    for (size_t i = UNSETTLED_RELEASES; i < UNSETTLED_COUNT; i++)
        assert_true(
            unsettled_put(world.unsettled, &key, KEEP_MS, "", 0)); /* answers have more room than releases */
    assert_false(unsettled_put(world.unsettled, &key, KEEP_MS, "", 0));
    assert_int_equal(unsettled_count(world.unsettled), UNSETTLED_COUNT);
    end(&world);

    begin(&world, &away);
    for (size_t i = 0; i < 15; i++)
        assert_true(unsettled_put(world.unsettled, &key, KEEP_MS, large, 1 << 20));
    assert_false(unsettled_put(world.unsettled, &key, KEEP_MS, large, 1 << 20));
    assert_true(unsettled_put(world.unsettled, &key, KEEP_MS, large, 1 << 19));
    end(&world);
}

struct putter {
    struct world *world;
    unsigned number;
};

static void name_of(char out[NAME_ROOM], unsigned thread, unsigned number)
{
    (void)snprintf(out, NAME_ROOM, "k-%u-%u", thread, number);
}

static void *put_all(void *context)
{
    const struct putter *putter = context;
    for (unsigned i = 0; i < EACH; i++) {
        char name[NAME_ROOM];
        name_of(name, putter->number, i);
        const struct state_key key = {"web", name, "print", "holder"};
        if (!unsettled_put(putter->world->unsettled, &key, KEEP_MS, name, strlen(name)))
            return context;
    }
    return NULL;
}

static void many_put_while_one_tells(void **context)
{
    struct world world;
    pthread_t threads[THREADS];
    struct putter putters[THREADS];
    struct arena *arena = arena_new(1 << 20);
    (void)context;
    assert_non_null(arena);
    begin(&world, &memory);
    for (unsigned i = 0; i < THREADS; i++) {
        putters[i] = (struct putter){&world, i};
        assert_int_equal(pthread_create(&threads[i], NULL, put_all, &putters[i]), 0);
    }
    for (int i = 0; i < 100; i++)
        unsettled_tell(world.unsettled, world.state);
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    unsettled_tell(world.unsettled, world.state);
    assert_int_equal(unsettled_count(world.unsettled), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned number = 0; number < EACH; number++) {
            struct state_claimed claimed;
            char name[NAME_ROOM];
            name_of(name, i, number);
            arena_reset(arena);
            assert_int_equal(look(&world, name, arena, &claimed), STATE_SETTLED);
            assert_int_equal(claimed.length, strlen(name));
            assert_memory_equal(claimed.bytes, name, strlen(name));
        }
    }
    end(&world);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_told_is_told),          cmocka_unit_test(answers_come_before_releases),
        cmocka_unit_test(a_store_that_is_away_is_told_later), cmocka_unit_test(it_has_bounds),
        cmocka_unit_test(many_put_while_one_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
