/* sandbox/state/state.h - the little cloud: accounts, regions, VPCs, classic instances, the links between
 * them, tasks.
 *
 * Accounts, regions, VPCs and instances never change after seed_load(); links and tasks do.  Whoever reads or
 * changes those, or an instance's link, holds the lock: state_lock() and state_unlock(). */
#ifndef SANDBOX_STATE_STATE_H
#define SANDBOX_STATE_STATE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/secret.h"
#include "sandbox/state/request_id.h"

#include <pthread.h>

enum {
    STATE_LINKS_MAX = 100,     /* classic hosts per VPC: the vendor's "limits" page   */
    STATE_FIRST_TASK = 135254, /* the vendor's sample answer                          */
    STATE_TASKS_KEPT = 65536,  /* of older ones it is known only that they are done   */
    STATE_LINK_ID_SIZE = 65,
};

struct state_account {
    const char *secret_id;
    struct secret *secret_key;
    struct secret *token; /* NULL: permanent credentials */
};

struct state_region {
    const char *name;       /* ap-guangzhou              */
    const char *short_name; /* gz; NULL when it has none */
};

struct state_vpc {
    const char *id;        /* unVpcId, "vpc-..."            */
    const char *legacy_id; /* vpcId before the upgrade      */
    const char *name;
    const char *cidr;
    const struct state_region *region;
    int64_t created;   /* seconds */
    size_t link_count; /* locked */
};

struct state_instance {
    const char *id;        /* unInstanceId, "ins-..."       */
    const char *legacy_id; /* instanceId, "qcvm..."         */
    const char *name;
    const char *lan_ip;
    const struct state_region *region;
    int64_t created;                  /* seconds */
    struct state_vpc *vpc;            /* locked; NULL: not linked */
    char link_id[STATE_LINK_ID_SIZE]; /* locked; "vcx-..."        */
    unsigned long link_order;         /* locked; grows with every link */
    int64_t linked_at;                /* locked; seconds          */
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
    struct state_vpc *vpcs;
    size_t vpc_count;
    struct state_instance *instances;
    size_t instance_count;
    const char **faults; /* specs, checked */
    size_t fault_count;
    int64_t created;       /* seconds: the createTime of what came with the file */
    int64_t task_duration; /* milliseconds */

    pthread_mutex_t lock;
    struct state_task *tasks; /* ring of STATE_TASKS_KEPT, by task id */
    long long next_task;
    unsigned long next_link;
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
