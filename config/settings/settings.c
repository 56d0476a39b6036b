/* countersign.yaml: its keywords, and those that take no file of their own. */
#include "config/settings/settings.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"
#include "config/reader/networks.h"
#include "config/settings/accounts.h"
#include "config/settings/audit.h"
#include "config/settings/browsers.h"
#include "config/credential/credential.h"
#include "config/settings/listeners.h"
#include "config/settings/store.h"
#include "config/settings/upstreams.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Defaults, each with its reason. */
enum {
    WORKERS_DEFAULT = 256, /* requests at a time: the cloud answers in some 20 ms, so 10,000 a second */
    WORKERS_MAX = 16000,
    CONNECTIONS_DEFAULT = 10000, /* one that is idle takes a descriptor and some 200 bytes */
    CONNECTIONS_MAX = 60000,
    /* ms: longer than what balancers keep an idle connection for, 60 s as a rule */
    KEEP_ALIVE_DEFAULT = 75000,
    GRACE_DEFAULT = 1000,  /* ms: a load balancer that asks every half second has noticed      */
    DRAIN_DEFAULT = 15000, /* ms: longer than a call's default deadline                        */
};

static const char *const notice_names[] = {"text", "json", NULL};

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

/* Upstreams name credentials, so these are read first wherever they stand: the maps are only noted. */
struct settings {
    const struct yaml_node *credentials;
    const struct yaml_node *upstreams;
    const struct yaml_node *accounts;
    const struct yaml_node *sts;
    const struct yaml_node *metadata;
    const struct yaml_node *audit;
    const char *instance;
    const struct yaml_node *state;
    struct config_listeners listen;
    struct config_listeners admin;
    bool anonymous_reload;
    bool console;
    const char *policy;
    long long body_max;
    long long workers;
    long long connections;
    long long per_address;
    long long keep_alive;
    int notices;
    const char *prefix;
    const char *problem_types;
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

/* A field of the callers' own, or one that says something else here, would be taken for a proxy's word. */
static int read_certificate_field(struct loader *loader, const struct yaml_node *node,
                                  const struct keyword *keyword, void *field)
{
    static const char *const taken[] = {"Authorization",     "Connection",          "Content-Length",
                                        "Content-Type",      "Countersign-Subject", "Host",
                                        "Transfer-Encoding", "X-Forwarded-For",     "X-Forwarded-Prefix"};
    const char *text = NULL;
    (void)field;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (!text_is_token(text, strlen(text)))
        return report_error(loader->report, &node->mark, "%s must be the name of a header field",
                            keyword->name);
    for (size_t i = 0; i < COUNT(taken); i++)
        if (strcasecmp(text, taken[i]) == 0)
            return report_error(loader->report, &node->mark, "%s: '%s' means something else already",
                                keyword->name, taken[i]);
    loader->config->client_certificate_field = text;
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

/* A page that has a heading for each: what ends otherwise would run into the name. */
static int read_problem_types(struct loader *loader, const struct yaml_node *node,
                              const struct keyword *keyword, void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    size_t length = strlen(text);
    size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0;
    bool good = scheme > 0 && length <= CONFIG_PROBLEM_TYPES_MAX && isalnum((unsigned char)text[scheme]);
    for (size_t i = 0; i < length && good; i++)
        good = text_is_unreserved((unsigned char)text[i]) || strchr(":/?=&%+,", text[i]) != NULL ||
               (text[i] == '#' && i + 1 == length);
    if (!good || strchr("#/=", text[length - 1]) == NULL)
        return report_error(
            loader->report, &node->mark,
            "%s is the URL of a page, of at most %d plain characters, with #, / or = at its end: "
            "https://intranet.example/troubleshooting.html#",
            keyword->name, CONFIG_PROBLEM_TYPES_MAX);
    *(const char **)field = text;
    return 0;
}

/* `doors: { actions: true, sdk: true }`: ways in beside the routes; all are closed unless they are opened
 * here. */
static int read_doors(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    static const struct keyword keywords[] = {
        {"actions", keyword_bool, offsetof(struct config, actions_door), OPTIONAL, 0, 0, NULL},
        {"mcp", keyword_bool, offsetof(struct config, mcp_door), OPTIONAL, 0, 0, NULL},
        {"sdk", keyword_bool, offsetof(struct config, sdk_door), OPTIONAL, 0, 0, NULL}};
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
    {"instance", keyword_name, SERVICE(instance), RESTART, 0, 0, NULL},
    {"listen", listeners_read, SERVICE(listen), RESTART, 0, 0, NULL},
    {"admin", listeners_read, SERVICE(admin), RESTART, 0, 0, NULL},
    {"admin_hosts", read_admin_hosts, 0, OPTIONAL, 0, 0, NULL},
    {"anonymous_reload", keyword_bool, SERVICE(anonymous_reload), OPTIONAL, 0, 0, NULL},
    {"console", keyword_bool, SERVICE(console), OPTIONAL, 0, 0, NULL},
    {"prefix", read_prefix, SERVICE(prefix), OPTIONAL, 0, 0, NULL},
    {"trusted_proxies", read_proxies, 0, OPTIONAL, 0, 0, NULL},
    {"client_certificate_field", read_certificate_field, 0, OPTIONAL, 0, 0, NULL},
    {"policy", keyword_path, SERVICE(policy), REQUIRED, 0, 0, NULL},
    {"catalog", read_catalogs, 0, OPTIONAL, 0, 0, NULL},
    {"doors", read_doors, 0, OPTIONAL, 0, 0, NULL},
    {"definitions", read_definitions, 0, OPTIONAL, 0, 0, NULL},
    {"effects", read_exceptions, 0, OPTIONAL, 0, 0, NULL},
    {"body_max", keyword_size, SERVICE(body_max), OPTIONAL, CONFIG_BODY_MIN, CONFIG_BODY_MAX, NULL},
    {"workers", keyword_number, SERVICE(workers), RESTART, 2, WORKERS_MAX, NULL},
    {"connections", keyword_number, SERVICE(connections), RESTART, 2, CONNECTIONS_MAX, NULL},
    {"per_address", keyword_number, SERVICE(per_address), RESTART, 1, CONNECTIONS_MAX, NULL},
    {"keep_alive", keyword_duration, SERVICE(keep_alive), RESTART, 1000, 3600000, NULL},
    {"grace", keyword_duration, SERVICE(grace), OPTIONAL, 0, 600000, NULL},
    {"drain", keyword_duration, SERVICE(drain), OPTIONAL, 100, 600000, NULL},
    {"failed_auth", keyword_rate, SERVICE(failed_auth), OPTIONAL, 0, 0, NULL},
    {"problem_types", read_problem_types, SERVICE(problem_types), RESTART, 0, 0, NULL},
    {"notices", keyword_choice, SERVICE(notices), OPTIONAL, 0, 0, notice_names},
    {"audit", keyword_node, SERVICE(audit), RESTART, 0, 0, NULL},
    {"state", keyword_node, SERVICE(state), RESTART, 0, 0, NULL},
    {"browsers", browsers_read, 0, OPTIONAL, 0, 0, NULL},
    {"credentials", keyword_node, SERVICE(credentials), REQUIRED, 0, 0, NULL},
    {"sts", keyword_node, SERVICE(sts), OPTIONAL, 0, 0, NULL},
    {"metadata", keyword_node, SERVICE(metadata), OPTIONAL, 0, 0, NULL},
    {"upstreams", keyword_node, SERVICE(upstreams), OPTIONAL, 0, 0, NULL},
    {"accounts", keyword_node, SERVICE(accounts), OPTIONAL, 0, 0, NULL},
};

enum { INSTANCE_MAX = 64 }; /* bytes of a host's name, and of any name (text_is_name()) */

/* The host's name, which has letters, digits, '-' and '.' (hostname(7)); NULL when memory is out. */
static const char *host_name(struct loader *loader)
{
    char name[INSTANCE_MAX + 1] = "";
    (void)gethostname(name, sizeof name - 1); /* a longer one is cut */
    return arena_strdup(loader->arena, text_is_name(name) ? name : "localhost");
}

/* The running one's name stays, as a copy: it ends before this configuration.  What is shown, or NULL. */
static const char *stay_text(struct loader *loader, const char *old, const char **new)
{
    if (strcmp(old, *new) == 0)
        return NULL;
    *new = arena_strdup(loader->arena, old);
    if (*new == NULL)
        (void)keyword_out_of_memory(loader);
    return old;
}

/* What of `running` a reload cannot change stays, and is told where the file says something else.  The values
 * of a keyword's row: a number, a name or another text, or where we listen. */
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
    } else if (keyword->read == keyword_name || keyword->read == read_problem_types) {
        shown = stay_text(loader, *(const char *const *)old, new);
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
    const struct settings running = {.instance = previous->instance,
                                     .problem_types = previous->problem_types,
                                     .listen = previous->listen,
                                     .admin = previous->admin,
                                     .workers = previous->workers,
                                     .connections = previous->connections,
                                     .per_address = previous->per_address,
                                     .keep_alive = previous->keep_alive};
    for (size_t i = 0; i < COUNT(service_keywords); i++)
        if ((service_keywords[i].need & RESTART) != 0 && service_keywords[i].read != keyword_node)
            stay(loader, &service_keywords[i], &running, service);
}

/* Either the upstreams of one account, or several accounts. */
static int read_upstreams(struct loader *loader, const struct yaml_node *root, const struct settings *service)
{
    if (service->upstreams != NULL && service->accounts != NULL)
        return report_error(loader->report, &service->accounts->mark,
                            "beside accounts there are no upstreams: each account has its own");
    if (service->accounts != NULL)
        return accounts_read(loader, service->accounts);
    if (service->upstreams != NULL)
        return upstreams_read(loader, service->upstreams);
    if (root->kind != YAML_MAP || yaml_get(root, "upstreams") != NULL || yaml_get(root, "accounts") != NULL)
        return -1; /* it was reported */
    return report_error(loader->report, &root->mark,
                        "countersign.yaml lacks the key 'upstreams', or 'accounts'");
}

int settings_read(struct loader *loader, const struct yaml_node *root)
{
    struct settings service = {
        .anonymous_reload = true,
        .listen = listeners_default_listen,
        .admin = listeners_default_admin,
        .body_max = CONFIG_BODY_DEFAULT,
        .workers = WORKERS_DEFAULT,
        .connections = CONNECTIONS_DEFAULT,
        .prefix = "",
        .problem_types = CONFIG_PROBLEM_TYPES,
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
    if (service.instance == NULL && (service.instance = host_name(loader)) == NULL)
        return keyword_out_of_memory(loader);
    if (loader->previous != NULL)
        stay_all(loader, &service);
    config->instance = service.instance;
    config->listen = service.listen;
    config->admin = service.admin;
    config->anonymous_reload = service.anonymous_reload;
    config->console = service.console;
    config->policy_file = service.policy;
    config->body_max = service.body_max;
    config->workers = service.workers;
    config->connections = service.connections;
    config->per_address = service.per_address;
    config->prefix = service.prefix;
    config->problem_types = service.problem_types;
    config->keep_alive = service.keep_alive;
    config->notices = service.notices;
    loader->report->json_lines = service.notices == CONFIG_NOTICES_JSON;
    config->grace = service.grace;
    config->drain = service.drain;
    config->failed_auth = service.failed_auth;
    if (config->client_certificate_field != NULL && config->trusted_proxy_count == 0)
        result = report_error(loader->report, &(struct mark){.file = root->mark.file},
                              "client_certificate_field needs trusted_proxies: nobody else is believed");
    if (upstreams_read_issuers(loader, service.sts, service.metadata) != 0)
        result = -1;
    if (service.credentials != NULL && credential_read_all(loader, service.credentials) != 0)
        result = -1;
    if (service.audit != NULL && audit_read(loader, service.audit) != 0)
        result = -1;
    if (loader->previous != NULL && audit_stay(loader) != 0)
        result = -1;
    config->audit.instance = config->instance;
    if (store_read(loader, service.state) != 0 || (loader->previous != NULL && store_stay(loader) != 0))
        result = -1;
    return read_upstreams(loader, root, &service) == 0 ? result : -1;
}
