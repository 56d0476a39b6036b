#include "gateway/health/upstream_health.h"

#include <stdlib.h>

struct upstream_health *upstream_health_new(void)
{
    struct upstream_health *upstream = calloc(1, sizeof *upstream);
    if (upstream != NULL)
        atomic_init(&upstream->references, 1);
    return upstream;
}

struct upstream_health *upstream_health_hold(struct upstream_health *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void upstream_health_release(struct upstream_health *upstream)
{
    if (upstream != NULL && atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) == 1)
        free(upstream);
}
