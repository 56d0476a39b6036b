/* config/model/token_index.h - all tokens, found by their digest: one look at a table and one at the
 * token, however many there are.
 *
 * Filled by one thread, from then on read by any number. */
#ifndef CONFIG_MODEL_TOKEN_INDEX_H
#define CONFIG_MODEL_TOKEN_INDEX_H

#include "base/arena.h"
#include "base/base.h"

struct config_token;

struct token_index {
    struct config_token *items; /* in the file's order */
    size_t count;
    size_t room;
    uint64_t *slots; /* 0, or 32 other bits of a digest and behind them its token's place + 1 */
    size_t mask;     /* slots - 1: a power of two, at least twice the room */
};

/* Room for that many, in the arena; -1 when memory is out, or for 2^31 and more. */
MUST_USE int token_index_init(struct token_index *keyring, size_t room, struct arena *arena);

/* The token of that digest (SHA-256: CONFIG_DIGEST_SIZE bytes), or NULL.  Digests are compared in constant
 * time; the table's own bits tell at most about outputs of SHA-256, which nobody can steer byte by byte. */
struct config_token *token_index_find(const struct token_index *keyring, const unsigned char *digest);

/* Takes a copy.  There is room, and token_index_find() has not found its digest. */
void token_index_add(struct token_index *keyring, const struct config_token *token);

#endif
