/* gateway/call/forward.h - what a request sends beside its own call: further pages, looks at its task. */
#ifndef GATEWAY_CALL_FORWARD_H
#define GATEWAY_CALL_FORWARD_H

#include "gateway/exchange/exchange.h"

/* The stage: sends the exchange's call. */
enum problem forward_call(struct exchange *x);

/* Sends a sealed call that only reads, with a slot of its own and the same repetitions as any call.  It ends
 * by `until_us` (monotonic), or by the upstream's own deadline where that is sooner.  Its answer goes to
 * `answer`, what went wrong to x->err; neither the exchange's own answer nor its outcome changes. */
MUST_USE enum problem forward_read(struct exchange *x, const struct call *call, int64_t until_us,
                                   struct answer *answer);

/* Such a call on its way, so that several are: forward_finish() does the rest of forward_read(), or
 * forward_drop() forgets it; one of them must follow.  In the exchange's arena.  NULL: not at this moment,
 * for want of idle slots, half of which are left to others, or of whatever else forward_read() would wait
 * for, or tell of. */
struct forward;
MUST_USE struct forward *forward_start(struct exchange *x, const struct call *call, int64_t until_us);
MUST_USE enum problem forward_finish(struct forward *started, int64_t until_us, struct answer *answer);
void forward_drop(struct forward *started);

#endif
