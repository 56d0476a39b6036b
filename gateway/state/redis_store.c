#include "gateway/state/redis_store.h"

#include "base/buf.h"
#include "base/text.h"
#include "gateway/redis/redis_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)REDIS_POOL_WAIT_MS <= (int)STATE_WAIT_MS, "what gateway/state/state.h promises");

enum {
    REDIS_STORE_KEY = 320, /* bytes: a prefix of 128, a client's name of 64, a hash of 64 */
};

/* The expiry of all freezes together, in milliseconds: every look at them begins it anew. */
#define YEAR_MS (INT64_C(366) * 86400 * 1000)

struct redis_store {
    struct redis_pool *pool;
    char *prefix;
    char gateway[STATE_HOLDER_SIZE];
};

/* ---- what a script is given ---- */

struct question {
    struct redis_argument items[REDIS_POOL_ARGUMENTS];
    char numbers[REDIS_POOL_ARGUMENTS][TEXT_NUMBER_SIZE];
    char names[2][REDIS_STORE_KEY];
    size_t count, keys;
};

static void put_bytes(struct question *question, const char *bytes, size_t length)
{
    question->items[question->count++] = (struct redis_argument){bytes, length};
}

static void put_text(struct question *question, const char *text)
{
    put_bytes(question, text, strlen(text));
}

static void put_number(struct question *question, int64_t number)
{
    char *text = question->numbers[question->count];
    text_number(text, number);
    put_text(question, text);
}

/* PREFIX1:{tag}, and what follows it. */
static void put_key(struct question *question, const struct redis_store *store, const char *tag,
                    const char *kind, const char *hash)
{
    char *name = question->names[question->keys++];
    (void)snprintf(name, REDIS_STORE_KEY, "%s1:{%s}%s%s", store->prefix, tag, kind, hash);
    put_text(question, name);
}

static struct redis_reply *run(const struct redis_store *store, enum redis_script script,
                               const struct question *question)
{
    return redis_pool_run(store->pool, script, question->keys, question->items, question->count);
}

/* Of a script whose answer says nothing but that there is one. */
static int done(struct redis_reply *reply)
{
    if (reply == NULL)
        return -1;
    redis_pool_forget(reply);
    return 0;
}

/* ---- limits ---- */

static int enter(void *context, const struct state_limit *limit, struct state_verdict *verdict)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, limit->client, ":rate", "");
    put_key(&question, store, limit->client, ":flights", "");
    put_number(&question, limit->rate.interval_us);
    put_number(&question, limit->rate.burst);
    put_number(&question, limit->in_flight);
    put_number(&question, limit->own);
    put_text(&question, store->gateway);
    put_number(&question, STATE_LEASE_MS);
    put_number(&question, limit->calls);
    struct redis_reply *reply = run(store, REDIS_SCRIPT_ENTER, &question);
    if (reply == NULL)
        return -1;
    int64_t remaining = redis_pool_number(reply, 2);
    *verdict = (struct state_verdict){.allowed = redis_pool_number(reply, 0),
                                      .full = redis_pool_number(reply, 1),
                                      .remaining = remaining < 0 ? INT64_MAX : remaining,
                                      .wait_us = redis_pool_number(reply, 3)};
    redis_pool_forget(reply);
    return 0;
}

static int hold(void *context, const char *client, int64_t own)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, client, ":flights", "");
    put_number(&question, own);
    put_text(&question, store->gateway);
    put_number(&question, STATE_LEASE_MS);
    return done(run(store, REDIS_SCRIPT_HOLD, &question));
}

/* ---- keys ---- */

static int claim(void *context, const struct state_key *key, int64_t within_ms, int64_t keep_ms,
                 const char *note, struct arena *arena, struct state_claimed *claimed)
{
    const struct redis_store *store = context;
    struct question question = {0};
    size_t length = 0;
    put_key(&question, store, key->client, ":key:", key->key);
    put_text(&question, key->print);
    put_text(&question, key->holder);
    put_number(&question, within_ms);
    put_number(&question, keep_ms);
    put_text(&question, note);
    struct redis_reply *reply = run(store, REDIS_SCRIPT_CLAIM, &question);
    if (reply == NULL)
        return -1;
    const char *bytes = redis_pool_text(reply, 2, &length);
    *claimed = (struct state_claimed){.claim = (enum state_claim)redis_pool_number(reply, 0),
                                      .wait_ms = redis_pool_number(reply, 1),
                                      .bytes = bytes == NULL ? NULL : arena_copy(arena, bytes, length),
                                      .length = length};
    redis_pool_forget(reply);
    return claimed->bytes == NULL || claimed->claim > STATE_OTHER ? -1 : 0;
}

static int settle(void *context, const struct state_key *key, int64_t keep_ms, const char *answer,
                  size_t length)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, key->client, ":key:", key->key);
    put_text(&question, key->print);
    put_text(&question, key->holder);
    put_number(&question, keep_ms);
    put_bytes(&question, answer, length);
    return done(run(store, REDIS_SCRIPT_SETTLE, &question));
}

static int release(void *context, const struct state_key *key)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, key->client, ":key:", key->key);
    put_text(&question, key->holder);
    return done(run(store, REDIS_SCRIPT_RELEASE, &question));
}

/* ---- freezes, what is used, and who is there ---- */

static int freeze(void *context, const char *name, const char *text, int64_t for_ms)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, "freezes", "", "");
    put_text(&question, name);
    put_text(&question, text);
    put_number(&question, for_ms == INT64_MAX ? 0 : for_ms);
    put_number(&question, STATE_FREEZES_MAX);
    put_number(&question, YEAR_MS);
    return done(run(store, REDIS_SCRIPT_FREEZE, &question));
}

static int thaw(void *context, const char *name)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, "freezes", "", "");
    put_text(&question, name);
    return done(run(store, REDIS_SCRIPT_THAW, &question));
}

static const char *copy_text(const struct redis_reply *reply, size_t place, struct arena *arena)
{
    size_t length = 0;
    const char *text = redis_pool_text(reply, place, &length);
    return text == NULL ? NULL : arena_copy(arena, text, length);
}

static int read_freezes(const struct redis_reply *reply, struct arena *arena, struct state_freeze **list,
                        size_t *count)
{
    size_t found = redis_pool_count(reply) / 3;
    *count = 0;
    *list = arena_array(arena, found + 1, sizeof **list);
    for (size_t i = 0; *list != NULL && i < found; i++) {
        struct state_freeze *freeze = &(*list)[(*count)++];
        int64_t left_ms = redis_pool_number(reply, 3 * i + 2);
        freeze->name = copy_text(reply, 3 * i, arena);
        freeze->text = copy_text(reply, 3 * i + 1, arena);
        freeze->left_ms = left_ms < 0 ? INT64_MAX : left_ms;
        if (freeze->name == NULL || freeze->text == NULL)
            return -1;
    }
    return *list == NULL ? -1 : 0;
}

static int freezes(void *context, struct arena *arena, struct state_freeze **list, size_t *count)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, "freezes", "", "");
    put_number(&question, YEAR_MS);
    struct redis_reply *reply = run(store, REDIS_SCRIPT_FREEZES, &question);
    if (reply == NULL)
        return -1;
    int result = read_freezes(reply, arena, list, count);
    redis_pool_forget(reply);
    return result;
}

static int used(void *context, unsigned shard, const struct state_use *uses, size_t count, int64_t keep_ms)
{
    const struct redis_store *store = context;
    char number[TEXT_NUMBER_SIZE];
    struct question question = {0};
    struct buf lines;
    buf_init(&lines, STATE_USES_TOLD * (STATE_USE_NAME + TEXT_NUMBER_SIZE + 2));
    for (size_t i = 0; i < count; i++) {
        buf_put_int(&lines, uses[i].hits);
        buf_put_char(&lines, ' ');
        buf_put(&lines, uses[i].name);
        buf_put_char(&lines, '\n');
    }
    text_number(number, shard);
    put_key(&question, store, "uses", ":", number);
    put_bytes(&question, buf_text(&lines), lines.length);
    put_number(&question, keep_ms);
    put_number(&question, STATE_USES_MAX);
    int result = lines.failed ? -1 : done(run(store, REDIS_SCRIPT_USED, &question));
    buf_done(&lines);
    return result;
}

static int read_uses(const struct redis_reply *reply, struct arena *arena, struct state_use **list,
                     size_t *count)
{
    size_t found = redis_pool_count(reply) / 4;
    *count = 0;
    *list = arena_array(arena, found + 1, sizeof **list);
    for (size_t i = 0; *list != NULL && i < found; i++) {
        struct state_use *use = &(*list)[(*count)++];
        *use = (struct state_use){.name = copy_text(reply, 4 * i, arena),
                                  .since_ms = redis_pool_number(reply, 4 * i + 1),
                                  .last_ms = redis_pool_number(reply, 4 * i + 2),
                                  .hits = redis_pool_number(reply, 4 * i + 3)};
        if (use->name == NULL)
            return -1;
    }
    return *list == NULL ? -1 : 0;
}

static int list_uses(void *context, unsigned shard, struct arena *arena, struct state_use **list,
                     size_t *count)
{
    const struct redis_store *store = context;
    char number[TEXT_NUMBER_SIZE];
    struct question question = {0};
    text_number(number, shard);
    put_key(&question, store, "uses", ":", number);
    struct redis_reply *reply = run(store, REDIS_SCRIPT_USES, &question);
    if (reply == NULL)
        return -1;
    int result = read_uses(reply, arena, list, count);
    redis_pool_forget(reply);
    return result;
}

static int announce(void *context, unsigned *seen)
{
    const struct redis_store *store = context;
    struct question question = {0};
    put_key(&question, store, "gateways", "", "");
    put_text(&question, store->gateway);
    put_number(&question, STATE_SEEN_MS);
    struct redis_reply *reply = run(store, REDIS_SCRIPT_ANNOUNCE, &question);
    if (reply == NULL)
        return -1;
    *seen = (unsigned)redis_pool_number(reply, 0);
    redis_pool_forget(reply);
    return 0;
}

/* ---- its life ---- */

static const char *server(const void *context)
{
    const struct redis_store *store = context;
    return redis_pool_server(store->pool);
}

static void close_store(void *context)
{
    struct redis_store *store = context;
    redis_pool_free(store->pool);
    free(store->prefix);
    free(store);
}

const struct store_kind redis_store_kind = {"redis", true,      enter,    hold,   claim,
                                            settle,  release,   freeze,   thaw,   freezes,
                                            used,    list_uses, announce, server, close_store};

void *redis_store_new(const struct config_store *config, const char *gateway, struct log *notices,
                      struct err *err)
{
    struct redis_store *store = calloc(1, sizeof *store);
    char *prefix = strdup(config->prefix);
    if (store == NULL || prefix == NULL) {
        err_memory(err);
    } else {
        store->prefix = prefix;
        memcpy(store->gateway, gateway, sizeof store->gateway - 1);
        store->pool = redis_pool_new(config, notices, err);
        if (store->pool != NULL)
            return store;
    }
    free(prefix);
    free(store);
    return NULL;
}
