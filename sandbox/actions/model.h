/* sandbox/actions/model.h - the objects of generation 3's answers, with every member that the vendor's
 * definitions give them (vpc and cvm, 2017-03-12): typed clients read them all.
 *
 * What the sandbox keeps no state of has one plain value: no tags, no IPv6, no disk but the system's. */
#ifndef SANDBOX_ACTIONS_MODEL_H
#define SANDBOX_ACTIONS_MODEL_H

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

#endif
