/* gateway/back.h - the back door: calls to the upstreams.  The only file that has met libcurl is back.c.
 *
 * Each upstream has a bounded pool of slots.  A slot is a libcurl handle with its live connections, a keyed
 * MAC and the buffers of one call; it belongs to one thread between back_take() and back_give().  The slot
 * used last is taken first, so that few connections stay warm and idle ones die.
 *
 * A request is written to the network at most once per back_send(): libcurl repeats a request by itself when
 * a reused connection dies without an answer, so its second attempt to write is refused
 * (CURLOPT_PREREQFUNCTION), and the result says BACK_LOST. */
#ifndef GATEWAY_BACK_H
#define GATEWAY_BACK_H

#include "auth/sign.h"
#include "base/base.h"
#include "base/err.h"
#include "config/config.h"
#include "gateway/retry.h"

enum {
    BACK_ANSWER_MAX = 1024 * 1024, /* bytes of an answer: a page of 100 items takes some 100 KiB           */
    BACK_HEAD_MAX = 64 * 1024,     /* bytes of header fields, those of 1xx answers counted with the others  */
    BACK_RETRY_AFTER_MAX_S = 3600, /* an upstream that asks for more is not believed                       */
    BACK_CONNECT_MS = 3000,        /* TCP and TLS: three SYNs, or a slow handshake                         */
    BACK_WAIT_MS = 100,            /* for a slot: longer only hides an overload                            */
    BACK_IDLE_S = 45,              /* a connection that was idle for longer is not reused                  */
    BACK_LIFE_S = 300,             /* a connection is not reused beyond this age: DNS may have changed     */
};

struct back;
struct back_slot;

enum back_end {
    BACK_ANSWERED, /* a whole answer, whatever it says                                         */
    BACK_FAILED,   /* memory is out, here: not executed                                        */
    BACK_NOT_SENT, /* no connection, or no byte of the request was taken by it: not executed   */
    BACK_LOST,     /* sent, then broken: nobody knows                                          */
    BACK_LATE,     /* sent, and no whole answer in time: nobody knows                          */
    BACK_TOO_LARGE /* the answer exceeds BACK_ANSWER_MAX or BACK_HEAD_MAX: sent, nobody knows  */
};

struct back_result {
    enum back_end end;
    int status;        /* HTTP, of BACK_ANSWERED */
    const char *bytes; /* the answer, in the slot: until back_give() or the next back_send() */
    size_t length;
    bool has_date;
    int64_t date;          /* the answer's Date, seconds since 1970 */
    int64_t retry_after_s; /* 0: the answer has none that makes sense */
};

/* Pools for every upstream of the configuration, which must outlive it.  Reads ca_file; connects to nothing.
 */
MUST_USE struct back *back_new(const struct config *config, struct err *err);
void back_free(struct back *back);

/* NULL when no slot came free within BACK_WAIT_MS, or memory is out. */
MUST_USE struct back_slot *back_take(struct back *back, const struct config_upstream *upstream);
void back_give(struct back_slot *slot);

/* The slot's own signer (of the upstream's credential, 0, or its spare, 1) and request, for sign_call(). */
struct signer *back_signer(struct back_slot *slot, unsigned credential);
struct signed_request *back_request(struct back_slot *slot);

/* What the retries of the slot's upstream may spend. */
struct retry_budget *back_budget(struct back_slot *slot);

/* Sends what back_request() holds.  `timeout_ms` is for the whole attempt.  `err` gets the reason of anything
 * but BACK_ANSWERED. */
void back_send(struct back_slot *slot, long timeout_ms, struct back_result *result, struct err *err);

/* From now on every back_send() ends within about a second, as BACK_LOST or BACK_NOT_SENT: the drain is over.
 */
void back_abandon(struct back *back);

/* Once per process, before threads; back_global_done() when they are gone. */
MUST_USE int back_global_init(void);
void back_global_done(void);

#endif
