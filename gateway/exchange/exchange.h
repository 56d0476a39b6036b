/* gateway/exchange/exchange.h - one request and everything that was found out about it.
 *
 * An exchange belongs to one worker at a time.  Each stage of the pipeline (gateway/request/pipeline.c) reads
 * what others have written and writes one thing.  Whatever hangs on it lives in `arena`, until the walk
 * ends. */
#ifndef GATEWAY_EXCHANGE_EXCHANGE_H
#define GATEWAY_EXCHANGE_EXCHANGE_H

#include "auth/call.h"
#include "auth/policy.h"
#include "base/base.h"
#include "base/err.h"
#include "config/model/config.h"
#include "gateway/response/answer.h"
#include "gateway/limits/client_limits.h"
#include "gateway/http/handler.h"
#include "gateway/http/target.h"
#include "gateway/http/trace.h"

struct shared;
struct snapshot;
struct builtin_page;
struct openapi_view;
struct paging;
struct freeze;
struct door;
struct mcp_message;
struct sdk_request;
struct exchange;

enum { EXCHANGE_ID_MAX = 64 };

/* What became of a change, as far as we know. */
enum outcome { OUTCOME_NOT_EXECUTED, OUTCOME_EXECUTED, OUTCOME_UNKNOWN };

/* An answer of our own, for which no call is made; status 0: there is none. */
struct exchange_own {
    int status;
    const char *type; /* media type */
    const char *bytes;
    size_t length;
    void (*put)(struct buf *out,
                const struct exchange *x); /* instead of `bytes`, where that would be a copy */
    const struct openapi_view *view;       /* with `put`: see openapi.h */
    const char *fields;                    /* more lines of its head, or NULL */
};

/* What became of the key of a change: gateway/call/idempotency.h. */
enum exchange_key_result {
    EXCHANGE_KEY_NONE,
    EXCHANGE_KEY_CLAIMED,  /* to be settled, or released, with the answer */
    EXCHANGE_KEY_REPLAYED, /* the answer is an earlier one's */
    EXCHANGE_KEY_UNKNOWN,  /* an earlier request was never answered */
    EXCHANGE_KEY_IN_USE,
    EXCHANGE_KEY_REUSED,
    EXCHANGE_KEY_AWAY, /* the store */
    EXCHANGE_KEY_RESULTS,
};

struct exchange_key {
    const char *text; /* as the caller, or its protocol, says it; NULL: none */
    char print[DIGEST_TEXT_SIZE];
    char holder[33];
    enum exchange_key_result result;
    bool clouds; /* it is the ClientToken of the request: the cloud, too, knows the change by it */
    bool lost;   /* the store did not take what became of it */
};

/* What a caller should have written: gateway/request/hint.h. */
struct exchange_hint {
    const char *parameter;            /* which one is refused, as the caller calls it; NULL: none */
    const struct config_param *param; /* which one it is, or may be; or NULL */
    const char *meant;                /* or NULL */
};

struct exchange {
    /* the front door */
    struct shared *gateway;
    struct snapshot *snapshot;   /* the one that this request sees; held */
    const struct config *config; /* the generation's */
    const struct peer *peer;
    struct arena *arena;
    const struct request_head *head;
    bool ends;                             /* the front door wants the connection to end with the answer */
    const char *source;                    /* the caller's address */
    const struct certificate_names *names; /* of the certificate that it showed; NULL: none */
    struct network address;                /* the same, parsed */
    const char *prefix;                    /* what a proxy took away from the path; NULL: nothing */
    int64_t began_us;                      /* monotonic */
    int64_t began_ms;                      /* wall */

    /* accept */
    char id[EXCHANGE_ID_MAX + 1];
    struct trace trace;
    struct target target;
    const struct door *door; /* see gateway/door/door.h */
    const char *door_name;   /* to the log, or NULL */
    struct sdk_request *sdk; /* what came through the SDKs' door, or NULL */
    struct mcp_message *mcp; /* what came through /mcp, or NULL: it is not read */
    const char *body;        /* NULL when there is none */
    size_t body_length;
    size_t body_max;      /* that it may have; 0: REQUEST_BODY_MAX */
    size_t body_reserved; /* of SHARED_BODIES_MAX, to be given back */
    bool received;        /* the body has been read, whatever it is */

    /* any station: what ends the walk without a call */
    struct exchange_own own;

    /* route */
    const struct config_route *route;          /* NULL: none */
    bool path_exists;                          /* with another method */
    const char *captures[TARGET_SEGMENTS_MAX]; /* by segment of the route */
    const struct builtin_page *page;           /* instead of a route: one of our own; or NULL */

    /* authenticate */
    const struct config_client *client; /* the caller; NULL: not authenticated, whatever it showed: */
    const struct config_token *token;   /* also expired, disabled, or too early; NULL: none that is known */
    const struct config_client_certificate *certificate; /* likewise */
    const struct freeze *frozen;                         /* why it may do nothing now; or NULL */
    const char *subject;                                 /* who is behind it, as it says; NULL: not said */

    /* admit */
    bool admitted; /* has a place in flight, to be given back */
    struct client_limits_verdict limits;

    /* queue */
    bool in_cpu_gate; /* it works now, and others wait for it to end */

    /* key, claim */
    struct exchange_key key;

    /* translate */
    struct call *call; /* with all=true the one of the first page */
    bool all;
    const struct paging *paging; /* with `all`, of a document; NULL: the route says how pages go */

    /* With `all`: the same request for the page at that offset, or of that token, sealed as the first was. */
    enum problem (*page_call)(struct exchange *x, const struct json_value *page, struct call **call);

    /* authorize */
    bool judged;
    enum policy_owner owner; /* of the task that it asks about */
    struct policy_verdict verdict;

    /* forward */
    unsigned long long intent; /* the audit record that announced the change; 0: none */
    bool outcome_unrecorded;   /* and the one of its outcome could not be written */
    enum outcome outcome;
    unsigned attempts;
    const char *tmp_secret_id; /* of the temporary credential that signed it; NULL: none did */
    int64_t upstream_us;
    struct answer answer; /* what the upstream said */

    /* follow */
    unsigned extra_calls; /* attempts beside the call's own: pages, looks at its task */
    int wait_s;           /* how long to wait for a task, where its door says so; 0: see Prefer */

    /* wait */
    const struct call *look; /* how the task is; NULL: it is not waited for */
    int64_t pause_us;        /* before the next look */
    int waited_s;            /* the preference to wait that was honoured; 0: none */
    bool finished;           /* the answer tells the end of the task */

    /* a stage that is not done yet: waiting.h */
    bool waits;       /* has a place among those who wait, to be given back */
    int64_t until_us; /* at most */
    int64_t again_us; /* when the stage is to be run again; 0: it is done */
    bool last;        /* nothing is waited for any more: the request is to be answered now */

    /* how the walk ended */
    size_t stage; /* of pipeline.c */
    const char *station;
    enum problem problem; /* PROBLEM_NONE: success */
    int64_t wait_us;      /* Retry-After of this refusal in microseconds; 0: the problem's default */
    struct err err;       /* the sentence for the caller */
    struct exchange_hint hint;
    int status;
    bool close; /* the connection ends with this answer */
    struct buf *reply;
};

/* Notes why, and returns `problem`: `return exchange_stop(x, PROBLEM_BUSY, "...")`. */
enum problem exchange_stop(struct exchange *x, enum problem problem, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The same for a failure of memory or OpenSSL. */
enum problem exchange_fail(struct exchange *x);

const char *exchange_outcome_name(enum outcome outcome);

/* The caller, also one that was refused though what it showed is known: a token that has expired, say.  NULL:
 * nobody knows it. */
const struct config_client *exchange_client(const struct exchange *x);

/* Does the call, once sent, change anything? */
bool exchange_changes(const struct exchange *x);

#endif
