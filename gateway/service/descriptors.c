#include "gateway/service/descriptors.h"

#include "gateway/connection/connections.h"
#include "gateway/listener/passed.h"

enum { LISTENERS = 2 }; /* that DESCRIPTORS_OWN has */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t all_slots(const struct config *config)
{
    size_t slots = 0;
    for (size_t i = 0; i < config->upstream_count; i++)
        slots += (size_t)config->upstreams[i].slots;
    return slots;
}

/* Sockets that the gateway opens; those of systemd are there already. */
static size_t count_own(const struct config_listeners *listeners)
{
    size_t own = 0;
    for (size_t i = 0; i < listeners->count; i++)
        own += listeners->items[i].kind != CONFIG_SYSTEMD;
    return own;
}

static size_t own_descriptors(const struct config *config)
{
    size_t sockets = count_own(&config->listen) + count_own(&config->admin) + (size_t)passed_count();
    return DESCRIPTORS_OWN + (sockets > LISTENERS ? sockets - LISTENERS : 0);
}

size_t descriptors_connections(const struct config *config)
{
    return (size_t)(config->connections > config->workers ? config->connections : config->workers);
}

int descriptors_share(const struct config *config, size_t admin_connections, size_t limit,
                      struct descriptors *shares, struct err *err)
{
    const size_t own = own_descriptors(config);
    const size_t places = connections_places(descriptors_connections(config));
    const size_t admin = connections_places(admin_connections);
    const size_t slots = all_slots(config);
    const size_t fewest =
        own + DESCRIPTORS_ADMIN + DESCRIPTORS_CALLERS + DESCRIPTORS_CONNECTION * config->upstream_count;
    *shares = (struct descriptors){.limit = limit,
                                   .wanted = own + places + admin + DESCRIPTORS_CONNECTION * slots,
                                   .places = places,
                                   .admin = admin,
                                   .connections = slots};
    if (limit >= shares->wanted)
        return 0;
    if (limit < fewest)
        return err_set(err, ERR_SYSTEM,
                       "%zu file descriptors are too few to serve with: it takes %zu, and %zu "
                       "for all that the configuration says (LimitNOFILE, ulimit -n)",
                       limit, fewest, shares->wanted);
    size_t rest = limit - own;
    shares->admin = rest / 8 < DESCRIPTORS_ADMIN ? DESCRIPTORS_ADMIN : least(rest / 8, admin);
    rest -= shares->admin;
    shares->connections = least(slots, rest / 2 / DESCRIPTORS_CONNECTION);
    if (shares->connections < config->upstream_count)
        shares->connections = config->upstream_count;
    shares->places = least(places, rest - DESCRIPTORS_CONNECTION * shares->connections);
    return 0;
}
