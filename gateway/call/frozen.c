/* A frozen client is refused as soon as it is known, and once more before each call is sent: it may have
 * waited for its turn meanwhile, or a list may have many pages. */
#include "gateway/call/frozen.h"

#include "base/time/clock.h"
#include "base/time/timestamp.h"
#include "gateway/limits/freezes.h"
#include "gateway/exchange/shared.h"

static const struct config_rule frozen_rule = {.id = "frozen", .effect = CONFIG_DENY};

enum { SHOWN_REASON = 160 }; /* bytes, in the sentence for the caller */

enum problem frozen_refuse(struct exchange *x)
{
    struct freeze found;
    char since[TIMESTAMP_SIZE];
    const char *token = x->token == NULL ? "" : x->token->id; /* it showed a certificate */
    if (!freezes_find(x->gateway->freezes, x->client->name, token, clock_wall_ms(), &found))
        return PROBLEM_NONE;
    struct freeze *copy = arena_alloc(x->arena, sizeof *copy);
    if (copy == NULL)
        return exchange_fail(x);
    *copy = found;
    x->frozen = copy;
    x->judged = true;
    x->verdict = (struct policy_verdict){.because = &frozen_rule};
    timestamp_format(found.since_ms, since);
    return exchange_stop(x, PROBLEM_NOT_ALLOWED, "%s is frozen by %s since %s: %.*s",
                         found.token[0] == '\0' ? "this client" : "this token", found.by, since, SHOWN_REASON,
                         found.reason);
}
