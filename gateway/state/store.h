/* gateway/state/store.h - what a store is: the functions of gateway/state/state.h, for one that is there.
 *
 * state.c has the breaker, the counts and the hashes of keys; a store has the rest.  Each function is atomic,
 * safe from many threads, and returns 0, or -1 within STATE_WAIT_MS when the store did not answer. */
#ifndef GATEWAY_STATE_STORE_H
#define GATEWAY_STATE_STORE_H

#include "gateway/state/state.h"

struct store_kind {
    const char *name;
    bool shared;
    int (*enter)(void *store, const struct state_limit *limit, struct state_verdict *verdict);
    int (*hold)(void *store, const char *client, int64_t own);
    /* Of a key, `key->key` is the hash in these three. */
    int (*claim)(void *store, const struct state_key *key, int64_t within_ms, int64_t keep_ms,
                 const char *note, struct arena *arena, struct state_claimed *claimed);
    int (*settle)(void *store, const struct state_key *key, int64_t keep_ms, const char *answer,
                  size_t length);
    int (*release)(void *store, const struct state_key *key);
    int (*freeze)(void *store, const char *name, const char *text, int64_t for_ms);
    int (*thaw)(void *store, const char *name);
    int (*freezes)(void *store, struct arena *arena, struct state_freeze **freezes, size_t *count);
    int (*used)(void *store, unsigned shard, const struct state_use *uses, size_t count, int64_t keep_ms);
    int (*uses)(void *store, unsigned shard, struct arena *arena, struct state_use **uses, size_t *count);
    int (*announce)(void *store, unsigned *seen);
    const char *(*server)(const void *store); /* NULL: there is nothing to tell */
    void (*close)(void *store);
};

/* GCRA as base/time/rate.h has it, on numbers that a store keeps: when the whole burst is there again, and
 * the interval that this was counted by. */
struct store_bucket {
    int64_t full_us;
    int64_t interval_us;
};

/* What the rate says of the calls.  The bucket is to be written also where all are refused: it may have been
 * counted anew. */
void store_take(struct store_bucket *bucket, const struct state_limit *limit, int64_t now_us,
                struct state_verdict *verdict);

/* Then what their place in flight says, where `others` are those of other gateways. */
void store_place(const struct state_limit *limit, int64_t others, struct state_verdict *verdict);

#endif
