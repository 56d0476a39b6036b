#include "gateway/dump.h"

/* Not json_dumps(): jansson 2.14 does not look whether an object's key found room in the text that it makes,
 * and gives a text without it when memory is out.  Nothing has to grow here. */
const char *dump_json(const json_t *value, struct arena *arena)
{
    static const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char nothing[1];
    size_t size = json_dumpb(value, nothing, 0, flags);
    char *text = size == 0 ? NULL : arena_alloc(arena, size + 1);
    return text != NULL && json_dumpb(value, text, size, flags) == size ? text : NULL;
}
