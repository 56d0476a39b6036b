#include "gateway/upstream/back_notice.h"

#include "base/notice.h"

#include <stdlib.h>

void back_notice(struct log *log, const struct config_upstream *upstream, const struct back_result *result,
                 int64_t ahead_s, const char *why)
{
    if (result->breaker == BREAKER_OPENED)
        notice_write(log, "upstream '%s' does not answer, calls are refused until it does: %s",
                     upstream->name, why);
    if (result->breaker == BREAKER_CLOSES)
        notice_write(log, "upstream '%s' answers again", upstream->name);
    if (result->skew == SKEW_BEGAN)
        notice_write(log, "the clock of upstream '%s' is %lld s %s: is this machine's clock right?",
                     upstream->name, llabs(ahead_s), ahead_s > 0 ? "ahead of ours" : "behind ours");
    if (result->skew == SKEW_ENDED)
        notice_write(log, "the clocks of upstream '%s' and of this machine agree again", upstream->name);
}
