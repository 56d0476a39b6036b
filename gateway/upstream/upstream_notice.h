/* gateway/upstream/upstream_notice.h - what the operator is told about an upstream. */
#ifndef GATEWAY_UPSTREAM_UPSTREAM_NOTICE_H
#define GATEWAY_UPSTREAM_UPSTREAM_NOTICE_H

#include "base/log/log.h"
#include "gateway/upstream/upstream_pool.h"

/* What an attempt changed about its upstream, if anything: its breaker, its clock (`ahead_s` of ours).  `why`
 * is what its caller would be told. */
void upstream_notice(struct log *log, const struct config_upstream *upstream,
                     const struct upstream_pool_result *result, int64_t ahead_s, const char *why);

#endif
