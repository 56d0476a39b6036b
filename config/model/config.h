/* config/model/config.h - the configuration as an immutable model.
 *
 * config_load() reads countersign.yaml, the policy that it names, the catalog and the secrets, and either
 * gives a whole configuration or reports everything that is wrong.  After that nothing in it changes, so any
 * number of threads may read it, and the one that ends it comes last: config_release().
 * All that hangs below a `struct config` is owned by it; every item that can be blamed has a mark. */
#ifndef CONFIG_MODEL_CONFIG_H
#define CONFIG_MODEL_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "base/network.h"
#include "base/rate.h"
#include "base/secret.h"
#include "base/zone.h"
#include "config/definitions/definitions.h"
#include "config/model/pattern.h"
#include "config/model/token_index.h"
#include "config/model/value_set.h"
#include "config/reader/report.h"
#include "config/reader/url.h"

/* Else uthash ends the process when memory is out.  What could not be added has no hh.tbl. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { CONFIG_DIGEST_SIZE = 32 }; /* SHA-256 */

#define CONFIG_NEVER INT64_MAX

/* ---- countersign.yaml ---- */

/* Where a secret can be read again; path NULL: nowhere, as of the environment. */
struct config_secret_file {
    const char *path;
    bool is_private; /* nobody else may read it */
};

enum config_part { CONFIG_ID, CONFIG_KEY, CONFIG_TOKEN, CONFIG_PARTS };

enum config_listener_kind { CONFIG_TCP, CONFIG_UNIX, CONFIG_SYSTEMD };

struct config_certificate {
    const char *certificate; /* files in PEM: a chain, and its key */
    const char *key;
};

enum config_tls_client { CONFIG_TLS_OPTIONAL, CONFIG_TLS_REQUIRED };
enum config_tls_min { CONFIG_TLS_1_2, CONFIG_TLS_1_3 };

/* What callers meet at a listener with TLS. */
struct config_tls {
    struct config_certificate
        *certificates; /* by the name that a client asks for; the first is the default */
    size_t count;
    const char *client_ca;  /* whose certificates clients may have; NULL: they are asked for none */
    const char *client_crl; /* which of them are revoked; or NULL */
    int client;             /* enum config_tls_client */
    int min;                /* enum config_tls_min */
};

/* One entry of `listen` or `admin`. */
struct config_listener {
    const char *address; /* as it is written */
    struct mark mark;
    int kind;            /* enum config_listener_kind */
    struct network host; /* CONFIG_TCP: one address */
    int port;            /* likewise; 0: a free one */
    const char *name;    /* CONFIG_UNIX: the path; CONFIG_SYSTEMD: FileDescriptorName=, NULL: every socket */
    unsigned mode;       /* CONFIG_UNIX: of the path */
    const struct config_tls *tls; /* NULL: plain HTTP */
};

struct config_listeners {
    const struct config_listener *items;
    size_t count;
};

struct config_credential {
    const char *name;
    struct mark mark;
    struct secret *id;    /* SecretId */
    struct secret *key;   /* SecretKey */
    struct secret *token; /* of a temporary credential, or NULL */
    struct config_secret_file files[CONFIG_PARTS];
};

enum config_scheme { CONFIG_HMAC_SHA1, CONFIG_HMAC_SHA256, CONFIG_TC3 };
enum config_method { CONFIG_GET, CONFIG_POST };

enum config_on_broken { CONFIG_REFUSE, CONFIG_CONTINUE };

/* The file of what was changed; `file` is NULL where none is kept. */
struct config_audit {
    const char *file;
    struct mark mark;
    bool sync;                /* each record is on the disk, not only with the kernel, before we go on */
    struct secret *key;       /* of the seals, or NULL */
    long long seal_every;     /* ms */
    int on_broken;            /* enum config_on_broken: what becomes of changes when the seals do not hold */
    const char *witness_file; /* each seal is appended to it; or NULL */
    const char **witness_command; /* or given to this: a path and arguments, ended by NULL; or NULL */
    const char *in_force;         /* the short hash of the configuration that this is of */
    const char *instance;         /* the gateway's name, in each record */
};

enum config_store_kind { CONFIG_STORE_MEMORY, CONFIG_STORE_SQLITE, CONFIG_STORE_REDIS };

/* Where a server of Redis is. */
struct config_redis_server {
    const char *text; /* as it is written */
    const char *host; /* or the path of a socket, */
    int port;         /* where this is 0 */
};

/* What gateways share, and where; see gateway/state/state.h. */
struct config_store {
    int kind; /* enum config_store_kind */
    struct mark mark;
    long long keep;      /* ms: how long a change's Idempotency-Key is kept */
    long long instances; /* gateways that there are at most: by so many a limit is divided */
    const char *file;    /* of CONFIG_STORE_SQLITE */

    /* of CONFIG_STORE_REDIS */
    const struct config_redis_server *servers; /* tried in turn */
    size_t server_count;
    const char *user;        /* or NULL */
    struct secret *password; /* or NULL */
    long long database;
    bool tls;
    const char *ca_file; /* of `tls`; NULL: the system's */
    const char *prefix;  /* of every key */
};

/* What the program tells its operator on standard error. */
enum config_notices { CONFIG_NOTICES_TEXT, CONFIG_NOTICES_JSON };

struct config_action_limit {
    const char *action;
    struct mark mark;
    struct rate rate;
};

/* A secret of the environment, where it can be read once. */
struct config_kept {
    const char *name;
    struct secret *secret;
    struct config_kept *next;
};

/* On the way to an upstream: it is asked to CONNECT. */
struct config_proxy {
    const char *url; /* http://host:port */
    struct mark mark;
    bool is_loopback;
    struct secret *user; /* with `password`, or NULL both */
    struct secret *password;
};

struct config_upstream {
    const char *name; /* the service that it answers for */
    struct mark mark;
    struct url url;
    const char *host; /* signed and sent as Host */
    const struct config_credential *credential;
    const struct config_credential *fallback; /* tried where the cloud refuses the first; NULL: none */
    const char *region;                       /* where the caller names none: its one name */
    struct mark region_mark;
    const char *sent_region;            /* the same by the name that it takes */
    bool short_regions;                 /* it takes short names */
    bool resolve_former_ids;            /* it is asked which thing a former id names */
    const char *ca_file;                /* NULL: the system's */
    const struct config_proxy *proxy;   /* NULL: none, whatever the environment says */
    const char *connect_to;             /* host or host:port, in the place of the url's; or NULL */
    long long connection_lifetime;      /* ms that a connection is reused: then its name is asked for again */
    int api;                            /* enum config_api */
    int scheme;                         /* enum config_scheme; TC3 with CONFIG_API3 and CONFIG_POST only */
    int method;                         /* enum config_method */
    long long timeout;                  /* ms, for one whole attempt */
    long long deadline;                 /* ms, for all attempts and the pauses between them */
    long long slots;                    /* calls at a time */
    struct rate limit;                  /* calls of all clients together; interval 0: no limit */
    struct config_action_limit *limits; /* of single actions, beside it */
    size_t limit_count;
};

struct config_names {
    const char **items;
    size_t count;
};

/* What concerns callers that are browsers. */
struct config_browsers {
    struct config_names origins; /* whose pages may call: exact; empty: none */
    struct config_names headers; /* request fields that pages may send beside those that the gateway reads */
    bool docs;                   /* the reference page is served */
    struct mark docs_mark;
    struct config_names hosts; /* by which names callers ask, beside addresses and localhost; empty: any */
};

/* ---- policy.yaml ---- */

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

struct config_bucket {
    const uint32_t *starts; /* by the actions that have a route, and one more */
    const struct config_rule **rules;
    const struct config_run *runs;
    uint32_t route_actions, run_count;
};

struct config_bucket_rules {
    const struct config_rule **items;
    size_t count;
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

/* ---- catalog ---- */

/* Those from CONFIG_OBJECT on have JSON as their one value; see config_is_structured(). */
enum config_type {
    CONFIG_STRING,
    CONFIG_INTEGER,
    CONFIG_BOOLEAN,
    CONFIG_STRINGS,
    CONFIG_NUMBER,
    CONFIG_OBJECT,
    CONFIG_LIST,
    CONFIG_MAP /* an object whose members are all texts */
};
enum config_source { CONFIG_IN_PATH = 1, CONFIG_IN_QUERY = 2, CONFIG_IN_BODY = 4 };

/* The generations of the cloud's API: 2.0 (*.api.qcloud.com) and 3.0 (*.tencentcloudapi.com). */
enum config_api { CONFIG_API2, CONFIG_API3, CONFIG_APIS };

enum {
    CONFIG_ID_MAX = 256,            /* bytes of an id of the cloud's, which has fewer than 64 */
    CONFIG_LENGTH_DEFAULT = 4096,   /* bytes of a text where the catalog says nothing */
    CONFIG_LENGTH_MAX = 32 * 1024,  /* and at most: half of a request's body, in which each may be escaped */
    CONFIG_INTEGER_MAX = INT32_MAX, /* of an integer, likewise where it says nothing; from 0 */
    CONFIG_ITEMS_DEFAULT = 100,     /* of a list, likewise */
};

struct config_pattern {
    const char *text;         /* NULL: anything */
    struct pattern *compiled; /* NULL likewise */
};

/* How one generation says a parameter. */
struct config_wire {
    const char *name;              /* NULL: it has no such parameter */
    bool filter;                   /* the name is that of a filter: a member of Filters (API 3.0) */
    bool quoted;                   /* a number that goes out as a JSON string (API 3.0) */
    struct config_pattern pattern; /* beside the parameter's own */
    long long max_items;           /* the parameter's, or fewer */
};

struct config_param {
    const char *name;    /* the callers' and the policy's */
    const char *about;   /* a phrase for callers, or NULL */
    const char *capture; /* of the path: `name` unless it says otherwise */
    struct mark mark;
    uint32_t number;  /* the same for every parameter of that name; written when rules are read */
    unsigned sources; /* of enum config_source */
    int type;         /* enum config_type */
    bool required;
    const char *preset; /* the default, or NULL */
    struct config_pattern pattern;
    struct config_pattern former;         /* ids of before, which are taken, too; text NULL: none */
    const struct config_pattern *formers; /* the same of any parameter of that name; NULL: none; written with
                                             `number`; see config_is_former() */
    bool partial;                         /* the cloud finds what has the value in it, too */
    bool secret;                          /* its values are never written down: see call_shown() */
    bool secret_said;                     /* the catalog says whether it is */
    bool empty;                           /* "" is a value, or [] of CONFIG_STRINGS */
    long long length;                     /* bytes of a text, at most */
    long long min, max;                   /* CONFIG_INTEGER */
    long long max_items;                  /* CONFIG_STRINGS: 1 to this */
    const char **values;                  /* the only ones that it may have; NULL: any */
    size_t value_count;
    bool inside; /* a path into a document, or into a parameter of the route: judged, and sent with that */
    struct config_wire wire[CONFIG_APIS];
};

struct config_segment {
    const char *text; /* a literal, or the name of a capture */
    bool capture;
};

enum config_state { CONFIG_DONE, CONFIG_FAILED, CONFIG_RUNNING, CONFIG_STATES };

/* Where an answer tells how a task is, and how it says so. */
struct config_status {
    const char *from;                 /* "data.status": a path of members; NULL: the answer tells nothing */
    const char *names[CONFIG_STATES]; /* numbers and strings are compared as text */
};

struct config_rename {
    const char *from; /* the cloud's */
    const char *to;   /* the callers' */
};

/* How one generation does what a route is for. */
struct config_dialect {
    bool supported;      /* false: this API version has no such action */
    const char *action;  /* the cloud's */
    const char *version; /* API 3.0 */
    const char *list;    /* the answer's member that holds a page, or NULL */
    const char *total;   /* the answer's member that counts the whole list; with `list` */
    const char *task;    /* the answer's member that names a task, or NULL */
    struct config_status status;
    struct config_rename *renames; /* members of the answer, and of its page's items */
    size_t rename_count;
};

struct config_path;

struct config_route {
    const char *method;
    const char *template; /* "/vpcs/{vpcId}/classiclinks" */
    const char *summary;  /* a phrase for callers, or NULL */
    struct mark mark;
    struct config_segment *segments;
    size_t segment_count;
    const char *service;
    const char *action;  /* what policies and records call it */
    size_t action_index; /* the same for every route of the action */
    int effect;          /* enum config_route_effect */
    bool safe;           /* it reads although its method says otherwise (RFC 9110 section 9.2.1) */
    long long success;
    struct config_dialect
        dialects[CONFIG_APIS];  /* the callers' names for list, total and task are API 2.0's */
    const char *list;           /* NULL: the answer has no pages */
    const char *total;          /* with `list` */
    const char *task;           /* NULL: nothing goes on after the answer */
    const char *single;         /* the member whose list is empty when there is no such thing, or NULL */
    struct config_rename tells; /* of its item: `from` is the current id of the parameter `to`, or NULL */
    struct config_param *params;
    size_t param_count;
    struct config_path *paths; /* into structured parameters, that rules name; written when they are read */
    size_t path_count;
    const struct config_action *document; /* the body is the cloud's own document; NULL: parameters */
};

/* ---- the cloud's own documents: POST /actions/{service}/{Action} ---- */

enum { CONFIG_SERVICE_MAX = 64 }; /* characters of a service's name */

enum {
    CONFIG_BODY_MIN = 64 * 1024, /* bytes: what every route takes */
    CONFIG_BODY_DEFAULT = 1024 * 1024,
    CONFIG_BODY_MAX = 10 * 1024 * 1024, /* as the vendor has it, with TC3-HMAC-SHA256 */
};

enum { CONFIG_PATH_DEPTH = 15 }; /* levels of a document, and members that a path in a rule may have */

/* What rules call a member of a document, and where it is.  A list on the way stands for all its items. */
struct config_path {
    struct config_param param; /* name, number and forms of former ids; its type is of no use */
    const char **members;      /* "SecurityGroupPolicySet", "Ingress", "CidrBlock" */
    size_t depth;
    const struct config_param *of; /* a route's: into this parameter; NULL: into the document */
    bool secret; /* no record has its values: it is called like a password or a key, or the catalog says so */
};

/* An action of an upstream's service, by one version of its definitions. */
struct config_action {
    const struct definitions_action *definition;
    const struct config_upstream *upstream;
    struct config_route route; /* how the walk knows it; its params are those of the routes of that action */
    bool has_route;            /* in the catalog: it is judged by the names that the routes have */
    struct config_path *paths; /* that rules name; written when they are read */
    size_t path_count;
};

/* One version of a service that has an upstream. */
struct config_service {
    const struct definitions *definitions;
    const struct config_upstream *upstream;
    struct config_action *actions; /* as in the definitions, one by one */
};

/* A region has one name, to policies and records; a request may say the short one, in any case. */
struct config_region {
    const char *name;       /* ap-guangzhou */
    const char *short_name; /* gz, or NULL */
};

/* ---- all of it ---- */

/* SHA-256 of the files: sha256sum says the same.  That of the catalog goes on from the one that ships to the
 * operator's own, in their order; ALL is that of the others in hex, one behind the other. */
enum config_hash {
    CONFIG_HASH_POLICY,
    CONFIG_HASH_CATALOG,
    CONFIG_HASH_SERVICE,
    CONFIG_HASH_DEFINITIONS, /* of the services at /actions, not compressed, in the upstreams' order */
    CONFIG_HASH_ALL,
    CONFIG_HASHES
};

enum { CONFIG_SHORT_HASH = 12 }; /* hex digits: 48 bits tell the configurations of one gateway apart */

/* An action whose effect is another than the definitions say. */
struct config_exception {
    const char *name; /* "cvm:DescribeInstanceVncUrl" */
    struct mark mark;
    int effect; /* enum config_route_effect */
    bool used;
};

struct config {
    struct arena *arena;
    char hashes[CONFIG_HASHES][DIGEST_TEXT_SIZE]; /* "" where there is no such file */
    char short_hash[CONFIG_SHORT_HASH + 1];       /* of CONFIG_HASH_ALL: for records */

    const char *instance; /* the gateway's name among several; the host's, where nothing else is said */
    struct config_listeners listen;
    struct config_listeners admin;
    bool anonymous_reload;           /* POST /reload from this machine needs no token */
    struct config_names admin_hosts; /* of the admin listener, beside addresses and localhost */
    const char *prefix; /* "/cs": the path that a proxy takes away from what callers ask for; "": none */
    const char *policy_file;
    const char **catalog_files; /* the operator's own */
    size_t catalog_file_count;
    struct rate failed_auth;         /* wrong tokens from one address */
    struct network *trusted_proxies; /* whose X-Forwarded-For is believed */
    size_t trusted_proxy_count;
    const char *client_certificate_field; /* in which these pass a verified certificate; NULL: none */
    long long workers;                    /* requests that are served at a time */
    long long connections;                /* that can be open: as many as workers at least */
    long long per_address; /* connections from one address; 0: see gateway/server/connections.h */
    int notices;           /* enum config_notices */
    long long keep_alive;  /* ms that a connection may be idle between two requests */
    long long grace;       /* ms that SIGTERM serves on, for load balancers to notice */
    long long drain;       /* ms that it then waits for calls in flight */
    struct config_audit audit;
    struct config_store state;
    struct config_browsers browsers;
    struct config_credential *credentials;
    size_t credential_count;
    struct config_kept *kept; /* what this configuration, or one before it, has read of the environment */
    struct config_upstream *upstreams;
    size_t upstream_count;

    struct config_client *clients; /* uthash, by name */
    struct token_index tokens;
    struct config_client_certificate *certificates; /* uthash, by key, in the file's order */
    struct config_operator *operators;
    size_t operator_count;
    struct token_index operator_tokens;
    const struct config_rule **rules; /* in the file's order */
    size_t rule_count;
    const char **param_names; /* by number; [CONFIG_REGION] is "region" */
    bool *param_secrets;      /* likewise: every parameter of that name is secret, or none is */
    size_t param_name_count, param_name_room;
    struct config_former_id *former_ids; /* by `former`, in strcmp()'s order */
    size_t former_id_count;
    struct config_trial *trials;
    size_t trial_count;

    struct config_route *routes; /* those that ship, then those of `catalog` */
    size_t route_count;
    size_t action_count;       /* distinct, and those of `services` behind them */
    size_t route_action_count; /* of routes alone */
    long long body_max;        /* bytes of a document, CONFIG_BODY_MIN to CONFIG_BODY_MAX */
    bool actions_door;         /* `doors: { actions: true }` */
    bool mcp_door;             /* `doors: { mcp: true }` */
    bool sdk_door;             /* `doors: { sdk: true }` */
    const char *definitions_folder;
    struct config_exception *exceptions; /* `effects`: what the operator knows better */
    size_t exception_count;
    struct config_service *services; /* the versions of one follow each other, the oldest first */
    size_t service_count;
    const char **known_services; /* with the SDKs' door: all that have definitions */
    size_t known_service_count;
    struct config_region *regions;
    size_t region_count;
};

void config_release(struct config *config);

/* What a configuration, or one route, holds beside the arena: config_release() does it, for all. */
void config_done(struct config *config);
void config_route_done(struct config_route *route);
void config_proxy_done(const struct config_proxy *proxy); /* NULL does nothing */

/* See config/model/pattern.h; where there is no pattern, every value fits. */
enum pattern_result config_match(const struct config_pattern *pattern, const char *value);

/* An object, a list of anything or a map: a rule names what is in it by a path. */
static inline bool config_is_structured(const struct config_param *param)
{
    return param->type >= CONFIG_OBJECT;
}

/* Nothing but client and action: no `where`, `effects`, `subject`, `when`, `from`, `expires` or `mode:
 * audit`. */
bool config_is_unconditional(const struct config_rule *rule);

const char *config_effect_name(int effect); /* enum config_route_effect: "read", "change", "secret" */

/* Does one of the rule's patterns mean this action?  "Describe*" is of any service, "vpc:Describe*" of
 * one. */
bool config_reaches(const struct config_rule *rule, const struct config_route *route);

/* Is it of one of the effects to which the rule is limited, if it is? */
bool config_has_effect(const struct config_rule *rule, const struct config_route *route);

/* The bucket's rules for an action, in the file's order.  config_bucket_run() is for those without a
 * route. */
struct config_bucket_rules config_bucket_run(const struct config_bucket *bucket, size_t action);
static inline struct config_bucket_rules config_bucket_find(const struct config_bucket *bucket, size_t action)
{
    if (action >= bucket->route_actions)
        return config_bucket_run(bucket, action);
    uint32_t start = bucket->starts[action];
    return (struct config_bucket_rules){bucket->rules + start, bucket->starts[action + 1] - start};
}

/* The action of that name, of that version; NULL: of the newest that has it.  NULL: there is none. */
const struct config_action *config_action(const struct config *config, const char *service, const char *name,
                                          const char *version);

/* Is a door open through which the cloud's own documents come? */
bool config_takes_documents(const struct config *config);

/* Does one of the patterns match the text? */
bool config_matches(const struct config_patterns *patterns, const char *text);

/* NULL when the service has no upstream. */
const struct config_upstream *config_upstream(const struct config *config, const char *service);

/* The route that tells how the tasks of the upstream's service are, or NULL. */
const struct config_route *config_status_route(const struct config *config,
                                               const struct config_upstream *upstream);

/* Is it a path that a proxy may take away: "/cs", "/apis/cs"?  Segments of unreserved characters, no slash at
 * its end, at most CONFIG_PREFIX_MAX bytes. */
enum { CONFIG_PREFIX_MAX = 128 };
bool config_is_prefix(const char *text);

/* Is it a region's name, as callers, configurations and the cloud say it: text_is_name() without '_'? */
bool config_is_region(const char *text);

/* Does the route's answer tell how a task is, in some generation? */
bool config_tells_status(const struct config_route *route);

/* The region that has this name, long or short, in any case; NULL: none. */
const struct config_region *config_region(const struct config *config, const char *name);

/* Is the value an id from before, of a parameter that has such?  PATTERN_FITS: it is. */
enum pattern_result config_is_former(const struct config_param *param, const char *value);

/* The current id that the policy's `former_ids` gives for it, or NULL. */
const char *config_current_id(const struct config *config, const char *former);

/* The route that tells the current id for a former one of that parameter, or NULL. */
const struct config_route *config_telling_route(const struct config *config,
                                                const struct config_upstream *upstream, const char *param);

/* How many of a condition's lists somebody wrote: behind them may be one of other names. */
uint32_t config_written_lists(const struct config_condition *condition);

/* Is the text an id from before, of a parameter of that number, and not in the policy's former_ids? */
bool config_is_unknown_id(const struct config *config, uint32_t number, const char *text);

/* The name by which calls are judged, where that is another (the current id, the region's one name), or
 * NULL. */
const char *config_other_name(const struct config *config, uint32_t number, const char *text);

/* Does the rule ask about the call or the hour, and not only who calls for what from where? */
bool config_asks_more(const struct config_rule *rule);

/* May an action's parameter be called that?  Letters and digits only: '_' and '.' are one in the signed
 * string; none of the common request parameters, which the gateway alone writes; and not `all`, which every
 * list takes. */
bool config_is_param_name(const char *name);

#endif
