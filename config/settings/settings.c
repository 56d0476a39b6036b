/* countersign.yaml: where we listen, whose credentials we hold, and who answers. */
#include "config/settings/settings.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/reader/networks.h"
#include "config/settings/audit.h"
#include "config/settings/browsers.h"
#include "config/settings/credential.h"
#include "config/settings/listeners.h"

#include <stdlib.h>
#include <string.h>

enum { UNSAID = -1 };

/* Defaults, each with its reason. */
enum {
    WORKERS_DEFAULT = 256, /* requests at a time: the cloud answers in some 20 ms, so 10,000 a second */
    WORKERS_MAX = 16000,
    CONNECTIONS_DEFAULT = 10000, /* one that is idle takes a descriptor and some 200 bytes */
    CONNECTIONS_MAX = 60000,
    KEEP_ALIVE_DEFAULT =
        75000,               /* ms: longer than what balancers keep an idle connection for, 60 s as a rule */
    GRACE_DEFAULT = 1000,    /* ms: a load balancer that asks every half second has noticed      */
    DRAIN_DEFAULT = 15000,   /* ms: longer than a call's default deadline                        */
    TIMEOUT_DEFAULT = 10000, /* ms: the cloud answers within 3 s; a caller gives up at about 30  */
    SLOTS_DEFAULT = 256,     /* calls: fewer than workers, so that refusals always find one      */
};

static const char *const api_names[] = {"2", "3", NULL};
static const char *const scheme_names[] = {"HmacSHA1", "HmacSHA256", "TC3-HMAC-SHA256", NULL};
static const char *const notice_names[] = {"text", "json", NULL};
static const char *const method_names[] = {"GET", "POST", NULL};

static int read_url(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    void *field)
{
    const char *text = NULL;
    struct err err = {0};
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (url_parse(text, loader->arena, field, &err) != 0)
        return report_error(loader->report, &node->mark, "%s", err.text);
    return 0;
}

/* What is sent as Host is also part of the signed string: the characters of an authority, no others. */
static int read_host(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    for (const char *c = text; *c != '\0'; c++)
        if (!text_is_unreserved((unsigned char)*c) && strchr(":[]", *c) == NULL)
            return report_error(loader->report, &node->mark, "host must be a host name, or name:port");
    *(const char **)field = text;
    return 0;
}

static const struct config_credential *find_credential(struct loader *loader, const struct yaml_node *node,
                                                       const struct keyword *keyword)
{
    const char *name = NULL;
    const struct config *config = loader->config;
    if (keyword_text(loader, node, keyword, &name) != 0)
        return NULL;
    for (size_t i = 0; i < config->credential_count; i++)
        if (strcmp(config->credentials[i].name, name) == 0)
            return &config->credentials[i];
    (void)report_error(loader->report, &node->mark, "there is no credential '%.64s'", name);
    return NULL;
}

/* `main`, or `[new, old]` while one replaces the other. */
static int read_credentials(struct loader *loader, const struct yaml_node *node,
                            const struct keyword *keyword, void *field)
{
    struct config_upstream *upstream = (struct config_upstream *)(void *)((char *)field - keyword->offset);
    const struct config_credential *both[2] = {NULL, NULL};
    size_t count = 0;
    if (node->kind != YAML_LIST) {
        upstream->credential = find_credential(loader, node, keyword);
        return upstream->credential == NULL ? -1 : 0;
    }
    if (node->count != COUNT(both))
        return report_error(loader->report, &node->mark, "credential is one name, or [new, old]");
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        both[count++] = find_credential(loader, child, keyword);
    if (both[0] == NULL || both[1] == NULL)
        return -1;
    if (both[0] == both[1])
        return report_error(loader->report, &node->mark, "credential names '%.64s' twice", both[0]->name);
    upstream->credential = both[0];
    upstream->fallback = both[1];
    return 0;
}

/* Which region it is turns out once every catalog is there: regions_settle(). */
static int read_region(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_upstream *upstream = (struct config_upstream *)(void *)((char *)field - keyword->offset);
    upstream->region_mark = node->mark;
    return keyword_name(loader, node, keyword, field);
}

/* By action: `{ DescribeVpcEx: 10/s }`. */
static int read_limits(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    int result = 0;
    struct config_upstream *upstream = (struct config_upstream *)(void *)((char *)field - keyword->offset);
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    upstream->limits = arena_array(loader->arena, node->count, sizeof *upstream->limits);
    if (upstream->limits == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_action_limit *limit = &upstream->limits[upstream->limit_count++];
        limit->action = child->key;
        limit->mark = child->key_mark;
        if (keyword_rate(loader, child, keyword, &limit->rate) != 0)
            result = -1;
    }
    return result;
}

#define UPSTREAM(field) offsetof(struct config_upstream, field)
static const struct keyword upstream_keywords[] = {
    {"url", read_url, UPSTREAM(url), REQUIRED, 0, 0, NULL},
    {"credential", read_credentials, UPSTREAM(credential), REQUIRED, 0, 0, NULL},
    {"region", read_region, UPSTREAM(region), REQUIRED, 0, 0, NULL},
    {"generation", keyword_choice, UPSTREAM(api), OPTIONAL, 0, 0, api_names},
    {"signature", keyword_choice, UPSTREAM(scheme), OPTIONAL, 0, 0, scheme_names},
    {"method", keyword_choice, UPSTREAM(method), OPTIONAL, 0, 0, method_names},
    {"host", read_host, UPSTREAM(host), OPTIONAL, 0, 0, NULL},
    {"ca_file", keyword_path, UPSTREAM(ca_file), OPTIONAL, 0, 0, NULL},
    {"timeout", keyword_duration, UPSTREAM(timeout), OPTIONAL, 100, 300000, NULL},
    {"deadline", keyword_duration, UPSTREAM(deadline), OPTIONAL, 100, 600000, NULL},
    {"slots", keyword_number, UPSTREAM(slots), OPTIONAL, 1, 9000, NULL},
    {"resolve_former_ids", keyword_bool, UPSTREAM(resolve_former_ids), OPTIONAL, 0, 0, NULL},
    {"limit", keyword_rate, UPSTREAM(limit), OPTIONAL, 0, 0, NULL},
    {"limits", read_limits, UPSTREAM(limits), OPTIONAL, 0, 0, NULL},
};

/* What the vendor recommends for each generation, where the operator says nothing; and what cannot be: TC3 is
 * API 3.0's, and here it signs a JSON body. */
static int choose_signature(struct loader *loader, struct config_upstream *upstream)
{
    if (upstream->scheme == UNSAID)
        upstream->scheme = upstream->api == CONFIG_API3 ? CONFIG_TC3 : CONFIG_HMAC_SHA256;
    if (upstream->method == UNSAID)
        upstream->method = upstream->scheme == CONFIG_TC3 ? CONFIG_POST : CONFIG_GET;
    if (upstream->scheme == CONFIG_TC3 && upstream->api != CONFIG_API3)
        return report_error(loader->report, &upstream->mark,
                            "signature TC3-HMAC-SHA256 needs generation: 3, and a url such as "
                            "https://vpc.tencentcloudapi.com/");
    if (upstream->scheme == CONFIG_TC3 && upstream->method != CONFIG_POST)
        return report_error(loader->report, &upstream->mark,
                            "signature TC3-HMAC-SHA256 signs a JSON body: its method is POST");
    if (upstream->resolve_former_ids && upstream->api != CONFIG_API2)
        return report_error(loader->report, &upstream->mark,
                            "resolve_former_ids is for generation 2: API 3.0 knows no former ids");
    if (upstream->api == CONFIG_API3 && upstream->url.path != NULL && strcmp(upstream->url.path, "/") != 0)
        return report_error(loader->report, &upstream->mark,
                            "API 3.0 answers at the path /, as in https://vpc.tencentcloudapi.com/");
    return 0;
}

/* A refusal needs a worker when every slot of every upstream is taken: all of them are fewer than workers. */
static long long default_slots(long long workers, size_t upstreams)
{
    long long most = workers * 3 / 4 / (long long)upstreams;
    return most < 1 ? 1 : most < SLOTS_DEFAULT ? most : SLOTS_DEFAULT;
}

static int read_upstreams(struct loader *loader, const struct yaml_node *node)
{
    int result = 0;
    struct config *config = loader->config;
    if (!keyword_expect(loader, node, YAML_MAP, "upstreams"))
        return -1;
    if (node->count == 0)
        return report_error(loader->report, &node->mark, "upstreams is empty: name one, such as vpc");
    config->upstreams = arena_array(loader->arena, node->count, sizeof *config->upstreams);
    if (config->upstreams == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_upstream *upstream = &config->upstreams[config->upstream_count++];
        *upstream = (struct config_upstream){.name = child->key,
                                             .mark = child->key_mark,
                                             .scheme = UNSAID,
                                             .method = UNSAID,
                                             .timeout = TIMEOUT_DEFAULT,
                                             .slots = default_slots(config->workers, node->count)};
        if (keyword_read_map(loader, child, "upstream", upstream_keywords, COUNT(upstream_keywords),
                             upstream) != 0 ||
            choose_signature(loader, upstream) != 0)
            result = -1;
        if (upstream->host == NULL)
            upstream->host = upstream->url.authority;
        if (upstream->deadline == 0)
            upstream->deadline = upstream->timeout * 5 / 2; /* a read that timed out can be read again */
        else if (upstream->deadline < upstream->timeout)
            result = report_error(loader->report, &child->key_mark,
                                  "upstream '%.64s': the deadline is shorter than the timeout", child->key);
    }
    return result;
}

static int read_catalogs(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                         void *field)
{
    struct config *config = loader->config;
    (void)field;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    config->catalog_files = arena_array(loader->arena, node->count, sizeof *config->catalog_files);
    if (config->catalog_files == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (keyword_path(loader, child, keyword, &config->catalog_files[config->catalog_file_count]) == 0)
            config->catalog_file_count++;
    return config->catalog_file_count == node->count ? 0 : -1;
}

/* Upstreams name credentials, so these are read first wherever they stand: the two maps are only noted. */
struct settings {
    const struct yaml_node *credentials;
    const struct yaml_node *upstreams;
    const struct yaml_node *audit;
    struct config_listeners listen;
    struct config_listeners admin;
    const char *policy;
    long long workers;
    long long connections;
    long long per_address;
    long long keep_alive;
    int notices;
    const char *prefix;
    long long grace;
    long long drain;
    struct rate failed_auth;
};

/* Who trusts every address lets every caller choose its own. */
static int read_proxies(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config *config = loader->config;
    (void)field; /* a list and its count go straight to their place */
    if (networks_read(loader, node, keyword->name, loader->arena, &config->trusted_proxies,
                      &config->trusted_proxy_count) != 0)
        return -1;
    for (size_t i = 0; i < config->trusted_proxy_count; i++)
        if (network_is_everything(&config->trusted_proxies[i]))
            return report_error(loader->report, &node->mark,
                                "%s must not hold every address: any caller could then name its own",
                                keyword->name);
    return 0;
}

static int read_admin_hosts(struct loader *loader, const struct yaml_node *node,
                            const struct keyword *keyword, void *field)
{
    (void)field;
    return browsers_read_hosts(loader, node, keyword, &loader->config->admin_hosts);
}

static int read_prefix(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (!config_is_prefix(text))
        return report_error(loader->report, &node->mark,
                            "prefix is a path such as /cs, without a slash at its end");
    *(const char **)field = text;
    return 0;
}

/* `doors: { actions: true }`: ways in beside the routes; all are closed unless they are opened here. */
static int read_doors(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    static const struct keyword keywords[] = {
        {"actions", keyword_bool, offsetof(struct config, actions_door), OPTIONAL, 0, 0, NULL}};
    (void)field;
    return keyword_read_map(loader, node, keyword->name, keywords, COUNT(keywords), loader->config);
}

static int read_definitions(struct loader *loader, const struct yaml_node *node,
                            const struct keyword *keyword, void *field)
{
    (void)field;
    return keyword_path(loader, node, keyword, &loader->config->definitions_folder);
}

/* `effects: { "cvm:DescribeInstanceVncUrl": read }` */
static int read_exceptions(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                           void *field)
{
    static const char *const names[] = {"read", "change", "secret", NULL};
    static const struct keyword effect = {"effects", keyword_choice, 0, REQUIRED, 0, 0, names};
    struct config *config = loader->config;
    int result = 0;
    (void)field;
    if (!keyword_expect(loader, node, YAML_MAP, keyword->name))
        return -1;
    config->exceptions = arena_array(loader->arena, node->count + 1, sizeof *config->exceptions);
    if (config->exceptions == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_exception *exception = &config->exceptions[config->exception_count++];
        const char *colon = strchr(child->key, ':');
        exception->name = child->key;
        exception->mark = child->key_mark;
        if (keyword_choice(loader, child, &effect, &exception->effect) != 0)
            result = -1;
        if (colon == NULL || colon == child->key || colon[1] == '\0' || strchr(child->key, '*') != NULL)
            result = report_error(loader->report, &child->key_mark,
                                  "effects names a service and an action, such as cvm:DescribeInstances");
    }
    return result;
}

#define SERVICE(field) offsetof(struct settings, field)
static const struct keyword service_keywords[] = {
    {"version", keyword_version, 0, REQUIRED, 0, 0, NULL},
    {"listen", listeners_read, SERVICE(listen), RESTART, 0, 0, NULL},
    {"admin", listeners_read, SERVICE(admin), RESTART, 0, 0, NULL},
    {"admin_hosts", read_admin_hosts, 0, OPTIONAL, 0, 0, NULL},
    {"prefix", read_prefix, SERVICE(prefix), OPTIONAL, 0, 0, NULL},
    {"trusted_proxies", read_proxies, 0, OPTIONAL, 0, 0, NULL},
    {"policy", keyword_path, SERVICE(policy), REQUIRED, 0, 0, NULL},
    {"catalog", read_catalogs, 0, OPTIONAL, 0, 0, NULL},
    {"doors", read_doors, 0, OPTIONAL, 0, 0, NULL},
    {"definitions", read_definitions, 0, OPTIONAL, 0, 0, NULL},
    {"effects", read_exceptions, 0, OPTIONAL, 0, 0, NULL},
    {"workers", keyword_number, SERVICE(workers), RESTART, 2, WORKERS_MAX, NULL},
    {"connections", keyword_number, SERVICE(connections), RESTART, 2, CONNECTIONS_MAX, NULL},
    {"per_address", keyword_number, SERVICE(per_address), RESTART, 1, CONNECTIONS_MAX, NULL},
    {"keep_alive", keyword_duration, SERVICE(keep_alive), RESTART, 1000, 3600000, NULL},
    {"grace", keyword_duration, SERVICE(grace), OPTIONAL, 0, 600000, NULL},
    {"drain", keyword_duration, SERVICE(drain), OPTIONAL, 100, 600000, NULL},
    {"failed_auth", keyword_rate, SERVICE(failed_auth), OPTIONAL, 0, 0, NULL},
    {"notices", keyword_choice, SERVICE(notices), OPTIONAL, 0, 0, notice_names},
    {"audit", keyword_node, SERVICE(audit), RESTART, 0, 0, NULL},
    {"browsers", browsers_read, 0, OPTIONAL, 0, 0, NULL},
    {"credentials", keyword_node, SERVICE(credentials), REQUIRED, 0, 0, NULL},
    {"upstreams", keyword_node, SERVICE(upstreams), REQUIRED, 0, 0, NULL},
};

static void check_slots(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->upstream_count; i++)
        if (config->upstreams[i].slots >= config->workers)
            report_find(
                loader->report,
                &(struct report_kind){.severity = REPORT_SUGGESTION,
                                      .mark = &config->upstreams[i].mark,
                                      .advice = "lower slots, or raise workers"},
                "slots (%lld) should be fewer than workers (%lld), or a hanging upstream takes them all",
                config->upstreams[i].slots, config->workers);
}

/* What of `running` a reload cannot change stays, and is told where the file says something else.  The values
 * of a keyword's row: a number, or where we listen. */
static void stay(struct loader *loader, const struct keyword *keyword, const struct settings *running,
                 struct settings *service)
{
    const void *old = (const char *)running + keyword->offset;
    void *new = (char *)service + keyword->offset;
    char number[TEXT_NUMBER_SIZE];
    const char *shown = number;
    if (keyword->read == listeners_read) {
        shown = listeners_stay(loader, old, new);
        if (shown == NULL)
            return;
    } else {
        if (*(const long long *)old == *(long long *)new)
            return;
        text_number(number, *(const long long *)old);
        if (*(const long long *)old == 0)
            shown = "at its default";
        *(long long *)new = *(const long long *)old;
    }
    report_find(loader->report, &(struct report_kind){.severity = REPORT_SECURITY},
                "%s stays %s: it changes by a restart only", keyword->name, shown);
}

static void stay_all(struct loader *loader, struct settings *service)
{
    const struct config *previous = loader->previous;
    const struct settings running = {.listen = previous->listen,
                                     .admin = previous->admin,
                                     .workers = previous->workers,
                                     .connections = previous->connections,
                                     .per_address = previous->per_address,
                                     .keep_alive = previous->keep_alive};
    for (size_t i = 0; i < COUNT(service_keywords); i++)
        if ((service_keywords[i].need & RESTART) != 0 && service_keywords[i].read != keyword_node)
            stay(loader, &service_keywords[i], &running, service);
}

int settings_read(struct loader *loader, const struct yaml_node *root)
{
    struct settings service = {
        .listen = listeners_default_listen,
        .admin = listeners_default_admin,
        .workers = WORKERS_DEFAULT,
        .connections = CONNECTIONS_DEFAULT,
        .prefix = "",
        .keep_alive = KEEP_ALIVE_DEFAULT,
        .grace = GRACE_DEFAULT,
        .drain = DRAIN_DEFAULT,
        /* 20 wrong tokens at once (a misconfigured app restarts a few times), then one every 3 s */
        .failed_auth = {.interval_us = 3000000, .burst = 20}};
    struct config *config = loader->config;
    int result = keyword_read_map(loader, root, "countersign.yaml", service_keywords, COUNT(service_keywords),
                                  &service);
    if (listeners_check(loader, root, &service.listen, &service.admin) != 0)
        result = -1;
    if (loader->previous != NULL)
        stay_all(loader, &service);
    config->listen = service.listen;
    config->admin = service.admin;
    config->policy_file = service.policy;
    config->workers = service.workers;
    config->connections = service.connections;
    config->per_address = service.per_address;
    config->prefix = service.prefix;
    config->keep_alive = service.keep_alive;
    config->notices = service.notices;
    loader->report->json_lines = service.notices == CONFIG_NOTICES_JSON;
    config->grace = service.grace;
    config->drain = service.drain;
    config->failed_auth = service.failed_auth;
    if (service.credentials != NULL && credential_read_all(loader, service.credentials) != 0)
        result = -1;
    if (service.audit != NULL && audit_read(loader, service.audit) != 0)
        result = -1;
    if (loader->previous != NULL && audit_stay(loader) != 0)
        result = -1;
    if (service.upstreams != NULL && read_upstreams(loader, service.upstreams) != 0)
        result = -1;
    check_slots(loader);
    return result;
}
