/* One connection under one lock; each function is one transaction.  Time is the machine's clock, which all
 * who can open the file share.  The file is longer than others: its tables and every statement on them stand
 * together. */
#include "gateway/state/sqlite_store.h"

#include "base/time/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SQLITE_STORE_VERSION = 1, SQLITE_STORE_SWEPT = 4 };

/* What never ends, in milliseconds since 1970. */
#define FOREVER INT64_MAX

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    BUCKET_READ,
    BUCKET_WRITE,
    FLIGHT_COUNT,
    FLIGHT_WRITE,
    FLIGHT_END,
    KEY_READ,
    KEY_WRITE,
    KEY_END,
    KEY_SWEEP,
    FREEZE_WRITE,
    FREEZE_END,
    FREEZE_LIST,
    USE_SWEEP,
    USE_COUNT,
    USE_WRITE,
    USE_UPDATE,
    USE_LIST,
    GATEWAY_WRITE,
    GATEWAY_SWEEP,
    GATEWAY_COUNT,
    STATEMENTS,
};

static const char *const statements[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [BUCKET_READ] = "SELECT full_us, interval_us FROM buckets WHERE client = ?1",
    [BUCKET_WRITE] = "REPLACE INTO buckets VALUES (?1, ?2, ?3)",
    [FLIGHT_COUNT] = ("SELECT coalesce(sum(calls), 0) FROM flights WHERE client = ?1 AND gateway <> ?2 AND "
                      "ends_ms > ?3"),
    [FLIGHT_WRITE] = "REPLACE INTO flights VALUES (?1, ?2, ?3, ?4)",
    [FLIGHT_END] = "DELETE FROM flights WHERE client = ?1 AND (gateway = ?2 OR ends_ms <= ?3)",
    [KEY_READ] = ("SELECT print, holder, until_ms, bytes FROM keys WHERE client = ?1 AND hash = ?2 AND "
                  "ends_ms > ?3"),
    [KEY_WRITE] = "REPLACE INTO keys VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [KEY_END] = "DELETE FROM keys WHERE client = ?1 AND hash = ?2",
    [KEY_SWEEP] = "DELETE FROM keys WHERE rowid IN (SELECT rowid FROM keys WHERE ends_ms <= ?1 LIMIT ?2)",
    [FREEZE_WRITE] = "REPLACE INTO freezes VALUES (?1, ?2, ?3)",
    [FREEZE_END] = "DELETE FROM freezes WHERE name = ?1",
    [FREEZE_LIST] = "SELECT name, record, ends_ms FROM freezes WHERE ends_ms > ?1 LIMIT ?2",
    [USE_SWEEP] = "DELETE FROM uses WHERE shard = ?1 AND ends_ms <= ?2",
    [USE_COUNT] = "SELECT count(*) FROM uses WHERE shard = ?1",
    [USE_WRITE] = "INSERT OR IGNORE INTO uses VALUES (?1, ?2, ?3, -1, 0, 0)",
    [USE_UPDATE] = ("UPDATE uses SET last_ms = CASE WHEN ?4 > 0 THEN ?3 ELSE last_ms END, "
                    "hits = hits + ?4, ends_ms = ?5 WHERE shard = ?1 AND name = ?2"),
    [USE_LIST] = ("SELECT name, since_ms, last_ms, hits FROM uses WHERE shard = ?1 AND ends_ms > ?2 "
                  "LIMIT ?3"),
    [GATEWAY_WRITE] = "REPLACE INTO gateways VALUES (?1, ?2)",
    [GATEWAY_SWEEP] = "DELETE FROM gateways WHERE ends_ms <= ?1",
    [GATEWAY_COUNT] = "SELECT count(*) FROM gateways",
};

static const char schema[] =
    "CREATE TABLE buckets (client TEXT PRIMARY KEY, full_us INTEGER, interval_us INTEGER) WITHOUT ROWID;"
    "CREATE TABLE flights (client TEXT, gateway TEXT, calls INTEGER, ends_ms INTEGER,"
    " PRIMARY KEY (client, gateway)) WITHOUT ROWID;"
    "CREATE TABLE keys (client TEXT, hash TEXT, print TEXT, holder TEXT, until_ms INTEGER, ends_ms INTEGER,"
    " bytes BLOB, PRIMARY KEY (client, hash));"
    "CREATE INDEX keys_by_end ON keys (ends_ms);"
    "CREATE TABLE freezes (name TEXT PRIMARY KEY, record TEXT, ends_ms INTEGER) WITHOUT ROWID;"
    "CREATE TABLE gateways (name TEXT PRIMARY KEY, ends_ms INTEGER) WITHOUT ROWID;"
    "PRAGMA user_version = 1;";

/* Came later: a release that does not know it has no use for it either. */
static const char later[] =
    "CREATE TABLE IF NOT EXISTS uses (shard INTEGER, name TEXT, since_ms INTEGER, last_ms INTEGER,"
    " hits INTEGER, ends_ms INTEGER, PRIMARY KEY (shard, name)) WITHOUT ROWID;";

struct sqlite_store {
    sqlite3 *base;
    sqlite3_stmt *made[STATEMENTS];
    pthread_mutex_t mutex;
    char gateway[STATE_HOLDER_SIZE];
    bool failed; /* of the transaction that is open */
};

/* ---- one statement ---- */

static sqlite3_stmt *begin(struct sqlite_store *store, enum statement which)
{
    sqlite3_stmt *made = store->made[which];
    (void)sqlite3_reset(made); /* says again what its last step said */
    return made;
}

static void put_text(struct sqlite_store *store, sqlite3_stmt *made, int place, const char *text)
{
    store->failed = store->failed || sqlite3_bind_text(made, place, text, -1, SQLITE_STATIC) != SQLITE_OK;
}

static void put_int(struct sqlite_store *store, sqlite3_stmt *made, int place, int64_t number)
{
    store->failed = store->failed || sqlite3_bind_int64(made, place, number) != SQLITE_OK;
}

/* True: there is a row. */
static bool step(struct sqlite_store *store, sqlite3_stmt *made)
{
    int result = store->failed ? SQLITE_ERROR : sqlite3_step(made);
    store->failed = store->failed || (result != SQLITE_ROW && result != SQLITE_DONE);
    return result == SQLITE_ROW;
}

static void run(struct sqlite_store *store, sqlite3_stmt *made)
{
    (void)step(store, made);
    (void)sqlite3_reset(made); /* no statement is left open over the end of a transaction */
}

/* ---- one transaction ---- */

static bool lock_in_time(struct sqlite_store *store)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += STATE_WAIT_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_mutex_timedlock(&store->mutex, &until) == 0;
}

/* NULL: not in time. */
static struct sqlite_store *opened(void *context)
{
    struct sqlite_store *store = context;
    if (!lock_in_time(store))
        return NULL;
    store->failed = false;
    run(store, begin(store, BEGIN));
    if (!store->failed)
        return store;
    (void)pthread_mutex_unlock(&store->mutex);
    return NULL;
}

static int closed(struct sqlite_store *store)
{
    if (!store->failed)
        run(store, begin(store, COMMIT));
    bool failed = store->failed;
    store->failed = false;
    if (failed)
        run(store, begin(store, ROLLBACK)); /* what has no transaction any more needs none */
    (void)pthread_mutex_unlock(&store->mutex);
    return failed ? -1 : 0;
}

/* ---- limits ---- */

static void take(struct sqlite_store *store, const struct state_limit *limit, int64_t now_ms,
                 struct state_verdict *verdict)
{
    struct store_bucket bucket = {0};
    sqlite3_stmt *read = begin(store, BUCKET_READ);
    put_text(store, read, 1, limit->client);
    if (limit->rate.interval_us > 0 && step(store, read))
        bucket = (struct store_bucket){sqlite3_column_int64(read, 0), sqlite3_column_int64(read, 1)};
    (void)sqlite3_reset(read);
    store_take(&bucket, limit, now_ms * 1000, verdict);
    if (limit->rate.interval_us == 0)
        return;
    sqlite3_stmt *write = begin(store, BUCKET_WRITE);
    put_text(store, write, 1, limit->client);
    put_int(store, write, 2, bucket.full_us);
    put_int(store, write, 3, bucket.interval_us);
    run(store, write);
}

/* Of other gateways. */
static int64_t count_flights(struct sqlite_store *store, const char *client, int64_t now_ms)
{
    sqlite3_stmt *count = begin(store, FLIGHT_COUNT);
    put_text(store, count, 1, client);
    put_text(store, count, 2, store->gateway);
    put_int(store, count, 3, now_ms);
    int64_t calls = step(store, count) ? sqlite3_column_int64(count, 0) : 0;
    (void)sqlite3_reset(count);
    return calls;
}

static void write_flights(struct sqlite_store *store, const char *client, int64_t calls, int64_t now_ms)
{
    sqlite3_stmt *write = begin(store, calls > 0 ? FLIGHT_WRITE : FLIGHT_END);
    put_text(store, write, 1, client);
    put_text(store, write, 2, store->gateway);
    put_int(store, write, 3, calls > 0 ? calls : now_ms);
    if (calls > 0)
        put_int(store, write, 4, now_ms + STATE_LEASE_MS);
    run(store, write);
}

static int enter(void *context, const struct state_limit *limit, struct state_verdict *verdict)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    take(store, limit, now_ms, verdict);
    if (limit->in_flight > 0) {
        store_place(limit, count_flights(store, limit->client, now_ms), verdict);
        write_flights(store, limit->client, limit->own + verdict->allowed, now_ms);
    }
    return closed(store);
}

static int hold(void *context, const char *client, int64_t own)
{
    struct sqlite_store *store = opened(context);
    if (store == NULL)
        return -1;
    write_flights(store, client, own, clock_wall_ms());
    return closed(store);
}

/* ---- keys ---- */

struct key_row {
    bool there;
    bool same_print, same_holder;
    int64_t until_ms; /* 0: settled */
};

static bool is_column(sqlite3_stmt *made, int column, const char *text)
{
    const unsigned char *value = sqlite3_column_text(made, column);
    return value != NULL && strcmp((const char *)value, text) == 0;
}

/* With an arena the bytes go to `claimed`. */
static struct key_row key_read(struct sqlite_store *store, const struct state_key *key, int64_t now_ms,
                               struct arena *arena, struct state_claimed *claimed)
{
    struct key_row row = {0};
    sqlite3_stmt *read = begin(store, KEY_READ);
    put_text(store, read, 1, key->client);
    put_text(store, read, 2, key->key);
    put_int(store, read, 3, now_ms);
    if (step(store, read)) {
        row = (struct key_row){true, is_column(read, 0, key->print), is_column(read, 1, key->holder),
                               sqlite3_column_int64(read, 2)};
        if (arena != NULL) {
            const void *bytes = sqlite3_column_blob(read, 3);
            claimed->length = (size_t)sqlite3_column_bytes(read, 3);
            claimed->bytes = arena_copy(arena, bytes == NULL ? "" : bytes, claimed->length);
            store->failed = store->failed || claimed->bytes == NULL;
        }
    }
    (void)sqlite3_reset(read);
    return row;
}

static void key_write(struct sqlite_store *store, const struct state_key *key, int64_t until_ms,
                      int64_t ends_ms, const char *bytes, size_t length)
{
    sqlite3_stmt *write = begin(store, KEY_WRITE);
    put_text(store, write, 1, key->client);
    put_text(store, write, 2, key->key);
    put_text(store, write, 3, key->print);
    put_text(store, write, 4, key->holder);
    put_int(store, write, 5, until_ms);
    put_int(store, write, 6, ends_ms);
    store->failed = store->failed || sqlite3_bind_blob64(write, 7, bytes, length, SQLITE_STATIC) != SQLITE_OK;
    run(store, write);
}

static void sweep(struct sqlite_store *store, int64_t now_ms)
{
    sqlite3_stmt *made = begin(store, KEY_SWEEP);
    put_int(store, made, 1, now_ms);
    put_int(store, made, 2, SQLITE_STORE_SWEPT);
    run(store, made);
}

static enum state_claim judge(const struct key_row *row, int64_t now_ms, int64_t *wait_ms)
{
    if (!row->same_print)
        return STATE_OTHER;
    if (row->until_ms == 0)
        return STATE_SETTLED;
    if (row->same_holder)
        return STATE_CLAIMED;
    if (row->until_ms <= now_ms)
        return STATE_LAPSED;
    *wait_ms = row->until_ms - now_ms;
    return STATE_BUSY;
}

static int claim(void *context, const struct state_key *key, int64_t within_ms, int64_t keep_ms,
                 const char *note, struct arena *arena, struct state_claimed *claimed)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    *claimed = (struct state_claimed){.claim = STATE_CLAIMED};
    const struct key_row row = key_read(store, key, now_ms, arena, claimed);
    if (row.there) {
        claimed->claim = judge(&row, now_ms, &claimed->wait_ms);
    } else {
        sweep(store, now_ms);
        key_write(store, key, now_ms + within_ms, now_ms + keep_ms, note, strlen(note));
    }
    return closed(store);
}

static int settle(void *context, const struct state_key *key, int64_t keep_ms, const char *answer,
                  size_t length)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    const struct key_row row = key_read(store, key, now_ms, NULL, NULL);
    if (!row.there || (row.until_ms != 0 && row.same_holder))
        key_write(store, key, 0, now_ms + keep_ms, answer, length);
    return closed(store);
}

static int release(void *context, const struct state_key *key)
{
    struct sqlite_store *store = opened(context);
    if (store == NULL)
        return -1;
    const struct key_row row = key_read(store, key, clock_wall_ms(), NULL, NULL);
    if (row.there && row.until_ms != 0 && row.same_holder) {
        sqlite3_stmt *made = begin(store, KEY_END);
        put_text(store, made, 1, key->client);
        put_text(store, made, 2, key->key);
        run(store, made);
    }
    return closed(store);
}

/* ---- freezes, what is used, and who is there ---- */

static int freeze(void *context, const char *name, const char *text, int64_t for_ms)
{
    struct sqlite_store *store = opened(context);
    if (store == NULL)
        return -1;
    sqlite3_stmt *made = begin(store, FREEZE_WRITE);
    put_text(store, made, 1, name);
    put_text(store, made, 2, text);
    put_int(store, made, 3, for_ms == INT64_MAX ? FOREVER : clock_wall_ms() + for_ms);
    run(store, made);
    return closed(store);
}

static int thaw(void *context, const char *name)
{
    struct sqlite_store *store = opened(context);
    if (store == NULL)
        return -1;
    sqlite3_stmt *made = begin(store, FREEZE_END);
    put_text(store, made, 1, name);
    run(store, made);
    return closed(store);
}

static const char *copy_column(sqlite3_stmt *made, int column, struct arena *arena)
{
    const unsigned char *text = sqlite3_column_text(made, column);
    return text == NULL ? NULL : arena_strdup(arena, (const char *)text);
}

static int freezes(void *context, struct arena *arena, struct state_freeze **list, size_t *count)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    *count = 0;
    *list = arena_array(arena, STATE_FREEZES_MAX, sizeof **list);
    store->failed = *list == NULL;
    sqlite3_stmt *made = begin(store, FREEZE_LIST);
    put_int(store, made, 1, now_ms);
    put_int(store, made, 2, STATE_FREEZES_MAX);
    while (step(store, made)) {
        struct state_freeze *freeze = &(*list)[(*count)++];
        int64_t ends_ms = sqlite3_column_int64(made, 2);
        freeze->name = copy_column(made, 0, arena);
        freeze->text = copy_column(made, 1, arena);
        freeze->left_ms = ends_ms == FOREVER ? INT64_MAX : ends_ms - now_ms;
        store->failed = freeze->name == NULL || freeze->text == NULL;
    }
    (void)sqlite3_reset(made);
    return closed(store);
}

/* How many more names a shard takes. */
static int64_t uses_room(struct sqlite_store *store, unsigned shard, int64_t now_ms)
{
    sqlite3_stmt *swept = begin(store, USE_SWEEP);
    put_int(store, swept, 1, shard);
    put_int(store, swept, 2, now_ms);
    run(store, swept);
    sqlite3_stmt *count = begin(store, USE_COUNT);
    put_int(store, count, 1, shard);
    int64_t there = step(store, count) ? sqlite3_column_int64(count, 0) : 0;
    (void)sqlite3_reset(count);
    return STATE_USES_MAX - there;
}

/* True: the name is new. */
static bool use_begin(struct sqlite_store *store, unsigned shard, const char *name, int64_t now_ms)
{
    sqlite3_stmt *made = begin(store, USE_WRITE);
    put_int(store, made, 1, shard);
    put_text(store, made, 2, name);
    put_int(store, made, 3, now_ms);
    run(store, made);
    return sqlite3_changes(store->base) > 0;
}

static int used(void *context, unsigned shard, const struct state_use *uses, size_t count, int64_t keep_ms)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    int64_t room = uses_room(store, shard, now_ms);
    for (size_t i = 0; i < count; i++) {
        if (room > 0)
            room -= use_begin(store, shard, uses[i].name, now_ms);
        sqlite3_stmt *made = begin(store, USE_UPDATE);
        put_int(store, made, 1, shard);
        put_text(store, made, 2, uses[i].name);
        put_int(store, made, 3, now_ms);
        put_int(store, made, 4, uses[i].hits);
        put_int(store, made, 5, now_ms + keep_ms);
        run(store, made);
    }
    return closed(store);
}

static int list_uses(void *context, unsigned shard, struct arena *arena, struct state_use **list,
                     size_t *count)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    *count = 0;
    *list = arena_array(arena, STATE_USES_MAX, sizeof **list);
    store->failed = *list == NULL;
    sqlite3_stmt *made = begin(store, USE_LIST);
    put_int(store, made, 1, shard);
    put_int(store, made, 2, now_ms);
    put_int(store, made, 3, STATE_USES_MAX);
    while (step(store, made)) {
        struct state_use *use = &(*list)[(*count)++];
        int64_t last_ms = sqlite3_column_int64(made, 2);
        *use = (struct state_use){.name = copy_column(made, 0, arena),
                                  .since_ms = now_ms - sqlite3_column_int64(made, 1),
                                  .last_ms = last_ms < 0 ? -1 : now_ms - last_ms,
                                  .hits = sqlite3_column_int64(made, 3)};
        store->failed = use->name == NULL;
    }
    (void)sqlite3_reset(made);
    return closed(store);
}

static int announce(void *context, unsigned *seen)
{
    struct sqlite_store *store = opened(context);
    int64_t now_ms = clock_wall_ms();
    if (store == NULL)
        return -1;
    sqlite3_stmt *write = begin(store, GATEWAY_WRITE);
    put_text(store, write, 1, store->gateway);
    put_int(store, write, 2, now_ms + STATE_SEEN_MS);
    run(store, write);
    sqlite3_stmt *swept = begin(store, GATEWAY_SWEEP);
    put_int(store, swept, 1, now_ms);
    run(store, swept);
    sqlite3_stmt *count = begin(store, GATEWAY_COUNT);
    *seen = step(store, count) ? (unsigned)sqlite3_column_int64(count, 0) : 1;
    (void)sqlite3_reset(count);
    return closed(store);
}

/* ---- the file ---- */

static const char *server(const void *context)
{
    (void)context;
    return NULL;
}

static void close_store(void *context)
{
    struct sqlite_store *store = context;
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(store->made[i]);
    (void)sqlite3_close(store->base);
    (void)pthread_mutex_destroy(&store->mutex);
    free(store);
}

const struct store_kind sqlite_store_kind = {"sqlite", true,      enter,    hold,   claim,
                                             settle,   release,   freeze,   thaw,   freezes,
                                             used,     list_uses, announce, server, close_store};

static int version_of(struct sqlite_store *store)
{
    sqlite3_stmt *made = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(store->base, "PRAGMA user_version", -1, &made, NULL) == SQLITE_OK &&
        sqlite3_step(made) == SQLITE_ROW)
        version = sqlite3_column_int(made, 0);
    (void)sqlite3_finalize(made);
    return version;
}

/* Two who start at the same time: one makes the tables, the other finds them. */
static int make_tables(struct sqlite_store *store)
{
    if (sqlite3_exec(store->base, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return -1;
    bool good = version_of(store) != 0 || sqlite3_exec(store->base, schema, NULL, NULL, NULL) == SQLITE_OK;
    good = good && sqlite3_exec(store->base, later, NULL, NULL, NULL) == SQLITE_OK;
    return sqlite3_exec(store->base, good ? "COMMIT" : "ROLLBACK", NULL, NULL, NULL) == SQLITE_OK && good
               ? 0
               : -1;
}

static int prepare(struct sqlite_store *store, const char *file, struct err *err)
{
    (void)sqlite3_busy_timeout(store->base, 2000); /* at a start there is time */
    if (sqlite3_exec(store->base, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL,
                     NULL) != SQLITE_OK ||
        make_tables(store) != 0)
        return err_set(err, ERR_SYSTEM, "state: %s cannot be used: %s", file, sqlite3_errmsg(store->base));
    int version = version_of(store);
    if (version != SQLITE_STORE_VERSION)
        return err_set(err, ERR_INPUT, "state: %s is of version %d, and this release reads version %d", file,
                       version, SQLITE_STORE_VERSION);
    for (size_t i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(store->base, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &store->made[i],
                               NULL) != SQLITE_OK)
            return err_set(err, ERR_SYSTEM, "state: %s cannot be used: %s", file,
                           sqlite3_errmsg(store->base));
    (void)sqlite3_busy_timeout(store->base, STATE_WAIT_MS);
    return 0;
}

/* What is written there is nobody else's; SQLite gives its other files the mode of this one. */
static int make_file(const char *file, struct err *err)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return err_set(err, ERR_SYSTEM, "state: %s cannot be opened: %m", file);
    (void)close(fd);
    return 0;
}

void *sqlite_store_new(const char *file, const char *gateway, struct err *err)
{
    if (make_file(file, err) != 0)
        return NULL;
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL || pthread_mutex_init(&store->mutex, NULL) != 0) {
        free(store);
        err_memory(err);
        return NULL;
    }
    memcpy(store->gateway, gateway, sizeof store->gateway - 1);
    if (sqlite3_open_v2(file, &store->base, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        err_set(err, ERR_SYSTEM, "state: %s cannot be opened: %s", file,
                store->base == NULL ? "out of memory" : sqlite3_errmsg(store->base));
    else if (prepare(store, file, err) == 0)
        return store;
    close_store(store);
    return NULL;
}
