/* Whose token is it, or whose certificate?  Every refusal costs the same work and says the same. */
#include "gateway/request/authenticate.h"

#include "auth/certificate.h"
#include "auth/token.h"
#include "base/time/clock.h"
#include "gateway/exchange/shared.h"
#include "gateway/door/door.h"

#include <string.h>

enum { SUBJECT_MAX = 128 }; /* bytes: an address or a name, in each access line and audit record */

/* Who fails too often is told to wait.  A good token is never asked how often others failed. */
static enum problem refuse(struct exchange *x, enum problem problem, const char *sentence, const char *more)
{
    x->wait_us =
        auth_failures_add(x->gateway->failures, &x->config->failed_auth, &x->address, clock_monotonic_us());
    if (x->wait_us > 0)
        return exchange_stop(x, PROBLEM_TOO_MANY_REQUESTS, "too many wrong tokens from this address");
    return exchange_stop(x, problem, "%s%s", sentence, more);
}

/* Says the same, whatever was wrong. */
static enum problem refuse_unknown(struct exchange *x)
{
    return refuse(
        x, PROBLEM_UNAUTHENTICATED, x->door->unauthenticated,
        x->config->certificates == NULL ? "" : ", or show a client's certificate; some clients need both");
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
    if (subject == NULL && x->client->subject == CONFIG_SUBJECT_TOLD)
        return PROBLEM_NONE;
    if (subject == NULL)
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "'%s' has to send Countersign-Subject: who is behind it", x->client->name);
    if (!is_printable(subject))
        return exchange_stop(x, PROBLEM_INVALID_PARAMETER,
                             "Countersign-Subject must be 1 to %d printable ASCII characters", SUBJECT_MAX);
    x->subject = subject;
    return PROBLEM_NONE;
}

/* A wrong token is refused beside any certificate; what is no token at all, in the field for one, too. */
static enum problem check_token(struct exchange *x)
{
    size_t length = 0;
    const char *token = NULL;
    enum problem problem = x->door->token(x, &token, &length);
    if (problem != PROBLEM_NONE)
        return problem;
    if (token == NULL && x->certificate != NULL && request_head_field(x->head, "Authorization") == NULL)
        return PROBLEM_NONE;
    switch (token_check(x->config, token, length, x->began_ms / 1000, &x->token)) {
    case TOKEN_GOOD:
        return PROBLEM_NONE;
    case TOKEN_EXPIRED:
        return refuse(x, PROBLEM_TOKEN_EXPIRED, "the token has expired: ask for a new one", "");
    case TOKEN_UNKNOWN: /* also one that is disabled, or not good yet: the log names it, no answer does */
        return refuse_unknown(x);
    case TOKEN_FAILED:
        break;
    }
    return exchange_fail(x);
}

/* What was shown is good; is it of one client, and all that the client must show? */
static enum problem choose_client(struct exchange *x)
{
    const struct config_client *client = x->token != NULL ? x->token->client : x->certificate->client;
    unsigned shown = (x->token != NULL ? CONFIG_PROOF_TOKEN : 0U) |
                     (x->certificate != NULL ? CONFIG_PROOF_CERTIFICATE : 0U);
    bool differ = x->certificate != NULL && x->certificate->client != client;
    if (differ || (client->requires & ~shown) != 0)
        return refuse_unknown(x);
    x->client = client;
    return PROBLEM_NONE;
}

enum problem authenticate_caller(struct exchange *x)
{
    x->certificate = x->names == NULL ? NULL : certificate_find(x->config, x->names->text, x->names->length);
    enum problem problem = check_token(x);
    if (problem == PROBLEM_NONE)
        problem = choose_client(x);
    if (problem == PROBLEM_NONE)
        problem = read_subject(x);
    return problem != PROBLEM_NONE || x->page != NULL || x->route != NULL ? problem : x->door->unrouted(x);
}
