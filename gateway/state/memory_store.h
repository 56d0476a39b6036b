/* gateway/state/memory_store.h - a store in this process: nobody else sees it, and it ends with it. */
#ifndef GATEWAY_STATE_MEMORY_STORE_H
#define GATEWAY_STATE_MEMORY_STORE_H

#include "gateway/state/store.h"

enum {
    MEMORY_STORE_KEYS = 100000,            /* a change a second for a day is 86,400 */
    MEMORY_STORE_BYTES = 64 * 1024 * 1024, /* of notes and answers: 600 bytes for each of them */
};

extern const struct store_kind memory_store_kind;

/* `clock` gives milliseconds and never steps; NULL: the system's.  NULL when memory is out. */
MUST_USE void *memory_store_new(int64_t (*clock)(void));

#endif
