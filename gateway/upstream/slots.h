/* gateway/upstream/slots.h - a bounded stack of places that are lent out, with a bounded wait.
 *
 * The place that was used last is taken first, so that few stay warm; what stands in a place is its
 * borrower's business. New places come into use a few at a time: who finds none idle while SLOTS_GROWING
 * others are being set up waits for one that is ready, as long as some are given back or get ready at that.
 * Hundreds who come at once would otherwise set up hundreds, most of which nobody needs a moment later: see
 * docs/performance.md, "just begun".
 *
 * Safe from many threads, and without a lock unless somebody waits: hundreds would wait for the one that was
 * put off the processor with it. */
#ifndef GATEWAY_UPSTREAM_SLOTS_H
#define GATEWAY_UPSTREAM_SLOTS_H

#include "base/base.h"
#include "base/err.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    SLOTS_GROWING = 16,     /* TLS handshakes, for a few cores to be busy with             */
    SLOTS_PATIENCE_MS = 500 /* for one that is ready, while new ones could still be set up */
};

struct slots_place;

struct slots {
    struct slots_place *places;
    size_t most;
    atomic_uint_least64_t top; /* of the stack: see slots.c */
    atomic_size_t grown;       /* places that are in use, the first ones */
    atomic_uint growing;       /* so many of them are being set up */
    atomic_uint moved;         /* how often one was given back or ready */
    pthread_mutex_t mutex;     /* of those who wait */
    pthread_cond_t given;
    atomic_uint used; /* lent out, for whoever wants to know */
    atomic_uint waiting;
};

/* `most` places, 1 to 2^32 - 2, with nothing in them. */
MUST_USE int slots_init(struct slots *pool, size_t most, struct err *err);
void slots_done(struct slots *pool);

/* A place, 1 to `most`; 0: all are lent out, and none came free within `wait_ms`.  While new ones could be
 * set up, the wait is at most that long without anything moving, and SLOTS_PATIENCE_MS in all; it ends with a
 * place then. */
MUST_USE size_t slots_take(struct slots *pool, long wait_ms);
void slots_give(struct slots *pool, size_t place);

/* By the borrower of a place: it is set up, if it was new.  slots_give() says so, too. */
void slots_grown(struct slots *pool, size_t place);

/* Whoever takes one now has to wait, as far as can be told. */
bool slots_is_short(const struct slots *pool);

/* What stands there, NULL in the beginning.  Its borrower's alone. */
void **slots_at(struct slots *pool, size_t place);

#endif
