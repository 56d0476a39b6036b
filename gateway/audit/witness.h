/* gateway/audit/witness.h - the place elsewhere that gets each seal, so that an end which is cut off shows.
 *
 * A thread appends each seal's line to a file, which belongs on another disk, or gives it to a command on its
 * standard input.  No record waits for it: what cannot be delivered is counted, and told once until it goes
 * well again.  The next seal that is delivered vouches for it. */
#ifndef GATEWAY_AUDIT_WITNESS_H
#define GATEWAY_AUDIT_WITNESS_H

#include "base/base.h"
#include "base/err.h"
#include "base/log/log.h"
#include "config/model/config.h"

struct witness;

/* `before` is called by the thread before each delivery.  `what`, `notices` and `context` are borrowed.  NULL
 * when memory or threads are out. */
MUST_USE struct witness *witness_start(const struct config_audit *what, struct log *notices,
                                       void (*before)(void *context), void *context, struct err *err);

/* The line of a seal, with its line feed.  Waits for nothing but a short lock.  Any thread. */
void witness_take(struct witness *witness, const char *line, size_t length);

/* Delivers what it can within WITNESS_END_MS, and ends the thread. */
void witness_stop(struct witness *witness);

struct witness_state {
    unsigned long long failed; /* seals that it did not get */
    bool failing;              /* the last one */
};

/* Takes no lock. */
struct witness_state witness_state(const struct witness *witness);

#endif
