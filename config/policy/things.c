/* A rule is about things, and a thing may have several names: former ids that the policy knows, short names
 * of regions.  Calls are judged by the current id and the one name of a region; so the texts of a rule that
 * say another name stand for these, too. */
#include "config/policy/things.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

/* One condition while its names are gathered. */
struct gathering {
    struct loader *loader;
    enum config_effect effect;
    const struct config_condition *condition; /* its sets; lists[0] is not there yet */
    struct config_patterns *own;
    size_t given; /* of own: what stands in the rule */
    size_t room;
};

static int add(struct gathering *g, const char *text)
{
    struct config_patterns *own = g->own;
    for (size_t i = 0; i < own->count; i++)
        if (strcmp(own->items[i], text) == 0)
            return 0;
    if (own->count == g->room) {
        size_t room = g->room * 2 + 8;
        const char **items = arena_array(g->loader->scratch, room, sizeof *items);
        if (items == NULL)
            return keyword_out_of_memory(g->loader);
        if (own->count > 0)
            memcpy(items, own->items, own->count * sizeof *items);
        own->items = items;
        g->room = room;
    }
    own->items[own->count++] = text;
    return 0;
}

/* What the condition says about one text.  A deny reaches a thing by any name that one of its patterns has;
 * an allow only by a name that it says in full. */
static bool says(const struct gathering *g, const char *text)
{
    for (size_t i = 0; i < g->given; i++)
        if (strcmp(g->own->items[i], text) == 0 ||
            (g->effect == CONFIG_DENY && text_matches(g->own->items[i], text)))
            return true;
    for (uint32_t i = 1; i < g->condition->count; i++)
        if (g->effect == CONFIG_DENY ? values_match(g->condition->lists[i], text)
                                     : values_name(g->condition->lists[i], text))
            return true;
    return false;
}

/* ---- former ids ---- */

static bool has_former(const struct config *config, uint32_t number)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++)
            if (config->routes[i].params[j].number == number && config->routes[i].params[j].formers != NULL)
                return true;
    return false;
}

static int add_current_ids(struct gathering *g)
{
    const struct config *config = g->loader->config;
    if (config->former_id_count == 0 || !has_former(config, g->condition->param))
        return 0;
    for (size_t i = 0; i < config->former_id_count; i++)
        if (says(g, config->former_ids[i].former) && add(g, config->former_ids[i].current) != 0)
            return -1;
    return 0;
}

/* ---- regions ---- */

static bool is_said(const char *text, const struct config_region *region, enum config_effect effect)
{
    char lower[CONFIG_VALUE_MAX + 1];
    size_t length = strlen(text);
    if (strchr(text, '*') == NULL)
        return strcasecmp(text, region->name) == 0 ||
               (region->short_name != NULL && strcasecmp(text, region->short_name) == 0);
    if (length > CONFIG_VALUE_MAX)
        return false;
    for (size_t i = 0; i <= length; i++)
        lower[i] = (char)tolower((unsigned char)text[i]);
    return text_matches(lower, region->name) ||
           (effect == CONFIG_DENY && region->short_name != NULL && text_matches(lower, region->short_name));
}

static bool is_in_sets(const struct gathering *g, const struct config_region *region)
{
    for (uint32_t i = 1; i < g->condition->count; i++) {
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
        bool said = is_in_sets(g, region);
        for (size_t j = 0; j < g->given && !said; j++)
            said = is_said(g->own->items[j], region, g->effect);
        if (said && add(g, region->name) != 0)
            return -1;
    }
    return 0;
}

int things_add(struct loader *loader, enum config_effect effect, const struct config_condition *condition,
               struct config_patterns *own)
{
    struct gathering g = {.loader = loader,
                          .effect = effect,
                          .condition = condition,
                          .own = own,
                          .given = own->count,
                          .room = own->count};
    return condition->param == CONFIG_REGION ? add_regions(&g) : add_current_ids(&g);
}
