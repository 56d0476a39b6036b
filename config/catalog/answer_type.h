/* config/catalog/answer_type.h - catalog.yaml, `types`: what answers hold.
 *
 * Nothing is judged or changed by them: they are what the OpenAPI document says of answers. */
#ifndef CONFIG_CATALOG_ANSWER_TYPE_H
#define CONFIG_CATALOG_ANSWER_TYPE_H

#include "config/reader/keyword.h"

keyword_reader answer_type_read_all;

/* Of the types that are there: what `returns` of routes and `type` of members name.  Once for each file, when
 * it is read.  -1 when anything was reported. */
MUST_USE int answer_type_link(struct loader *loader);

#endif
