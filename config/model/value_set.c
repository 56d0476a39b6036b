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
    copy->kind = values->kind;
    copy->range = values->range;
    copy->networks = values->networks;
    return copy;
}

/* A text with a '*' is none of them: it is a pattern to compare(), and only whole texts are looked at. */
bool value_set_name(const struct config_values *values, const char *text)
{
    return bsearch(&text, values->texts, values->exact, sizeof *values->texts, compare) != NULL;
}

/* ---- numbers and networks ---- */

enum { NUMBER_LENGTH_MAX = 64 };

bool value_set_parse_number(const char *text, long double *number)
{
    const char *at = text[0] == '-' ? text + 1 : text;
    size_t digits = strspn(at, "0123456789");
    const char *rest = at + digits;
    if (digits == 0 || strlen(text) > NUMBER_LENGTH_MAX)
        return false;
    if (*rest == '.') {
        size_t decimals = strspn(rest + 1, "0123456789");
        rest += 1 + decimals;
        if (decimals == 0)
            return false;
    }
    if (*rest != '\0')
        return false;
    *number = strtold(text, NULL); /* in the C locale */
    return true;
}

static bool in_range(const struct value_set_range *range, long double number)
{
    return (!range->has_min || number >= range->min) && (!range->has_max || number <= range->max);
}

static bool in_networks(const struct config_values *values, const struct network *network)
{
    for (uint32_t i = 0; i < values->patterns; i++)
        if (values->networks[i].prefix <= network->prefix && network_contains(&values->networks[i], network))
            return true;
    return false;
}

static bool match_kind(const struct config_values *values, const char *text)
{
    long double number;
    struct network network;
    if (values->kind == VALUE_SET_RANGE)
        return value_set_parse_number(text, &number) && in_range(values->range, number);
    return network_parse(text, &network) && in_networks(values, &network);
}

bool value_set_is_puzzled(const struct config_values *values, const char *text)
{
    long double number;
    struct network network;
    if (values->kind == VALUE_SET_TEXTS)
        return false;
    return values->kind == VALUE_SET_RANGE ? !value_set_parse_number(text, &number)
                                           : !network_parse(text, &network);
}

static bool range_covers(const struct value_set_range *wide, const struct value_set_range *narrow)
{
    return (!wide->has_min || (narrow->has_min && narrow->min >= wide->min)) &&
           (!wide->has_max || (narrow->has_max && narrow->max <= wide->max));
}

static bool networks_cover(const struct config_values *wide, const struct config_values *narrow)
{
    for (uint32_t i = 0; i < narrow->patterns; i++)
        if (!in_networks(wide, &narrow->networks[i]))
            return false;
    return true;
}

static bool has_everything(const struct config_values *values)
{
    for (uint32_t i = 0; i < values->patterns; i++)
        if (strcmp(values->texts[values->exact + i], "*") == 0)
            return true;
    return false;
}

bool value_set_covers(const struct config_values *wide, const struct config_values *narrow)
{
    if (wide->kind == VALUE_SET_TEXTS)
        return has_everything(wide);
    if (wide->kind == narrow->kind)
        return wide->kind == VALUE_SET_RANGE ? range_covers(wide->range, narrow->range)
                                             : networks_cover(wide, narrow);
    if (narrow->kind != VALUE_SET_TEXTS || narrow->patterns > 0)
        return false;
    for (uint32_t i = 0; i < narrow->exact; i++)
        if (!match_kind(wide, narrow->texts[i]))
            return false;
    return true;
}

const struct config_values *value_set_new_range(const struct value_set_range *range, const char *words,
                                                struct arena *arena)
{
    struct config_values *values = lay_out(&words, 1, arena);
    struct value_set_range *copy = arena_alloc(arena, sizeof *copy);
    if (values == NULL || copy == NULL)
        return NULL;
    *copy = *range;
    values->kind = VALUE_SET_RANGE;
    values->patterns = 1;
    values->range = copy;
    return values;
}

const struct config_values *value_set_new_networks(const struct config_patterns *texts,
                                                   const struct network *networks, struct arena *arena)
{
    struct config_values *values = lay_out(texts->items, texts->count, arena);
    struct network *copy = arena_array(arena, texts->count, sizeof *copy);
    if (values == NULL || copy == NULL)
        return NULL;
    memcpy(copy, networks, texts->count * sizeof *copy);
    values->kind = VALUE_SET_NETWORKS;
    values->patterns = (uint32_t)texts->count;
    values->networks = copy;
    return values;
}

/* ---- matching ---- */

/* Not by bsearch(3): decisions spend their time here. */
bool value_set_match(const struct config_values *values, const char *text)
{
    uint32_t low = 0;
    uint32_t high = values->exact;
    if (values->kind != VALUE_SET_TEXTS)
        return match_kind(values, text);
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
