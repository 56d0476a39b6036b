/* policy.yaml, `sets`: named lists of values. */
#include "config/rules/sets.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/rules/value_warnings.h"
#include "config/reader/keyword.h"
#include "config/reader/networks.h"

#include <string.h>

struct set {
    const char *name;
    struct mark mark;
    const struct yaml_node *node;
    const struct config_values *values;
    bool *used[2]; /* by the effect of the rule and the parameter's number */
    bool used_at_all;
    UT_hash_handle hh;
};

struct sets {
    struct set *items;
    struct set *by_name; /* uthash */
    size_t count;
};

int sets_read_patterns(struct loader *loader, const struct yaml_node *node, const char *what,
                       struct arena *arena, struct config_patterns *patterns)
{
    if (keyword_expect_items(loader, node, what) != 0)
        return -1;
    patterns->items = arena_array(arena, node->count, sizeof *patterns->items);
    if (patterns->items == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        if (keyword_expect_text(loader, item, what) != 0)
            return -1;
        const char *copy = arena_strdup(arena, item->text);
        if (copy == NULL)
            return keyword_out_of_memory(loader);
        patterns->items[patterns->count++] = copy;
    }
    return 0;
}

static void read_set(struct loader *loader, struct set *set)
{
    struct config_patterns patterns = {0};
    if (!text_is_name(set->name))
        report_error(loader->report, &set->mark,
                     "a set's name must be 1 to 64 letters, digits, '-', '_' or '.'");
    if (sets_read_patterns(loader, set->node, "a set", loader->scratch, &patterns) != 0)
        return; /* the report counts */
    set->values = value_set_new(&patterns, loader->arena);
    if (set->values == NULL)
        keyword_out_of_memory(loader);
}

struct sets *sets_read(struct loader *loader, const struct yaml_node *node)
{
    struct sets *sets = arena_alloc(loader->scratch, sizeof *sets);
    if (sets == NULL) {
        keyword_out_of_memory(loader);
        return NULL;
    }
    if (node == NULL || !keyword_expect(loader, node, YAML_MAP, "sets"))
        return sets;
    sets->items = arena_array(loader->scratch, node->count, sizeof *sets->items);
    if (sets->items == NULL) {
        keyword_out_of_memory(loader);
        return sets;
    }
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct set *set = &sets->items[sets->count++];
        *set = (struct set){.name = child->key, .mark = child->key_mark, .node = child};
        HASH_ADD_KEYPTR(hh, sets->by_name, set->name, strlen(set->name), set);
        if (set->hh.tbl == NULL)
            keyword_out_of_memory(loader);
        read_set(loader, set);
    }
    return sets;
}

/* Once for each parameter, however many rules name the set. */
static void check_range(struct loader *loader, struct set *set, uint32_t param, enum config_effect effect)
{
    bool **used = &set->used[effect];
    if (*used == NULL)
        *used = arena_array(loader->scratch, loader->config->param_name_count, sizeof **used);
    if (*used == NULL || param >= loader->config->param_name_count || (*used)[param])
        return; /* without memory there is no warning; the next allocation tells */
    (*used)[param] = true;
    for (const struct yaml_node *item = set->node->children; item != NULL; item = item->next)
        value_warnings_warn(loader, param, effect, item->text, &item->mark);
}

const struct config_values *sets_use(struct loader *loader, struct sets *sets, const char *name,
                                     uint32_t param, enum config_effect effect)
{
    static const struct config_values unreadable;
    struct set *set = NULL;
    HASH_FIND_STR(sets->by_name, name, set);
    if (set == NULL)
        return NULL;
    set->used_at_all = true;
    if (set->values == NULL)
        return &unreadable; /* has been reported */
    check_range(loader, set, param, effect);
    return set->values;
}

/* The set that an item names, or NULL: it is a network itself, or it has been reported. */
static struct set *source_set(struct loader *loader, struct sets *sets, const struct yaml_node *item)
{
    struct set *set = NULL;
    if (item->kind != YAML_SCALAR || item->text[0] != '$')
        return NULL;
    HASH_FIND_STR(sets->by_name, item->text + 1, set);
    if (set == NULL)
        report_error(loader->report, &item->mark, "there is no set '%.64s'", item->text + 1);
    return set;
}

static size_t count_sources(struct loader *loader, struct sets *sets, const struct yaml_node *node)
{
    size_t count = 0;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        const struct set *set = source_set(loader, sets, item);
        count += set == NULL ? 1 : set->node->count;
    }
    return count;
}

int sets_read_sources(struct loader *loader, struct sets *sets, const struct yaml_node *node,
                      struct arena *arena, struct network **networks, size_t *count)
{
    unsigned errors = loader->report->error_count;
    if (keyword_expect_items(loader, node, "from") != 0)
        return -1;
    *networks = arena_array(arena, count_sources(loader, sets, node), sizeof **networks);
    if (*networks == NULL || loader->report->error_count != errors)
        return *networks == NULL ? keyword_out_of_memory(loader) : -1;
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        struct set *set = source_set(loader, sets, item);
        if (set == NULL) {
            if (networks_read_one(loader, item, "from", &(*networks)[(*count)++]) != 0)
                return -1;
            continue;
        }
        set->used_at_all = true;
        for (const struct yaml_node *one = set->node->children; one != NULL; one = one->next)
            if (networks_read_one(loader, one, "from", &(*networks)[(*count)++]) != 0)
                return -1;
    }
    return 0;
}

void sets_done(struct sets *sets)
{
    HASH_CLEAR(hh, sets->by_name);
}

void sets_warn(struct loader *loader, const struct sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        if (!sets->items[i].used_at_all)
            report_find(loader->report,
                        &(struct report_kind){.severity = REPORT_SUGGESTION,
                                              .mark = &sets->items[i].mark,
                                              .advice = "take it out, or name it in a rule"},
                        "no rule uses the set '%s'", sets->items[i].name);
}
