/* gateway/state/use_table.h - what is used, in the memory of one process: the store of memory_store.h. */
#ifndef GATEWAY_STATE_USE_TABLE_H
#define GATEWAY_STATE_USE_TABLE_H

#include "gateway/state/state.h"

struct use_entry;

struct use_table {
    struct use_entry *shards[STATE_USE_SHARDS]; /* uthash, by name */
};

/* As state_used() and state_uses(), at that time: -1 when memory is out. */
MUST_USE int use_table_add(struct use_table *table, unsigned shard, const struct state_use *uses,
                           size_t count, int64_t now_ms, int64_t keep_ms);
MUST_USE int use_table_list(struct use_table *table, unsigned shard, int64_t now_ms, struct arena *arena,
                            struct state_use **uses, size_t *count);
void use_table_done(struct use_table *table);

#endif
