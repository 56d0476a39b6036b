#include "gateway/upstream/upstream.h"

#include <stdlib.h>

struct upstream *upstream_new(void)
{
    struct upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream != NULL)
        atomic_init(&upstream->references, 1);
    return upstream;
}

struct upstream *upstream_hold(struct upstream *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void upstream_release(struct upstream *upstream)
{
    if (upstream != NULL && atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) == 1)
        free(upstream);
}
