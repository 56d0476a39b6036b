/* gateway/redis/redis_pool.h - a few connections to one of several servers, shared by all threads.
 *
 * A thread of the pool's own connects, so that no call waits for that: it tries the servers in turn, and
 * takes the first that lets it in and takes a write.  One that says READONLY or LOADING is a replica, or
 * not there yet: the next is tried.  While there is no connection, redis_pool_run() fails at once.  This
 * file alone includes hiredis, but for what TLS takes (redis_tls.c). */
#ifndef GATEWAY_REDIS_REDIS_POOL_H
#define GATEWAY_REDIS_REDIS_POOL_H

#include "base/base.h"
#include "base/log/log.h"
#include "config/model/config.h"
#include "gateway/redis/redis_script.h"

enum {
    REDIS_POOL_CONNECTIONS = 8, /* each does some 10,000 a second: others wait a fraction of a millisecond */
    REDIS_POOL_ARGUMENTS = 9,
    REDIS_POOL_CONNECT_MS = 200, /* to connect, in a thread of its own */
    REDIS_POOL_WAIT_MS = 50,     /* for one question */
};

struct redis_pool;
struct redis_reply;

/* Copies what it needs of `config`; waits a moment for the first connection.  NULL: memory is out, or there
 * is no thread, or TLS is not to be had. */
MUST_USE struct redis_pool *redis_pool_new(const struct config_store *config, struct log *notices,
                                           struct err *err);
void redis_pool_free(struct redis_pool *pool);

struct redis_argument {
    const char *bytes;
    size_t length;
};

/* The first `keys` of the arguments are keys.  NULL: no answer in REDIS_POOL_WAIT_MS, or not the one that
 * was wanted.  A script may then have been run, once or twice. */
MUST_USE struct redis_reply *redis_pool_run(struct redis_pool *pool, enum redis_script script, size_t keys,
                                            const struct redis_argument *arguments, size_t count);

/* What a script answered: an array of numbers and texts.  0 and NULL for what is not there. */
size_t redis_pool_count(const struct redis_reply *reply);
int64_t redis_pool_number(const struct redis_reply *reply, size_t place);
const char *redis_pool_text(const struct redis_reply *reply, size_t place, size_t *length);
void redis_pool_forget(struct redis_reply *reply);

/* The server that is asked, as the configuration has it; NULL: none. */
const char *redis_pool_server(const struct redis_pool *pool);

#endif
