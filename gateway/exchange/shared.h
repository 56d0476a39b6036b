/* gateway/exchange/shared.h - what all workers share. */
#ifndef GATEWAY_EXCHANGE_SHARED_H
#define GATEWAY_EXCHANGE_SHARED_H

#include "auth/sign/nonce.h"
#include "base/base.h"
#include "base/err.h"
#include "base/log/log.h"
#include "base/unique_id.h"
#include "config/model/config.h"
#include "gateway/limits/auth_failures.h"
#include "gateway/limits/client_limits.h"
#include "gateway/limits/cpu_gate.h"
#include "gateway/exchange/heartbeat.h"
#include "gateway/state/state.h"

#include <pthread.h>
#include <stdatomic.h>

struct anonymous;
struct audit;
struct upstream_pool;
struct mcp_tools;
struct openapi;
struct current;
struct history;
struct keeper;
struct keeping;
struct owners;
struct quotas;
struct series_table;
struct shares;
struct freezes;
struct state;
struct usage;
struct use_counts;

/* One configuration and what was built for it.  A reload makes another; this one lives until the last request
 * that began under it has ended. */
struct snapshot {
    atomic_uint references;
    struct config *config;
    struct keeping *keeping; /* its credentials that are issued */
    struct upstream_pool *back;
    struct client_limits *limits;
    struct openapi *openapi;
    struct mcp_tools *tools;     /* NULL: the door /mcp is closed */
    struct current *current_ids; /* of former ones, as the cloud told */
    struct quotas *quotas;
    struct use_counts *uses; /* of its rules, tokens and grants; NULL: the console is off */
    struct usage *usage;     /* which is told of them at the end; or NULL */
};

/* Bytes of all larger bodies together that are read or worked on: each is held some six times until the
 * cloud has it, so that they take 200 MiB at most, however many workers there are. */
enum { SHARED_BODIES_MAX = 32 * 1024 * 1024 };

enum { SHARED_BOOT_SIZE = 37 };

struct shared {
    int64_t began_ms;      /* since 1970 */
    size_t connections;    /* to upstreams, at most: see upstream_pool_new() */
    pthread_mutex_t mutex; /* guards `current` */
    struct snapshot *current;
    struct nonce nonce;
    struct unique_id ident;
    struct auth_failures *failures;
    struct turns turns;
    struct log access;                 /* one line per request, but for ... */
    struct anonymous *anonymous;       /* ... those without a client, where there are many */
    struct log notices;                /* standard error: see operator_log.h */
    struct series_table *metrics;      /* counted; see request_metrics.h */
    struct keeper *keeper;             /* fetches credentials that are issued */
    struct owners *owners;             /* who began which task */
    struct freezes *freezes;           /* which clients are frozen; set before anybody is served */
    struct audit *audit;               /* two records per change; NULL: none are kept */
    struct state *state;               /* what gateways share */
    char boot[SHARED_BOOT_SIZE];       /* of the machine: proc(5), boot_id; "": not known */
    char process[STATE_HOLDER_SIZE];   /* this one, and no other */
    struct unsettled *unsettled;       /* what the store was to be told */
    struct heartbeat heartbeat;        /* which they are told */
    _Atomic(struct history *) history; /* of what was counted, for the console; NULL: nobody looks */
    struct shares *shares;             /* requests by client and action, with `history` */
    _Atomic(struct usage *) usage;     /* what was used, for the console; likewise */
    atomic_uint in_flight;             /* exchanges between their first and last stage */
    atomic_size_t bodies;              /* bytes of larger bodies, at most SHARED_BODIES_MAX */
    atomic_uint waiting;               /* exchanges that wait for a time: waiting.h */
    atomic_uint collecting;            /* exchanges that put a list together from pages */
    atomic_bool serving;               /* every worker is there */
    atomic_ullong ended;   /* exchanges, ever: while workers walk and this stands still, nothing moves */
    atomic_bool draining;  /* finish what is there, take nothing new */
    atomic_bool abandoned; /* wait for no upstream any more: see upstream_pool.h */
};

/* Takes the reference to `config`, also when it fails; at most so many `connections` to upstreams are open at
 * a time; access lines go to `access_fd`. */
MUST_USE int shared_init(struct shared *gateway, struct config *config, size_t connections, int access_fd,
                         struct err *err);
void shared_done(struct shared *gateway);

/* The generation in force, held until shared_release(). */
struct snapshot *shared_take(struct shared *gateway);
void shared_release(struct snapshot *snapshot);

/* Requests by client and action, up to now; NULL: nobody looks. */
struct shares *shared_shares(struct shared *gateway);

/* Puts a new configuration in force; requests that have begun keep the old one.  Takes the reference, also
 * when it fails and the old one stays. */
MUST_USE int shared_swap(struct shared *gateway, struct config *config, struct err *err);

#endif
