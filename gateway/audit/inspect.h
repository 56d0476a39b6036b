/* gateway/audit/inspect.h - an audit file with seals as a start finds it: do they hold, and what is behind
 * the last?
 *
 * A start reads the last INSPECT_BYTES before it goes on, about a fifth of a second: no gateway leaves so
 * much without a seal (SEAL_BYTES_MAX).  A genuine seal vouches for all that was chained before it, so
 * nothing that was altered there can be sealed again; the whole of a longer file is read by a thread of
 * its own, only to tell. */
#ifndef GATEWAY_AUDIT_INSPECT_H
#define GATEWAY_AUDIT_INSPECT_H

#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/chain/seal.h"

enum { INSPECT_BYTES = 40 * 1024 * 1024, INSPECT_TEXT = 384 };

struct inspect {
    unsigned long long records;  /* that were read */
    unsigned long long from;     /* the first of them, by seq */
    unsigned long long sealed;   /* the last seal's record, by seq */
    unsigned long long unsealed; /* records behind it */
    struct seal seal;            /* the last one; number 0: of format 1, or none */
    char broken[INSPECT_TEXT];   /* where it does not hold; "": it does */
};

/* Reads the end of the open file, which `what` names.  -1: it cannot be read. */
MUST_USE int inspect_end(const struct config_audit *what, int fd, struct inspect *found, struct err *err);

/* The whole file, if inspect_end() did not read all of it, by a thread; `tell` is called by it when something
 * does not hold.  NULL: there is no need, or memory or threads are out (`err` says so).  `what` is
 * borrowed. */
struct inspector;
struct inspector *inspect_start(const struct config_audit *what, int fd,
                                void (*tell)(void *context, const char *why), void *context, struct err *err);

/* Waits for its end, which comes soon. */
void inspect_stop(struct inspector *inspector);

#endif
