/* config/load/like.h - the parameters of routes that have their body from a definition. */
#ifndef CONFIG_LOAD_LIKE_H
#define CONFIG_LOAD_LIKE_H

#include "config/definitions/definitions_file.h"
#include "config/reader/keyword.h"

/* After the catalogs, before what looks at routes' parameters.  The texts of the definitions that were read
 * go to `digest`, which may be NULL.  -1 when anything was reported: no such action, not of that version, or
 * a route has a parameter that the definition has not. */
MUST_USE int like_settle(struct loader *loader, struct digest *digest);

#endif
