/* gateway/state/sqlite_store.h - a store in a file: for the gateways of one machine, and for those who come
 * after them.  What was written survives the end of every process; of a machine that loses its power the
 * last moments may be lost, as with any file that is not synced (WAL mode, synchronous=NORMAL). */
#ifndef GATEWAY_STATE_SQLITE_STORE_H
#define GATEWAY_STATE_SQLITE_STORE_H

#include "gateway/state/store.h"

extern const struct store_kind sqlite_store_kind;

/* Opens or makes the file, mode 600; `gateway` is this process's own name in it.  NULL when it cannot be
 * used. */
MUST_USE void *sqlite_store_new(const char *file, const char *gateway, struct err *err);

#endif
