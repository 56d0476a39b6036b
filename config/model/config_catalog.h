/* config/model/config_catalog.h - what the cloud can be asked for: routes, their parameters and answers, the
 * cloud's own documents, regions.  Part of a struct config, which owns all of it. */
#ifndef CONFIG_MODEL_CONFIG_CATALOG_H
#define CONFIG_MODEL_CONFIG_CATALOG_H

#include "base/base.h"
#include "config/definitions/definitions.h"
#include "config/model/pattern.h"
#include "config/reader/report.h"

struct config_upstream;

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
    const char *example;                  /* a value for those who read about it, or NULL */
    bool empty;                           /* "" is a value, or [] of CONFIG_STRINGS */
    long long length;                     /* bytes of a text, at most */
    long long min, max;                   /* CONFIG_INTEGER */
    long long max_items;                  /* CONFIG_STRINGS: 1 to this */
    const char **values;                  /* the only ones that it may have; NULL: any */
    size_t value_count;
    const struct definitions_member *member; /* `like`: it is a member of a definition; NULL: the catalog's */
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

/* Where an answer says whether a page is the last: ListOver is true, or IsTruncated is false. */
struct config_last {
    const char *member; /* NULL: only the next page's token tells */
    bool value;         /* of the last page */
};

/* How one generation does what a route is for. */
struct config_dialect {
    bool supported;      /* false: this API version has no such action */
    const char *action;  /* the cloud's */
    const char *version; /* API 3.0 */
    const char *list;    /* the answer's member that holds a page, or NULL */
    const char *total;   /* the answer's member that counts the whole list; with `list` */
    const char *next;    /* the answer's member that has the next page's token; with the route's `next` */
    struct config_last last;
    const char *task; /* the answer's member that names a task, or NULL */
    struct config_status status;
    struct config_rename *renames; /* members of the answer, and of its page's items */
    size_t rename_count;
};

/* ---- what answers hold ---- */

enum config_member_type {
    CONFIG_MEMBER_STRING,
    CONFIG_MEMBER_INTEGER,
    CONFIG_MEMBER_NUMBER,
    CONFIG_MEMBER_BOOLEAN,
    CONFIG_MEMBER_OBJECT /* of a type of the catalog's */
};

/* A member of an answer's object. */
struct config_member {
    const char *name;      /* the callers' */
    const char *about;     /* a phrase for callers, or NULL */
    const char *example;   /* a value of it, or of an item, as text; or NULL */
    const char *type_name; /* as the catalog has it */
    struct mark mark;
    int type;                            /* enum config_member_type */
    const struct config_answer_type *of; /* with CONFIG_MEMBER_OBJECT */
    bool list;                           /* an array of them */
    bool required;                       /* it is always there */
    bool absent[CONFIG_APIS];            /* a generation does not have it */
};

struct config_answer_type {
    const char *name; /* "Vpc" */
    struct mark mark;
    struct config_member *members;
    size_t member_count;
    size_t number; /* its place among all */
};

struct config_path;

/* `like: vpc:CreateSecurityGroupPolicies`: the body is as the definition has it. */
struct config_like {
    const char *service; /* NULL: the catalog says all parameters */
    const char *action;
    struct mark mark;
    bool any_version; /* the newest that has the action */
};

struct config_route {
    const char *id; /* "listVpcs": what programs call it; no other route has it */
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
        dialects[CONFIG_APIS]; /* the callers' names for list, total, next and task are API 2.0's */
    const char *list;          /* NULL: the answer has no pages */
    const char *total;         /* with `list`; NULL: nobody counts what goes by token */
    const char *next;          /* with `list`: the token of the next page, and the parameter that takes it;
                                   NULL: pages go by offset */
    const char *task;          /* NULL: nothing goes on after the answer */
    const char *task_route; /* with `task`: the id of the route that tells how it is; NULL: the first of the
                                   service that tells it of any */
    const char *single;     /* the member whose list is empty when there is no such thing, or NULL */
    struct config_rename tells; /* of its item: `from` is the current id of the parameter `to`, or NULL */
    const char *returns_name;   /* as the catalog has it, or NULL */
    const struct config_answer_type
        *returns; /* of an entry of `list` or `single`, else of the answer; or NULL */
    struct config_like like;
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

#endif
