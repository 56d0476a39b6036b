#include "gateway/console/past.h"

#include "base/json.h"

#include <string.h>

enum { PAST_DEPTH = 8, PAST_MEMBER = 2048 };

struct line_ring *past_lines(const struct page *page)
{
    struct line_ring *ring = atomic_load_explicit(&page->gateway->access.ring, memory_order_acquire);
    return ring == NULL ? line_ring_new() : line_ring_copy(ring);
}

json_t *past_parse(const char *bytes, size_t length)
{
    if (json_depth(bytes, length, PAST_DEPTH) > PAST_DEPTH)
        return NULL;
    json_t *line = json_loadb(bytes, length, 0, NULL);
    if (json_is_object(line))
        return line;
    json_decref(line);
    return NULL;
}

const char *past_text(const json_t *line, const char *key)
{
    const char *text = json_string_value(json_object_get(line, key));
    return text == NULL ? "" : text;
}

bool past_has_member(const char *bytes, size_t length, const char *key, const char *text)
{
    char memory[PAST_MEMBER];
    struct buf member;
    buf_init_in(&member, memory, sizeof memory);
    json_put_string(&member, key, strlen(key));
    buf_put_char(&member, ':');
    json_put_string(&member, text, strlen(text));
    return member.failed || memmem(bytes, length, buf_text(&member), member.length) != NULL;
}
