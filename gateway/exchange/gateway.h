/* gateway/exchange/gateway.h - what all workers share. */
#ifndef GATEWAY_EXCHANGE_GATEWAY_H
#define GATEWAY_EXCHANGE_GATEWAY_H

#include "auth/nonce.h"
#include "base/base.h"
#include "base/err.h"
#include "base/ident.h"
#include "base/log.h"
#include "config/model/config.h"
#include "gateway/exchange/failures.h"
#include "gateway/exchange/limits.h"
#include "gateway/exchange/turn.h"

#include <pthread.h>
#include <stdatomic.h>

struct anonymous;
struct audit;
struct back;
struct quotas;
struct series_table;

/* One configuration and what was built for it.  A reload makes another; this one lives until the last request
 * that began under it has ended. */
struct generation {
    atomic_uint references;
    struct config *config;
    struct back *back;
    struct limits *limits;
    struct quotas *quotas;
};

struct gateway {
    int64_t began_ms;      /* since 1970 */
    size_t connections;    /* to upstreams, at most: see back_new() */
    pthread_mutex_t mutex; /* guards `current` */
    struct generation *current;
    struct nonce nonce;
    struct ident ident;
    struct failures *failures;
    struct turns turns;
    struct log access;            /* one line per request, but for ... */
    struct anonymous *anonymous;  /* ... those without a client, where there are many */
    struct log notices;           /* standard error: see notice.h */
    struct series_table *metrics; /* counted; see metrics.h */
    struct audit *audit;          /* two records per change; NULL: none are kept */
    atomic_uint in_flight;        /* exchanges between their first and last station */
    atomic_uint waiting;          /* exchanges that wait for a task */
    atomic_uint collecting;       /* exchanges that put a list together from pages */
    atomic_bool serving;          /* every worker is there */
    atomic_ullong ended;   /* exchanges, ever: while workers walk and this stands still, nothing moves */
    atomic_bool draining;  /* finish what is there, take nothing new */
    atomic_bool abandoned; /* wait for no upstream any more: see back.h */
};

/* Takes the reference to `config`, also when it fails; at most so many `connections` to upstreams are open at
 * a time; access lines go to `access_fd`. */
MUST_USE int gateway_init(struct gateway *gateway, struct config *config, size_t connections, int access_fd,
                          struct err *err);
void gateway_done(struct gateway *gateway);

/* The generation in force, held until gateway_release(). */
struct generation *gateway_take(struct gateway *gateway);
void gateway_release(struct generation *generation);

/* Puts a new configuration in force; requests that have begun keep the old one.  Takes the reference, also
 * when it fails and the old one stays. */
MUST_USE int gateway_swap(struct gateway *gateway, struct config *config, struct err *err);

#endif
