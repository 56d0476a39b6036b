#include "gateway/admin/health.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "gateway/audit/audit.h"
#include "gateway/keeper/keeper.h"
#include "gateway/reload/certificates.h"
#include "gateway/state/state.h"
#include "gateway/upstream/upstream_pool.h"

#include <string.h>

/* Of each upstream what an operator should look at; nothing when all is well. */
static void put_upstream(struct buf *body, const struct upstream_pool_state *state)
{
    json_open_member(body, state->name);
    if (state->breaker != BREAKER_CLOSED)
        json_member(body, "breaker", state->breaker == BREAKER_OPEN ? "open" : "half-open");
    if (state->skew_s != 0)
        json_member_int(body, "clockAheadSeconds", state->skew_s);
    if (state->not_credential != NULL) {
        json_member(body, "refusedCredential", state->not_credential);
        if (strcmp(state->not_credential, state->credential) != 0)
            json_member(body, "credential", state->credential);
    }
    json_close(body);
}

static void put_upstreams(struct buf *body, struct shared *gateway)
{
    struct snapshot *snapshot = shared_take(gateway);
    bool any = false;
    for (size_t i = 0; i < snapshot->config->upstream_count; i++) {
        struct upstream_pool_state state;
        upstream_pool_look(snapshot->back, i, &state);
        if (state.breaker == BREAKER_CLOSED && state.skew_s == 0 && state.not_credential == NULL)
            continue;
        if (!any)
            json_open_member(body, "upstreams");
        any = true;
        put_upstream(body, &state);
    }
    if (any)
        json_close(body);
    shared_release(snapshot);
}

/* One that all sign with, where there is something to tell. */
static bool put_credential(struct buf *body, struct shared *gateway, const struct snapshot *snapshot,
                           size_t index, bool any)
{
    struct keeper_state state;
    if (!keeper_look(gateway->keeper, snapshot->keeping, index, &state) || !(state.is_short || state.failing))
        return false;
    if (!any)
        json_open_member(body, "credentials");
    json_open_member(body, state.name);
    json_member_int(body, "secondsLeft", state.left_s);
    if (state.failing)
        json_member(body, "error", state.reason.text);
    json_close(body);
    return true;
}

/* The sessions of the clients, where the last one could not be fetched. */
static bool put_sessions(struct buf *body, const struct snapshot *snapshot, size_t index, bool any)
{
    struct sessions_state state;
    if (!keeper_look_sessions(snapshot->keeping, index, &state) || !state.failing)
        return false;
    if (!any)
        json_open_member(body, "credentials");
    json_open_member(body, snapshot->config->credentials[index].name);
    json_member_int(body, "sessions", (long long)state.count);
    json_member(body, "error", state.reason.text);
    json_close(body);
    return true;
}

/* Of each credential that is issued and has little life left, or could not be fetched. */
static void put_credentials(struct buf *body, struct shared *gateway)
{
    struct snapshot *snapshot = shared_take(gateway);
    bool any = false;
    for (size_t i = 0; i < snapshot->config->credential_count; i++)
        any = put_credential(body, gateway, snapshot, i, any) || put_sessions(body, snapshot, i, any) || any;
    if (any)
        json_close(body);
    shared_release(snapshot);
}

/* The worst that is to be said of the audit file; nothing when all is well. */
static void put_audit(struct buf *body, struct audit_state state)
{
    const char *word = NULL;
    if (state.failing)
        word = "cannot be written to: changes are refused";
    else if (state.refusing)
        word = "did not hold and was set aside: changes are refused";
    else if (state.broken)
        word = "did not hold and was set aside";
    json_member(body, "audit", word);
    if (state.unwitnessed)
        json_member(body, "auditWitness", "did not get the last seal");
}

/* A store that is away leaves the gateway ready: others are no better off. */
static void put_state(struct buf *body, const struct state *state)
{
    const struct state_look look = state_look(state);
    if (!look.away)
        return;
    json_open_member(body, "state");
    json_member(body, "store", look.store);
    json_member_bool(body, "away", true);
    json_close(body);
}

/* What is in force, so that others can tell whether it is what they think. */
void health_put_hashes(struct buf *body, struct shared *gateway)
{
    struct snapshot *snapshot = shared_take(gateway);
    const struct config *config = snapshot->config;
    json_member(body, "config", config->short_hash);
    json_open_member(body, "sha256");
    json_member(body, "policy", config->hashes[CONFIG_HASH_POLICY]);
    json_member(body, "catalog", config->hashes[CONFIG_HASH_CATALOG]);
    json_member(body, "configuration", config->hashes[CONFIG_HASH_SERVICE]);
    json_close(body);
    shared_release(snapshot);
}

/* How long the certificates of a listener last; they were read by the last reload that was good. */
static void put_certificates(struct buf *body, struct server *door, bool *any)
{
    struct tls_set *set = door == NULL ? NULL : server_tls(door);
    for (size_t i = 0; set != NULL && i < tls_set_count(set); i++) {
        const struct tls_certificate *certificate = tls_set_certificate(set, i);
        if (!*any)
            json_open_array(body, "certificates");
        *any = true;
        json_open(body);
        json_member(body, "file", certificate->file);
        json_member_int(body, "daysLeft", certificates_days(certificate, clock_wall_ms() / 1000));
        json_close(body);
    }
    tls_set_release(set);
}

static void put_all_certificates(struct buf *body, struct admin *admin)
{
    bool any = false;
    put_certificates(body, atomic_load(&admin->public_door), &any);
    put_certificates(body, atomic_load(&admin->own_door), &any);
    if (any)
        json_close_array(body);
}

void health_put(struct buf *body, struct admin *admin)
{
    if (admin->gateway->audit != NULL)
        put_audit(body, audit_state(admin->gateway->audit));
    put_state(body, admin->gateway->state);
    put_upstreams(body, admin->gateway);
    put_credentials(body, admin->gateway);
    put_all_certificates(body, admin);
}
