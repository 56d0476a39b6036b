/* config/load/config_load.h - a configuration from its files. */
#ifndef CONFIG_LOAD_CONFIG_LOAD_H
#define CONFIG_LOAD_CONFIG_LOAD_H

#include "config/model/config.h"
#include "config/reader/report.h"

/* `now` (seconds since 1970) is for warnings of what has expired.  `previous` is the configuration in force,
 * or NULL: what a reload cannot change is taken over from it, and so is a secret of the environment, which is
 * wiped by then.  The environment itself is not touched: see config_load_wipe().  NULL when anything is
 * wrong; `report` then says what.  The caller owns it: config_release(). */
MUST_USE struct config *config_load(const char *path, const struct config *previous, int64_t now,
                                    struct report *report);

/* Wipes the variables that were read: once the configuration is in force, and not before, since one that is
 * refused leaves them for the next. */
void config_load_wipe(const struct config *config);

/* A policy alone (NULL: none), with the routes that ship and those of `count` more catalogs, and no secret:
 * for judging calls, not for making them.  Each service has an upstream that goes nowhere, with `region`;
 * NULL: there is none.  Where the policy names actions as "vpc:CreateVpc", and their definitions are in the
 * folder `definitions` (NULL: where they are installed), documents are judged, too. */
MUST_USE struct config *config_load_policy(const char *path, const char *const *catalogs, size_t count,
                                           const char *region, const char *definitions, int64_t now,
                                           struct report *report);

/* The same of a text instead of a file, which marks call "policy.yaml": with the catalogs, definitions and
 * region of `like`, a configuration that is in force. */
MUST_USE struct config *config_load_policy_text(const char *text, size_t length, const struct config *like,
                                                int64_t now, struct report *report);

#endif
