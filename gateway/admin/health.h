/* gateway/admin/health.h - what /readyz tells besides whether the gateway is ready: what is in force,
 * and what an operator should look at. */
#ifndef GATEWAY_ADMIN_HEALTH_H
#define GATEWAY_ADMIN_HEALTH_H

#include "gateway/admin/admin.h"

/* Members "config" and "sha256": so that others can tell whether it is what they think. */
void health_put_hashes(struct buf *body, struct shared *gateway);

/* Members of the audit file, the store, upstreams and credentials where there is something to tell; and
 * how long certificates last. */
void health_put(struct buf *body, struct admin *admin);

#endif
