#include "gateway/known/usage.h"

#include "base/arena.h"
#include "base/time/clock.h"
#include "base/time/periodic.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    USAGE_ARENA = 40 * 1024 * 1024,                       /* what 128,000 names take when they are read */
    USAGE_ROUNDS = USAGE_NAMES_MAX / STATE_USES_TOLD + 1, /* more are those that are hit meanwhile */
};

/* Lives as long as the table: names are handed to the store without a lock. */
struct entry {
    int64_t pending; /* hits that the store was not told of */
    int64_t told_ms; /* when it was told of the name; 0: never */
    bool listed;     /* the configuration has it */
    UT_hash_handle hh;
    char name[];
};

struct usage {
    struct periodic thread;
    struct state *state;
    void (*look)(void *context);
    void *context;

    pthread_mutex_t turn;                   /* one at a time looks and tells */
    struct entry *telling[STATE_USES_TOLD]; /* what is being told, ... */
    struct state_use told[STATE_USES_TOLD]; /* ... as the store takes it */

    pthread_mutex_t mutex;                  /* guards what follows; never held while the store is asked */
    struct entry *shards[STATE_USE_SHARDS]; /* uthash, by name */
    size_t count;
    char listed_for[DIGEST_TEXT_SIZE]; /* the configuration whose names are listed */
};

/* ---- names ---- */

/* Parts have no blank in them.  False: it is too long. */
static bool write_name(char name[STATE_USE_NAME + 1], enum use_kind kind, const char *one, const char *other)
{
    static const char *const kinds[] = {[USE_RULE] = "rule", [USE_TOKEN] = "token", [USE_GRANT] = "grant"};
    int length =
        snprintf(name, STATE_USE_NAME + 1, "%s %s%s%s", kinds[kind], one, other[0] == '\0' ? "" : " ", other);
    return length > 0 && length <= STATE_USE_NAME;
}

static struct entry *make(struct usage *usage, struct entry **shard, const char *name, size_t length)
{
    struct entry *entry = usage->count < USAGE_NAMES_MAX ? calloc(1, sizeof *entry + length + 1) : NULL;
    if (entry != NULL) {
        memcpy(entry->name, name, length);
        HASH_ADD(hh, *shard, name[0], length, entry);
        if (entry->hh.tbl != NULL) {
            usage->count++;
            return entry;
        }
    }
    free(entry);
    return NULL;
}

/* With the mutex held. */
static struct entry *find(struct usage *usage, enum use_kind kind, const char *one, const char *other)
{
    char name[STATE_USE_NAME + 1];
    struct entry *entry = NULL;
    if (!write_name(name, kind, one, other))
        return NULL;
    struct entry **shard = &usage->shards[state_use_shard(name)];
    size_t length = strlen(name);
    HASH_FIND(hh, *shard, name, length, entry);
    return entry != NULL ? entry : make(usage, shard, name, length);
}

/* ---- what the configuration has ---- */

static void list(struct usage *usage, enum use_kind kind, const char *one, const char *other)
{
    struct entry *entry = find(usage, kind, one, other);
    if (entry != NULL)
        entry->listed = true;
}

bool usage_is_divided(const struct config_rule *rule)
{
    return rule->effect == CONFIG_ALLOW && !rule->audit && rule->clients.count * rule->actions.count > 1;
}

void usage_each_grant(const struct config *config, const struct config_rule *rule,
                      void (*take)(void *context, const struct usage_grant *grant), void *context)
{
    for (size_t i = 0; i < rule->actions.count; i++) {
        const char *said = rule->actions.items[i];
        if (strchr(said, '*') != NULL)
            continue;
        const struct config_route *route = config_named(config, rule, said, NULL);
        for (size_t j = 0; j < rule->clients.count; j++)
            if (strchr(rule->clients.items[j], '*') == NULL)
                take(context, &(struct usage_grant){.rule = rule,
                                                    .client = rule->clients.items[j],
                                                    .said = said,
                                                    .action = route == NULL ? said : route->action});
    }
}

static void list_grant(void *context, const struct usage_grant *grant)
{
    list(context, USE_GRANT, grant->client, grant->action);
}

static void list_all(struct usage *usage, const struct config *config)
{
    struct entry *entry, *next;
    for (unsigned shard = 0; shard < STATE_USE_SHARDS; shard++)
        HASH_ITER(hh, usage->shards[shard], entry, next)
        {
            entry->listed = false;
        }
    for (size_t i = 0; i < config->rule_count; i++)
        list(usage, USE_RULE, config->rules[i]->id, "");
    for (size_t i = 0; i < config->tokens.count; i++)
        list(usage, USE_TOKEN, config->tokens.items[i].client->name, config->tokens.items[i].id);
    for (size_t i = 0; i < config->rule_count; i++)
        if (usage_is_divided(config->rules[i]))
            usage_each_grant(config, config->rules[i], list_grant, usage);
}

void usage_use(struct usage *usage, const struct config *config)
{
    const char *hash = config->hashes[CONFIG_HASH_ALL];
    (void)pthread_mutex_lock(&usage->mutex);
    if (strcmp(usage->listed_for, hash) != 0)
        list_all(usage, config);
    memcpy(usage->listed_for, hash, sizeof usage->listed_for);
    (void)pthread_mutex_unlock(&usage->mutex);
}

/* ---- what was counted ---- */

static void see(void *context, enum use_kind kind, const char *one, const char *other, unsigned count)
{
    struct entry *entry = find(context, kind, one, other);
    if (entry != NULL)
        entry->pending += count;
}

void usage_see(struct usage *usage, struct use_counts *counts)
{
    (void)pthread_mutex_lock(&usage->mutex);
    use_counts_take(counts, see, usage);
    (void)pthread_mutex_unlock(&usage->mutex);
}

/* ---- the store ---- */

static bool is_news(const struct entry *entry, int64_t now_ms)
{
    return entry->pending > 0 ||
           (entry->listed && (entry->told_ms == 0 || now_ms - entry->told_ms > USAGE_DAY_MS));
}

/* The next ones of that shard that the store is to be told of. */
static size_t gather(struct usage *usage, unsigned shard, int64_t now_ms)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&usage->mutex);
    for (struct entry *entry = usage->shards[shard]; entry != NULL && count < STATE_USES_TOLD;
         entry = entry->hh.next)
        if (is_news(entry, now_ms)) {
            usage->telling[count] = entry;
            usage->told[count++] = (struct state_use){.name = entry->name, .hits = entry->pending};
        }
    (void)pthread_mutex_unlock(&usage->mutex);
    return count;
}

static void note_told(struct usage *usage, size_t count, int64_t now_ms)
{
    (void)pthread_mutex_lock(&usage->mutex);
    for (size_t i = 0; i < count; i++) {
        usage->telling[i]->pending -= usage->told[i].hits;
        usage->telling[i]->told_ms = now_ms;
    }
    (void)pthread_mutex_unlock(&usage->mutex);
}

/* In one question after another, until there is nothing left or the store does not answer. */
static int tell_shard(struct usage *usage, unsigned shard, int64_t now_ms)
{
    size_t count = STATE_USES_TOLD;
    for (unsigned i = 0; i < USAGE_ROUNDS && count == STATE_USES_TOLD; i++) {
        count = gather(usage, shard, now_ms);
        if (count > 0 &&
            state_used(usage->state, shard, usage->told, count, USAGE_KEEP_DAYS * USAGE_DAY_MS) != 0)
            return -1;
        note_told(usage, count, now_ms);
    }
    return 0;
}

static int tell(struct usage *usage, int64_t now_ms)
{
    for (unsigned shard = 0; shard < STATE_USE_SHARDS; shard++)
        if (tell_shard(usage, shard, now_ms) != 0)
            return -1;
    return 0;
}

/* With the turn. */
static int look_and_tell(struct usage *usage, int64_t now_ms)
{
    usage->look(usage->context);
    return tell(usage, now_ms);
}

static void step(void *context)
{
    struct usage *usage = context;
    (void)pthread_mutex_lock(&usage->turn);
    (void)look_and_tell(usage, clock_wall_ms()); /* what was not told is told the next time */
    (void)pthread_mutex_unlock(&usage->turn);
}

/* ---- what the store has ---- */

struct row {
    struct state_use use;
    UT_hash_handle hh;
};

struct usage_report {
    struct arena *arena;
    struct row *rows; /* uthash, by name */
    int64_t now_ms, since_ms;
};

void usage_report_free(struct usage_report *report)
{
    if (report == NULL)
        return;
    HASH_CLEAR(hh, report->rows);
    arena_free(report->arena);
    free(report);
}

static const struct row *find_row(const struct usage_report *report, const char *name)
{
    const struct row *row = NULL;
    HASH_FIND(hh, report->rows, name, strlen(name), row);
    return row;
}

static int read_shard(struct usage_report *report, struct state *state, unsigned shard)
{
    struct state_use *uses = NULL;
    size_t count = 0;
    if (state_uses(state, shard, report->arena, &uses, &count) != 0)
        return -1;
    struct row *rows = arena_array(report->arena, count + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        int64_t since_ms = report->now_ms - uses[i].since_ms;
        if (report->since_ms == 0 || since_ms < report->since_ms)
            report->since_ms = since_ms;
        rows[i].use = uses[i];
        HASH_ADD_KEYPTR(hh, report->rows, uses[i].name, strlen(uses[i].name), &rows[i]);
        if (rows[i].hh.tbl == NULL)
            return -1;
    }
    return rows == NULL ? -1 : 0;
}

/* A store that has forgotten a name is told of it the next time. */
static void look_for_missing(struct usage *usage, const struct usage_report *report)
{
    struct entry *entry, *next;
    (void)pthread_mutex_lock(&usage->mutex);
    for (unsigned shard = 0; shard < STATE_USE_SHARDS; shard++)
        HASH_ITER(hh, usage->shards[shard], entry, next)
        {
            if (find_row(report, entry->name) == NULL)
                entry->told_ms = 0;
        }
    (void)pthread_mutex_unlock(&usage->mutex);
}

struct usage_report *usage_ask(struct usage *usage, int64_t now_ms)
{
    struct usage_report *report = calloc(1, sizeof *report);
    if (report == NULL)
        return NULL;
    report->now_ms = now_ms;
    report->arena = arena_new(USAGE_ARENA);
    (void)pthread_mutex_lock(&usage->turn);
    int result = report->arena == NULL ? -1 : look_and_tell(usage, now_ms);
    (void)pthread_mutex_unlock(&usage->turn);
    for (unsigned shard = 0; shard < STATE_USE_SHARDS && result == 0; shard++)
        result = read_shard(report, usage->state, shard);
    if (result != 0) {
        usage_report_free(report);
        return NULL;
    }
    look_for_missing(usage, report);
    return report;
}

bool usage_report_find(const struct usage_report *report, enum use_kind kind, const char *one,
                       const char *other, struct usage_of *of)
{
    char name[STATE_USE_NAME + 1];
    const struct row *row = write_name(name, kind, one, other) ? find_row(report, name) : NULL;
    if (row == NULL)
        return false;
    *of = (struct usage_of){.hits = row->use.hits,
                            .since_ms = report->now_ms - row->use.since_ms,
                            .last_ms = row->use.last_ms < 0 ? 0 : report->now_ms - row->use.last_ms};
    return true;
}

int64_t usage_report_since(const struct usage_report *report)
{
    return report->since_ms;
}

/* ---- from start to end ---- */

struct usage *usage_start(struct state *state, void (*look)(void *context), void *context, struct err *err)
{
    struct usage *usage = calloc(1, sizeof *usage);
    if (usage == NULL || pthread_mutex_init(&usage->turn, NULL) != 0 ||
        pthread_mutex_init(&usage->mutex, NULL) != 0) {
        free(usage);
        (void)err_memory(err);
        return NULL;
    }
    usage->state = state;
    usage->look = look;
    usage->context = context;
    if (periodic_start(&usage->thread, USAGE_STEP_MS, step, usage) == 0)
        return usage;
    usage_free(usage);
    (void)err_set(err, ERR_SYSTEM, "cannot start a thread");
    return NULL;
}

void usage_stop(struct usage *usage)
{
    if (usage == NULL)
        return;
    periodic_stop(&usage->thread);
    step(usage);
}

void usage_free(struct usage *usage)
{
    struct entry *entry, *next;
    if (usage == NULL)
        return;
    for (unsigned shard = 0; shard < STATE_USE_SHARDS; shard++)
        HASH_ITER(hh, usage->shards[shard], entry, next)
        {
            HASH_DEL(usage->shards[shard], entry);
            free(entry);
        }
    (void)pthread_mutex_destroy(&usage->turn);
    (void)pthread_mutex_destroy(&usage->mutex);
    free(usage);
}
