/* gateway/service/gauges.h - what is looked up when somebody asks for the metrics: the state of the service,
 * as far as it is not counted in metrics.h. */
#ifndef GATEWAY_SERVICE_GAUGES_H
#define GATEWAY_SERVICE_GAUGES_H

#include "base/buf.h"
#include "gateway/exchange/gateway.h"
#include "gateway/server/front.h"
#include "gateway/service/reload.h"

/* `door`: the public one, NULL before it is open. */
void gauges_write(struct gateway *gateway, struct reload *reload, struct front *door, int64_t now_ms,
                  struct buf *out);

#endif
