#include "config/load/config_load.h"

#include "config/catalog/catalog.h"
#include "config/catalog/param.h"
#include "config/catalog/regions.h"
#include "config/catalog/task_route.h"
#include "config/load/door_actions.h"
#include "config/load/policy_actions.h"
#include "config/policy/findings.h"
#include "config/policy/policy_file.h"
#include "config/reader/keyword.h"
#include "config/credential/environment.h"
#include "config/settings/settings.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_ARENA = 512 * 1024 * 1024 }; /* the largest policy file as a tree, with room */

extern const char config_catalog_yaml[]; /* catalog.yaml, embedded by CMake */
extern const size_t config_catalog_yaml_size;

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
    return config;
}

static void end_digest(struct loader *loader, struct digest *digest, enum config_hash which)
{
    if (digest_end(digest, loader->config->hashes[which]) != 0)
        report_error(loader->report, NULL,
                     "the SHA-256 of a file could not be computed: memory is out, or OpenSSL failed");
}

/* The catalog that ships; `digest` goes on with the operator's own. */
static void read_catalog(struct loader *loader, struct digest *digest)
{
    const struct yaml_node *root = yaml_parse(config_catalog_yaml, config_catalog_yaml_size,
                                              "the built-in catalog.yaml", loader->arena, loader->report);
    digest_add(digest, config_catalog_yaml, config_catalog_yaml_size);
    if (root != NULL)
        (void)catalog_read(loader, root); /* the report counts */
}

/* Loads a file whose tree lives in `tree`; marks name it for as long as the configuration lives. */
static const struct yaml_node *load(struct loader *loader, const char *path, struct arena *tree,
                                    struct digest *digest)
{
    const char *name = arena_strdup(loader->arena, path);
    if (name == NULL) {
        keyword_out_of_memory(loader);
        return NULL;
    }
    return yaml_load(name, tree, digest, loader->report);
}

/* The operator's own files. */
static void read_more_catalogs(struct loader *loader, const char *const *files, size_t count,
                               struct digest *digest)
{
    for (size_t i = 0; i < count; i++) {
        const struct yaml_node *root = load(loader, files[i], loader->arena, digest);
        if (root != NULL)
            (void)catalog_read(loader, root); /* the report counts */
    }
}

static void read_service(struct loader *loader, const char *path)
{
    struct digest *digest = digest_new();
    const struct yaml_node *root = load(loader, path, loader->arena, digest);
    end_digest(loader, digest, CONFIG_HASH_SERVICE);
    if (root != NULL)
        (void)settings_read(loader, root);
}

static bool has_like(const struct config *config)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (config->routes[i].like.service != NULL)
            return true;
    return false;
}

static void read_definitions(struct loader *loader)
{
    bool needed = config_takes_documents(loader->config) || has_like(loader->config);
    struct digest *digest = needed ? digest_new() : NULL;
    (void)door_actions_read(loader, digest); /* the report counts */
    if (needed)
        end_digest(loader, digest, CONFIG_HASH_DEFINITIONS);
}

/* A policy: a file, or a text. */
struct policy_source {
    const char *path; /* NULL: no policy, or */
    const char *text;
    size_t length;
};

/* The policy is the file that grows: its tree takes several times what is kept of it.  NULL: there is none,
 * or it was reported.  end_policy() in either case. */
static const struct yaml_node *begin_policy(struct loader *loader, const struct policy_source *source)
{
    if (source->path == NULL && source->text == NULL)
        return NULL;
    loader->scratch = arena_new(CONFIG_ARENA);
    if (loader->scratch == NULL) {
        keyword_out_of_memory(loader);
        return NULL;
    }
    struct digest *digest = digest_new();
    const struct yaml_node *root = NULL;
    if (source->text == NULL) {
        root = load(loader, source->path, loader->scratch, digest);
    } else {
        digest_add(digest, source->text, source->length);
        root = yaml_parse(source->text, source->length, "policy.yaml", loader->scratch, loader->report);
    }
    end_digest(loader, digest, CONFIG_HASH_POLICY);
    return root;
}

static void end_policy(struct loader *loader, const struct yaml_node *root)
{
    if (root != NULL)
        (void)policy_file_read(loader, root); /* the report counts */
    arena_free(loader->scratch);
}

static void check_limits(struct loader *loader, const struct config_upstream *upstream)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < upstream->limit_count; i++) {
        bool found = config_action(config, upstream->name, upstream->limits[i].action, NULL) != NULL;
        for (size_t j = 0; j < config->route_count && !found; j++)
            found = strcmp(config->routes[j].service, upstream->name) == 0 &&
                    strcmp(config->routes[j].action, upstream->limits[i].action) == 0;
        if (!found)
            report_find(loader->report,
                        &(struct report_kind){.severity = REPORT_SUGGESTION,
                                              .mark = &upstream->limits[i].mark,
                                              .advice = "correct its name, or take it out"},
                        "no route of '%s' leads to an action '%.64s': it is not limited", upstream->name,
                        upstream->limits[i].action);
    }
}

/* What is signed of a GET is its URL. */
static void check_secrets(struct loader *loader, const struct config_upstream *upstream,
                          const struct config_route *route)
{
    for (size_t i = 0; upstream->method == CONFIG_GET && i < route->param_count; i++)
        if (route->params[i].secret && route->dialects[upstream->api].supported)
            report_find(loader->report,
                        &(struct report_kind){.severity = REPORT_SECURITY,
                                              .mark = &upstream->mark,
                                              .advice = "say method: POST"},
                        "the secret '%.64s' of %.64s goes to '%s' in a URL, which is logged on its way",
                        route->params[i].name, route->action, upstream->name);
}

/* What no call says must be as good for its upstream as what a call could say. */
static void check_defaults(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->route_count; i++) {
        const struct config_route *route = &config->routes[i];
        const struct config_upstream *upstream =
            route->service == NULL ? NULL : config_upstream(config, route->service);
        if (upstream == NULL || !route->dialects[upstream->api].supported)
            continue;
        for (size_t j = 0; j < route->param_count; j++)
            (void)param_check_default(loader, &route->params[j], upstream); /* the report counts */
    }
}

/* A route to a service that has no upstream answers 404 like a route that is not there: worth a warning only
 * when no route is left. */
static void check_services(struct loader *loader)
{
    const struct config *config = loader->config;
    for (size_t i = 0; i < config->upstream_count; i++) {
        check_limits(loader, &config->upstreams[i]);
        bool used = false;
        for (size_t j = 0; j < config->service_count; j++)
            used = used || strcmp(config->services[j].upstream->name, config->upstreams[i].name) == 0;
        for (size_t j = 0; j < config->route_count; j++) {
            if (strcmp(config->routes[j].service, config->upstreams[i].name) != 0)
                continue;
            used = used || config->routes[j].dialects[config->upstreams[i].api].supported;
            check_secrets(loader, &config->upstreams[i], &config->routes[j]);
        }
        if (!used)
            report_find(
                loader->report,
                &(struct report_kind){.severity = REPORT_SUGGESTION,
                                      .mark = &config->upstreams[i].mark,
                                      .advice = "take it out, or name the catalog that has its routes"},
                "no route leads to the upstream '%s'", config_title(&config->upstreams[i]));
    }
}

static void check_key(struct loader *loader, const struct mark *mark, const char *kind, const char *name)
{
    if (loader->config->state.kind == CONFIG_STORE_MEMORY)
        (void)report_error(loader->report, mark,
                           "%s '%s' has require_idempotency_key, and memory forgets keys when the gateway "
                           "ends: state needs sqlite or redis",
                           kind, name); /* the report counts */
}

/* Who has to send a key relies on the promise, which memory cannot keep. */
static void check_keys(struct loader *loader)
{
    const struct config *config = loader->config;
    for (const struct config_client *client = config->clients; client != NULL; client = client->hh.next)
        if (client->requires_key)
            check_key(loader, &client->mark, "client", client->name);
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i]->requires_key)
            check_key(loader, &config->rules[i]->mark, "rule", config->rules[i]->id);
}

/* The configuration, or NULL and everything that was allocated for it freed. */
static struct config *finish(struct loader *loader, unsigned errors_before)
{
    if (loader->report->error_count == errors_before)
        return loader->config;
    config_release(loader->config);
    return NULL;
}

/* One name for all that is in force. */
static void sum_up(struct loader *loader)
{
    struct config *config = loader->config;
    struct digest *digest = digest_new();
    for (int i = 0; i < CONFIG_HASH_ALL; i++)
        digest_add(digest, config->hashes[i], strlen(config->hashes[i]));
    end_digest(loader, digest, CONFIG_HASH_ALL);
    memcpy(config->short_hash, config->hashes[CONFIG_HASH_ALL], CONFIG_SHORT_HASH);
    config->audit.in_force = config->short_hash;
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
    struct digest *digest = digest_new();
    read_catalog(&loader, digest);
    read_service(&loader, path);
    read_more_catalogs(&loader, config->catalog_files, config->catalog_file_count, digest);
    end_digest(&loader, digest, CONFIG_HASH_CATALOG);
    (void)regions_settle(&loader); /* the report counts */
    (void)task_route_settle(&loader);
    read_definitions(&loader);
    end_policy(&loader, begin_policy(&loader, &(struct policy_source){.path = config->policy_file}));
    check_services(&loader);
    check_keys(&loader);
    (void)environment_keep(&loader); /* the report counts */
    sum_up(&loader);
    if (report->error_count == errors)
        check_defaults(&loader);
    if (report->error_count == errors)
        findings_service(&loader, path);
    return finish(&loader, errors);
}

/* An upstream for every service, so that requests become calls: in API 2.0 where any route of the service can
 * be said in it, as upstreams are unless they say otherwise.  Nothing is signed here: values are taken that
 * either generation could carry. */
static void invent_upstreams(struct loader *loader, const char *region)
{
    struct config *config = loader->config;
    config->upstreams = arena_array(loader->arena, config->route_count, sizeof *config->upstreams);
    if (config->upstreams == NULL)
        (void)keyword_out_of_memory(loader);
    for (size_t i = 0; i < config->route_count && config->upstreams != NULL; i++) {
        const struct config_route *route = &config->routes[i];
        size_t known = 0;
        while (known < config->upstream_count && strcmp(config->upstreams[known].name, route->service) != 0)
            known++;
        if (known == config->upstream_count)
            config->upstreams[config->upstream_count++] = (struct config_upstream){.name = route->service,
                                                                                   .mark = route->mark,
                                                                                   .region = region,
                                                                                   .api = CONFIG_API3,
                                                                                   .scheme = CONFIG_TC3};
        if (route->dialects[CONFIG_API2].supported)
            config->upstreams[known].api = CONFIG_API2;
    }
}

/* A policy alone: see config_load_policy(). */
static struct config *load_policy(const struct policy_source *source, const char *const *catalogs,
                                  size_t count, const char *region, const char *definitions, int64_t now,
                                  struct report *report)
{
    unsigned errors = report->error_count;
    struct config *config = config_new(report);
    if (config == NULL)
        return NULL;
    struct loader loader = {.arena = config->arena, .report = report, .config = config, .now = now};
    struct digest *digest = digest_new();
    read_catalog(&loader, digest);
    read_more_catalogs(&loader, catalogs, count, digest);
    end_digest(&loader, digest, CONFIG_HASH_CATALOG);
    config->policy_alone = true;
    config->definitions_folder = definitions;
    config->body_max = CONFIG_BODY_DEFAULT;
    const struct yaml_node *policy = begin_policy(&loader, source);
    if (region != NULL)
        invent_upstreams(&loader, region);
    if (region != NULL && policy != NULL)
        (void)policy_actions_open(&loader, policy, region); /* the report counts */
    (void)regions_settle(&loader);
    (void)task_route_settle(&loader);
    read_definitions(&loader);
    end_policy(&loader, policy);
    sum_up(&loader);
    return finish(&loader, errors);
}

struct config *config_load_policy(const char *path, const char *const *catalogs, size_t count,
                                  const char *region, const char *definitions, int64_t now,
                                  struct report *report)
{
    const struct policy_source source = {.path = path};
    return load_policy(&source, catalogs, count, region, definitions, now, report);
}

struct config *config_load_policy_text(const char *text, size_t length, const struct config *like,
                                       int64_t now, struct report *report)
{
    const struct policy_source source = {.text = text, .length = length};
    const char *region = like->upstream_count == 0 ? NULL : like->upstreams[0].region;
    return load_policy(&source, like->catalog_files, like->catalog_file_count, region,
                       like->definitions_folder, now, report);
}

void config_load_wipe(const struct config *config)
{
    environment_wipe(config);
}
