/* config/policy/clients.h - the clients of a policy and their tokens. */
#ifndef CONFIG_POLICY_CLIENTS_H
#define CONFIG_POLICY_CLIENTS_H

#include "config/reader/keyword.h"

/* -1 when anything was reported. */
int clients_read(struct loader *loader, const struct yaml_node *node);

/* The operators: after the clients, whose tokens theirs must not be. */
int clients_read_operators(struct loader *loader, const struct yaml_node *node);

#endif
