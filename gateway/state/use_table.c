#include "gateway/state/use_table.h"

#include <stdlib.h>
#include <string.h>

struct use_entry {
    int64_t since_ms, last_ms, ends_ms; /* last_ms -1: never */
    int64_t hits;
    UT_hash_handle hh;
    char name[];
};

static void drop(struct use_table *table, unsigned shard, struct use_entry *entry)
{
    HASH_DEL(table->shards[shard], entry);
    free(entry);
}

/* *failed: memory is out.  NULL without that: there is no room. */
static struct use_entry *make(struct use_table *table, unsigned shard, const char *name, int64_t now_ms,
                              bool *failed)
{
    size_t length = strlen(name);
    if (HASH_COUNT(table->shards[shard]) >= STATE_USES_MAX)
        return NULL;
    struct use_entry *entry = calloc(1, sizeof *entry + length + 1);
    *failed = entry == NULL;
    if (entry == NULL)
        return NULL;
    memcpy(entry->name, name, length);
    entry->since_ms = now_ms;
    entry->last_ms = -1;
    HASH_ADD(hh, table->shards[shard], name[0], length, entry);
    if (entry->hh.tbl != NULL)
        return entry;
    free(entry);
    *failed = true;
    return NULL;
}

static struct use_entry *find(struct use_table *table, unsigned shard, const char *name, int64_t now_ms)
{
    struct use_entry *entry = NULL;
    HASH_FIND(hh, table->shards[shard], name, strlen(name), entry);
    if (entry == NULL || entry->ends_ms > now_ms)
        return entry;
    drop(table, shard, entry);
    return NULL;
}

int use_table_add(struct use_table *table, unsigned shard, const struct state_use *uses, size_t count,
                  int64_t now_ms, int64_t keep_ms)
{
    bool failed = false;
    for (size_t i = 0; i < count && !failed; i++) {
        struct use_entry *entry = find(table, shard, uses[i].name, now_ms);
        if (entry == NULL)
            entry = make(table, shard, uses[i].name, now_ms, &failed);
        if (entry == NULL)
            continue;
        entry->hits += uses[i].hits;
        entry->ends_ms = now_ms + keep_ms;
        if (uses[i].hits > 0)
            entry->last_ms = now_ms;
    }
    return failed ? -1 : 0;
}

int use_table_list(struct use_table *table, unsigned shard, int64_t now_ms, struct arena *arena,
                   struct state_use **uses, size_t *count)
{
    struct use_entry *entry, *next;
    *count = 0;
    *uses = arena_array(arena, HASH_COUNT(table->shards[shard]) + 1, sizeof **uses);
    if (*uses == NULL)
        return -1;
    HASH_ITER(hh, table->shards[shard], entry, next)
    {
        if (entry->ends_ms <= now_ms) {
            drop(table, shard, entry);
            continue;
        }
        struct state_use *use = &(*uses)[(*count)++];
        *use = (struct state_use){.name = arena_strdup(arena, entry->name),
                                  .hits = entry->hits,
                                  .since_ms = now_ms - entry->since_ms,
                                  .last_ms = entry->last_ms < 0 ? -1 : now_ms - entry->last_ms};
        if (use->name == NULL)
            return -1;
    }
    return 0;
}

void use_table_done(struct use_table *table)
{
    struct use_entry *entry, *next;
    for (unsigned shard = 0; shard < STATE_USE_SHARDS; shard++) {
        HASH_ITER(hh, table->shards[shard], entry, next)
        {
            drop(table, shard, entry);
        }
    }
}
