#include "gateway/exchange/gateway.h"

#include "base/clock.h"
#include "gateway/audit/audit.h"
#include "gateway/exchange/anonymous.h"
#include "gateway/exchange/metrics.h"
#include "gateway/exchange/quotas.h"
#include "gateway/upstream/back.h"

#include <stdlib.h>
#include <unistd.h>

static void generation_free(struct generation *generation)
{
    quotas_free(generation->quotas);
    limits_free(generation->limits);
    back_free(generation->back);
    config_release(generation->config);
    free(generation);
}

static struct generation *generation_new(struct gateway *gateway, struct config *config, struct err *err)
{
    const struct generation *previous = gateway->current; /* NULL: we begin */
    struct generation *generation = calloc(1, sizeof *generation);
    if (generation == NULL) {
        config_release(config);
        err_memory(err);
        return NULL;
    }
    atomic_init(&generation->references, 1);
    generation->config = config;
    generation->back = back_new(config, previous == NULL ? NULL : previous->back, gateway->connections,
                                &gateway->abandoned, err);
    generation->limits = limits_new(config, previous == NULL ? NULL : previous->limits);
    generation->quotas = quotas_new(config, previous == NULL ? NULL : previous->quotas);
    if (generation->back == NULL || generation->limits == NULL || generation->quotas == NULL) {
        err_memory(err); /* the first cause wins */
        generation_free(generation);
        return NULL;
    }
    return generation;
}

void gateway_release(struct generation *generation)
{
    if (generation != NULL &&
        atomic_fetch_sub_explicit(&generation->references, 1, memory_order_acq_rel) == 1)
        generation_free(generation);
}

struct generation *gateway_take(struct gateway *gateway)
{
    (void)pthread_mutex_lock(&gateway->mutex);
    struct generation *generation = gateway->current;
    atomic_fetch_add_explicit(&generation->references, 1, memory_order_relaxed);
    (void)pthread_mutex_unlock(&gateway->mutex);
    return generation;
}

int gateway_swap(struct gateway *gateway, struct config *config, struct err *err)
{
    struct generation *old = gateway_take(gateway);
    struct generation *new = generation_new(gateway, config, err);
    if (new != NULL) {
        (void)pthread_mutex_lock(&gateway->mutex);
        gateway->current = new;
        (void)pthread_mutex_unlock(&gateway->mutex);
        metrics_prepare(gateway->metrics, new->config);
        gateway_release(old); /* the one that the gateway held */
    }
    gateway_release(old);
    return new == NULL ? -1 : 0;
}

int gateway_init(struct gateway *gateway, struct config *config, size_t connections, int access_fd,
                 struct err *err)
{
    *gateway = (struct gateway){.began_ms = clock_wall_ms(), .connections = connections};
    atomic_init(&gateway->in_flight, 0);
    atomic_init(&gateway->waiting, 0);
    atomic_init(&gateway->collecting, 0);
    atomic_init(&gateway->serving, false);
    atomic_init(&gateway->ended, 0);
    atomic_init(&gateway->draining, false);
    atomic_init(&gateway->abandoned, false);
    gateway->current = generation_new(gateway, config, err);
    if (gateway->current == NULL)
        return -1;
    if (turn_init(&gateway->turns, (size_t)config->workers, err) != 0)
        goto no_turns;
    if (pthread_mutex_init(&gateway->mutex, NULL) != 0)
        goto no_mutex;
    if (log_init(&gateway->access, access_fd) != 0)
        goto no_access;
    if (log_init(&gateway->notices, STDERR_FILENO) != 0)
        goto no_notices;
    if (nonce_init(&gateway->nonce) != 0 || ident_init(&gateway->ident) != 0) {
        gateway_done(gateway);
        return err_set(err, ERR_CRYPTO, "the system gives no randomness");
    }
    gateway->metrics = metrics_new();
    gateway->failures = failures_new();
    gateway->anonymous = anonymous_new(clock_monotonic_us());
    if (gateway->metrics == NULL || gateway->failures == NULL || gateway->anonymous == NULL) {
        gateway_done(gateway);
        return err_memory(err);
    }
    metrics_prepare(gateway->metrics, config);
    if (config->audit.file != NULL &&
        (gateway->audit = audit_open(&config->audit, &gateway->notices, err)) == NULL) {
        gateway_done(gateway);
        return -1;
    }
    return 0;

no_notices:
    log_done(&gateway->access);
no_access:
    (void)pthread_mutex_destroy(&gateway->mutex);
no_mutex:
    turn_done(&gateway->turns);
no_turns:
    gateway_release(gateway->current);
    return err_memory(err);
}

void gateway_done(struct gateway *gateway)
{
    audit_close(gateway->audit);
    anonymous_free(gateway->anonymous);
    failures_free(gateway->failures);
    series_free(gateway->metrics);
    gateway_release(gateway->current);
    log_done(&gateway->notices);
    log_done(&gateway->access);
    (void)pthread_mutex_destroy(&gateway->mutex);
    turn_done(&gateway->turns);
}
