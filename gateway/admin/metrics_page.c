#include "gateway/admin/metrics_page.h"

#include "base/version.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/limits/freezes.h"
#include "gateway/known/unsettled.h"
#include "gateway/metrics/process.h"
#include "gateway/metrics/prometheus_text.h"
#include "gateway/metrics/series.h"
#include "gateway/reload/certificates.h"
#include "gateway/admin/credential_metrics.h"
#include "gateway/state/state.h"
#include "gateway/upstream/upstream_pool.h"

#include <string.h>

enum { DAY_S = 24 * 3600 };

static void put_service(const struct shared *gateway, const struct config *config, struct buf *out)
{
    const struct prometheus_text_label in_force = {"config", config->short_hash};
    const struct prometheus_text_label version = {"version", VERSION_TEXT};
    bool ready = atomic_load(&gateway->serving) && !atomic_load(&gateway->draining);
    prometheus_text_open(out, "countersign_build_info", "gauge", "The program's version.");
    prometheus_text_count(out, "countersign_build_info", "", &version, 1, 1);
    prometheus_text_open(out, "countersign_config_info", "gauge",
                         "1; config is the hash in force that access lines and audit records carry.");
    prometheus_text_count(out, "countersign_config_info", "", &in_force, 1, 1);
    prometheus_text_single(out, "countersign_ready", "gauge", "1 when /readyz says so.", ready);
    prometheus_text_single(out, "countersign_workers", "gauge", "Requests that can be served at a time.",
                           (double)config->workers);
    prometheus_text_single(out, "countersign_requests_in_flight", "gauge", "Requests being walked.",
                           (double)atomic_load(&gateway->in_flight));
    prometheus_text_single(out, "countersign_task_waits", "gauge",
                           "Requests in flight that wait without a worker (Prefer: wait).",
                           (double)atomic_load(&gateway->waiting));
    prometheus_text_single(out, "countersign_log_lines_dropped_total", "counter",
                           "Access lines that standard output did not take.",
                           (double)atomic_load(&gateway->access.dropped));
    prometheus_text_single(out, "countersign_log_lines_gathered_total", "counter",
                           "Requests without a client that have no access line of their own, but share one.",
                           (double)anonymous_gathered(gateway->anonymous));
    prometheus_text_single(out, "countersign_metrics_lost_total", "counter",
                           "Counts that found no room, in memory or among 100000 series.",
                           (double)series_lost(gateway->metrics));
}

static void put_connections(struct server *door, struct buf *out)
{
    struct connections_counts counts = {0};
    if (door != NULL)
        server_count(door, &counts);
    const struct {
        const char *reason;
        unsigned long long count;
    } rows[] = {{"refused", counts.refused}, {"late", counts.late}, {"displaced", counts.displaced}};
    prometheus_text_single(out, "countersign_connections", "gauge", "Connections that callers have open.",
                           (double)counts.open);
    prometheus_text_single(out, "countersign_connections_limit", "gauge",
                           "Connections that can be open: the next one evicts one that waits.",
                           (double)counts.limit);
    prometheus_text_open(
        out, "countersign_connections_ended_total", "counter",
        "Connections refused before a worker took them, ended at a deadline, or ended to make room.");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct prometheus_text_label label = {"reason", rows[i].reason};
        prometheus_text_count(out, "countersign_connections_ended_total", "", &label, 1, rows[i].count);
    }
}

static void put_reloads(struct reload *reload, struct buf *out)
{
    const struct prometheus_text_label good = {"result", "good"};
    const struct prometheus_text_label bad = {"result", "bad"};
    struct reload_state state;
    reload_look(reload, &state);
    prometheus_text_open(out, "countersign_reloads_total", "counter", "Reloads since the process began.");
    prometheus_text_count(out, "countersign_reloads_total", "", &good, 1, state.good);
    prometheus_text_count(out, "countersign_reloads_total", "", &bad, 1, state.bad);
    prometheus_text_single(
        out, "countersign_reload_failed", "gauge",
        "1 when the last reload was no success: an older configuration serves, or the audit file "
        "could not be opened again.",
        state.failed);
    prometheus_text_single(out, "countersign_reload_last_good_timestamp_seconds", "gauge",
                           "When the configuration in force was loaded.", (double)state.good_at);
}

static void put_audit(const struct audit *audit, struct buf *out)
{
    struct audit_state state = {0};
    if (audit != NULL)
        state = audit_state(audit);
    prometheus_text_single(out, "countersign_audit_enabled", "gauge", "1 when an audit file is kept.",
                           audit != NULL);
    prometheus_text_single(out, "countersign_audit_records_total", "counter",
                           "Records written to the audit file.", (double)state.records);
    prometheus_text_single(out, "countersign_audit_failures_total", "counter",
                           "Records that could not be written: each intent among them is a change refused.",
                           (double)state.failed);
    prometheus_text_single(out, "countersign_audit_failing", "gauge",
                           "1 when the last record could not be written, and changes are refused.",
                           state.failing);
    prometheus_text_single(out, "countersign_audit_broken", "gauge",
                           "1 when the audit file's chain of seals did not hold, and it was set aside.",
                           state.broken);
    prometheus_text_single(out, "countersign_audit_refusing", "gauge",
                           "1 when changes are refused for that (on_broken: refuse).", state.refusing);
    prometheus_text_single(out, "countersign_audit_witness_enabled", "gauge",
                           "1 when a witness gets the seals.", state.witnessed);
    prometheus_text_single(out, "countersign_audit_witness_failures_total", "counter",
                           "Seals that the witness did not get.", (double)state.missed);
}

static void put_state(const struct state *state, const struct unsettled *unsettled, struct buf *out)
{
    const struct state_look look = state_look(state);
    const struct prometheus_text_label store = {"store", look.store};
    const struct {
        const char *result;
        unsigned long long count;
    } rows[] = {{"answered", look.asked - look.failed}, {"failed", look.failed}, {"spared", look.spared}};
    prometheus_text_open(out, "countersign_state_info", "gauge", "1; where what gateways share is kept.");
    prometheus_text_count(out, "countersign_state_info", "", &store, 1, 1);
    prometheus_text_single(out, "countersign_state_away", "gauge",
                           "1 while the store does not answer: limits are each gateway's own, and changes "
                           "with an Idempotency-Key are refused.",
                           look.away);
    prometheus_text_single(out, "countersign_state_gateways", "gauge",
                           "Gateways that were seen in the store lately, this one included.",
                           (double)look.gateways);
    prometheus_text_single(out, "countersign_state_unsettled", "gauge",
                           "Answers to changes with an Idempotency-Key that the store was not told yet.",
                           (double)unsettled_count(unsettled));
    prometheus_text_open(out, "countersign_state_questions_total", "counter",
                         "Questions to the store: answered, failed, or spared while it was away.");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct prometheus_text_label result = {"result", rows[i].result};
        prometheus_text_count(out, "countersign_state_questions_total", "", &result, 1, rows[i].count);
    }
}

static void put_freezes(struct freezes *freezes, int64_t now_ms, struct buf *out)
{
    prometheus_text_single(out, "countersign_freezes", "gauge", "Clients and tokens that are frozen.",
                           (double)freezes_count(freezes, now_ms));
    prometheus_text_single(out, "countersign_freezes_unknown", "gauge",
                           "1 when the store does not tell what is frozen: what was known stays in force.",
                           freezes_away(freezes));
}

/* How many tokens end within which time: never which ones. */
static void put_tokens(const struct config *config, int64_t now, struct buf *out)
{
    static const struct {
        const char *name;
        int64_t within;
    } classes[] = {{"expired", 0},      {"1d", DAY_S},           {"7d", 7 * DAY_S},
                   {"30d", 30 * DAY_S}, {"later", CONFIG_NEVER}, {"never", CONFIG_NEVER}};
    unsigned long long counts[COUNT(classes)] = {0};
    for (size_t i = 0; i < config->tokens.count; i++) {
        const struct config_token *token = &config->tokens.items[i];
        size_t class = 0;
        while (class < COUNT(classes) - 2 && token->expires > now &&
               token->expires - now > classes[class].within)
            class ++;
        counts[token->expires == CONFIG_NEVER ? COUNT(classes) - 1 : class]++;
    }
    prometheus_text_open(out, "countersign_tokens", "gauge",
                         "Tokens in the policy by the time that is left to them, each in one class.");
    for (size_t i = 0; i < COUNT(classes); i++) {
        const struct prometheus_text_label label = {"expires", classes[i].name};
        prometheus_text_count(out, "countersign_tokens", "", &label, 1, counts[i]);
    }
}

/* Each certificate by its file and listener. */
static void put_certificates_of(struct server *door, const char *listener, int64_t now, struct buf *out)
{
    struct tls_set *set = door == NULL ? NULL : server_tls(door);
    for (size_t i = 0; set != NULL && i < tls_set_count(set); i++) {
        const struct tls_certificate *certificate = tls_set_certificate(set, i);
        const struct prometheus_text_label labels[] = {{"listener", listener},
                                                       {"certificate", certificate->file}};
        prometheus_text_real(out, "countersign_certificate_days_left", "", labels, COUNT(labels),
                             (double)certificates_days(certificate, now));
    }
    tls_set_release(set);
}

static void put_certificates(struct server *door, struct server *own, int64_t now, struct buf *out)
{
    prometheus_text_open(out, "countersign_certificate_days_left", "gauge",
                         "Whole days until a certificate of a listener expires; negative once it has.");
    put_certificates_of(door, "listen", now, out);
    put_certificates_of(own, "admin", now, out);
}

/* ---- upstreams: a family at a time, over all of them ---- */

static const char *const end_names[UPSTREAM_HEALTH_ENDS] = {
    [UPSTREAM_HEALTH_ANSWERED] = "answered", [UPSTREAM_HEALTH_FAILED] = "failed-here",
    [UPSTREAM_HEALTH_NOT_SENT] = "not-sent", [UPSTREAM_HEALTH_LOST] = "lost",
    [UPSTREAM_HEALTH_LATE] = "late",         [UPSTREAM_HEALTH_TOO_LARGE] = "too-large"};

static void put_attempts(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    for (size_t i = 0; i < UPSTREAM_HEALTH_ENDS; i++) {
        const struct prometheus_text_label labels[] = {{"upstream", state->name}, {"end", end_names[i]}};
        prometheus_text_count(out, name, "", labels, COUNT(labels), state->ends[i]);
    }
}

static void put_refusals(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label breaker[] = {{"upstream", state->name}, {"reason", "breaker"}};
    const struct prometheus_text_label slots[] = {{"upstream", state->name}, {"reason", "no-slot"}};
    prometheus_text_count(out, name, "", breaker, COUNT(breaker), state->refused);
    prometheus_text_count(out, name, "", slots, COUNT(slots), state->full);
}

static void put_breaker(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    static const char *const names[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half-open", [BREAKER_OPEN] = "open"};
    for (size_t i = 0; i < COUNT(names); i++) {
        const struct prometheus_text_label labels[] = {{"upstream", state->name}, {"state", names[i]}};
        prometheus_text_count(out, name, "", labels, COUNT(labels), state->breaker == (enum breaker_state)i);
    }
}

static void put_slots(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    const struct {
        const char *state;
        unsigned count;
    } rows[] = {{"used", state->used},
                {"idle", state->slots > state->used ? state->slots - state->used : 0},
                {"waiting", state->waiting},
                {"resting", state->resting}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct prometheus_text_label labels[] = {{"upstream", state->name}, {"state", rows[i].state}};
        prometheus_text_count(out, name, "", labels, COUNT(labels), rows[i].count);
    }
}

static void put_credential(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label used[] = {{"upstream", state->name},
                                                 {"credential", state->credential}};
    const struct prometheus_text_label refused[] = {{"upstream", state->name},
                                                    {"credential", state->not_credential}};
    bool none = state->not_credential != NULL && strcmp(state->not_credential, state->credential) == 0;
    prometheus_text_count(out, name, "", used, COUNT(used), !none);
    if (state->not_credential != NULL && !none)
        prometheus_text_count(out, name, "", refused, COUNT(refused), 0);
}

static void put_retries(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label label = {"upstream", state->name};
    prometheus_text_count(out, name, "", &label, 1, state->retries);
}

static void put_skew(const struct upstream_pool_state *state, const char *name, struct buf *out)
{
    const struct prometheus_text_label label = {"upstream", state->name};
    prometheus_text_real(out, name, "", &label, 1, (double)state->skew_s);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    void (*put)(const struct upstream_pool_state *state, const char *name, struct buf *out);
} upstream_families[] = {
    {"countersign_upstream_attempts_total", "counter", "Attempts by how they ended.", put_attempts},
    {"countersign_upstream_retries_total", "counter", "Attempts that were not a call's first.", put_retries},
    {"countersign_upstream_refusals_total", "counter",
     "Calls that were not tried: the breaker was open, or no slot came free.", put_refusals},
    {"countersign_upstream_breaker", "gauge", "1 for the state that the circuit breaker is in.", put_breaker},
    {"countersign_upstream_slots", "gauge",
     "Slots that are used or idle, and calls that wait for one or rest before their next attempt.",
     put_slots},
    {"countersign_upstream_clock_skew_seconds", "gauge",
     "How far the upstream's clock is ahead, where that is beyond what it tolerates; otherwise 0.", put_skew},
    {"countersign_upstream_credential", "gauge",
     "1 for the credential that calls begin with, 0 for one that the cloud refused since the last reload.",
     put_credential},
};

static void put_upstreams(const struct snapshot *snapshot, struct buf *out)
{
    for (size_t i = 0; i < COUNT(upstream_families); i++) {
        prometheus_text_open(out, upstream_families[i].name, upstream_families[i].type,
                             upstream_families[i].help);
        for (size_t j = 0; j < snapshot->config->upstream_count; j++) {
            struct upstream_pool_state state;
            upstream_pool_look(snapshot->back, j, &state);
            upstream_families[i].put(&state, upstream_families[i].name, out);
        }
    }
}

void metrics_page_write(struct shared *gateway, struct reload *reload, struct server *door,
                        struct server *own, int64_t now_ms, struct buf *out)
{
    struct snapshot *snapshot = shared_take(gateway);
    put_service(gateway, snapshot->config, out);
    put_connections(door, out);
    put_reloads(reload, out);
    put_audit(gateway->audit, out);
    put_state(gateway->state, gateway->unsettled, out);
    put_freezes(gateway->freezes, now_ms, out);
    put_tokens(snapshot->config, now_ms / 1000, out);
    put_certificates(door, own, now_ms / 1000, out);
    put_upstreams(snapshot, out);
    credential_metrics_write(gateway, snapshot, out);
    process_write(gateway->began_ms, out);
    shared_release(snapshot);
}
