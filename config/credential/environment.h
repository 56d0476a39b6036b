/* config/credential/environment.h - secrets of the environment: each is there once. */
#ifndef CONFIG_CREDENTIAL_ENVIRONMENT_H
#define CONFIG_CREDENTIAL_ENVIRONMENT_H

#include "base/err.h"
#include "base/secret.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

/* The variable of that name, or what was read of it before: by this configuration, or by one before it. */
MUST_USE struct secret *environment_secret(struct loader *loader, const char *name, struct err *err);

/* What those before have read and this one does not need stays known: the way back to an older file.  -1 when
 * anything was reported. */
int environment_keep(struct loader *loader);

/* See config_load_wipe(). */
void environment_wipe(const struct config *config);

#endif
