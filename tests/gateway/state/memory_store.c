/* The life of a key, by random histories: whatever is asked in whatever order, the store says what a naive
 * list of what happened says. */
#include "gateway/state/memory_store.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { STEPS = 1000000, KEYS = 5, PRINTS = 2, HOLDERS = 4, KEEP_MS = 400, WITHIN_MS = 50 };

static int64_t clock_ms;

static int64_t now(void)
{
    return clock_ms;
}

/* What one key is, in the words of docs/state.md. */
struct model {
    enum { FREE, CLAIMED, SETTLED } is;
    unsigned print, holder, answer;
    int64_t until_ms, ends_ms;
};

static void forget_expired(struct model *model)
{
    if (model->is != FREE && model->ends_ms <= clock_ms)
        model->is = FREE;
}

static enum state_claim model_claim(struct model *model, unsigned print, unsigned holder)
{
    forget_expired(model);
    if (model->is == FREE) {
        *model = (struct model){CLAIMED, print, holder, 0, clock_ms + WITHIN_MS, clock_ms + KEEP_MS};
        return STATE_CLAIMED;
    }
    if (model->print != print)
        return STATE_OTHER;
    if (model->is == SETTLED)
        return STATE_SETTLED;
    if (model->holder == holder)
        return STATE_CLAIMED;
    return clock_ms < model->until_ms ? STATE_BUSY : STATE_LAPSED;
}

static void model_settle(struct model *model, unsigned print, unsigned holder, unsigned answer)
{
    forget_expired(model);
    if (model->is == SETTLED || (model->is == CLAIMED && model->holder != holder))
        return;
    if (model->is == FREE)
        model->print = print;
    *model = (struct model){SETTLED, model->print, holder, answer, 0, clock_ms + KEEP_MS};
}

static void model_release(struct model *model, unsigned holder)
{
    forget_expired(model);
    if (model->is == CLAIMED && model->holder == holder)
        model->is = FREE;
}

/* One step in both; false when they disagree. */
static bool step(void *store, struct model *models, uint64_t *state, struct arena *arena)
{
    static const char *const words[] = {"a", "b", "c", "d", "e"};
    unsigned number = (unsigned)(unit_random(state) % KEYS), print = (unsigned)(unit_random(state) % PRINTS);
    unsigned holder = (unsigned)(unit_random(state) % HOLDERS),
             answer = (unsigned)(unit_random(state) % 1000);
    struct model *model = &models[number];
    struct state_claimed claimed = {0};
    char text[16];
    const struct state_key key = {"client", words[number], words[print], words[holder]};
    switch (unit_random(state) % 5) {
    case 0:
    case 1:
        if (memory_store_kind.claim(store, &key, WITHIN_MS, KEEP_MS, "note", arena, &claimed) != 0 ||
            claimed.claim != model_claim(model, print, holder))
            return false;
        (void)snprintf(text, sizeof text, "%u", model->answer);
        return claimed.claim != STATE_SETTLED || strcmp(claimed.bytes, text) == 0;
    case 2:
        (void)snprintf(text, sizeof text, "%u", answer);
        model_settle(model, print, holder, answer);
        return memory_store_kind.settle(store, &key, KEEP_MS, text, strlen(text)) == 0;
    case 3:
        model_release(model, holder);
        return memory_store_kind.release(store, &key) == 0;
    default:
        clock_ms += (int64_t)(unit_random(state) % 40);
        return true;
    }
}

static void random_histories(void **context)
{
    (void)context;
    uint64_t state = 20;
    struct model models[KEYS] = {0};
    struct arena *arena = arena_new(1 << 20);
    void *store = memory_store_new(now);
    assert_non_null(arena);
    assert_non_null(store);
    for (unsigned i = 0; i < STEPS; i++) {
        if (i % 1000 == 0)
            arena_reset(arena);
        if (!step(store, models, &state, arena))
            fail_msg("step %u: the store and the list disagree", i);
    }
    memory_store_kind.close(store);
    arena_free(arena);
}

/* Memory ends: a key that finds no room is refused, and not put in the place of another. */
static void full(void **context)
{
    (void)context;
    char name[16];
    struct arena *arena = arena_new(1 << 20);
    void *store = memory_store_new(now);
    struct state_claimed claimed;
    assert_non_null(arena);
    assert_non_null(store);
    struct state_key key = {"client", name, "print", "holder"};
    for (unsigned i = 0; i < MEMORY_STORE_KEYS; i++) {
        (void)snprintf(name, sizeof name, "%u", i);
        assert_int_equal(memory_store_kind.claim(store, &key, 10, KEEP_MS, "", arena, &claimed), 0);
    }
    key.key = "one more";
    assert_int_equal(memory_store_kind.claim(store, &key, 10, KEEP_MS, "", arena, &claimed), -1);
    clock_ms += KEEP_MS; /* until the oldest ends */
    assert_int_equal(memory_store_kind.claim(store, &key, 10, KEEP_MS, "", arena, &claimed), 0);
    memory_store_kind.close(store);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_histories), cmocka_unit_test(full)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
