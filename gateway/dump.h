/* gateway/dump.h - a value of jansson's as the JSON text that goes out. */
#ifndef GATEWAY_DUMP_H
#define GATEWAY_DUMP_H

#include "base/arena.h"
#include "base/base.h"

#include <jansson.h>

/* Any value, without blanks; in `arena`, with a NUL behind it.  NULL when memory is out. */
const char *dump_json(const json_t *value, struct arena *arena);

#endif
