/* config/model/config_policy.h - what policy.yaml says: clients and their tokens, rules, what a decision
 * looks them up by, tests.  Part of a struct config, which owns all of it. */
#ifndef CONFIG_MODEL_CONFIG_POLICY_H
#define CONFIG_MODEL_CONFIG_POLICY_H

#include "base/base.h"
#include "base/system/network.h"
#include "base/time/rate.h"
#include "base/time/zone.h"
#include "config/model/value_set.h"
#include "config/reader/report.h"

/* Else uthash ends the process when memory is out.  What could not be added has no hh.tbl. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { CONFIG_DIGEST_SIZE = 32 }; /* SHA-256 */

#define CONFIG_NEVER INT64_MAX

struct config_token {
    unsigned char digest[CONFIG_DIGEST_SIZE]; /* SHA-256 of the token's bytes */
    const struct config_client *client;       /* NULL: it is an operator's */
    const struct config_operator *operated;   /* NULL: it is a client's */
    int64_t not_before;                       /* seconds since 1970; refused before then, */
    int64_t expires;                          /* and from then on; CONFIG_NEVER: no end  */
    bool disabled;
    const char *id;
    struct mark mark;
};

/* Who is behind a client: the field Countersign-Subject of its requests. */
enum config_subject {
    CONFIG_SUBJECT_TOLD,     /* recorded where it is sent, as what the client says */
    CONFIG_SUBJECT_REQUIRED, /* likewise, and a request without it is refused */
    CONFIG_SUBJECT_TRUSTED,  /* likewise, and rules may look at it */
};

/* By what a client proves who it is, as bits. */
enum config_proof { CONFIG_PROOF_TOKEN = 1, CONFIG_PROOF_CERTIFICATE = 2 };

/* One certificate that a client may show, by one of its names. */
struct config_client_certificate {
    const char *key; /* see config/model/certificate_key.h */
    const char *id;
    const struct config_client *client;
    struct mark mark;
    UT_hash_handle hh;
};

struct config_client {
    const char *name;
    struct mark mark;
    const char *owner; /* who answers for it, or NULL */
    const char *note;  /* what they say about it, or NULL */
    int subject;       /* enum config_subject */
    bool requires_key; /* a change needs an Idempotency-Key */
    size_t token_count;
    size_t certificate_count;
    unsigned requires;   /* of enum config_proof: all of them; 0: one of those that it has */
    struct rate rate;    /* interval 0: no limit */
    long long in_flight; /* calls at a time; 0: no limit */
    size_t index;        /* 0 to the number of clients - 1: for tables beside the configuration */
    const struct config_bucket **buckets; /* where the rules are that can concern it */
    size_t bucket_count;
    UT_hash_handle hh;
};

enum config_role { CONFIG_VIEWER, CONFIG_OPERATOR };

/* Who may ask the admin listener for more than whether the gateway is well. */
struct config_operator {
    const char *name;
    struct mark mark;
    int role;           /* enum config_role: a viewer looks, an operator also changes */
    size_t token_count; /* as in config_client */
};

enum { CONFIG_REGION = 0 }; /* the number of what `where` calls "region"; parameters are numbered from 1 */

/* `where`: one parameter of the call, or the region, and what it may be. */
struct config_condition {
    uint32_t param;                     /* its number: config->param_names tells the name */
    uint32_t count;                     /* 0: `absent`, the call must not have the parameter */
    const struct config_values **lists; /* what stands in the rule, each set that it names, other names */
};

enum config_effect { CONFIG_ALLOW, CONFIG_DENY };
/* CONFIG_SECRET: a read whose answer is power, such as a key.  No pattern of an allow covers it: only its
 * whole name, or `effects: [secret]`. */
enum config_route_effect { CONFIG_READ, CONFIG_CHANGE, CONFIG_SECRET, CONFIG_ROUTE_EFFECTS };

/* `own`: the task that a call asks about was begun by this very client, or was not. */
enum config_own { CONFIG_OWN_ANY, CONFIG_OWN_ONLY, CONFIG_OWN_NOT };

/* `when`: a rule applies only at these times of a time zone's clock. */
struct config_when {
    const struct zone *zone;
    const char *zone_name;
    unsigned days; /* bit 0 Monday to bit 6 Sunday */
    int from;      /* minute of the day */
    int until; /* not included; before or at `from`: it goes over midnight and belongs to the day it began */
};

/* A new condition is also one of place_rule() in rule_layout.c, config_is_unconditional(), policy_try(),
 * words.c, rights.c, and the second evaluator tests/e2e/harness/judge.py. What a decision reads comes first,
 * and lies beside that of the rules which are looked at with it. */
struct config_rule {
    struct config_condition *conditions;
    const struct config_when *when; /* NULL: always */
    struct network *networks;       /* `from` */
    int64_t expires;                /* expired from then on; CONFIG_NEVER */
    uint32_t condition_count;
    uint32_t network_count; /* 0: from anywhere */
    uint32_t number;        /* in the file's order, from 0 */
    enum config_effect effect;
    bool audit;  /* only says what it would have done */
    bool strict; /* of a deny: a condition on what the call leaves out holds */
    enum config_own own;
    unsigned char effects; /* of its routes: bit enum config_route_effect; 0: any */
    bool by_subject;       /* only for `subjects` */
    bool requires_key;     /* of an allow: a change needs an Idempotency-Key; no condition */

    const char *id;
    struct mark mark;
    const char *owner; /* who answers for it, or NULL */
    const char *note;  /* what they say about it, or NULL */
    int64_t since;     /* when it was written; CONFIG_NEVER: not said */
    struct rate limit; /* calls that it allows, of all clients together; interval 0: no limit */
    struct config_patterns clients;
    struct config_patterns actions;
    struct config_patterns subjects; /* with by_subject; only clients whose subject is trusted */
};

/* A former id that `former_ids` of the policy says to be a current one. */
struct config_former_id {
    const char *former;
    const char *current;
};

/* The rules that can concern the clients of one name or prefix, by action: what a decision looks
 * at.  Those of an action that has a route are rules[starts[action_index]] to rules[starts[action_index +
 * 1] - 1], in the file's order.  The cloud's other actions are thousands, and most buckets have nothing
 * for them: they stand in `runs`, by action_index, if they have any.  config_bucket_find() looks. */
struct config_run {
    uint32_t action;
    uint32_t start, count; /* in `rules` */
};

/* Of many rules, by what their conditions name: config/model/rule_hash.h. */
struct config_bucket_hash {
    uint32_t start; /* in `rules` */
    const struct rule_hash *hash;
};

struct config_bucket {
    const uint32_t *starts; /* by the actions that have a route, and one more */
    const struct config_rule **rules;
    const struct config_run *runs;
    const struct config_bucket_hash *hashes; /* by `start` */
    uint32_t route_actions, run_count, hash_count;
};

struct config_bucket_rules {
    const struct config_rule **items;
    size_t count;
    const struct rule_hash *hash; /* NULL: read them one by one */
};

/* `tests` of the policy: a request and the verdict that it must get. */
struct config_trial {
    struct mark mark;
    const struct config_client *client;
    const char *method;
    const char *path;   /* with its query */
    const char *body;   /* JSON, or NULL */
    const char *action; /* instead: the path of /actions/..., while it is read */
    const char *document;
    const char *from;    /* an address, or NULL: 127.0.0.1 */
    const char *subject; /* or NULL */
    int64_t at;          /* CONFIG_NEVER: now */
    enum config_own own; /* of the task that is asked about; CONFIG_OWN_ANY: nobody knows */
    bool expect_allow;
    const char *by; /* the rule that must have decided, or NULL: any, or none */
};

#endif
