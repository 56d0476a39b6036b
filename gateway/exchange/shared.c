#include "gateway/exchange/shared.h"

#include "base/time/clock.h"
#include "base/log/operator_log.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/metrics/history.h"
#include "gateway/metrics/shares.h"
#include "gateway/limits/freezes.h"
#include "gateway/known/current.h"
#include "gateway/known/owners.h"
#include "gateway/known/quotas.h"
#include "gateway/exchange/request_metrics.h"
#include "gateway/known/unsettled.h"
#include "gateway/known/usage.h"
#include "gateway/keeper/keeper.h"
#include "gateway/mcp/mcp_tools.h"
#include "gateway/openapi/openapi.h"
#include "gateway/state/state.h"
#include "gateway/upstream/upstream_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void snapshot_free(struct snapshot *snapshot)
{
    if (snapshot->uses != NULL && snapshot->usage != NULL)
        usage_see(snapshot->usage, snapshot->uses);
    use_counts_free(snapshot->uses);
    mcp_tools_free(snapshot->tools);
    openapi_free(snapshot->openapi);
    current_free(snapshot->current_ids);
    quotas_free(snapshot->quotas);
    client_limits_free(snapshot->limits);
    upstream_pool_free(snapshot->back);
    keeping_free(snapshot->keeping);
    config_release(snapshot->config);
    free(snapshot);
}

/* For the keeper, while it fetches. */
static void hold_snapshot(void *context)
{
    struct snapshot *snapshot = context;
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
}

static void release_snapshot(void *context)
{
    shared_release(context);
}

/* Connections, and what signs there. */
static int open_upstreams(struct shared *gateway, struct snapshot *snapshot, struct err *err)
{
    const struct config *config = snapshot->config;
    const struct snapshot *previous = gateway->current;
    const struct keeping_owner owner = {hold_snapshot, release_snapshot, snapshot};
    snapshot->keeping =
        keeper_keeping(gateway->keeper, config, previous == NULL ? NULL : previous->keeping, &owner, err);
    if (snapshot->keeping == NULL)
        return -1;
    const struct upstream_pool_kept kept = keeping_of_pool(snapshot->keeping);
    snapshot->back = upstream_pool_new(config->upstreams, config->upstream_count, &kept,
                                       previous == NULL ? NULL : previous->back, gateway->connections,
                                       &gateway->abandoned, err);
    return snapshot->back == NULL ? -1 : 0;
}

static struct snapshot *snapshot_new(struct shared *gateway, struct config *config, struct err *err)
{
    const struct snapshot *previous = gateway->current; /* NULL: we begin */
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        config_release(config);
        err_memory(err);
        return NULL;
    }
    atomic_init(&snapshot->references, 1);
    snapshot->config = config;
    int opened = open_upstreams(gateway, snapshot, err);
    snapshot->limits = client_limits_new(config, previous == NULL ? NULL : previous->limits);
    snapshot->openapi = openapi_new(config, err);
    snapshot->tools = config->mcp_door ? mcp_tools_new(config, err) : NULL;
    snapshot->current_ids = current_new();
    snapshot->quotas = quotas_new(config, previous == NULL ? NULL : previous->quotas);
    snapshot->uses = config->console ? use_counts_new(config) : NULL;
    snapshot->usage = atomic_load_explicit(&gateway->usage, memory_order_acquire);
    if (opened != 0 || snapshot->limits == NULL || snapshot->quotas == NULL || snapshot->openapi == NULL ||
        snapshot->current_ids == NULL || (config->mcp_door && snapshot->tools == NULL) ||
        (config->console && snapshot->uses == NULL)) {
        err_memory(err); /* the first cause wins */
        snapshot_free(snapshot);
        return NULL;
    }
    return snapshot;
}

void shared_release(struct snapshot *snapshot)
{
    if (snapshot != NULL && atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) == 1)
        snapshot_free(snapshot);
}

struct snapshot *shared_take(struct shared *gateway)
{
    (void)pthread_mutex_lock(&gateway->mutex);
    struct snapshot *snapshot = gateway->current;
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    (void)pthread_mutex_unlock(&gateway->mutex);
    return snapshot;
}

/* For usage.h.  It counts while the console is on. */
static void look_at_uses(void *context)
{
    struct shared *gateway = context;
    struct usage *usage = atomic_load_explicit(&gateway->usage, memory_order_acquire);
    struct snapshot *snapshot = shared_take(gateway);
    if (usage != NULL && snapshot->uses != NULL) {
        usage_use(usage, snapshot->config);
        usage_see(usage, snapshot->uses);
    }
    shared_release(snapshot);
}

static void share(void *context, enum use_ask ask, const char *name, unsigned count)
{
    shares_count(context, ask == USE_CLIENT ? SHARES_CLIENTS : SHARES_ACTIONS, name, count);
}

struct shares *shared_shares(struct shared *gateway)
{
    if (atomic_load_explicit(&gateway->history, memory_order_acquire) == NULL)
        return NULL;
    struct snapshot *snapshot = shared_take(gateway);
    if (snapshot->uses != NULL)
        use_counts_take_asked(snapshot->uses, share, gateway->shares);
    shared_release(snapshot);
    return gateway->shares;
}

static void step_shares(void *context)
{
    struct shares *shares = shared_shares(context);
    if (shares != NULL) /* from the first step on there is one */
        shares_step(shares, clock_wall_ms());
}

static int keep_history(struct shared *gateway, struct err *err)
{
    const struct history_source source = {gateway->metrics, request_metrics_sum, step_shares, gateway};
    if (atomic_load_explicit(&gateway->history, memory_order_acquire) != NULL)
        return 0;
    gateway->shares = shares_new(clock_wall_ms());
    if (gateway->shares == NULL)
        return err_memory(err);
    struct history *history = history_start(&source, err);
    if (history == NULL) {
        shares_free(gateway->shares);
        gateway->shares = NULL;
    }
    atomic_store_explicit(&gateway->history, history, memory_order_release);
    return history == NULL ? -1 : 0;
}

/* What the console looks at: from the first configuration on that has one. */
static int keep_past(struct shared *gateway, const struct config *config, struct err *err)
{
    if (!config->console || atomic_load_explicit(&gateway->usage, memory_order_acquire) != NULL)
        return 0;
    if (log_keep(&gateway->access) != 0)
        return err_memory(err);
    if (keep_history(gateway, err) != 0)
        return -1;
    struct usage *usage = usage_start(gateway->state, look_at_uses, gateway, err);
    atomic_store_explicit(&gateway->usage, usage, memory_order_release);
    return usage == NULL ? -1 : 0;
}

int shared_swap(struct shared *gateway, struct config *config, struct err *err)
{
    if (keep_past(gateway, config, err) != 0) {
        config_release(config);
        return -1;
    }
    struct snapshot *old = shared_take(gateway);
    struct snapshot *new = snapshot_new(gateway, config, err);
    if (new != NULL) {
        (void)pthread_mutex_lock(&gateway->mutex);
        gateway->current = new;
        (void)pthread_mutex_unlock(&gateway->mutex);
        keeper_use(gateway->keeper, new->keeping);
        request_metrics_prepare(gateway->metrics, new->config);
        operator_log_use(&gateway->notices, new->config->notices == CONFIG_NOTICES_JSON);
        if (old->uses != NULL) /* what ends later is not in the plots */
            use_counts_take_asked(old->uses, share, gateway->shares);
        shared_release(old); /* the one that the gateway held */
    }
    shared_release(old);
    return new == NULL ? -1 : 0;
}

/* Where there is no such file, what a dead process left is not judged. */
static void read_boot(char out[SHARED_BOOT_SIZE])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    if (file == NULL || fscanf(file, "%36s", out) != 1)
        out[0] = '\0';
    if (file != NULL)
        (void)fclose(file); /* only read from */
}

int shared_init(struct shared *gateway, struct config *config, size_t connections, int access_fd,
                struct err *err)
{
    *gateway = (struct shared){.began_ms = clock_wall_ms(), .connections = connections};
    atomic_init(&gateway->in_flight, 0);
    atomic_init(&gateway->waiting, 0);
    atomic_init(&gateway->collecting, 0);
    atomic_init(&gateway->serving, false);
    atomic_init(&gateway->ended, 0);
    atomic_init(&gateway->draining, false);
    atomic_init(&gateway->abandoned, false);
    atomic_init(&gateway->history, NULL);
    atomic_init(&gateway->usage, NULL);
    gateway->keeper = keeper_new(&gateway->notices, err);
    if (gateway->keeper == NULL) {
        config_release(config);
        return -1;
    }
    gateway->current = snapshot_new(gateway, config, err);
    if (gateway->current == NULL)
        goto no_snapshot;
    keeper_use(gateway->keeper, gateway->current->keeping);
    if (cpu_gate_init(&gateway->turns, (size_t)config->workers, err) != 0)
        goto no_turns;
    if (pthread_mutex_init(&gateway->mutex, NULL) != 0)
        goto no_mutex;
    if (log_init(&gateway->access, access_fd) != 0)
        goto no_access;
    if (operator_log_init(&gateway->notices, config->notices == CONFIG_NOTICES_JSON) != 0)
        goto no_notices;
    if (nonce_init(&gateway->nonce) != 0 || unique_id_init(&gateway->ident) != 0) {
        shared_done(gateway);
        return err_set(err, ERR_CRYPTO, "the system gives no randomness");
    }
    read_boot(gateway->boot);
    gateway->unsettled = unsettled_new();
    gateway->metrics = request_metrics_new();
    gateway->owners = owners_new();
    gateway->failures = auth_failures_new();
    gateway->anonymous = anonymous_new(clock_monotonic_us());
    if (gateway->unsettled == NULL || gateway->metrics == NULL || gateway->owners == NULL ||
        gateway->failures == NULL || gateway->anonymous == NULL) {
        shared_done(gateway);
        return err_memory(err);
    }
    request_metrics_prepare(gateway->metrics, config);
    gateway->state = state_open(&config->state, &gateway->notices, err);
    if (gateway->state != NULL)
        state_holder(gateway->state, gateway->process);
    if (gateway->state == NULL || keep_past(gateway, config, err) != 0 ||
        heartbeat_start(&gateway->heartbeat, gateway, err) != 0) {
        shared_done(gateway);
        return -1;
    }
    gateway->current->usage = atomic_load_explicit(&gateway->usage, memory_order_acquire);
    if (config->audit.file != NULL &&
        (gateway->audit = audit_open(&config->audit, &gateway->notices, err)) == NULL) {
        shared_done(gateway);
        return -1;
    }
    return 0;

no_notices:
    log_done(&gateway->access);
no_access:
    (void)pthread_mutex_destroy(&gateway->mutex);
no_mutex:
    cpu_gate_done(&gateway->turns);
no_turns:
    shared_release(gateway->current);
no_snapshot:
    keeper_free(gateway->keeper);
    return err_memory(err); /* the first cause wins */
}

void shared_done(struct shared *gateway)
{
    heartbeat_stop(&gateway->heartbeat);
    history_stop(atomic_load_explicit(&gateway->history, memory_order_acquire));
    struct usage *usage = atomic_load_explicit(&gateway->usage, memory_order_acquire);
    usage_stop(usage);
    shares_free(gateway->shares);
    keeper_stop(gateway->keeper);
    audit_close(gateway->audit);
    freezes_close(gateway->freezes);
    if (gateway->state != NULL && gateway->unsettled != NULL)
        unsettled_tell(gateway->unsettled, gateway->state); /* the last chance */
    unsettled_free(gateway->unsettled);
    state_close(gateway->state);
    owners_free(gateway->owners);
    anonymous_free(gateway->anonymous);
    auth_failures_free(gateway->failures);
    series_free(gateway->metrics);
    shared_release(gateway->current);
    usage_free(usage);
    keeper_free(gateway->keeper);
    log_done(&gateway->notices);
    log_done(&gateway->access);
    (void)pthread_mutex_destroy(&gateway->mutex);
    cpu_gate_done(&gateway->turns);
}
