/* config/credential/issuer.h - credentials that live for hours: `role`, `web_identity`, `assume_role` and
 * `command`, each a form of a credential; and where they are fetched. */
#ifndef CONFIG_CREDENTIAL_ISSUER_H
#define CONFIG_CREDENTIAL_ISSUER_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* Is this map of a credential one of the four? */
bool issuer_is_named(const struct yaml_node *node);

/* The map into credential->issuer.  -1 when anything was reported. */
MUST_USE int issuer_read(struct loader *loader, const struct yaml_node *node,
                         struct config_credential *credential);

/* Once all credentials were read: `from` leads to a credential, and in no circle.  `node` is their map. */
MUST_USE int issuer_settle(struct loader *loader, const struct yaml_node *node);

#endif
