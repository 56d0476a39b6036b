/* gateway/call/idempotency.h - a change that its caller repeats under the same key is sent once: the field
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07).
 *
 * The key is claimed in the store before anything is sent, and settled with the answer before the caller gets
 * it.  Kept are answers to what was executed, to what the cloud refused, and to what nobody knows; whatever
 * was not sent, or may be sent again, leaves the key free.  docs/state.md has the promise and its limits.
 *
 * Other doors put the key of their own protocol into x->key.text before these stages run. */
#ifndef GATEWAY_CALL_IDEMPOTENCY_H
#define GATEWAY_CALL_IDEMPOTENCY_H

#include "base/buf.h"
#include "gateway/exchange/exchange.h"

enum { IDEMPOTENCY_KEY_MAX = 255 }; /* bytes: a UUID has 36 */

/* Stages: what the request says; then, of a sealed call that was allowed, whether it is to be sent. */
enum problem idempotency_read(struct exchange *x);
enum problem idempotency_claim(struct exchange *x);

/* A key from elsewhere than the field; `name` is what it is called there.  Refuses what is none. */
enum problem idempotency_take(struct exchange *x, const char *name, const char *text, size_t length);

/* Visible ASCII, and not too long? */
bool idempotency_is_key(const char *text, size_t length);

/* Once the answer stands in x->reply, and before it is written. */
void idempotency_settle(struct exchange *x);

/* "Idempotency-Replayed: true\r\n" where the answer is that of an earlier request. */
void idempotency_put_field(struct buf *out, const struct exchange *x);

#endif
