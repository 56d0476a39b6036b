/* gateway/known/current.h - what the cloud has told of former ids: which current id each of them is.
 *
 * An id never becomes another thing's, so that what was told once holds as long as the configuration.  One
 * asks, others that want the same wait for it; what could not be found out is not asked again for a while.
 * Safe from many threads. */
#ifndef GATEWAY_KNOWN_CURRENT_H
#define GATEWAY_KNOWN_CURRENT_H

#include "base/base.h"
#include "config/model/config.h"

enum {
    CURRENT_MAX = 4096,           /* ids: an account has a few VPCs in each region */
    CURRENT_WAITERS_MAX = 16,     /* who wait for another's question: each keeps a worker */
    CURRENT_TIME_US = 3000000,    /* for one question, and for waiting for one */
    CURRENT_FAILED_US = 10000000, /* what could not be found out is not asked again so long */
};

struct current;

/* NULL when memory is out. */
MUST_USE struct current *current_new(void);
void current_free(struct current *current);

enum current_end {
    CURRENT_KNOWN,   /* `id` holds it */
    CURRENT_ASK,     /* the caller is to ask, and then to say so: current_tell() */
    CURRENT_UNKNOWN, /* nobody knows, or not in time */
};

struct current_id {
    char text[CONFIG_ID_MAX + 1];
};

/* `key` says all that the answer depends on: service, region, parameter and the id. */
MUST_USE enum current_end current_find(struct current *current, const char *key, struct current_id *id);

/* Of who was to ask: the current id, or NULL where the question failed. */
void current_tell(struct current *current, const char *key, const char *id);

#endif
