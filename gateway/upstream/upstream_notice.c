#include "gateway/upstream/upstream_notice.h"

#include "base/log/operator_log.h"

#include <stdlib.h>

void upstream_notice(struct log *log, const struct config_upstream *upstream,
                     const struct upstream_pool_result *result, int64_t ahead_s, const char *why)
{
    if (result->breaker == BREAKER_OPENED)
        operator_log_warn(log, "upstream '%s' does not answer, calls are refused until it does: %s",
                          upstream->name, why);
    if (result->breaker == BREAKER_CLOSES)
        operator_log_write(log, "upstream '%s' answers again", upstream->name);
    if (result->skew == CLOCK_SKEW_BEGAN)
        operator_log_warn(log, "the clock of upstream '%s' is %lld s %s: is this machine's clock right?",
                          upstream->name, llabs(ahead_s), ahead_s > 0 ? "ahead of ours" : "behind ours");
    if (result->skew == CLOCK_SKEW_ENDED)
        operator_log_write(log, "the clocks of upstream '%s' and of this machine agree again",
                           upstream->name);
}
