/* A rule is about things, and a thing may have several names: former ids that the policy knows, short names
 * of regions.  Calls are judged by the current id and the one name of a region; so the texts of a rule that
 * say another name stand for these, too. */
#include "config/rules/things.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

/* One condition while its names are gathered. */
struct gathering {
    struct loader *loader;
    enum config_effect effect;
    const struct config_condition *condition;
    struct config_patterns names; /* in loader->scratch */
    size_t room;
};

static bool has(const struct config_condition *condition, const char *text)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (value_set_match(condition->lists[i], text))
            return true;
    return false;
}

static bool names(const struct config_condition *condition, const char *text)
{
    for (uint32_t i = 0; i < condition->count; i++)
        if (value_set_name(condition->lists[i], text))
            return true;
    return false;
}

static int add(struct gathering *g, const char *name)
{
    if (has(g->condition, name))
        return 0;
    for (size_t i = 0; i < g->names.count; i++)
        if (strcmp(g->names.items[i], name) == 0)
            return 0;
    if (g->names.count == g->room) {
        size_t room = g->room * 2 + 8;
        const char **items = arena_array(g->loader->scratch, room, sizeof *items);
        if (items == NULL)
            return keyword_out_of_memory(g->loader);
        if (g->names.count > 0)
            memcpy(items, g->names.items, g->names.count * sizeof *items);
        g->names.items = items;
        g->room = room;
    }
    g->names.items[g->names.count++] = name;
    return 0;
}

/* ---- former ids ---- */

/* A deny reaches a thing by any name that one of its patterns has; an allow only by one that it says in
 * full. */
static int add_current_ids(struct gathering *g)
{
    const struct config *config = g->loader->config;
    for (size_t i = 0; i < config->former_id_count; i++) {
        const struct config_former_id *id = &config->former_ids[i];
        bool said =
            g->effect == CONFIG_DENY ? has(g->condition, id->former) : names(g->condition, id->former);
        if (said && config_other_name(config, g->condition->param, id->former) != NULL &&
            add(g, id->current) != 0)
            return -1;
    }
    return 0;
}

/* ---- regions ---- */

static bool is_said(const char *text, const struct config_region *region, enum config_effect effect)
{
    char lower[CONFIG_ID_MAX + 1];
    size_t length = strlen(text);
    if (strchr(text, '*') == NULL)
        return strcasecmp(text, region->name) == 0 ||
               (region->short_name != NULL && strcasecmp(text, region->short_name) == 0);
    if (length > CONFIG_ID_MAX)
        return false;
    for (size_t i = 0; i <= length; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    return text_matches(lower, region->name) ||
           (effect == CONFIG_DENY && region->short_name != NULL && text_matches(lower, region->short_name));
}

static bool says_region(const struct gathering *g, const struct config_region *region)
{
    for (uint32_t i = 0; i < g->condition->count; i++) {
        const struct config_values *list = g->condition->lists[i];
        for (uint32_t j = 0; j < list->exact + list->patterns; j++)
            if (is_said(list->texts[j], region, g->effect))
                return true;
    }
    return false;
}

static int add_regions(struct gathering *g)
{
    for (size_t i = 0; i < g->loader->config->region_count; i++) {
        const struct config_region *region = &g->loader->config->regions[i];
        if (says_region(g, region) && add(g, region->name) != 0)
            return -1;
    }
    return 0;
}

int things_add(struct loader *loader, enum config_effect effect, struct config_condition *condition)
{
    struct gathering g = {.loader = loader, .effect = effect, .condition = condition};
    int result = condition->param == CONFIG_REGION ? add_regions(&g) : add_current_ids(&g);
    if (result != 0 || g.names.count == 0)
        return result;
    const struct config_values *list = value_set_new_names(&g.names, loader->arena);
    if (list == NULL)
        return keyword_out_of_memory(loader);
    condition->lists[condition->count++] = list;
    return 0;
}
