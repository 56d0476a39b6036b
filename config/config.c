#include "config/config.h"

#include "base/text.h"
#include "config/parts.h"
#include "config/pattern.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_ARENA = 512 * 1024 * 1024 }; /* the largest policy file as a tree, with room */

extern const char config_catalog_yaml[]; /* catalog.yaml, embedded by CMake */
extern const size_t config_catalog_yaml_size;

static void config_free(struct config *config)
{
    HASH_CLEAR(hh, config->clients);
    for (size_t i = 0; i < config->credential_count; i++)
        credential_done(&config->credentials[i]);
    audit_done(&config->audit);
    for (size_t i = 0; i < config->route_count; i++)
        catalog_done(&config->routes[i]);
    arena_free(config->arena);
    free(config);
}

struct config *config_hold(struct config *config)
{
    atomic_fetch_add_explicit(&config->references, 1, memory_order_relaxed);
    return config;
}

void config_release(struct config *config)
{
    if (config != NULL && atomic_fetch_sub_explicit(&config->references, 1, memory_order_acq_rel) == 1)
        config_free(config);
}

static struct config *config_new(struct report *report)
{
    struct config *config = calloc(1, sizeof *config);
    if (config != NULL)
        config->arena = arena_new(CONFIG_ARENA);
    if (config == NULL || config->arena == NULL) {
        report_error(report, NULL, "out of memory");
        free(config);
        return NULL;
    }
    atomic_init(&config->references, 1);
    return config;
}

static void read_catalog(struct loader *loader)
{
    const struct yaml_node *root = yaml_parse(config_catalog_yaml, config_catalog_yaml_size, "catalog.yaml",
                                              loader->arena, loader->report);
    if (root != NULL)
        (void)catalog_read(loader, root); /* the report counts */
}

/* Loads a file whose tree lives in `tree`; marks name it for as long as the configuration lives. */
static const struct yaml_node *load(struct loader *loader, const char *path, struct arena *tree)
{
    const char *name = arena_strdup(loader->arena, path);
    if (name == NULL) {
        keyword_out_of_memory(loader);
        return NULL;
    }
    return yaml_load(name, tree, loader->report);
}

/* The operator's own files. */
static void read_more_catalogs(struct loader *loader, const char *const *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *root = load(loader, files[i], loader->arena);
        if (root != NULL)
            (void)catalog_read(loader, root); /* the report counts */
    }
}

static void read_service(struct loader *loader, const char *path)
{
    const struct yaml_node *root = load(loader, path, loader->arena);
    if (root != NULL)
        (void)service_read(loader, root);
}

/* The policy is the file that grows: its tree takes several times what is kept of it. */
static void read_policy(struct loader *loader, const char *path)
{
    if (path == NULL)
        return;
    loader->scratch = arena_new(CONFIG_ARENA);
    if (loader->scratch == NULL) {
        keyword_out_of_memory(loader);
        return;
    }
    const struct yaml_node *root = load(loader, path, loader->scratch);
    if (root != NULL)
        (void)grants_read(loader, root);
    arena_free(loader->scratch);
}

/* A route to a service that has no upstream answers 404 like a route that is not there: worth a warning only
 * when no route is left. */
static void check_services(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->upstream_count; i++) {
        bool used = false;
        for (size_t j = 0; j < config->route_count; j++)
            used = used || (strcmp(config->routes[j].service, config->upstreams[i].name) == 0 &&
                            config->routes[j].dialects[config->upstreams[i].api].spoken);
        if (!used)
            report_warning(loader->report, &config->upstreams[i].mark, "no route leads to the upstream '%s'",
                           config->upstreams[i].name);
    }
}

/* The configuration, or NULL and everything that was allocated for it freed. */
static struct config *finish(struct loader *loader, unsigned errors_before)
{
    if (loader->report->error_count == errors_before)
        return loader->config;
    config_free(loader->config);
    return NULL;
}

struct config *config_load(const char *path, const struct config *previous, int64_t now,
                           struct report *report)
{
    unsigned errors = report->error_count;
    struct config *config = config_new(report);
    if (config == NULL)
        return NULL;
    struct loader loader = {
        .arena = config->arena, .report = report, .config = config, .previous = previous, .now = now};
    read_catalog(&loader);
    read_service(&loader, path);
    read_more_catalogs(&loader, config->catalog_files, config->catalog_file_count);
    (void)regions_settle(&loader); /* the report counts */
    read_policy(&loader, config->policy_file);
    check_services(&loader);
    return finish(&loader, errors);
}

struct config *config_load_policy(const char *path, const char *const *catalogs, size_t count, int64_t now,
                                  struct report *report)
{
    unsigned errors = report->error_count;
    struct config *config = config_new(report);
    if (config == NULL)
        return NULL;
    struct loader loader = {.arena = config->arena, .report = report, .config = config, .now = now};
    read_catalog(&loader);
    read_more_catalogs(&loader, catalogs, count);
    read_policy(&loader, path);
    return finish(&loader, errors);
}

struct config *config_load_catalog(struct report *report)
{
    unsigned errors = report->error_count;
    struct config *config = config_new(report);
    if (config == NULL)
        return NULL;
    struct loader loader = {.arena = config->arena, .report = report, .config = config};
    read_catalog(&loader);
    return finish(&loader, errors);
}

enum pattern_result config_match(const struct config_pattern *pattern, const char *value)
{
    return pattern->compiled == NULL ? PATTERN_FITS : pattern_match(pattern->compiled, value);
}

bool config_matches(const struct config_patterns *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (text_matches(patterns->items[i], text))
            return true;
    return false;
}

const struct config_upstream *config_upstream(const struct config *config, const char *service)
{
    for (size_t i = 0; i < config->upstream_count; i++)
        if (strcmp(config->upstreams[i].name, service) == 0)
            return &config->upstreams[i];
    return NULL;
}

const struct config_route *config_status_route(const struct config *config,
                                               const struct config_upstream *upstream)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_dialect *dialect = &config->routes[i].dialects[upstream->api];
        if (strcmp(config->routes[i].service, upstream->name) == 0 && dialect->spoken &&
            dialect->status.from != NULL)
            return &config->routes[i];
    }
    return NULL;
}

const struct config_region *config_region(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->region_count; i++) {
        const struct config_region *region = &config->regions[i];
        if (strcasecmp(region->name, name) == 0 ||
            (region->short_name != NULL && strcasecmp(region->short_name, name) == 0))
            return region;
    }
    return NULL;
}

enum pattern_result config_is_former(const struct config_param *param, const char *value)
{
    return param->formers == NULL ? PATTERN_DIFFERS : config_match(param->formers, value);
}

const char *config_current_id(const struct config *config, const char *former)
{
    size_t low = 0;
    size_t high = config->former_id_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(former, config->former_ids[middle].former);
        if (order == 0)
            return config->former_ids[middle].current;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct config_route *config_telling_route(const struct config *config,
                                                const struct config_upstream *upstream, const char *param)
{
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        if (route->tells.to != NULL && strcmp(route->tells.to, param) == 0 &&
            strcmp(route->service, upstream->name) == 0 && route->dialects[upstream->api].spoken)
            return route;
    }
    return NULL;
}

bool config_asks_more(const struct config_rule *rule)
{
    return rule->condition_count > 0 || rule->when != NULL || rule->own != CONFIG_OWN_ANY;
}

/* Names that the gateway alone writes (the common request parameters) or reads (all): never a parameter's. */
static const char *const common_names[] = {
    "Action",          "Region", "Timestamp", "Nonce",     "SecretId", "Signature",
    "SignatureMethod", "Token",  "Version",   "SecretKey", "all"};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool config_is_param_name(const char *name)
{
    size_t length = 0;
    while (is_letter(name[length]) || (name[length] >= '0' && name[length] <= '9'))
        length++;
    if (!is_letter(name[0]) || name[length] != '\0' || length > 64)
        return false;
    for (size_t i = 0; i < COUNT(common_names);
         i++) /* once for every parameter of a call: most differ at once */
        if (((name[0] ^ common_names[i][0]) & ~0x20) == 0 && strcasecmp(name, common_names[i]) == 0)
            return false;
    return true;
}
