#include "gateway/admin/operators.h"

#include "auth/token.h"
#include "base/time/clock.h"
#include "base/json/json.h"
#include "gateway/audit/audit.h"

#include <stdio.h>
#include <string.h>

enum { OPERATORS_RECORD = 16 * 1024, OPERATORS_PATH = 200 };

static struct network address_of(const struct visit *visit)
{
    struct network address;
    return network_parse_peer(visit->source, &address) ? address : (struct network){0};
}

static struct operators_use refuse(const struct config_token *token, int status, const char *detail)
{
    return (struct operators_use){.token = token, .status = status, .detail = detail};
}

/* Who fails too often is told to wait, as callers are. */
static struct operators_use refuse_unknown(struct shared *gateway, const struct config *config,
                                           const struct visit *visit)
{
    const struct network address = address_of(visit);
    int64_t wait_us =
        auth_failures_add(gateway->failures, &config->failed_auth, &address, clock_monotonic_us());
    struct operators_use use = refuse(NULL, 401, "send an operator's token as Authorization: Bearer <token>");
    if (wait_us > 0)
        use = (struct operators_use){
            .status = 429, .detail = "too many wrong tokens from this address", .wait_us = wait_us};
    return use;
}

static bool may_reload(const struct config *config, const struct visit *visit)
{
    const struct network address = address_of(visit);
    return config->anonymous_reload && network_is_local(&address) &&
           request_head_field(visit->head, "Authorization") == NULL;
}

struct operators_use operators_admit(struct shared *gateway, const struct snapshot *snapshot,
                                     const struct visit *visit, enum operators_need need)
{
    size_t length = 0;
    if (need == OPERATORS_NOBODY || (need == OPERATORS_RELOAD && may_reload(snapshot->config, visit)))
        return (struct operators_use){0};
    const char *token =
        token_of_authorization(request_head_only_field(visit->head, "Authorization"), &length);
    return operators_check(gateway, snapshot, visit, token, length, need);
}

struct operators_use operators_check(struct shared *gateway, const struct snapshot *snapshot,
                                     const struct visit *visit, const char *token, size_t length,
                                     enum operators_need need)
{
    const struct config *config = snapshot->config;
    const struct config_token *found = NULL;
    enum token_verdict verdict = token_check_operator(config, token, length, clock_wall_ms() / 1000, &found);
    if (verdict == TOKEN_FAILED)
        return refuse(NULL, 500, "the token cannot be looked at now");
    if (verdict != TOKEN_GOOD)
        return refuse_unknown(gateway, config, visit);
    if (need != OPERATORS_VIEWER && found->operated->role != CONFIG_OPERATOR)
        return refuse(found, 403, "this takes the role operator");
    return (struct operators_use){.token = found};
}

void operators_put(struct buf *members, const struct operators_use *use, const struct visit *visit)
{
    json_member(members, "operator", use->token == NULL ? NULL : use->token->operated->name);
    json_member(members, "token", use->token == NULL ? NULL : use->token->id);
    json_member(members, "source", visit->source);
}

void operators_record(struct shared *gateway, const struct operators_use *use, const struct visit *visit,
                      int status)
{
    struct buf members;
    unsigned long long seq = 0;
    char path[OPERATORS_PATH + 1];
    if (gateway->audit == NULL || use->token == NULL)
        return;
    (void)snprintf(path, sizeof path, "%s", visit->head->target);
    buf_init(&members, OPERATORS_RECORD);
    operators_put(&members, use, visit);
    json_member(&members, "method", visit->head->method);
    json_member(&members, "path", path);
    json_member_int(&members, "status", status);
    if (audit_append(gateway->audit, "operator", AUDIT_NOW, &members, &seq, NULL) != 0)
        seq = 0; /* counted and told there; nothing refers to it */
    buf_done(&members);
}
