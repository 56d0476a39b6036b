/* config/load/config_load.h - a configuration from its files. */
#ifndef CONFIG_LOAD_CONFIG_LOAD_H
#define CONFIG_LOAD_CONFIG_LOAD_H

#include "config/model/config.h"
#include "config/reader/report.h"

/* `now` (seconds since 1970) is for warnings of what has expired.  `previous` is the configuration in force,
 * or NULL: a secret that came from the environment, which is wiped by then, is taken over from it. NULL when
 * anything is wrong; `report` then says what.  The caller owns it: config_release(). */
MUST_USE struct config *config_load(const char *path, const struct config *previous, int64_t now,
                                    struct report *report);

/* A policy alone (NULL: none), with the routes that ship and those of `count` more catalogs, and no secret:
 * for judging calls, not for making them.  Each service has an upstream that goes nowhere, with `region`;
 * NULL: there is none. */
MUST_USE struct config *config_load_policy(const char *path, const char *const *catalogs, size_t count,
                                           const char *region, int64_t now, struct report *report);

#endif
