/* config/settings/upstreams.h - countersign.yaml, `upstreams`: who answers. */
#ifndef CONFIG_SETTINGS_UPSTREAMS_H
#define CONFIG_SETTINGS_UPSTREAMS_H

#include "config/model/config_settings.h"
#include "config/reader/keyword.h"

/* What is read in parts: room for all, then each map of them, of `count` in all; `defaults` has the account
 * and the credentials of those that name none.  Then whether there are workers enough. */
MUST_USE int upstreams_make_room(struct loader *loader, size_t count);
MUST_USE int upstreams_read_map(struct loader *loader, const struct yaml_node *node,
                                const struct config_upstream *defaults, size_t count);
void upstreams_check_slots(struct loader *loader);

/* `credential`, into the member of that name of a struct config_upstream, and its fallback. */
keyword_reader upstreams_read_credentials;

/* Into config->upstreams; after `workers` and the credentials, which it refers to.  -1 after a finding. */
MUST_USE int upstreams_read(struct loader *loader, const struct yaml_node *node);

/* `sts` and `metadata`, each of which may be absent (NULL), into config->issuers: where
 * credentials that live for hours are fetched.  Before the credentials.  -1 after a finding. */
MUST_USE int upstreams_read_issuers(struct loader *loader, const struct yaml_node *sts,
                                    const struct yaml_node *metadata);

#endif
