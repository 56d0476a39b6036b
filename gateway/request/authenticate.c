/* Whose token is it?  Every refusal costs the same work and says the same. */
#include "gateway/request/authenticate.h"

#include "auth/token.h"
#include "base/clock.h"
#include "gateway/exchange/shared.h"
#include "gateway/request/door.h"

#include <string.h>

enum { SUBJECT_MAX = 128 }; /* bytes: an address or a name, in each access line and audit record */

/* Who fails too often is told to wait.  A good token is never asked how often others failed. */
static enum problem refuse(struct exchange *x, enum problem problem, const char *sentence)
{
    x->wait_us =
        auth_failures_add(x->gateway->failures, &x->config->failed_auth, &x->address, clock_monotonic_us());
    if (x->wait_us > 0)
        return exchange_stop(x, PROBLEM_TOO_MANY_REQUESTS, "too many wrong tokens from this address");
    return exchange_stop(x, problem, "%s", sentence);
}

static bool is_printable(const char *text)
{
    size_t length = strlen(text);
    for (const char *c = text; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return length > 0 && length <= SUBJECT_MAX;
}

/* Who is behind the client, as it says: the gateway cannot know. */
static enum problem read_subject(struct exchange *x)
{
    const char *subject = request_head_field(x->head, "Countersign-Subject");
    if (subject == NULL && x->token->client->subject == CONFIG_SUBJECT_TOLD)
        return PROBLEM_NONE;
    if (subject == NULL)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "'%s' has to send Countersign-Subject: who is behind it",
                             x->token->client->name);
    if (!is_printable(subject))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "Countersign-Subject must be 1 to %d printable ASCII characters", SUBJECT_MAX);
    x->subject = subject;
    return PROBLEM_NONE;
}

enum problem authenticate_caller(struct exchange *x)
{
    size_t length = 0;
    const struct config_token *found = NULL;
    const char *token = NULL;
    enum problem problem = x->door->token(x, &token, &length);
    if (problem != PROBLEM_NONE)
        return problem;
    switch (token_check(x->config, token, length, x->began_ms / 1000, &found)) {
    case TOKEN_GOOD:
        x->token = found;
        break;
    case TOKEN_EXPIRED:
        x->refused = found;
        return refuse(x, PROBLEM_TOKEN_EXPIRED, "the token has expired: ask for a new one");
    case TOKEN_UNKNOWN:
        x->refused =
            found; /* a token that is disabled, or is not good yet: the log names it, the answer does not */
        return refuse(x, PROBLEM_UNAUTHENTICATED, x->door->unauthenticated);
    case TOKEN_FAILED:
        return exchange_fail(x);
    }
    problem = read_subject(x);
    return problem != PROBLEM_NONE || x->page != NULL || x->route != NULL ? problem : x->door->unrouted(x);
}
