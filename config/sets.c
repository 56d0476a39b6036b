/* policy.yaml, `sets`: named lists of values. */
#include "config/parts.h"

#include "base/text.h"

#include <string.h>

struct set {
    const char *name;
    struct mark mark;
    struct config_patterns patterns;
    bool used;
    UT_hash_handle hh;
};

struct sets {
    struct set *items;
    struct set *by_name; /* uthash */
    size_t count;
};

int sets_read_patterns(struct loader *loader, const struct yaml_node *node, const char *what,
                       struct config_patterns *patterns)
{
    if (!keyword_expect(loader, node, YAML_LIST, what))
        return -1;
    if (node->count == 0)
        return report_error(loader->report, &node->mark, "%.64s is an empty list: it would never match",
                            what);
    patterns->items = arena_array(loader->arena, node->count, sizeof *patterns->items);
    if (patterns->items == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next) {
        if (!keyword_expect(loader, item, YAML_SCALAR, what))
            return -1;
        if (item->text[0] == '\0' || text_has_control(item->text, strlen(item->text)))
            return report_error(loader->report, &item->mark,
                                "%.64s holds an empty text or a control character", what);
        patterns->items[patterns->count++] = item->text;
    }
    return 0;
}

struct sets *sets_read(struct loader *loader, const struct yaml_node *node)
{
    struct sets *sets = arena_alloc(loader->arena, sizeof *sets);
    if (sets == NULL) {
        keyword_out_of_memory(loader);
        return NULL;
    }
    if (node == NULL || !keyword_expect(loader, node, YAML_MAP, "sets"))
        return sets;
    sets->items = arena_array(loader->arena, node->count, sizeof *sets->items);
    if (sets->items == NULL) {
        keyword_out_of_memory(loader);
        return sets;
    }
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct set *set = &sets->items[sets->count++];
        set->name = child->key;
        set->mark = child->key_mark;
        HASH_ADD_KEYPTR(hh, sets->by_name, set->name, strlen(set->name), set);
        if (!text_is_name(set->name))
            report_error(loader->report, &child->key_mark,
                         "a set's name must be 1 to 64 letters, digits, '-', '_' or '.'");
        (void)sets_read_patterns(loader, child, "a set", &set->patterns); /* the report counts */
    }
    return sets;
}

const struct config_patterns *sets_use(struct sets *sets, const char *name)
{
    struct set *set = NULL;
    HASH_FIND_STR(sets->by_name, name, set);
    if (set == NULL)
        return NULL;
    set->used = true;
    return &set->patterns;
}

void sets_done(struct sets *sets)
{
    HASH_CLEAR(hh, sets->by_name);
}

void sets_warn(struct loader *loader, const struct sets *sets)
{
    for (size_t i = 0; i < sets->count; i++)
        if (!sets->items[i].used)
            report_warning(loader->report, &sets->items[i].mark, "no rule uses the set '%s'",
                           sets->items[i].name);
}
