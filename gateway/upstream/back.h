/* gateway/upstream/back.h - the back door: calls to the upstreams.
 *
 * Each upstream has a bounded pool of slots, so that one that hangs cannot take another's.  A slot is a line
 * to the upstream (gateway/upstream/back_line.h) and a keyed MAC for each credential; it belongs to one
 * thread between back_take() and back_give().  What is learned about an upstream outlives the configuration
 * (gateway/upstream/upstream.h). */
#ifndef GATEWAY_UPSTREAM_BACK_H
#define GATEWAY_UPSTREAM_BACK_H

#include "auth/sign.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/upstream/upstream.h"

#include <stdatomic.h>

enum {
    BACK_ANSWER_MAX = 1024 * 1024, /* bytes of an answer: a page of 100 items takes some 100 KiB           */
    BACK_CONNECT_MS = 3000,        /* TCP and TLS: three SYNs, or a slow handshake                         */
    BACK_WAIT_MS = 25, /* for a slot when all are lent out: longer only hides an overload, whose answer is due
                          in 50 ms */
    BACK_IDLE_S = 45,  /* a connection that was idle for longer is not reused                  */
    BACK_LIFE_S = 300, /* a connection is not reused beyond this age: DNS may have changed     */
};

struct back;
struct back_slot;

/* Pools for every upstream of the configuration, which must outlive it.  What `previous`, which may be NULL,
 * has learned about the same upstreams is shared with it; connections are not, they were verified by its
 * ca_file.  Reads ca_file; connects to nothing.  At most so many `connections` are open at a time, but one to
 * each upstream: their slots, or fewer where descriptors are few.
 *
 * Once `*abandoned`, which is borrowed, is true, every back_send() ends within about a second, as
 * UPSTREAM_LOST or UPSTREAM_NOT_SENT, whichever configuration its call began under: the drain is over. */
MUST_USE struct back *back_new(const struct config *config, const struct back *previous, size_t connections,
                               const atomic_bool *abandoned, struct err *err);
void back_free(struct back *back);

/* Why there is no slot. */
struct back_refusal {
    bool open;       /* the breaker is */
    bool failed;     /* memory is out; if neither, no slot came free within BACK_WAIT_MS */
    int64_t wait_us; /* of the breaker: until it may be tried again */
};

/* NULL with `refusal` set. */
MUST_USE struct back_slot *back_take(struct back *back, const struct config_upstream *upstream,
                                     struct back_refusal *refusal);
void back_give(struct back_slot *slot);

/* Whoever asks for a slot now has to wait for one, as far as can be told. */
bool back_is_short(struct back *back, const struct config_upstream *upstream);

/* Gives the slot back and notes that its call rests until its next attempt, which begins with back_wake() and
 * back_take().  False, and the slot stays: a quarter as many as there are slots rest already. */
MUST_USE bool back_rest(struct back_slot *slot);
void back_wake(struct back *back, const struct config_upstream *upstream);

/* The slot's own signer (of the upstream's credential, 0, or its spare, 1) and request, for sign_call(). */
struct signer *back_signer(struct back_slot *slot, unsigned credential);
struct signed_request *back_request(struct back_slot *slot);

/* What is known of the slot's upstream. */
struct upstream *back_upstream(struct back_slot *slot);

/* The credential to begin with: the one that worked last.  A reload begins with the first again. */
unsigned back_credential(const struct back_slot *slot);

/* True when that is news. */
bool back_prefer(struct back_slot *slot, unsigned credential);

struct back_result {
    enum upstream_end end;
    bool timed_out;     /* it ended because its time was over */
    bool no_descriptor; /* for a connection: it says nothing about the upstream */
    int64_t ended_us;   /* when */
    int status;         /* HTTP, of UPSTREAM_ANSWERED */
    const char *bytes;  /* the answer, in the slot: until back_give() or the next back_send() */
    size_t length;
    bool has_date;
    struct skew_sample clock; /* when has_date */
    const char *type;         /* media type of the answer, in the slot as well; "": it says none */
    int64_t retry_after_s;    /* 0: the answer has none that makes sense */
    enum breaker_event breaker;
    enum skew_event skew;
};

/* Sends what back_request() holds: one attempt, from `now_us`, which is now, until `until_us`, of the
 * monotonic clock.  Where that is less than half of the time that the upstream is given, running out of it
 * says nothing about the upstream.  `err` gets the reason of anything but UPSTREAM_ANSWERED. */
void back_send(struct back_slot *slot, int64_t now_us, int64_t until_us, struct back_result *result,
               struct err *err);

/* The last answer made no sense: its connection is not used again. */
void back_distrust(struct back_slot *slot);

/* For operators and metrics: a look at one upstream, 0 to config->upstream_count - 1.  Cheap; the numbers are
 * each right, not taken at one moment. */
struct back_state {
    const char *name;
    enum breaker_state breaker;
    unsigned slots, used, waiting, resting;
    unsigned long long ends[UPSTREAM_ENDS]; /* attempts since the process began, by their end */
    unsigned long long retries, refused, full;
    int64_t skew_s;             /* beyond SKEW_BOUND_S, or 0; positive: the upstream's clock is ahead */
    const char *credential;     /* the one that calls begin with */
    const char *not_credential; /* the first, when the cloud refused it since the last reload; or NULL */
};
void back_look(const struct back *back, size_t index, struct back_state *state);

#endif
