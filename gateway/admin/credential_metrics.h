/* gateway/admin/credential_metrics.h - the metrics of credentials that are issued for some hours, and of
 * the clients' sessions. */
#ifndef GATEWAY_ADMIN_CREDENTIAL_METRICS_H
#define GATEWAY_ADMIN_CREDENTIAL_METRICS_H

#include "base/buf.h"
#include "gateway/exchange/shared.h"

void credential_metrics_write(const struct shared *gateway, const struct snapshot *snapshot, struct buf *out);

#endif
