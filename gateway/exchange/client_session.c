#include "gateway/exchange/client_session.h"

#include "base/time/clock.h"
#include "gateway/exchange/shared.h"
#include "gateway/keeper/keeping.h"

bool client_session_is_needed(const struct call *call)
{
    return config_has_sessions(call->upstream->credential);
}

/* Its place among all. */
static size_t place_of(const struct exchange *x, const struct call *call, unsigned credential)
{
    const struct config_credential *which =
        credential == 0 ? call->upstream->credential : call->upstream->fallback;
    return (size_t)(which - x->snapshot->config->credentials);
}

static int find_owner(const struct exchange *x, size_t place, struct sessions_owner *owner, struct err *err)
{
    *owner = (struct sessions_owner){x->client->name, x->token == NULL ? NULL : x->token->id, NULL};
    return keeping_scope(x->snapshot->keeping, place, x->client, &owner->scope, err);
}

struct renewal_version *client_session_find(const struct exchange *x, const struct call *call,
                                            unsigned credential)
{
    struct sessions_owner owner;
    size_t place = place_of(x, call, credential);
    if (find_owner(x, place, &owner, NULL) != 0)
        return NULL;
    return sessions_find(x->snapshot->keeping->sessions[place], &owner, clock_monotonic_us());
}

static struct renewal_version *take(const struct exchange *x, const struct call *call, unsigned credential,
                                    int64_t until_us, struct err *err)
{
    struct sessions_owner owner;
    const struct keeping *keeping = x->snapshot->keeping;
    size_t place = place_of(x, call, credential);
    if (find_owner(x, place, &owner, err) != 0)
        return NULL;
    const struct fetch fetch = keeping_fetch(keeping, place);
    return sessions_take(keeping->sessions[place], &owner, &fetch, until_us, err);
}

struct renewal_version *client_session_take(const struct exchange *x, const struct call *call,
                                            unsigned *credential, int64_t until_us, struct err *err)
{
    struct err of_other = {0};
    struct renewal_version *version = take(x, call, *credential, until_us, err);
    if (version != NULL || call->upstream->fallback == NULL)
        return version;
    version = take(x, call, !*credential, until_us, &of_other);
    if (version != NULL)
        *credential = !*credential;
    return version;
}

bool client_session_refuse(const struct exchange *x, const struct call *call, unsigned credential,
                           const struct renewal_version *version)
{
    struct sessions_owner owner;
    size_t place = place_of(x, call, credential);
    if (find_owner(x, place, &owner, NULL) != 0)
        return false;
    return sessions_refuse(x->snapshot->keeping->sessions[place], &owner, version, clock_monotonic_us());
}
