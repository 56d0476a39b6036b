/* gateway/exchange/turn.h - those who come together work one after the other, not all at once.
 *
 * A worker that has its request whole may have to share the processor with hundreds that have, too.  The
 * kernel gives each of them a little of it at a time; some are unlucky again and again, every one takes an
 * upstream's slot and its connection, and the last answers come twenty times as late as the middle one.  So a
 * few work, and the others sleep until it is their turn, in the order in which they came:
 * gateway/request/flow.c.
 *
 * A turn is for computing only: who has it ends it before he waits for anything else.  It is a courtesy, not
 * a right: whoever has waited for TURN_WAIT_MS goes on without it. */
#ifndef GATEWAY_EXCHANGE_TURN_H
#define GATEWAY_EXCHANGE_TURN_H

#include "base/base.h"
#include "base/err.h"

#include <semaphore.h>
#include <stdatomic.h>

enum {
    TURN_PER_CORE = 2,   /* one that works, and one that may when it is interrupted */
    TURN_WAIT_MS = 1000, /* ten thousand take less */
};

struct turn_gate {
    sem_t open;
    atomic_uint missed; /* so many went on without waiting for it */
};

struct turns {
    struct turn_gate *gates; /* one for each that may be waiting, used round and round */
    size_t gate_count;
    unsigned long long at_once;
    atomic_ullong came;
    atomic_ullong left;
};

/* At most `most` threads will ever ask. */
MUST_USE int turn_init(struct turns *turns, size_t most, struct err *err);
void turn_done(struct turns *turns);

void turn_take(struct turns *turns);
void turn_end(struct turns *turns);

#endif
