/* gateway/chain/seal.h - what a sealed record says, so that a seal cannot be dropped or made to vouch for
 * less.
 *
 *   "seal":7,"before":"<64 hex>","chain":"<16 hex>","every":60000
 *
 * are the last members before its HMAC (gateway/chain/hash_chain.h): its number from 1 on, the HMAC of the
 * seal before it (64 zeros before the first), a random name that all seals of a chain share, and how many
 * milliseconds of records may come without a seal.  "last":true ends a file in order; "refusing":true says
 * that the gateway refuses changes since it found a broken chain.  Every `seal` has them, and with a key
 * every `open`.  Seals of format 1, which earlier releases wrote, have an HMAC and none of these. */
#ifndef GATEWAY_CHAIN_SEAL_H
#define GATEWAY_CHAIN_SEAL_H

#include "base/base.h"
#include "base/buf.h"
#include "base/err.h"
#include "gateway/chain/hash_chain.h"

enum {
    SEAL_ID = 16, /* digits of a chain's name */
    SEAL_TIME = 32,
    /* of records without a seal: what a start has to read before it goes on */
    SEAL_BYTES_MAX = 32 * 1024 * 1024,
};

struct seal {
    unsigned long long number; /* 0: there is none yet, or it is of format 1 */
    char before[HASH_CHAIN_HEX + 1];
    char mac[HASH_CHAIN_HEX + 1];
    char chain[SEAL_ID + 1];
    long long every; /* ms; 0: not said */
    bool last;
    bool refusing;

    char time[SEAL_TIME];
    bool open;   /* an `open` record, */
    bool found;  /* of a start that went on behind records that were there, */
    bool old;    /* whose last seal was of format 1, */
    bool broken; /* or that set a broken file aside */
};

/* No seal yet; the chain gets its name.  -1: the system gives no randomness. */
MUST_USE int seal_begin(struct seal *seal, struct err *err);

/* The next seal behind `seal`: its members, with every, last and refusing as they are in `next`, whose other
 * fields are filled in but for its MAC. */
void seal_put(struct buf *members, const struct seal *seal, struct seal *next);

/* What a whole sealed line says.  -1: it cannot be read, although its HMAC may be good. */
MUST_USE int seal_read(const char *bytes, size_t length, struct seal *seal);

#endif
