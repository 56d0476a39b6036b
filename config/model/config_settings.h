/* config/model/config_settings.h - what countersign.yaml says: listeners and their TLS, credentials,
 * upstreams, the audit file, browsers.  Part of a struct config, which owns all of it. */
#ifndef CONFIG_MODEL_CONFIG_SETTINGS_H
#define CONFIG_MODEL_CONFIG_SETTINGS_H

#include "base/base.h"
#include "base/system/network.h"
#include "base/time/rate.h"
#include "base/secret.h"
#include "config/reader/report.h"
#include "config/reader/url.h"

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

struct config_credential;

/* Who gives out a credential that lives for hours, and is fetched again before it ends. */
enum config_issuer_kind { CONFIG_ROLE = 1, CONFIG_WEB_IDENTITY, CONFIG_ASSUME_ROLE, CONFIG_COMMAND };

/* Whether all clients have one session of a role, or each one of its own. */
enum config_sessions { CONFIG_SHARED, CONFIG_PER_CLIENT };

struct config_issuer {
    int kind;                             /* enum config_issuer_kind */
    const char *role;                     /* CONFIG_ROLE: its name; NULL: the one that the instance has */
    const char *token_file;               /* CONFIG_WEB_IDENTITY: read anew each time */
    const struct config_credential *from; /* CONFIG_ASSUME_ROLE: whose key signs */
    const char *request; /* to STS: the members of its JSON object, but for the token of token_file, and for
                            the session's own where there is one for each client */
    const char *tags;    /* CONFIG_PER_CLIENT: the elements of Tags that are configured, as JSON; or "" */
    int sessions;        /* CONFIG_ASSUME_ROLE: enum config_sessions */
    long long session_limit; /* CONFIG_PER_CLIENT: how many at a time */
    const char **command;    /* CONFIG_COMMAND: a path and arguments, ended by NULL */
    const char *same;        /* all of it in one text: two that are equal give out the same */
};

struct config_credential {
    const char *name;
    struct mark mark;
    struct secret *id;    /* SecretId; NULL, as the key: `issuer` gives it out */
    struct secret *key;   /* SecretKey */
    struct secret *token; /* of a temporary credential, or NULL */
    struct config_secret_file files[CONFIG_PARTS];
    const struct config_issuer *issuer; /* NULL: the secrets are here */
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
    bool any_generation;                /* nothing goes there: documents of either are judged */
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

/* The metadata service of an instance, for CONFIG_ROLE, and the cloud's STS, for roles that are assumed. */
enum { CONFIG_METADATA, CONFIG_STS, CONFIG_ISSUERS };

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

#endif
