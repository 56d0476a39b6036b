/* One file, longer than others, because hiredis is met in one alone, and the pool's thread and its users
 * share one lock. */
#include "gateway/redis/redis_pool.h"

#include "base/time/clock.h"
#include "base/log/operator_log.h"
#include "base/text.h"
#include "gateway/redis/redis_tls.h"

#include <hiredis/hiredis.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    REDIS_POOL_REST_MS = 100,   /* between two rounds over servers that are all away; nobody waits for it */
    REDIS_POOL_SHA = 41,        /* 40 hex digits and a NUL */
    REDIS_POOL_FIRST_MS = 500,  /* a start waits so long for the first connection */
    REDIS_POOL_TRIES = 2,       /* a connection may have been closed while nobody used it */
    REDIS_POOL_PROBE_MS = 1000, /* a key that shows that the server takes writes ends after it */
};

struct connection {
    redisContext *context;
    unsigned epoch;
    char hashes[REDIS_SCRIPTS][REDIS_POOL_SHA];
    struct connection *next;
};

struct redis_pool {
    struct arena *arena;
    struct config_store config;
    struct redis_tls *tls;
    struct log *notices;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;  /* a connection came or went, or the pool ends; by the monotonic clock */
    struct connection *idle; /* the one that has waited for longest first, so that all are used */
    unsigned open;           /* of this epoch */
    unsigned epoch;          /* a number for each time another server was turned to */
    atomic_int server;       /* index, or -1: none has been found */
    bool ending;
};

/* ---- one connection ---- */

static void drop(struct connection *connection)
{
    redisFree(connection->context);
    free(connection);
}

/* "-READONLY ..." */
static bool says(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, word, strlen(word)) == 0;
}

static redisReply *send_command(redisContext *context, int count, const char **words, const size_t *lengths)
{
    return redisCommandArgv(context, count, words, lengths);
}

/* False, and in `why` what the server said: at most one line of its own. */
static bool is_taken(redisContext *context, int count, const char **words, const size_t *lengths, char *why,
                     size_t size)
{
    redisReply *reply = send_command(context, count, words, lengths);
    bool good = reply != NULL && reply->type != REDIS_REPLY_ERROR;
    if (!good)
        (void)snprintf(why, size, "%.100s", reply != NULL ? reply->str : context->errstr);
    freeReplyObject(reply);
    return good;
}

static bool log_in(const struct redis_pool *pool, redisContext *context, char *why, size_t size)
{
    const struct config_store *config = &pool->config;
    if (config->password != NULL) {
        const char *password = secret_bytes(config->password);
        const char *words[] = {"AUTH", config->user == NULL ? password : config->user, password};
        const size_t lengths[] = {4, strlen(words[1]), secret_length(config->password)};
        if (!is_taken(context, config->user == NULL ? 2 : 3, words, lengths, why, size))
            return false;
    }
    if (config->database > 0) {
        char number[TEXT_NUMBER_SIZE];
        text_number(number, config->database);
        const char *words[] = {"SELECT", number};
        if (!is_taken(context, 2, words, NULL, why, size))
            return false;
    }
    return true;
}

/* A replica reads and does not write: only a write tells. */
static bool takes_writes(const struct redis_pool *pool, redisContext *context, char *why, size_t size)
{
    char key[256], time[TEXT_NUMBER_SIZE];
    (void)snprintf(key, sizeof key, "%s1:{probe}", pool->config.prefix);
    text_number(time, REDIS_POOL_PROBE_MS);
    const char *words[] = {"SET", key, "1", "PX", time};
    return is_taken(context, 5, words, NULL, why, size);
}

static bool load_scripts(struct connection *connection)
{
    for (size_t i = 0; i < REDIS_SCRIPTS; i++) {
        const char *words[] = {"SCRIPT", "LOAD", redis_script_text((enum redis_script)i)};
        redisReply *reply = send_command(connection->context, 3, words, NULL);
        bool good = reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len == REDIS_POOL_SHA - 1;
        if (good)
            memcpy(connection->hashes[i], reply->str, REDIS_POOL_SHA);
        freeReplyObject(reply);
        if (!good)
            return false;
    }
    return true;
}

static redisContext *dial(const struct config_redis_server *server)
{
    const struct timeval time = {.tv_usec = REDIS_POOL_CONNECT_MS * 1000};
    return server->port == 0 ? redisConnectUnixWithTimeout(server->host, time)
                             : redisConnectWithTimeout(server->host, server->port, time);
}

/* NULL, and why. */
static struct connection *connect_to(const struct redis_pool *pool, const struct config_redis_server *server,
                                     char *why, size_t size)
{
    const struct timeval time = {.tv_usec = REDIS_POOL_WAIT_MS * 1000};
    struct connection *connection = calloc(1, sizeof *connection);
    redisContext *context = connection == NULL ? NULL : dial(server);
    if (context == NULL) {
        (void)snprintf(why, size, "out of memory");
        free(connection);
        return NULL;
    }
    connection->context = context;
    if (context->err != 0)
        (void)snprintf(why, size, "%.100s", context->errstr);
    else if (pool->tls != NULL && redis_tls_begin(pool->tls, context, server->host) != 0)
        (void)snprintf(why, size, "TLS: %.100s", context->errstr);
    else if (redisSetTimeout(context, time) == REDIS_OK && log_in(pool, context, why, size) &&
             takes_writes(pool, context, why, size)) {
        if (load_scripts(connection))
            return connection;
        (void)snprintf(why, size, "it takes no scripts");
    }
    drop(connection);
    return NULL;
}

/* ---- the thread ---- */

static void wait_for(struct redis_pool *pool, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    (void)pthread_cond_timedwait(&pool->changed, &pool->mutex, &until);
}

static void drop_idle(struct redis_pool *pool)
{
    while (pool->idle != NULL) {
        struct connection *connection = pool->idle;
        pool->idle = connection->next;
        drop(connection);
    }
}

/* Connections to another server are of no use from now on. */
static void begin_epoch(struct redis_pool *pool)
{
    drop_idle(pool);
    pool->epoch++;
    pool->open = 0;
}

static void add_idle(struct redis_pool *pool, struct connection *connection)
{
    struct connection **last = &pool->idle;
    while (*last != NULL)
        last = &(*last)->next;
    connection->next = NULL;
    *last = connection;
    (void)pthread_cond_signal(&pool->changed);
}

/* Where no server is known, all are tried in turn; `why` is of the last. */
static struct connection *find_server(const struct redis_pool *pool, int known, int *found, char *why,
                                      size_t size)
{
    if (known >= 0) {
        *found = known;
        return connect_to(pool, &pool->config.servers[known], why, size);
    }
    for (size_t i = 0; i < pool->config.server_count; i++) {
        struct connection *connection = connect_to(pool, &pool->config.servers[i], why, size);
        *found = (int)i;
        if (connection != NULL)
            return connection;
    }
    return NULL;
}

/* The mutex is held, but for the time that connecting takes. */
static void add_one(struct redis_pool *pool, bool *told)
{
    char why[160] = "";
    int found = -1, known = atomic_load(&pool->server);
    unsigned epoch = pool->epoch;
    (void)pthread_mutex_unlock(&pool->mutex);
    struct connection *connection = find_server(pool, known, &found, why, sizeof why);
    (void)pthread_mutex_lock(&pool->mutex);
    if (connection == NULL && known >= 0 && pool->open == 0) {
        begin_epoch(pool);
        atomic_store(&pool->server, -1);
    } else if (connection == NULL) {
        if (known < 0 && !*told)
            operator_log_warn(pool->notices, "state: no server can be used; %s says: %s",
                              pool->config.servers[found].text, why);
        *told = *told || known < 0;
        wait_for(pool, clock_monotonic_us() + REDIS_POOL_REST_MS * 1000);
    } else if (epoch != pool->epoch) {
        drop(connection);
    } else {
        if (known < 0)
            begin_epoch(pool);
        if (known < 0 && pool->config.server_count > 1)
            operator_log_write(pool->notices, "state: using %s", pool->config.servers[found].text);
        *told = false;
        atomic_store(&pool->server, found);
        connection->epoch = pool->epoch;
        pool->open++;
        add_idle(pool, connection);
    }
}

static void *keep_connected(void *context)
{
    bool told = false;
    struct redis_pool *pool = context;
    (void)pthread_mutex_lock(&pool->mutex);
    while (!pool->ending) {
        if (pool->open < REDIS_POOL_CONNECTIONS)
            add_one(pool, &told);
        else
            wait_for(pool, clock_monotonic_us() + 1000000);
    }
    (void)pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- who asks ---- */

/* NULL: there is none, or all are in use for too long. */
static struct connection *acquire(struct redis_pool *pool, int64_t until_us)
{
    struct connection *connection = NULL;
    (void)pthread_mutex_lock(&pool->mutex);
    while (pool->idle == NULL && pool->open > 0 && clock_monotonic_us() < until_us)
        wait_for(pool, until_us);
    connection = pool->idle;
    if (connection != NULL)
        pool->idle = connection->next;
    (void)pthread_mutex_unlock(&pool->mutex);
    return connection;
}

enum use { GOOD, BROKEN, WRONG_SERVER };

static void give_back(struct redis_pool *pool, struct connection *connection, enum use use)
{
    (void)pthread_mutex_lock(&pool->mutex);
    bool current = connection->epoch == pool->epoch;
    if (current && use == WRONG_SERVER) {
        begin_epoch(pool);
        atomic_store(&pool->server, -1);
    } else if (current && use == BROKEN) {
        pool->open--;
    } else if (current) {
        add_idle(pool, connection);
    }
    if (use != GOOD)
        (void)pthread_cond_broadcast(&pool->changed);
    (void)pthread_mutex_unlock(&pool->mutex);
    if (!current || use != GOOD)
        drop(connection);
}

/* What a server says that cannot be the one that we write to, now. */
static bool is_wrong_server(const redisReply *reply)
{
    static const char *const words[] = {"READONLY", "LOADING", "MASTERDOWN", "NOREPLICAS", "MISCONF",
                                        "OOM",      "NOAUTH",  "NOPERM",     "CLUSTERDOWN"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (says(reply, words[i]))
            return true;
    return false;
}

enum { FIXED = 3 }; /* EVALSHA, the hash, the number of keys */

static redisReply *evaluate(struct connection *connection, enum redis_script script, size_t keys,
                            const struct redis_argument *arguments, size_t count)
{
    char number[TEXT_NUMBER_SIZE];
    text_number(number, (long long)keys);
    const char *words[FIXED + REDIS_POOL_ARGUMENTS] = {"EVALSHA", connection->hashes[script], number};
    size_t lengths[FIXED + REDIS_POOL_ARGUMENTS] = {7, REDIS_POOL_SHA - 1, strlen(number)};
    for (size_t i = 0; i < count; i++) {
        words[FIXED + i] = arguments[i].bytes;
        lengths[FIXED + i] = arguments[i].length;
    }
    redisReply *reply = send_command(connection->context, (int)(FIXED + count), words, lengths);
    if (reply == NULL || !says(reply, "NOSCRIPT"))
        return reply;
    freeReplyObject(reply); /* it was restarted, or its scripts were flushed: EVAL loads it, too */
    words[0] = "EVAL";
    lengths[0] = 4;
    words[1] = redis_script_text(script);
    lengths[1] = strlen(words[1]);
    return send_command(connection->context, (int)(FIXED + count), words, lengths);
}

/* One try; *again: the connection was closed before it could answer, which it may have been for long. */
static redisReply *try_once(struct redis_pool *pool, int64_t until_us, enum redis_script script, size_t keys,
                            const struct redis_argument *arguments, size_t count, bool *again)
{
    *again = false;
    struct connection *connection = acquire(pool, until_us);
    if (connection == NULL)
        return NULL;
    redisReply *reply = evaluate(connection, script, keys, arguments, count);
    *again = reply == NULL && connection->context->err == REDIS_ERR_EOF;
    if (reply != NULL && reply->type == REDIS_REPLY_ARRAY) {
        give_back(pool, connection, GOOD);
        return reply;
    }
    give_back(pool, connection, reply == NULL ? BROKEN : is_wrong_server(reply) ? WRONG_SERVER : GOOD);
    freeReplyObject(reply);
    return NULL;
}

struct redis_reply *redis_pool_run(struct redis_pool *pool, enum redis_script script, size_t keys,
                                   const struct redis_argument *arguments, size_t count)
{
    bool again = true;
    redisReply *reply = NULL;
    int64_t until_us = clock_monotonic_us() + REDIS_POOL_WAIT_MS * 1000;
    for (unsigned i = 0; i < REDIS_POOL_TRIES && again && reply == NULL; i++)
        reply = try_once(pool, until_us, script, keys, arguments, count, &again);
    return (struct redis_reply *)reply;
}

static const redisReply *array_of(const struct redis_reply *reply)
{
    return (const redisReply *)(const void *)reply;
}

size_t redis_pool_count(const struct redis_reply *reply)
{
    return array_of(reply)->elements;
}

int64_t redis_pool_number(const struct redis_reply *reply, size_t place)
{
    const redisReply *array = array_of(reply);
    return place < array->elements && array->element[place]->type == REDIS_REPLY_INTEGER
               ? array->element[place]->integer
               : 0;
}

const char *redis_pool_text(const struct redis_reply *reply, size_t place, size_t *length)
{
    const redisReply *array = array_of(reply);
    if (place >= array->elements || array->element[place]->type != REDIS_REPLY_STRING)
        return NULL;
    *length = (size_t)array->element[place]->len;
    return array->element[place]->str;
}

void redis_pool_forget(struct redis_reply *reply)
{
    freeReplyObject(reply);
}

const char *redis_pool_server(const struct redis_pool *pool)
{
    int server = atomic_load(&pool->server);
    return server < 0 ? NULL : pool->config.servers[server].text;
}

/* ---- its life ---- */

/* The configuration ends with the next reload; the pool does not. */
static int copy_config(struct redis_pool *pool, const struct config_store *config)
{
    struct config_store *own = &pool->config;
    *own = (struct config_store){.server_count = config->server_count, .database = config->database};
    struct config_redis_server *servers = arena_array(pool->arena, config->server_count, sizeof *servers);
    own->prefix = arena_strdup(pool->arena, config->prefix);
    own->user = config->user == NULL ? NULL : arena_strdup(pool->arena, config->user);
    own->servers = servers;
    bool good = servers != NULL && own->prefix != NULL && (own->user != NULL) == (config->user != NULL);
    for (size_t i = 0; good && i < config->server_count; i++) {
        servers[i] = config->servers[i];
        servers[i].text = arena_strdup(pool->arena, config->servers[i].text);
        servers[i].host = arena_strdup(pool->arena, config->servers[i].host);
        good = servers[i].text != NULL && servers[i].host != NULL;
    }
    if (good && config->password != NULL) {
        own->password = secret_new(secret_bytes(config->password), secret_length(config->password));
        good = own->password != NULL;
    }
    return good ? 0 : -1;
}

static int init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes) != 0)
        return -1;
    int result = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                         pthread_cond_init(condition, &attributes) == 0
                     ? 0
                     : -1;
    (void)pthread_condattr_destroy(&attributes);
    return result;
}

static void await_first(struct redis_pool *pool)
{
    int64_t until_us = clock_monotonic_us() + REDIS_POOL_FIRST_MS * 1000;
    (void)pthread_mutex_lock(&pool->mutex);
    while (pool->open == 0 && clock_monotonic_us() < until_us)
        wait_for(pool, until_us);
    (void)pthread_mutex_unlock(&pool->mutex);
}

static void release(struct redis_pool *pool)
{
    redis_tls_free(pool->tls);
    secret_free(pool->config.password);
    arena_free(pool->arena);
    free(pool);
}

/* Every signal is the main thread's. */
static int start_thread(struct redis_pool *pool)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&pool->thread, NULL, keep_connected, pool);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0 ? 0 : -1;
}

static int begin(struct redis_pool *pool)
{
    if (pthread_mutex_init(&pool->mutex, NULL) != 0)
        return -1;
    if (init_condition(&pool->changed) == 0) {
        if (start_thread(pool) == 0)
            return 0;
        (void)pthread_cond_destroy(&pool->changed);
    }
    (void)pthread_mutex_destroy(&pool->mutex);
    return -1;
}

struct redis_pool *redis_pool_new(const struct config_store *config, struct log *notices, struct err *err)
{
    struct redis_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL) {
        err_memory(err);
        return NULL;
    }
    pool->notices = notices;
    atomic_init(&pool->server, -1);
    pool->arena = arena_new(1 << 20);
    if (pool->arena == NULL || copy_config(pool, config) != 0)
        err_memory(err);
    else if (!config->tls || (pool->tls = redis_tls_new(config->ca_file, err)) != NULL) {
        if (begin(pool) == 0) {
            await_first(pool);
            return pool;
        }
        err_memory(err);
    }
    release(pool);
    return NULL;
}

void redis_pool_free(struct redis_pool *pool)
{
    (void)pthread_mutex_lock(&pool->mutex);
    pool->ending = true;
    (void)pthread_cond_broadcast(&pool->changed);
    (void)pthread_mutex_unlock(&pool->mutex);
    (void)pthread_join(pool->thread, NULL);
    drop_idle(pool);
    (void)pthread_cond_destroy(&pool->changed);
    (void)pthread_mutex_destroy(&pool->mutex);
    release(pool);
}
