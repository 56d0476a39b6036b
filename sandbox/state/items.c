#include "sandbox/state/items.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* The earlier item of the list that has this id, or 0; items count from 1. */
static size_t find_twin(const struct items_form *form, const struct keyword *keyword, const void *items,
                        size_t index, const char *id)
{
    for (size_t i = 0; i < index; i++) {
        const char *item = (const char *)items + i * form->item_size + keyword->offset;
        const char *other = *(const char *const *)(const void *)item;
        if (other != NULL && strcmp(other, id) == 0)
            return i + 1;
    }
    return 0;
}

static int store_secret(const struct items_desk *desk, const struct yaml_node *node, struct secret **out)
{
    *out = secret_new(node->text, strlen(node->text));
    return *out != NULL ? 0 : report_error(desk->report, &node->mark, "'%s' is too long", node->key);
}

static int store_text(const struct items_desk *desk, const struct yaml_node *node, const char **out)
{
    *out = arena_strdup(desk->state->arena, node->text);
    return *out != NULL ? 0 : report_error(desk->report, &node->mark, "out of memory");
}

static int store_reference(const struct items_desk *desk, const struct yaml_node *node, const char *list,
                           void *found, void **out)
{
    *out = found;
    return found != NULL
               ? 0
               : report_error(desk->report, &node->mark, "'%.64s' is not among the %s", node->text, list);
}

/* `field` lies at the keyword's offset in the item. */
static int store(const struct items_desk *desk, enum keyword_kind kind, const struct yaml_node *node,
                 void *field)
{
    switch (kind) {
    case KEYWORD_SECRET:
        return store_secret(desk, node, field);
    case KEYWORD_VPC:
        return store_reference(desk, node, "vpcs", state_vpc(desk->state, node->text), field);
    case KEYWORD_INSTANCE:
        return store_reference(desk, node, "instances", state_instance(desk->state, node->text), field);
    case KEYWORD_REGION:
        *(const struct state_region **)field = state_region(desk->state, node->text);
        if (*(const struct state_region **)field == NULL)
            return report_error(desk->report, &node->mark, "'%.64s' is not among the regions", node->text);
        return 0;
    case KEYWORD_ID:
        if (!text_is_name(node->text))
            return report_error(desk->report, &node->mark,
                                "'%s' must be letters, digits, '-', '_' and '.', at most 64", node->key);
        return store_text(desk, node, field);
    default:
        return store_text(desk, node, field);
    }
}

static int read_value(const struct items_desk *desk, const struct items_form *form,
                      const struct keyword *keyword, const struct yaml_node *node, void *items, size_t index)
{
    if (node->kind != YAML_SCALAR || node->text[0] == '\0' ||
        text_has_control(node->text, strlen(node->text)))
        return report_error(desk->report, &node->mark, "'%s' must be a line of text", node->key);
    if (keyword->kind == KEYWORD_ID) {
        size_t twin = find_twin(form, keyword, items, index, node->text);
        if (twin != 0)
            return report_error(desk->report, &node->mark, "'%s' is the same as in item %zu of %s", node->key,
                                twin, form->key);
    }
    return store(desk, keyword->kind, node, (char *)items + index * form->item_size + keyword->offset);
}

static const struct keyword *find_keyword(const struct items_form *form, const char *key)
{
    for (size_t i = 0; i < form->keyword_count; i++)
        if (strcmp(form->keywords[i].key, key) == 0)
            return &form->keywords[i];
    return NULL;
}

static int report_unknown(const struct items_desk *desk, const struct items_form *form,
                          const struct yaml_node *node)
{
    char known[160] = "";
    for (size_t i = 0; i < form->keyword_count; i++) {
        size_t length = strlen(known);
        (void)snprintf(known + length, sizeof known - length, "%s%s", i == 0 ? "" : ", ",
                       form->keywords[i].key);
    }
    return report_error(desk->report, &node->key_mark, "%s has no key '%.64s' (%s)", form->key, node->key,
                        known);
}

static void read_item(const struct items_desk *desk, const struct items_form *form,
                      const struct yaml_node *map, void *items, size_t index)
{
    if (map->kind != YAML_MAP) {
        report_error(desk->report, &map->mark, "an item of %s must be a map, not %s", form->key,
                     yaml_kind_name(map->kind));
        return;
    }
    for (const struct yaml_node *node = map->children; node != NULL; node = node->next) {
        const struct keyword *keyword = find_keyword(form, node->key);
        if (keyword == NULL)
            (void)report_unknown(desk, form, node);
        else
            (void)read_value(desk, form, keyword, node, items, index);
    }
    for (size_t i = 0; i < form->keyword_count; i++)
        if (form->keywords[i].need == REQUIRED && yaml_get(map, form->keywords[i].key) == NULL)
            report_error(desk->report, &map->mark, "%s: the key '%s' is missing", form->key,
                         form->keywords[i].key);
}

/* *count grows while they are read, so that state_free() finds the secrets of a list that turned out
 * wrong. */
void *items_read(const struct items_desk *desk, const struct items_form *form, const struct yaml_node *root,
                 size_t *count)
{
    const struct yaml_node *node = yaml_get(root, form->key);
    if (node == NULL)
        return NULL;
    if (node->kind != YAML_LIST || node->count > ITEMS_MAX) {
        report_error(desk->report, &node->mark, "'%s' must be a list of at most %d items", form->key,
                     ITEMS_MAX);
        return NULL;
    }
    void *items = arena_array(desk->state->arena, node->count + 1, form->item_size);
    if (items == NULL) {
        report_error(desk->report, &node->mark, "out of memory");
        return NULL;
    }
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next)
        read_item(desk, form, item, items, (*count)++);
    return items;
}
