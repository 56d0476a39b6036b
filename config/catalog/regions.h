/* config/catalog/regions.h - what the cloud's regions are called. */
#ifndef CONFIG_CATALOG_REGIONS_H
#define CONFIG_CATALOG_REGIONS_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

/* `regions` of a catalog -> config->regions, behind those that are there already. */
keyword_reader regions_read;

/* Each upstream's region becomes its one name.  After every catalog.  -1 when anything was reported. */
int regions_settle(struct loader *loader);

#endif
