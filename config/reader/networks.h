/* config/reader/networks.h - a list of networks or addresses. */
#ifndef CONFIG_READER_NETWORKS_H
#define CONFIG_READER_NETWORKS_H

#include "base/arena.h"
#include "base/base.h"
#include "base/system/network.h"
#include "config/reader/keyword.h"

/* One or more, in `arena`; -1 when anything was reported. */
MUST_USE int networks_read(struct loader *loader, const struct yaml_node *node, const char *what,
                           struct arena *arena, struct network **networks, size_t *count);

/* A single one. */
MUST_USE int networks_read_one(struct loader *loader, const struct yaml_node *item, const char *what,
                               struct network *network);

#endif
