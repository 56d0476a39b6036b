#include "config/reader/networks.h"

#include "config/reader/keyword.h"

int networks_read_one(struct loader *loader, const struct yaml_node *item, const char *what,
                      struct network *network)
{
    if (keyword_expect_text(loader, item, what) != 0)
        return -1;
    if (network_parse(item->text, network))
        return 0;
    return report_error(loader->report, &item->mark,
                        "%s must list networks such as 10.0.0.0/8, without bits behind the prefix: '%.64s'",
                        what, item->text);
}

int networks_read(struct loader *loader, const struct yaml_node *node, const char *what, struct arena *arena,
                  struct network **networks, size_t *count)
{
    if (keyword_expect_items(loader, node, what) != 0)
        return -1;
    *networks = arena_array(arena, node->count, sizeof **networks);
    if (*networks == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *item = node->children; item != NULL; item = item->next)
        if (networks_read_one(loader, item, what, &(*networks)[(*count)++]) != 0)
            return -1;
    return 0;
}
