#include "sandbox/command/seed.h"

#include "base/file.h"
#include "config/reader/yaml.h"
#include "sandbox/fault/fault.h"
#include "sandbox/state/items.h"
#include "sandbox/http/number.h"

#include <string.h>

enum { SEED_ARENA_MAX = 256 * 1024 * 1024, SEED_DURATION_MAX = 3600000 };

extern const char builtin_state[]; /* state.yaml, embedded by CMake */
extern const size_t builtin_state_size;

struct seed_link {
    struct state_vpc *vpc;
    struct state_instance *instance;
    const char *id;
};

static const struct keyword account_keywords[] = {
    {"secret_id", KEYWORD_ID, REQUIRED, offsetof(struct state_account, secret_id)},
    {"secret_key", KEYWORD_SECRET, REQUIRED, offsetof(struct state_account, secret_key)},
    {"token", KEYWORD_SECRET, OPTIONAL, offsetof(struct state_account, token)},
};

static const struct keyword role_keywords[] = {
    {"name", KEYWORD_ID, REQUIRED, offsetof(struct state_role, name)},
    {"arn", KEYWORD_TEXT, OPTIONAL, offsetof(struct state_role, arn)},
    {"life", KEYWORD_SECONDS, OPTIONAL, offsetof(struct state_role, life)},
    {"instance", KEYWORD_FLAG, OPTIONAL, offsetof(struct state_role, of_instance)},
    {"external_id", KEYWORD_TEXT, OPTIONAL, offsetof(struct state_role, external_id)},
    {"provider", KEYWORD_TEXT, OPTIONAL, offsetof(struct state_role, provider)},
    {"identity", KEYWORD_SECRET, OPTIONAL, offsetof(struct state_role, identity)},
};

static const struct keyword region_keywords[] = {
    {"name", KEYWORD_ID, REQUIRED, offsetof(struct state_region, name)},
    {"short", KEYWORD_ID, OPTIONAL, offsetof(struct state_region, short_name)},
};

static const struct keyword vpc_keywords[] = {
    {"vpcId", KEYWORD_ID, REQUIRED, offsetof(struct state_vpc, legacy_id)},
    {"unVpcId", KEYWORD_ID, REQUIRED, offsetof(struct state_vpc, id)},
    {"vpcName", KEYWORD_TEXT, REQUIRED, offsetof(struct state_vpc, name)},
    {"region", KEYWORD_REGION, REQUIRED, offsetof(struct state_vpc, region)},
    {"cidrBlock", KEYWORD_TEXT, REQUIRED, offsetof(struct state_vpc, cidr)},
};

static const struct keyword instance_keywords[] = {
    {"unInstanceId", KEYWORD_ID, REQUIRED, offsetof(struct state_instance, id)},
    {"instanceId", KEYWORD_ID, REQUIRED, offsetof(struct state_instance, legacy_id)},
    {"instanceName", KEYWORD_TEXT, REQUIRED, offsetof(struct state_instance, name)},
    {"lanIp", KEYWORD_TEXT, REQUIRED, offsetof(struct state_instance, lan_ip)},
    {"region", KEYWORD_REGION, REQUIRED, offsetof(struct state_instance, region)},
};

static const struct keyword link_keywords[] = {
    {"vpc", KEYWORD_VPC, REQUIRED, offsetof(struct seed_link, vpc)},
    {"instance", KEYWORD_INSTANCE, REQUIRED, offsetof(struct seed_link, instance)},
    {"classicLinkId", KEYWORD_ID, OPTIONAL, offsetof(struct seed_link, id)},
};

static const struct items_form account_form = {"accounts", account_keywords, COUNT(account_keywords),
                                               sizeof(struct state_account)};
static const struct items_form role_form = {"roles", role_keywords, COUNT(role_keywords),
                                            sizeof(struct state_role)};
static const struct items_form region_form = {"regions", region_keywords, COUNT(region_keywords),
                                              sizeof(struct state_region)};
static const struct items_form vpc_form = {"vpcs", vpc_keywords, COUNT(vpc_keywords),
                                           sizeof(struct state_vpc)};
static const struct items_form instance_form = {"instances", instance_keywords, COUNT(instance_keywords),
                                                sizeof(struct state_instance)};
static const struct items_form link_form = {"links", link_keywords, COUNT(link_keywords),
                                            sizeof(struct seed_link)};

static void attach(const struct items_desk *desk, const struct seed_link *link, const struct yaml_node *node)
{
    if (link->vpc == NULL || link->instance == NULL)
        return; /* told already */
    if (link->instance->vpc != NULL)
        report_error(desk->report, &node->mark, "the instance '%.64s' is linked already", link->instance->id);
    else if (link->instance->region != link->vpc->region)
        report_error(desk->report, &node->mark, "the vpc and the instance are not in the same region");
    else if (link->vpc->link_count == STATE_LINKS_MAX)
        report_error(desk->report, &node->mark, "a vpc has at most %d links", STATE_LINKS_MAX);
    else
        state_attach(desk->state, link->instance, link->vpc, link->id, desk->state->created);
}

static void read_vpcs(const struct items_desk *desk, const struct yaml_node *root)
{
    size_t count = 0;
    struct state_vpc *vpcs = items_read(desk, &vpc_form, root, &count);
    for (size_t i = 0; i < count; i++) {
        vpcs[i].created = desk->state->created;
        state_add_vpc(desk->state, &vpcs[i]);
    }
}

static void read_instances(const struct items_desk *desk, const struct yaml_node *root)
{
    size_t count = 0;
    struct state_instance *instances = items_read(desk, &instance_form, root, &count);
    for (size_t i = 0; i < count; i++) {
        instances[i].created = desk->state->created;
        state_add_instance(desk->state, &instances[i]);
    }
}

static void read_links(const struct items_desk *desk, const struct yaml_node *root)
{
    size_t count = 0;
    const struct seed_link *links = items_read(desk, &link_form, root, &count);
    const struct yaml_node *node = count > 0 ? yaml_get(root, link_form.key)->children : NULL;
    for (size_t i = 0; i < count; i++, node = node->next)
        attach(desk, &links[i], node);
}

static void read_tasks(const struct items_desk *desk, const struct yaml_node *root)
{
    const struct yaml_node *tasks = yaml_get(root, "tasks");
    long long duration = 0;
    if (tasks == NULL)
        return;
    const struct yaml_node *node = yaml_get(tasks, "duration");
    if (node == NULL || tasks->count != 1)
        report_error(desk->report, &tasks->mark, "'tasks' must be a map with the one key 'duration'");
    else if (node->kind != YAML_SCALAR || !number_parse(node->text, 0, SEED_DURATION_MAX, &duration))
        report_error(desk->report, &node->mark, "'duration' must be milliseconds, 0 to %d",
                     SEED_DURATION_MAX);
    desk->state->task_duration = duration;
}

static void read_fault(const struct items_desk *desk, const struct yaml_node *node)
{
    struct fault fault;
    struct err err = {0};
    if (node->kind != YAML_SCALAR) {
        report_error(desk->report, &node->mark, "a fault must be text, not %s", yaml_kind_name(node->kind));
        return;
    }
    if (fault_parse(&fault, node->text, &err) != 0) {
        report_error(desk->report, &node->mark, "%s", err.text);
        return;
    }
    fault_done(&fault);
    const char *spec = arena_strdup(desk->state->arena, node->text);
    if (spec == NULL)
        report_error(desk->report, &node->mark, "out of memory");
    else
        desk->state->faults[desk->state->fault_count++] = spec;
}

static void read_faults(const struct items_desk *desk, const struct yaml_node *root)
{
    const struct yaml_node *faults = yaml_get(root, "faults");
    if (faults == NULL)
        return;
    if (faults->kind != YAML_LIST || faults->count > FAULTS_MAX) {
        report_error(desk->report, &faults->mark, "'faults' must be a list of at most %d specs", FAULTS_MAX);
        return;
    }
    desk->state->faults = arena_array(desk->state->arena, faults->count + 1, sizeof *desk->state->faults);
    if (desk->state->faults == NULL) {
        report_error(desk->report, &faults->mark, "out of memory");
        return;
    }
    for (const struct yaml_node *node = faults->children; node != NULL; node = node->next)
        read_fault(desk, node);
}

static void check_version(const struct items_desk *desk, const struct yaml_node *root)
{
    const struct yaml_node *version = yaml_get(root, "version");
    if (version != NULL && (version->kind != YAML_SCALAR || strcmp(version->text, "1") != 0))
        report_error(desk->report, &version->mark, "'version' must be 1");
}

static void check_keys(const struct items_desk *desk, const struct yaml_node *root)
{
    static const char *const keys[] = {"version", "accounts", "regions", "vpcs", "instances",
                                       "links",   "tasks",    "faults",  "roles"};
    enum { REQUIRED_KEYS = 5 };
    for (const struct yaml_node *node = root->children; node != NULL; node = node->next) {
        size_t i = 0;
        while (i < COUNT(keys) && strcmp(keys[i], node->key) != 0)
            i++;
        if (i == COUNT(keys))
            report_error(desk->report, &node->key_mark,
                         "there is no key '%.64s' here (version, accounts, regions, vpcs, instances, links, "
                         "tasks, faults, roles)",
                         node->key);
    }
    for (size_t i = 0; i < REQUIRED_KEYS; i++)
        if (yaml_get(root, keys[i]) == NULL)
            report_error(desk->report, &root->mark, "the key '%s' is missing", keys[i]);
}

static void read_root(const struct items_desk *desk, const struct yaml_node *root)
{
    struct state *state = desk->state;
    if (root->kind != YAML_MAP) {
        report_error(desk->report, &root->mark, "a state must be a map, not %s", yaml_kind_name(root->kind));
        return;
    }
    check_keys(desk, root);
    check_version(desk, root);
    state->accounts = items_read(desk, &account_form, root, &state->account_count);
    state->roles = items_read(desk, &role_form, root, &state->role_count);
    state->regions = items_read(desk, &region_form, root, &state->region_count);
    read_vpcs(desk, root);
    read_instances(desk, root);
    read_links(desk, root);
    read_tasks(desk, root);
    read_faults(desk, root);
}

static struct state *seed_build(const struct yaml_node *root, int64_t now, struct report *report)
{
    struct arena *arena = arena_new(SEED_ARENA_MAX);
    struct state *state = arena == NULL ? NULL : state_new(&arena);
    if (state == NULL) {
        report_error(report, NULL, "out of memory");
        return NULL;
    }
    state->created = now;
    read_root(&(struct items_desk){.state = state, .report = report}, root);
    return state;
}

struct state *seed_parse(const char *yaml, size_t length, const char *name, int64_t now,
                         struct report *report)
{
    unsigned errors = report->error_count;
    struct arena *arena = arena_new(SEED_ARENA_MAX);
    if (arena == NULL) {
        report_error(report, NULL, "out of memory");
        return NULL;
    }
    const struct yaml_node *root = yaml_parse(yaml, length, name, arena, report);
    struct state *state = root == NULL ? NULL : seed_build(root, now, report);
    arena_free(arena);
    if (report->error_count == errors)
        return state;
    state_free(state);
    return NULL;
}

struct state *seed_load(const char *path, int64_t now, struct report *report)
{
    struct buf bytes;
    struct err err = {0};
    struct state *state = NULL;
    if (path == NULL)
        return seed_parse(builtin_state, builtin_state_size, "sandbox/state.yaml", now, report);
    buf_init(&bytes, YAML_FILE_MAX);
    if (file_read(path, FILE_PLAIN, &bytes, &err) != 0)
        report_error(report, NULL, "%s", err.text);
    else
        state = seed_parse(buf_text(&bytes), bytes.length, path, now, report);
    buf_done(&bytes);
    return state;
}
