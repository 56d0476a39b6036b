/* config/catalog/dialect.h - how each generation of the API does a route. */
#ifndef CONFIG_CATALOG_DIALECT_H
#define CONFIG_CATALOG_DIALECT_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

keyword_reader dialect_read_status;
keyword_reader dialect_read_api2;
keyword_reader dialect_read_api3;

/* Fills in what was not said.  -1 when anything was reported. */
int dialect_check(struct loader *loader, struct config_route *route);

#endif
