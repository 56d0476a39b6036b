/* gateway/call/resolve.h - which thing a former id is, where the cloud is asked. */
#ifndef GATEWAY_CALL_RESOLVE_H
#define GATEWAY_CALL_RESOLVE_H

#include "gateway/exchange/exchange.h"

/* Only where the upstream says resolve_former_ids; whatever goes wrong, the call stays as it is. */
enum problem resolve_ids(struct exchange *x);

#endif
