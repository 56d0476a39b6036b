/* gateway/service/reload.h - a new configuration beside the old: loaded, checked, tested, then swapped.
 * Anything wrong leaves the old one serving. */
#ifndef GATEWAY_SERVICE_RELOAD_H
#define GATEWAY_SERVICE_RELOAD_H

#include "base/base.h"
#include "base/buf.h"
#include "config/reader/report.h"
#include "gateway/exchange/gateway.h"

#include <pthread.h>

/* Loads a configuration; NULL when anything is wrong: the report tells.  Its tests are not run. */
MUST_USE struct config *reload_load(const char *path, const struct config *previous, struct report *report);

enum reload_end {
    RELOAD_GOOD,
    RELOAD_BAD,       /* the old configuration stays in force                                      */
    RELOAD_UNAUDITED, /* the new one is in force, but the audit file could not be opened again     */
    RELOAD_BUSY,      /* none began: RELOAD_WAITERS_MAX others wait already                        */
};

/* Reloads happen one at a time, in the main thread; others ask and wait for the outcome. */
struct reload {
    const char *path; /* of countersign.yaml; borrowed */
    struct gateway *gateway;
    pthread_mutex_t mutex;
    pthread_cond_t finished;
    unsigned long long wanted;    /* by reload_ask() */
    unsigned long long done;      /* reloads that have ended */
    unsigned waiting;             /* in reload_ask() */
    enum reload_end last;         /* how it ended */
    bool ended;                   /* the service is shutting down */
    struct buf errors;            /* of the last one: lines */
    struct buf warnings;          /* likewise */
    struct buf tests;             /* of the configuration in force, those that failed when it was loaded */
    int64_t good_at;              /* when the configuration in force was loaded, seconds since 1970 */
    unsigned long long counts[2]; /* reloads that were good, and bad */
};

MUST_USE int reload_init(struct reload *reload, const char *path, struct gateway *gateway);
void reload_done(struct reload *reload);

/* The tests of the configuration that the service starts with: one that fails is told, and is no reason
 * not to serve.  Before the first reload. */
void reload_begin(struct reload *reload);

/* Main thread: does it now, and says on standard error how it went. */
void reload_run(struct reload *reload);

enum { RELOAD_WAITERS_MAX = 4 }; /* a reload that hangs must leave workers for health and metrics */

/* Any other thread: raises SIGHUP for the main thread and waits, at most 30 s, for a reload that began after
 * the call.  It appends the reload's errors and warnings, as lines. */
MUST_USE enum reload_end reload_ask(struct reload *reload, struct buf *errors, struct buf *warnings);

struct reload_state {
    unsigned long long good, bad; /* reloads since the process began */
    bool failed;                  /* the last one */
    int64_t good_at;              /* when the configuration in force was loaded, seconds since 1970 */
};
void reload_look(struct reload *reload, struct reload_state *state);

/* Nobody reloads any more: whoever asks, or waits, is told so. */
void reload_end(struct reload *reload);

/* Did the last one fail?  Appends its errors. */
bool reload_failed(struct reload *reload, struct buf *errors);

/* Appends the failed tests of the configuration in force, as lines. */
void reload_tests(struct reload *reload, struct buf *tests);

#endif
