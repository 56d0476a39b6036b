#include "gateway/console/past.h"

#include "base/json/json.h"

#include <stdio.h>
#include <string.h>

enum { PAST_DEPTH = 8, PAST_MEMBER = 2048, PAST_KEY = 160 };

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

bool past_name(const char *bytes, size_t length, const char *key, char name[PAST_NAME])
{
    char member[PAST_NAME];
    int size = snprintf(member, sizeof member, "\"%s\":\"", key);
    const char *at = memmem(bytes, length, member, (size_t)size);
    size_t i = 0;
    if (at == NULL)
        return false;
    for (at += size; at < bytes + length && *at != '"' && *at != '\\' && i + 1 < PAST_NAME; at++)
        name[i++] = *at;
    name[i] = '\0';
    return i > 0 && at < bytes + length && *at == '"';
}

/* Names have no blank in them. */
static void put_key(char key[PAST_KEY], const char *client, const char *token)
{
    (void)snprintf(key, PAST_KEY, "%s %s", client, token);
}

json_t *past_tokens(const struct line_ring *lines)
{
    char key[PAST_KEY];
    char client[PAST_NAME];
    char token[PAST_NAME];
    json_t *tokens = json_object();
    const char *bytes;
    size_t length;
    for (size_t i = 0; (bytes = line_ring_at(lines, i, &length)) != NULL; i++) {
        if (!past_name(bytes, length, "client", client) || !past_name(bytes, length, "token", token))
            continue;
        put_key(key, client, token);
        json_t *line = json_object_get(tokens, key) == NULL ? past_parse(bytes, length) : NULL;
        if (line != NULL)
            (void)json_object_set_new(tokens, key,
                                      json_pack("{s:s, s:s}", "time", past_text(line, "time"), "source",
                                                past_text(line, "source")));
        json_decref(line);
    }
    return tokens;
}

const json_t *past_token(const json_t *tokens, const char *client, const char *token)
{
    char key[PAST_KEY];
    put_key(key, client, token);
    return json_object_get(tokens, key);
}
