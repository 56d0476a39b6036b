/* sandbox/state/state.h - the little cloud: accounts, roles, regions, VPCs, classic instances, the links
 * between them, tasks.
 *
 * Accounts and regions never change after seed_load(); all else does.  A thread that reads or changes it
 * holds the lock: state_lock() and state_unlock(). */
#ifndef SANDBOX_STATE_STATE_H
#define SANDBOX_STATE_STATE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/secret.h"
#include "sandbox/state/cidr.h"
#include "sandbox/state/request_id.h"

#include <pthread.h>

enum {
    STATE_LINKS_MAX = 100,     /* classic hosts per VPC: the vendor's "limits" page   */
    STATE_FIRST_TASK = 135254, /* the vendor's sample answer                          */
    STATE_TASKS_KEPT = 65536,  /* of older ones it is known only that they are done   */
    STATE_LINK_ID_SIZE = 65,
    STATE_ID_SIZE = 32,
    STATE_MADE_MAX = 10000, /* of a kind: what calls can make must not fill the memory */
};

struct state_account {
    const char *secret_id;
    struct secret *secret_key;
    struct secret *token; /* NULL: permanent credentials */
};

/* Who may be assumed. */
struct state_role {
    const char *name;
    const char *arn;         /* NULL: nobody assumes it */
    long long life;          /* seconds of a credential; 0: what is asked for, or 7200 */
    bool of_instance;        /* the metadata service gives its credential */
    const char *external_id; /* that AssumeRole must say; NULL: none */
    const char *provider;    /* of AssumeRoleWithWebIdentity, or NULL */
    struct secret *identity; /* the token that it takes, or NULL */
};

struct state_session;

struct state_region {
    const char *name;       /* ap-guangzhou              */
    const char *short_name; /* gz; NULL when it has none */
};

/* A member of a generation 3 object that its maker chose; others have the sandbox's plain value. */
struct state_given {
    const char *name;
    const char *json;
    struct state_given *next;
};

/* What a call has made lives in an arena of its own, which goes with it; what the file has, in the state's
 * arena. */
struct state_vpc {
    struct arena *arena;   /* NULL: of the state's file       */
    const char *id;        /* unVpcId, "vpc-..."            */
    const char *legacy_id; /* vpcId before the upgrade      */
    const char *name;
    const char *cidr;
    const struct state_region *region;
    int64_t created; /* seconds */
    const struct state_given *given;
    size_t link_count;
    unsigned long order; /* grows with every VPC */
    struct state_vpc *prev, *next;
};

struct state_subnet {
    struct arena *arena;
    const char *id; /* "subnet-..." */
    const char *name;
    const char *cidr;
    struct cidr network; /* the same */
    const char *zone;
    struct state_vpc *vpc;
    int64_t created; /* seconds */
    size_t instance_count;
    uint64_t next_host; /* how many addresses were tried: round and round, see instance.c */
    const struct state_given *given;
    struct state_subnet *prev, *next;
};

enum state_direction { STATE_EGRESS, STATE_INGRESS, STATE_DIRECTIONS };

/* One rule of a security group.  Of the three sources or targets one is there; "" where there is none. */
struct state_policy {
    struct arena *arena;
    enum state_direction direction;
    const char *protocol;
    const char *port;
    const char *cidr;
    const char *cidr6;
    const char *group; /* its id */
    const char *action;
    const char *description;
    int64_t modified; /* seconds */
    struct state_policy *prev, *next;
};

struct state_group {
    struct arena *arena;
    const char *id; /* "sg-..." */
    const char *name;
    const char *description;
    const struct state_region *region;
    int64_t created; /* seconds */
    int64_t updated;
    long long version; /* of its policies: one more with each change */
    const struct state_given *given;
    struct state_policy *policies[STATE_DIRECTIONS]; /* in their order */
    size_t policy_count[STATE_DIRECTIONS];
    struct state_group *prev, *next;
};

/* An elastic public address, bound to nothing. */
struct state_address {
    struct arena *arena;
    const char *id; /* "eip-..." */
    const char *name;
    const char *ip;
    const char *client_token; /* NULL: none */
    const struct state_region *region;
    int64_t created; /* seconds */
    const struct state_given *given;
    struct state_address *prev, *next;
};

/* A classic one, of the state's file, or one in a subnet, which a call has made. */
struct state_instance {
    struct arena *arena;   /* NULL: of the state's file     */
    const char *id;        /* unInstanceId, "ins-..."       */
    const char *legacy_id; /* instanceId, "qcvm..."         */
    const char *name;
    const char *lan_ip;
    const struct state_region *region;
    int64_t created;             /* seconds */
    struct state_subnet *subnet; /* NULL: a classic instance */
    const char *const *groups;   /* ids of its security groups, ended by NULL; NULL: none */
    const char *client_token;    /* NULL: none */
    const struct state_given *given;
    struct state_vpc *vpc;            /* NULL: not linked */
    char link_id[STATE_LINK_ID_SIZE]; /* "vcx-..."        */
    unsigned long link_order;         /* grows with every link */
    int64_t linked_at;                /* seconds          */
    struct state_instance *prev, *next;
};

struct state_task {
    int64_t ends; /* milliseconds */
    unsigned char salt[REQUEST_ID_SALT];
};

struct state {
    struct arena *arena; /* all that is const here lives in it */
    struct state_account *accounts;
    size_t account_count;
    struct state_region *regions;
    size_t region_count;
    struct state_role *roles;
    size_t role_count;
    const char **faults; /* specs, checked */
    size_t fault_count;
    int64_t created;       /* seconds: the createTime of what came with the file */
    int64_t task_duration; /* milliseconds */

    pthread_mutex_t lock;   /* what follows */
    struct state_vpc *vpcs; /* lists, in the order in which they were made */
    size_t vpc_count;
    struct state_subnet *subnets;
    size_t subnet_count;
    struct state_group *groups;
    size_t group_count;
    struct state_address *addresses;
    size_t address_count;
    struct state_instance *instances;
    size_t instance_count;
    struct state_session *sessions; /* temporary credentials, the newest first */
    size_t session_count;
    struct state_task *tasks; /* ring of STATE_TASKS_KEPT, by task id */
    long long next_task;
    unsigned long next_link;
    unsigned long next_vpc;
    unsigned long next_id;
    unsigned long next_ip;
};

/* `arena` is taken in any case; NULL when memory is out. */
MUST_USE struct state *state_new(struct arena **arena);
void state_free(struct state *state);

void state_lock(struct state *state);
void state_unlock(struct state *state);

/* These take an id in either form, or a region's either name; NULL: there is none. */
const struct state_account *state_account(const struct state *state, const char *secret_id);
const struct state_region *state_region(const struct state *state, const char *name);
struct state_vpc *state_vpc(const struct state *state, const char *id);
struct state_instance *state_instance(const struct state *state, const char *id);

struct state_subnet *state_subnet(const struct state *state, const char *id);
struct state_group *state_group(const struct state *state, const char *id);
struct state_address *state_address(const struct state *state, const char *id);

/* Puts them at the lists' ends. */
void state_add_vpc(struct state *state, struct state_vpc *vpc);
void state_add_subnet(struct state *state, struct state_subnet *subnet);
void state_add_group(struct state *state, struct state_group *group);
void state_add_address(struct state *state, struct state_address *address);
void state_add_instance(struct state *state, struct state_instance *instance);

/* Out of the list, and away; a VPC without links and subnets. */
void state_remove_vpc(struct state *state, struct state_vpc *vpc);
void state_remove_subnet(struct state *state, struct state_subnet *subnet);
void state_remove_instance(struct state *state, struct state_instance *instance);
void state_remove_group(struct state *state, struct state_group *group);
void state_remove_address(struct state *state, struct state_address *address);

/* At `index` of its direction, which is at most policy_count; the later ones move on. */
void state_add_policy(struct state_group *group, struct state_policy *policy, size_t index);
void state_remove_policy(struct state_group *group, struct state_policy *policy);

/* `prefix` ("vpc-") and eight base-36 digits, which no call returns twice. */
void state_make_id(struct state *state, const char *prefix, char out[STATE_ID_SIZE]);

/* The instance must not be linked, the VPC not be full.  `link_id` NULL: a new one is made. */
void state_attach(struct state *state, struct state_instance *instance, struct state_vpc *vpc,
                  const char *link_id, int64_t now);

/* False when there was no such link. */
bool state_detach(struct state_instance *instance, const struct state_vpc *vpc);

/* Begins a task that ends after task_duration.  `now_ms` milliseconds. */
long long state_begin_task(struct state *state, int64_t now_ms);

enum state_progress { STATE_TASK_DONE = 0, STATE_TASK_RUNNING = 2, STATE_TASK_UNKNOWN = -1 };

enum state_progress state_task(const struct state *state, long long id, int64_t now_ms);

/* The name by which generation 3 knows a task; it must be among the STATE_TASKS_KEPT. */
void state_task_name(const struct state *state, long long id, char out[OUTCOME_REQUEST_ID_SIZE]);

/* The task with that name; -1 when there is none, or it is older than STATE_TASKS_KEPT others. */
long long state_task_named(const struct state *state, const char *name);

#endif
