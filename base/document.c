#include "base/document.h"

#include <stdlib.h>

/* jansson's allocations have no other way to tell; each thread reads one document at a time. */
static _Thread_local bool out_of_memory;

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    out_of_memory = out_of_memory || memory == NULL;
    return memory;
}

void document_init(void)
{
    json_set_alloc_funcs(allocate, free);
    json_object_seed(0); /* jansson's own advice */
}

json_t *document_read(const char *bytes, size_t length, json_error_t *where)
{
    out_of_memory = false;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, where);
    if (!out_of_memory)
        return root;
    json_decref(root);
    where->line = -1;
    return NULL;
}

/* Not json_dumps(), whose text grows: nothing has to here. */
const char *document_text(const json_t *value, struct arena *arena)
{
    static const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    char nothing[1];
    size_t size = json_dumpb(value, nothing, 0, flags);
    char *text = size == 0 ? NULL : arena_alloc(arena, size + 1);
    return text != NULL && json_dumpb(value, text, size, flags) == size ? text : NULL;
}
