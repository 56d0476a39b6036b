#include "config/load/config_load.h"

#include "config/catalog/catalog.h"
#include "config/catalog/regions.h"
#include "config/policy/grants.h"
#include "config/reader/keyword.h"
#include "config/settings/service.h"

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
    config_release(loader->config);
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
