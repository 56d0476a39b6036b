/* config/model/config.h - the configuration as an immutable model.
 *
 * config_load() reads countersign.yaml, the policy that it names, the catalog and the secrets, and either
 * gives a whole configuration or reports everything that is wrong.  After that nothing in it changes, so any
 * number of threads may read it, and the one that ends it comes last: config_release().
 * What its parts are is in config_settings.h, config_policy.h and config_catalog.h.
 * All that hangs below a `struct config` is owned by it; every item that can be blamed has a mark. */
#ifndef CONFIG_MODEL_CONFIG_H
#define CONFIG_MODEL_CONFIG_H

#include "base/arena.h"
#include "base/base.h"
#include "base/digest.h"
#include "config/model/config_catalog.h"
#include "config/model/config_policy.h"
#include "config/model/config_settings.h"
#include "config/model/token_index.h"

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

/* `problem_types`: before a problem's name in its `type` (RFC 9457 section 3.1.1) */
#define CONFIG_PROBLEM_TYPES "urn:countersign:problem:"
enum { CONFIG_PROBLEM_TYPES_MAX = 200 }; /* bytes: an answer without memory has room for it */

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
    bool console;                    /* the admin listener has pages for operators */
    struct config_names admin_hosts; /* of the admin listener, beside addresses and localhost */
    const char *prefix; /* "/cs": the path that a proxy takes away from what callers ask for; "": none */
    /* before a problem's name in its `type`; CONFIG_PROBLEM_TYPES unless the file says otherwise */
    const char *problem_types;
    const char *policy_file;
    const char **catalog_files; /* the operator's own */
    size_t catalog_file_count;
    struct rate failed_auth;         /* wrong tokens from one address */
    struct network *trusted_proxies; /* whose X-Forwarded-For is believed */
    size_t trusted_proxy_count;
    const char *client_certificate_field; /* in which these pass a verified certificate; NULL: none */
    long long workers;                    /* requests that are served at a time */
    long long connections;                /* that can be open: as many as workers at least */
    long long per_address; /* connections from one address; 0: see gateway/connection/connections.h */
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
    struct config_account *accounts; /* none: `upstreams` are of one */
    size_t account_count;
    struct config_upstream *upstreams; /* of all accounts */
    size_t upstream_count;
    struct config_upstream issuers[CONFIG_ISSUERS]; /* where credentials are fetched that live for hours */

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
    bool policy_alone;         /* countersign.yaml was not read */
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
    struct config_answer_type *answer_types; /* what `returns` of routes names */
    size_t answer_type_count;
};

void config_release(struct config *config);

/* What a configuration, or one route, holds beside the arena: config_release() does it, for all. */
void config_done(struct config *config);
void config_route_done(struct config_route *route);
void config_proxy_done(const struct config_proxy *proxy); /* NULL does nothing */

/* See config/model/pattern.h; where there is no pattern, every value fits. */
enum pattern_result config_match(const struct config_pattern *pattern, const char *value);

/* The route's parameter of that name; NULL: it has none. */
const struct config_param *config_param(const struct config_route *route, const char *name);

/* An object, a list of anything or a map: a rule names what is in it by a path. */
static inline bool config_is_structured(const struct config_param *param)
{
    return param->type >= CONFIG_OBJECT;
}

/* Nothing but client and action: no `where`, `effects`, `subject`, `when`, `from`, `expires` or `mode:
 * audit`. */
bool config_is_unconditional(const struct config_rule *rule);

/* Each client has a session of its own of what that credential stands for. */
bool config_has_sessions(const struct config_credential *credential);

const char *config_effect_name(int effect); /* enum config_route_effect: "read", "change", "secret" */

/* Does one of the rule's patterns mean this action?  "Describe*" is of any service, "vpc:Describe*" of
 * one. */
bool config_reaches(const struct config_rule *rule, const struct config_route *route);

/* Is it of one of the effects to which the rule is limited, if it is? */
bool config_has_effect(const struct config_rule *rule, const struct config_route *route);

/* The bucket's rules for an action, in the file's order.  config_bucket_run() is for those without a
 * route; config_bucket_hash() is of those that begin there, or NULL. */
const struct rule_hash *config_bucket_hash(const struct config_bucket *bucket, uint32_t start);
struct config_bucket_rules config_bucket_run(const struct config_bucket *bucket, size_t action);
static inline struct config_bucket_rules config_bucket_find(const struct config_bucket *bucket, size_t action)
{
    if (action >= bucket->route_actions)
        return config_bucket_run(bucket, action);
    uint32_t start = bucket->starts[action];
    return (struct config_bucket_rules){bucket->rules + start, bucket->starts[action + 1] - start,
                                        bucket->hash_count == 0 ? NULL : config_bucket_hash(bucket, start)};
}

/* What a whole name among a rule's actions means: a route, or the action of a document, of the first service
 * that has an upstream; `but`: of another service than that, or NULL.  NULL: there is none. */
const struct config_route *config_named(const struct config *config, const struct config_rule *rule,
                                        const char *name, const char *but);

/* The action of that name, of that version; NULL: of the newest that has it.  NULL: there is none. */
const struct config_action *config_action(const struct config *config, const char *service, const char *name,
                                          const char *version);

/* Is a door open through which the cloud's own documents come? */
bool config_takes_documents(const struct config *config);

/* Does one of the patterns match the text? */
bool config_matches(const struct config_patterns *patterns, const char *text);

/* NULL when the service has no upstream.  Of several accounts the first that has one: they have the same
 * generation, signature and method. */
const struct config_upstream *config_upstream(const struct config *config, const char *service);

/* NULL when the account has none of it.  `account` NULL: there are no accounts. */
const struct config_upstream *config_upstream_of(const struct config *config,
                                                 const struct config_account *account, const char *service);

/* NULL: the policy has no client of that name. */
const struct config_client *config_client(const struct config *config, const char *name);

/* The client's certificate that has this key (certificate_key.h), or NULL. */
const struct config_client_certificate *config_certificate(const struct config *config, const char *key);

/* NULL: there is no account of that name. */
const struct config_account *config_account(const struct config *config, const char *name);

/* The route that tells how the tasks of `route` are: the one that it names, or the first of its service.
 * NULL: there is none. */
const struct config_route *config_status_route(const struct config *config,
                                               const struct config_upstream *upstream,
                                               const struct config_route *route);

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
 * list takes, or `account`, which chooses one of several. */
bool config_is_param_name(const char *name);

#endif
