/* `regions` of a catalog: what the cloud's regions are called. */
#include "config/catalog/regions.h"

#include <string.h>

#define REGION(field) offsetof(struct config_region, field)
static const struct keyword region_keywords[] = {
    {"name", keyword_name, REGION(name), REQUIRED, 0, 0, NULL},
    {"short", keyword_name, REGION(short_name), OPTIONAL, 0, 0, NULL},
};

/* Compared without case: two names that differ by it alone are one. */
static int read_region(struct loader *loader, const struct yaml_node *node)
{
    struct config *config = loader->config;
    struct config_region region = {0};
    if (keyword_read_map(loader, node, "region", region_keywords, COUNT(region_keywords), &region) != 0)
        return -1;
    if (config_region(config, region.name) != NULL)
        return report_error(loader->report, &node->mark, "there is a region '%.64s' already", region.name);
    if (region.short_name != NULL && config_region(config, region.short_name) != NULL)
        return report_error(loader->report, &node->mark, "there is a region '%.64s' already",
                            region.short_name);
    if (strpbrk(region.name, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
        return report_error(loader->report, &node->mark,
                            "a region's name is written in lower case, with '-': ap-guangzhou");
    config->regions[config->region_count++] = region;
    return 0;
}

int regions_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    int result = 0;
    struct config *config = loader->config;
    (void)field; /* a list and its count go straight to their place */
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    struct config_region *regions =
        arena_array(loader->arena, config->region_count + node->count, sizeof *regions);
    if (regions == NULL)
        return keyword_out_of_memory(loader);
    if (config->region_count > 0)
        memcpy(regions, config->regions, config->region_count * sizeof *regions);
    config->regions = regions;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (read_region(loader, child) != 0)
            result = -1;
    return result;
}

/* An operator writes the region as the upstream takes it. */
int regions_settle(struct loader *loader)
{
    int result = 0;
    struct config *config = loader->config;
    for (size_t i = 0; i < config->upstream_count; i++) {
        struct config_upstream *upstream = &config->upstreams[i];
        const struct config_region *region =
            upstream->region == NULL ? NULL : config_region(config, upstream->region);
        if (upstream->region == NULL)
            continue; /* was reported */
        if (region == NULL) {
            const struct mark *mark = upstream->region_mark.file == NULL ? NULL : &upstream->region_mark;
            result = report_error(loader->report, mark,
                                  "no region is called '%.64s': name it in `regions` of a catalog",
                                  upstream->region);
            continue;
        }
        upstream->short_regions =
            upstream->api == CONFIG_API2 && strcasecmp(upstream->region, region->name) != 0;
        upstream->region = region->name;
        upstream->sent_region = upstream->short_regions ? region->short_name : region->name;
    }
    return result;
}
