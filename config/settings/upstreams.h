/* config/settings/upstreams.h - countersign.yaml, `upstreams`: who answers. */
#ifndef CONFIG_SETTINGS_UPSTREAMS_H
#define CONFIG_SETTINGS_UPSTREAMS_H

#include "config/reader/keyword.h"

/* Into config->upstreams; after `workers` and the credentials, which it refers to.  -1 after a finding. */
MUST_USE int upstreams_read(struct loader *loader, const struct yaml_node *node);

/* `sts` and `metadata`, each of which may be absent (NULL), into config->issuers: where
 * credentials that live for hours are fetched.  Before the credentials.  -1 after a finding. */
MUST_USE int upstreams_read_issuers(struct loader *loader, const struct yaml_node *sts,
                                    const struct yaml_node *metadata);

#endif
