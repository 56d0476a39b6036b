#include "gateway/exchange/shared.h"

#include "base/clock.h"
#include "base/operator_log.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/exchange/freezes.h"
#include "gateway/exchange/current.h"
#include "gateway/exchange/owners.h"
#include "gateway/exchange/quotas.h"
#include "gateway/exchange/request_metrics.h"
#include "gateway/mcp/mcp_tools.h"
#include "gateway/openapi/openapi.h"
#include "gateway/state/state.h"
#include "gateway/upstream/upstream_pool.h"

#include <stdlib.h>
#include <unistd.h>

static void snapshot_free(struct snapshot *snapshot)
{
    mcp_tools_free(snapshot->tools);
    openapi_free(snapshot->openapi);
    current_free(snapshot->current_ids);
    quotas_free(snapshot->quotas);
    client_limits_free(snapshot->limits);
    upstream_pool_free(snapshot->back);
    config_release(snapshot->config);
    free(snapshot);
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
    snapshot->back = upstream_pool_new(config, previous == NULL ? NULL : previous->back, gateway->connections,
                                       &gateway->abandoned, err);
    snapshot->limits = client_limits_new(config, previous == NULL ? NULL : previous->limits);
    snapshot->openapi = openapi_new(config, err);
    snapshot->tools = config->mcp_door ? mcp_tools_new(config, err) : NULL;
    snapshot->current_ids = current_new();
    snapshot->quotas = quotas_new(config, previous == NULL ? NULL : previous->quotas);
    if (snapshot->back == NULL || snapshot->limits == NULL || snapshot->quotas == NULL ||
        snapshot->openapi == NULL || snapshot->current_ids == NULL ||
        (config->mcp_door && snapshot->tools == NULL)) {
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

int shared_swap(struct shared *gateway, struct config *config, struct err *err)
{
    struct snapshot *old = shared_take(gateway);
    struct snapshot *new = snapshot_new(gateway, config, err);
    if (new != NULL) {
        (void)pthread_mutex_lock(&gateway->mutex);
        gateway->current = new;
        (void)pthread_mutex_unlock(&gateway->mutex);
        request_metrics_prepare(gateway->metrics, new->config);
        operator_log_use(&gateway->notices, new->config->notices == CONFIG_NOTICES_JSON);
        shared_release(old); /* the one that the gateway held */
    }
    shared_release(old);
    return new == NULL ? -1 : 0;
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
    gateway->current = snapshot_new(gateway, config, err);
    if (gateway->current == NULL)
        return -1;
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
    gateway->metrics = request_metrics_new();
    gateway->owners = owners_new();
    gateway->failures = auth_failures_new();
    gateway->anonymous = anonymous_new(clock_monotonic_us());
    if (gateway->metrics == NULL || gateway->owners == NULL || gateway->failures == NULL ||
        gateway->anonymous == NULL) {
        shared_done(gateway);
        return err_memory(err);
    }
    request_metrics_prepare(gateway->metrics, config);
    if ((gateway->state = state_open(&config->state, &gateway->notices, err)) == NULL ||
        heartbeat_start(&gateway->heartbeat, gateway, err) != 0) {
        shared_done(gateway);
        return -1;
    }
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
    return err_memory(err);
}

void shared_done(struct shared *gateway)
{
    heartbeat_stop(&gateway->heartbeat);
    audit_close(gateway->audit);
    freezes_close(gateway->freezes);
    state_close(gateway->state);
    owners_free(gateway->owners);
    anonymous_free(gateway->anonymous);
    auth_failures_free(gateway->failures);
    series_free(gateway->metrics);
    shared_release(gateway->current);
    log_done(&gateway->notices);
    log_done(&gateway->access);
    (void)pthread_mutex_destroy(&gateway->mutex);
    cpu_gate_done(&gateway->turns);
}
