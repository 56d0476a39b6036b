#include "config/model/value_set.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool is_pattern(const char *text)
{
    return strchr(text, '*') != NULL;
}

/* Whole texts first, in order; patterns behind them, in any. */
static int compare(const void *left, const void *right)
{
    const char *a = *(const char *const *)left;
    const char *b = *(const char *const *)right;
    if (is_pattern(a) != is_pattern(b))
        return is_pattern(a) ? 1 : -1;
    return strcmp(a, b);
}

/* Header, pointers and bytes in one piece. */
static struct config_values *lay_out(const char *const *texts, size_t count, struct arena *arena)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(texts[i]) + 1;
    struct config_values *values = arena_alloc(arena, sizeof *values + count * sizeof *values->texts + bytes);
    if (values == NULL)
        return NULL;
    char *at = (char *)(values->texts + count);
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(texts[i]) + 1;
        memcpy(at, texts[i], size);
        values->texts[i] = at;
        at += size;
    }
    return values;
}

static struct config_values *make(const struct config_patterns *patterns, struct arena *arena)
{
    struct config_values *values = lay_out(patterns->items, patterns->count, arena);
    if (values == NULL)
        return NULL;
    if (patterns->count > 1)
        qsort(values->texts, patterns->count, sizeof *values->texts, compare);
    while (values->exact < patterns->count && !is_pattern(values->texts[values->exact]))
        values->exact++;
    values->patterns = (uint32_t)(patterns->count - values->exact); /* a file has fewer than 2^32 bytes */
    return values;
}

const struct config_values *value_set_new(const struct config_patterns *patterns, struct arena *arena)
{
    return make(patterns, arena);
}

const struct config_values *value_set_new_names(const struct config_patterns *patterns, struct arena *arena)
{
    struct config_values *values = make(patterns, arena);
    if (values != NULL)
        values->other_names = true;
    return values;
}

const struct config_values *value_set_copy(const struct config_values *values, struct arena *arena)
{
    struct config_values *copy = lay_out(values->texts, values->exact + values->patterns, arena);
    if (copy == NULL)
        return NULL;
    copy->exact = values->exact;
    copy->patterns = values->patterns;
    copy->other_names = values->other_names;
    return copy;
}

/* A text with a '*' is none of them: it is a pattern to compare(), and only whole texts are looked at. */
bool value_set_name(const struct config_values *values, const char *text)
{
    return bsearch(&text, values->texts, values->exact, sizeof *values->texts, compare) != NULL;
}

/* Not by bsearch(3): decisions spend their time here. */
bool value_set_match(const struct config_values *values, const char *text)
{
    uint32_t low = 0;
    uint32_t high = values->exact;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(text, values->texts[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    for (uint32_t i = 0; i < values->patterns; i++)
        if (text_matches(values->texts[values->exact + i], text))
            return true;
    return false;
}
