/* gateway/limits/cpu_gate.h - those who come together work one after the other, not all at once.
 *
 * A worker that has its request whole may have to share the processor with hundreds that have, too.  The
 * kernel gives each of them a little of it at a time; some are unlucky again and again, every one takes an
 * upstream's slot and its connection, and the last answers come twenty times as late as the middle one.  So a
 * few work, and the others sleep until it is their turn, in the order in which they came:
 * gateway/request/pipeline.c.
 *
 * A turn is for computing only: who has it ends it before he waits for anything else.  The limit is best
 * effort: a request that has waited CPU_GATE_WAIT_MS proceeds anyway. */
#ifndef GATEWAY_LIMITS_CPU_GATE_H
#define GATEWAY_LIMITS_CPU_GATE_H

#include "base/base.h"
#include "base/err.h"

#include <semaphore.h>
#include <stdatomic.h>

enum {
    CPU_GATE_PER_CORE = 2,   /* one that works, and one that may when it is interrupted */
    CPU_GATE_WAIT_MS = 1000, /* ten thousand take less */
};

struct cpu_gate_gate {
    sem_t open;
    atomic_uint missed; /* so many went on without waiting for it */
};

struct turns {
    struct cpu_gate_gate *gates; /* one for each that may be waiting, used round and round */
    size_t gate_count;
    unsigned long long at_once;
    atomic_ullong came;
    atomic_ullong left;
};

/* At most `most` threads will ever ask. */
MUST_USE int cpu_gate_init(struct turns *turns, size_t most, struct err *err);
void cpu_gate_done(struct turns *turns);

void cpu_gate_take(struct turns *turns);
void cpu_gate_end(struct turns *turns);

#endif
