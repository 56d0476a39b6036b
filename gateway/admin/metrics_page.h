/* gateway/admin/metrics_page.h - what is looked up when somebody asks for the metrics: the state of the
 * service, as far as it is not counted in request_metrics.h. */
#ifndef GATEWAY_ADMIN_METRICS_PAGE_H
#define GATEWAY_ADMIN_METRICS_PAGE_H

#include "base/buf.h"
#include "gateway/exchange/shared.h"
#include "gateway/server/server.h"
#include "gateway/reload/reload.h"

/* `door`: the public one, `own` the admin listener's; NULL before they are open. */
void metrics_page_write(struct shared *gateway, struct reload *reload, struct server *door,
                        struct server *own, int64_t now_ms, struct buf *out);

#endif
