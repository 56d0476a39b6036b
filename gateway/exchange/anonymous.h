/* gateway/exchange/anonymous.h - access lines of requests whose client is not known.
 *
 * So that nobody without a token can fill a disk, the first of an address are written one by one, the others
 * are gathered into one line with a count.
 *
 * Time is cut into rounds.  Memory and what a round writes have a limit, whatever comes: at most
 * ANONYMOUS_LINES_ALL lines of their own, some 400 bytes each, and one of some 200 bytes for each address
 * that the table holds, and one for all others.  An address is one source as network_source() has it.
 *
 * A gathered line:
 *     {"time":"...","since":"...","source":"203.0.113.9","gathered":91,"statuses":{"401":80,"429":11}}
 * `time` is the end of the round, `since` when the first of these requests came.  Without `source` it counts
 * those of addresses for which the table had no room. */
#ifndef GATEWAY_EXCHANGE_ANONYMOUS_H
#define GATEWAY_EXCHANGE_ANONYMOUS_H

#include "base/base.h"
#include "base/log/log.h"
#include "base/system/network.h"

enum {
    ANONYMOUS_ROUND_MS = 10000, /* what is gathered is told while somebody looks; 3 KB a round and address */
    ANONYMOUS_LINES = 9,       /* of an address, one by one: a person who errs, or an app that starts again */
    ANONYMOUS_LINES_ALL = 256, /* of all addresses, one by one: 100 KB                                      */
    ANONYMOUS_SETS = 64,       /* an address belongs to one, by a hash                                      */
    ANONYMOUS_WAYS = 8,        /* addresses in a set: 512 in all, and 100 KB                                */
    ANONYMOUS_STATUSES = 8,    /* told apart in one line; the last counts all others                        */
};

struct anonymous;

/* The first round begins at `now_us`.  NULL when memory is out, or the system gives no randomness. */
MUST_USE struct anonymous *anonymous_new(int64_t now_us);
void anonymous_free(struct anonymous *anonymous);

/* A request without a client was answered: true when it gets a line of its own; otherwise it is counted, and
 * the end of the round tells.  Any thread. */
MUST_USE bool anonymous_has_line(struct anonymous *anonymous, const struct network *address, int status,
                                 int64_t now_ms);

/* Microseconds of the monotonic clock until the round ends; 0: now. */
int64_t anonymous_wait_us(const struct anonymous *anonymous, int64_t now_us);

/* Writes what was gathered, and begins the next round.  One thread's, as the function above. */
void anonymous_end_round(struct anonymous *anonymous, struct log *log, int64_t now_us, int64_t now_ms);

/* Requests that share a line with others, ever. */
unsigned long long anonymous_gathered(const struct anonymous *anonymous);

#endif
