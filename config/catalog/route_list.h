/* config/catalog/route_list.h - a route whose answer is a list: how its pages follow each other. */
#ifndef CONFIG_CATALOG_ROUTE_LIST_H
#define CONFIG_CATALOG_ROUTE_LIST_H

#include "config/model/config.h"
#include "config/reader/keyword.h"

keyword_reader route_list_read_last;

/* Has it the parameters that all=true asks for pages by?  -1 when anything was reported. */
int route_list_check(struct loader *loader, const struct config_route *route);

#endif
