/* sandbox/network/address.h - elastic public addresses of generation 3, out of 198.18.0.0/15 (RFC 2544),
 * which reaches nothing.
 *
 * Nothing can be bound to them here. A ClientToken that made addresses names them again, as long as there
 * are any. */
#ifndef SANDBOX_NETWORK_ADDRESS_H
#define SANDBOX_NETWORK_ADDRESS_H

#include "sandbox/call/action.h"

MUST_USE int address_allocate(struct action_call *call); /* AllocateAddresses */
MUST_USE int address_release(struct action_call *call);  /* ReleaseAddresses: all of them, or none */
MUST_USE int address_describe(struct action_call *call); /* DescribeAddresses */
MUST_USE int address_task(struct action_call *call);     /* DescribeTaskResult: of the two changes */

#endif
