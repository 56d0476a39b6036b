/* config/credential/credential.h - credentials, from the files and variables that hold their secrets. */
#ifndef CONFIG_CREDENTIAL_CREDENTIAL_H
#define CONFIG_CREDENTIAL_CREDENTIAL_H

#include "base/secret.h"
#include "config/reader/keyword.h"

/* A map of credentials -> config->credentials.  -1 when anything was reported. */
int credential_read_all(struct loader *loader, const struct yaml_node *node);

/* One secret by its source.  NULL when anything was reported; `what` names it in messages. */
MUST_USE struct secret *credential_secret(struct loader *loader, const struct yaml_node *node,
                                          const char *what);

#endif
