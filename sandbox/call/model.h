/* sandbox/call/model.h - the objects of generation 3's answers, with every member that the vendor's
 * definitions give them (vpc and cvm, 2017-03-12): typed clients read them all.
 *
 * What the sandbox keeps no state of has one plain value: no tags, no IPv6, no disk but the system's. */
#ifndef SANDBOX_CALL_MODEL_H
#define SANDBOX_CALL_MODEL_H

#include "base/base.h"
#include "base/buf.h"
#include "sandbox/state/state.h"

/* The members of a Vpc, a Subnet, a SecurityGroup, a SecurityGroupPolicy, an Address, a
 * ClassicLinkInstance, an Instance; the caller opens and closes the object. */
void model_put_vpc(struct buf *body, const void *vpc);
void model_put_subnet(struct buf *body, const void *subnet);
void model_put_address(struct buf *body, const void *address);
void model_put_group(struct buf *body, const void *group);
void model_put_policy(struct buf *body, const struct state_policy *policy, size_t index);
void model_put_link(struct buf *body, const void *instance);
void model_put_instance(struct buf *body, const void *instance);

/* Those of a Placement: `suffix` belongs to the zone. */
void model_put_placement(struct buf *body, const char *zone, const char *suffix, long long project);

/* Those that a SystemDisk and a DataDisk have in common; the system's is number 0, sizes are GB. */
void model_put_disk(struct buf *body, const char *instance_id, size_t number, const char *type,
                    long long size);

/* The text, as JSON, of when a prepaid instance made at `created` runs out. */
void model_put_expiry(struct buf *body, int64_t created);

#endif
