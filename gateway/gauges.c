#include "gateway/gauges.h"

#include "gateway/audit.h"
#include "gateway/exposition.h"
#include "gateway/series.h"
#include "gateway/version.h"

enum { DAY_S = 24 * 3600 };

static void put_service(const struct gateway *gateway, const struct config *config, struct buf *out)
{
    const struct exposition_label version = {"version", VERSION_TEXT};
    bool ready = atomic_load(&gateway->serving) && !atomic_load(&gateway->draining);
    exposition_open(out, "countersign_build_info", "gauge", "The program's version.");
    exposition_count(out, "countersign_build_info", "", &version, 1, 1);
    exposition_single(out, "countersign_ready", "gauge", "1 when /readyz says so.", ready);
    exposition_single(out, "countersign_workers", "gauge", "Connections that can be served at a time.",
                      (double)config->workers);
    exposition_single(out, "countersign_requests_in_flight", "gauge", "Requests being walked.",
                      (double)atomic_load(&gateway->in_flight));
    exposition_single(out, "countersign_log_lines_dropped_total", "counter",
                      "Access lines that standard output did not take.",
                      (double)atomic_load(&gateway->access.dropped));
    exposition_single(out, "countersign_metrics_lost_total", "counter",
                      "Counts that found no room, in memory or among 100000 series.",
                      (double)series_lost(gateway->metrics));
}

static void put_reloads(struct reload *reload, struct buf *out)
{
    const struct exposition_label good = {"result", "good"};
    const struct exposition_label bad = {"result", "bad"};
    struct reload_state state;
    reload_look(reload, &state);
    exposition_open(out, "countersign_reloads_total", "counter", "Reloads since the process began.");
    exposition_count(out, "countersign_reloads_total", "", &good, 1, state.good);
    exposition_count(out, "countersign_reloads_total", "", &bad, 1, state.bad);
    exposition_single(out, "countersign_reload_failed", "gauge",
                      "1 when the last reload was refused and an older configuration serves.", state.failed);
    exposition_single(out, "countersign_reload_last_good_timestamp_seconds", "gauge",
                      "When the configuration in force was loaded.", (double)state.good_at);
}

static void put_audit(const struct audit *audit, struct buf *out)
{
    struct audit_state state = {0};
    if (audit != NULL)
        state = audit_state(audit);
    exposition_single(out, "countersign_audit_enabled", "gauge", "1 when an audit file is kept.",
                      audit != NULL);
    exposition_single(out, "countersign_audit_records_total", "counter", "Records written to the audit file.",
                      (double)state.records);
    exposition_single(out, "countersign_audit_failures_total", "counter",
                      "Records that could not be written: each intent among them is a change refused.",
                      (double)state.failed);
    exposition_single(out, "countersign_audit_failing", "gauge",
                      "1 when the last record could not be written, and changes are refused.", state.failing);
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
    exposition_open(out, "countersign_tokens", "gauge",
                    "Tokens in the policy by the time that is left to them, each in one class.");
    for (size_t i = 0; i < COUNT(classes); i++) {
        const struct exposition_label label = {"expires", classes[i].name};
        exposition_count(out, "countersign_tokens", "", &label, 1, counts[i]);
    }
}

void gauges_write(struct gateway *gateway, struct reload *reload, int64_t now_ms, struct buf *out)
{
    struct generation *generation = gateway_take(gateway);
    put_service(gateway, generation->config, out);
    put_reloads(reload, out);
    put_audit(gateway->audit, out);
    put_tokens(generation->config, now_ms / 1000, out);
    gateway_release(generation);
}
