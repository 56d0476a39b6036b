#include "sandbox/actions/sts.h"

#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "sandbox/http/number.h"

#include <string.h>

enum {
    LIFE_DEFAULT = 7200,
    LIFE_MAX = 43200,
    SESSION_NAME_MIN = 2,
    SESSION_NAME_MAX = SESSION_NAME_SIZE - 1
};

void sts_put_credential(struct buf *out, const struct state_session *session)
{
    json_member(out, "TmpSecretId", session->id);
    json_member(out, "TmpSecretKey", secret_bytes(session->account.secret_key));
    json_member(out, "Token", secret_bytes(session->account.token));
}

void sts_put_end(struct buf *out, const struct state_session *session)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(session->expires * 1000, time);
    json_member_int(out, "ExpiredTime", session->expires);
    json_member(out, "Expiration", time);
}

static const struct state_role *find_role(struct action_call *call)
{
    const char *arn = action_required(call, "RoleArn");
    const char *name = arn == NULL ? NULL : action_required(call, "RoleSessionName");
    if (name == NULL)
        return NULL;
    size_t length = strlen(name);
    if (length < SESSION_NAME_MIN || length > SESSION_NAME_MAX) {
        (void)outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "RoleSessionName has %d to %d characters",
                             SESSION_NAME_MIN, SESSION_NAME_MAX);
        return NULL;
    }
    const struct state_role *role = session_role_of_arn(call->state, arn);
    if (role == NULL)
        (void)outcome_refuse(call->outcome, OUTCOME_NO_ROLE, "the role does not exist");
    return role;
}

static int read_life(struct action_call *call, const struct state_role *role, long long *seconds)
{
    const char *given = params_get(call->params, "DurationSeconds");
    *seconds = LIFE_DEFAULT;
    if (given != NULL && !number_parse(given, 1, LIFE_MAX, seconds))
        return outcome_refuse(call->outcome, OUTCOME_LONG_LIFE, "DurationSeconds is 1 to %d", LIFE_MAX);
    if (role->life != 0)
        *seconds = role->life;
    return 0;
}

static int give(struct action_call *call, const struct state_role *role)
{
    long long seconds = 0;
    if (read_life(call, role, &seconds) != 0)
        return -1;
    const struct state_session *session =
        session_begin(call->state, params_get(call->params, "RoleSessionName"), call->now, seconds);
    if (session == NULL)
        return outcome_refuse(call->outcome, OUTCOME_INTERNAL, "no more sessions can be made");
    json_open_member(call->body, "Credentials");
    sts_put_credential(call->body, session);
    json_close(call->body);
    sts_put_end(call->body, session);
    return 0;
}

static bool is_same(const char *wanted, const char *given)
{
    return wanted == NULL || (given != NULL && strcmp(wanted, given) == 0);
}

int sts_assume_role(struct action_call *call)
{
    const struct state_role *role = find_role(call);
    if (role == NULL)
        return -1;
    if (!is_same(role->external_id, params_get(call->params, "ExternalId")))
        return outcome_refuse(call->outcome, OUTCOME_NOT_TRUSTED, "the role does not trust this caller");
    return give(call, role);
}

int sts_assume_role_with_web_identity(struct action_call *call)
{
    const struct state_role *role = find_role(call);
    const char *token = role == NULL ? NULL : action_required(call, "WebIdentityToken");
    if (token == NULL)
        return -1;
    if (role->provider == NULL || !is_same(role->provider, params_get(call->params, "ProviderId")) ||
        role->identity == NULL || !secret_equal(role->identity, token, strlen(token)))
        return outcome_refuse(call->outcome, OUTCOME_BAD_IDENTITY, "the token is not accepted");
    return give(call, role);
}
