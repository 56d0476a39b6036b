/* sandbox/tally.h - how many requests there were, and what became of them. */
#ifndef SANDBOX_TALLY_H
#define SANDBOX_TALLY_H

#include "base/base.h"
#include "base/buf.h"
#include "sandbox/exchange.h"

struct tally;

MUST_USE struct tally *tally_new(void);
void tally_free(struct tally *tally);

/* Both may be called by many threads. */
void tally_count(struct tally *tally, const struct exchange *exchange);

/* The members requests, executed, accepted, refused, faulted, actions. */
void tally_put(struct tally *tally, struct buf *out);

#endif
