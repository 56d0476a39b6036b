/* sandbox/actions/link.h - the changes of links between VPCs and classic instances, in both generations. */
#ifndef SANDBOX_ACTIONS_LINK_H
#define SANDBOX_ACTIONS_LINK_H

#include "sandbox/call/action.h"

MUST_USE int link_attach(struct action_call *call); /* AttachClassicLinkVpc */
MUST_USE int link_detach(struct action_call *call); /* DetachClassicLinkVpc */

#endif
