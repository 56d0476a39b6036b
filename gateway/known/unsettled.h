/* gateway/known/unsettled.h - what became of keys whose store was away when it was to be told, or asked: a
 * claim that it did not answer in time may have come to it all the same, and is released.
 *
 * It is told again until the store takes it.  Without that, the repeat of a change that was answered would be
 * answered as unknown.  So answers come first, in their order: the time of their claims runs out, and of
 * releases there may be thousands.  At most UNSETTLED_COUNT and UNSETTLED_BYTES: what is above that is not
 * kept.  Safe from many threads. */
#ifndef GATEWAY_KNOWN_UNSETTLED_H
#define GATEWAY_KNOWN_UNSETTLED_H

#include "base/base.h"
#include "gateway/state/state.h"

enum {
    UNSETTLED_RELEASES = 5000,          /* of keys: callers make as many as they like */
    UNSETTLED_COUNT = 10000,            /* a store that is away takes no claims: these were under way */
    UNSETTLED_BYTES = 16 * 1024 * 1024, /* of keys and answers */
};

struct unsettled;

MUST_USE struct unsettled *unsettled_new(void);
void unsettled_free(struct unsettled *unsettled);

/* Copies all.  `answer` NULL: the key is to be released.  false: there is no room. */
bool unsettled_put(struct unsettled *unsettled, const struct state_key *key, int64_t keep_ms,
                   const char *answer, size_t length);

/* Tells the store, until it is away again; one thread at a time. */
void unsettled_tell(struct unsettled *unsettled, struct state *state);

/* How many there are. */
size_t unsettled_count(const struct unsettled *unsettled);

#endif
