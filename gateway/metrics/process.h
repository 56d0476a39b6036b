/* gateway/metrics/process.h - what the process itself uses, under the names that all of Prometheus' client
 * libraries give it. */
#ifndef GATEWAY_METRICS_PROCESS_H
#define GATEWAY_METRICS_PROCESS_H

#include "base/base.h"
#include "base/buf.h"

/* `began_ms`: when the process began, since 1970.  What /proc does not tell is left out. */
void process_write(int64_t began_ms, struct buf *out);

#endif
