#include "config/rights/rule_hash.h"

#include <stdlib.h>
#include <string.h>

/* ---- the hash: FNV-1a, which gives that of each beginning on its way ---- */

enum { FNV_PRIME = 16777619 };

static uint32_t hash_begin(uint32_t param)
{
    return (2166136261U ^ param) * FNV_PRIME;
}

static uint32_t hash_step(uint32_t state, char byte)
{
    return (state ^ (unsigned char)byte) * FNV_PRIME;
}

/* A whole text is another one than the same as a beginning; the last steps also stir the low bits. */
static uint32_t hash_end(uint32_t state, bool prefix)
{
    state = hash_step(state, prefix ? '*' : '\0');
    return state ^ state >> 15;
}

static uint32_t hash_text(const struct rule_hash_key *key)
{
    uint32_t state = hash_begin(key->param);
    for (size_t i = 0; i < key->length; i++)
        state = hash_step(state, key->text[i]);
    return hash_end(state, key->prefix);
}

/* ---- which condition a rule is filed under ---- */

/* A text of a condition of a rule. */
struct entry {
    struct rule_hash_key key; /* without hash, start and count */
    uint32_t rule, condition;
    uint32_t shared; /* entries with that key */
};

struct maker {
    const struct config_rule **rules;
    size_t count;
    struct arena *arena, *scratch;
    struct entry *entries;
    size_t entry_count;
    uint32_t *chosen; /* by rule: the condition, or UINT32_MAX */
};

static size_t count_texts(const struct config_condition *condition)
{
    size_t count = 0;
    for (uint32_t i = 0; i < condition->count; i++)
        count += condition->lists[i]->exact + condition->lists[i]->patterns;
    return count;
}

/* Only where it holds for nothing but a value that has one of the texts. */
static bool can_be_filed(const struct config_rule *rule, const struct config_condition *condition)
{
    size_t texts = count_texts(condition);
    if ((rule->effect == CONFIG_DENY && rule->strict) || texts == 0 || texts > RULE_HASH_TEXTS)
        return false;
    for (uint32_t i = 0; i < condition->count; i++) {
        const struct config_values *list = condition->lists[i];
        if (list->kind != VALUE_SET_TEXTS)
            return false;
        for (uint32_t j = 0; j < list->patterns; j++)
            if (list->texts[list->exact + j][0] == '*')
                return false;
    }
    return true;
}

static void add_entries(struct maker *maker, size_t rule, size_t condition)
{
    const struct config_condition *from = &maker->rules[rule]->conditions[condition];
    for (uint32_t i = 0; i < from->count; i++)
        for (uint32_t j = 0; j < from->lists[i]->exact + from->lists[i]->patterns; j++) {
            const char *text = from->lists[i]->texts[j];
            bool prefix = j >= from->lists[i]->exact;
            size_t length = prefix ? strcspn(text, "*") : strlen(text);
            if (prefix && length > RULE_HASH_PREFIX)
                length = RULE_HASH_PREFIX;
            maker->entries[maker->entry_count++] = (struct entry){
                .key = {.text = text, .length = (uint32_t)length, .param = from->param, .prefix = prefix},
                .rule = (uint32_t)rule,
                .condition = (uint32_t)condition};
        }
}

static int compare_keys(const struct rule_hash_key *left, const struct rule_hash_key *right)
{
    if (left->param != right->param)
        return left->param < right->param ? -1 : 1;
    if (left->prefix != right->prefix)
        return left->prefix ? 1 : -1;
    if (left->length != right->length)
        return left->length < right->length ? -1 : 1;
    return strncmp(left->text, right->text, left->length);
}

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    int order = compare_keys(&a->key, &b->key);
    return order != 0 ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static size_t count_shared(const struct maker *maker, size_t first)
{
    size_t end = first + 1;
    while (end < maker->entry_count &&
           compare_keys(&maker->entries[end].key, &maker->entries[first].key) == 0)
        end++;
    return end - first;
}

static bool list_entries(struct maker *maker, size_t room)
{
    size_t texts = 0;
    for (size_t i = 0; i < maker->count; i++)
        for (size_t j = 0; j < maker->rules[i]->condition_count; j++)
            if (can_be_filed(maker->rules[i], &maker->rules[i]->conditions[j]))
                texts += count_texts(&maker->rules[i]->conditions[j]);
    if (texts == 0 || texts > room)
        return false;
    maker->entries = arena_array(maker->scratch, texts, sizeof *maker->entries);
    for (size_t i = 0; maker->entries != NULL && i < maker->count; i++)
        for (size_t j = 0; j < maker->rules[i]->condition_count; j++)
            if (can_be_filed(maker->rules[i], &maker->rules[i]->conditions[j]))
                add_entries(maker, i, j);
    return true;
}

/* By rule: the condition of which the text that most rules share is shared by fewest. */
static bool choose(struct maker *maker)
{
    uint32_t conditions = 0;
    for (size_t i = 0; i < maker->count; i++)
        if (maker->rules[i]->condition_count > conditions)
            conditions = maker->rules[i]->condition_count;
    uint32_t *worst = arena_array(maker->scratch, maker->count * conditions, sizeof *worst);
    maker->chosen = arena_array(maker->scratch, maker->count, sizeof *maker->chosen);
    if (worst == NULL || maker->chosen == NULL)
        return false;
    for (size_t i = 0, shared = 0; i < maker->entry_count; i += shared) {
        shared = count_shared(maker, i);
        for (size_t j = i; j < i + shared; j++) {
            uint32_t *place = &worst[maker->entries[j].rule * conditions + maker->entries[j].condition];
            *place = *place > shared ? *place : (uint32_t)shared;
        }
    }
    for (size_t i = 0; i < maker->count; i++) {
        size_t best = maker->count / 4; /* what a quarter of all share leads nowhere */
        maker->chosen[i] = UINT32_MAX;
        for (uint32_t j = 0; j < maker->rules[i]->condition_count; j++)
            if (worst[i * conditions + j] != 0 && worst[i * conditions + j] <= best) {
                best = worst[i * conditions + j] - 1;
                maker->chosen[i] = j;
            }
    }
    return true;
}

/* ---- writing it ---- */

/* Leaves the entries under which rules are filed, each once; how many keys they have. */
static size_t keep_chosen(struct maker *maker)
{
    size_t kept = 0;
    size_t keys = 0;
    for (size_t i = 0; i < maker->entry_count; i++) {
        const struct entry *entry = &maker->entries[i];
        const struct entry *last = kept == 0 ? NULL : &maker->entries[kept - 1];
        bool same = last != NULL && compare_keys(&last->key, &entry->key) == 0;
        if (maker->chosen[entry->rule] != entry->condition || (same && last->rule == entry->rule))
            continue;
        keys += !same;
        maker->entries[kept++] = *entry;
    }
    maker->entry_count = kept;
    return keys;
}

static void place_key(uint32_t *places, uint32_t mask, const struct rule_hash_key *key, size_t index)
{
    uint32_t at = key->hash & mask;
    while (places[at] != 0)
        at = (at + 1) & mask;
    places[at] = (uint32_t)index + 1;
}

/* The entries are in the order of their parameters. */
static size_t count_params(const struct maker *maker)
{
    size_t count = 1;
    for (size_t i = 1; i < maker->entry_count; i++)
        count += maker->entries[i].key.param != maker->entries[i - 1].key.param;
    return count;
}

static void note_key(struct rule_hash_param *params, size_t *count, const struct rule_hash_key *key)
{
    if (*count == 0 || params[*count - 1].param != key->param)
        params[(*count)++].param = key->param;
    struct rule_hash_param *param = &params[*count - 1];
    if (key->prefix)
        param->prefixes |= UINT64_C(1) << key->length;
    if (key->length > param->longest)
        param->longest = key->length;
}

static void count_allows(const struct maker *maker, struct rule_hash_param *params, size_t count)
{
    for (size_t i = 0; i < maker->count; i++) {
        const struct config_rule *rule = maker->rules[i];
        if (maker->chosen[i] == UINT32_MAX || rule->effect != CONFIG_ALLOW || rule->audit)
            continue;
        const struct config_condition *filed = &rule->conditions[maker->chosen[i]];
        for (size_t j = 0; j < count; j++)
            if (params[j].param == filed->param) {
                params[j].allows++;
                params[j].filed = filed;
            }
    }
}

static bool write_keys(const struct maker *maker, struct rule_hash *hash)
{
    uint32_t size = 4;
    while (size < 2 * hash->key_count)
        size *= 2;
    uint32_t *places = arena_array(maker->arena, size, sizeof *places);
    struct rule_hash_key *keys = arena_array(maker->arena, hash->key_count, sizeof *keys);
    struct rule_hash_param *params = arena_array(maker->arena, count_params(maker), sizeof *params);
    hash->rules = arena_array(maker->arena, maker->entry_count, sizeof *hash->rules);
    if (places == NULL || keys == NULL || params == NULL || hash->rules == NULL)
        return false;
    for (size_t i = 0, key = 0; i < maker->entry_count; key++) {
        size_t shared = count_shared(maker, i);
        keys[key] = maker->entries[i].key;
        keys[key].hash = hash_text(&keys[key]);
        keys[key].start = (uint32_t)i;
        keys[key].count = (uint32_t)shared;
        place_key(places, size - 1, &keys[key], key);
        note_key(params, &hash->param_count, &keys[key]);
        for (size_t end = i + shared; i < end; i++)
            hash->rules[hash->rule_count++] = maker->rules[maker->entries[i].rule];
    }
    count_allows(maker, params, hash->param_count);
    hash->params = params;
    hash->places = places;
    hash->mask = size - 1;
    hash->keys = keys;
    return true;
}

static bool write_rest(const struct maker *maker, struct rule_hash *hash)
{
    for (size_t i = 0; i < maker->count; i++)
        hash->rest_count += maker->chosen[i] == UINT32_MAX;
    hash->rest = arena_array(maker->arena, hash->rest_count, sizeof *hash->rest);
    if (hash->rest == NULL)
        return false;
    for (size_t i = 0, at = 0; i < maker->count; i++)
        if (maker->chosen[i] == UINT32_MAX)
            hash->rest[at++] = maker->rules[i];
    return true;
}

const struct rule_hash *rule_hash_new(const struct config_rule **rules, size_t count, size_t room,
                                      struct arena *arena, struct arena *scratch, bool *failed)
{
    struct maker maker = {.rules = rules, .count = count, .arena = arena, .scratch = scratch};
    *failed = false;
    if (count < RULE_HASH_MIN || !list_entries(&maker, room))
        return NULL;
    *failed = true;
    if (maker.entries == NULL)
        return NULL;
    qsort(maker.entries, maker.entry_count, sizeof *maker.entries, compare_entries);
    if (!choose(&maker))
        return NULL;
    *failed = false;
    size_t keys = keep_chosen(&maker);
    if (keys == 0)
        return NULL;
    struct rule_hash *hash = arena_alloc(arena, sizeof *hash);
    *failed = true;
    if (hash == NULL)
        return NULL;
    *hash = (struct rule_hash){.key_count = keys};
    if (!write_keys(&maker, hash) || !write_rest(&maker, hash))
        return NULL;
    *failed = false;
    return hash;
}

/* ---- finding ---- */

struct rule_hash_cursor rule_hash_find(const struct rule_hash *hash, const struct rule_hash_param *param,
                                       const char *value)
{
    return (struct rule_hash_cursor){
        .hash = hash, .param = param, .value = value, .state = hash_begin(param->param)};
}

static bool find_key(const struct rule_hash_cursor *cursor, bool prefix, struct config_bucket_rules *found)
{
    const struct rule_hash *hash = cursor->hash;
    uint32_t sought = hash_end(cursor->state, prefix);
    for (uint32_t at = sought & hash->mask; hash->places[at] != 0; at = (at + 1) & hash->mask) {
        const struct rule_hash_key *key = &hash->keys[hash->places[at] - 1];
        if (key->hash == sought && key->param == cursor->param->param && key->prefix == prefix &&
            key->length == cursor->at && strncmp(key->text, cursor->value, cursor->at) == 0) {
            *found = (struct config_bucket_rules){.items = hash->rules + key->start, .count = key->count};
            return true;
        }
    }
    return false;
}

bool rule_hash_next(struct rule_hash_cursor *cursor, struct config_bucket_rules *found)
{
    while (!cursor->ended) {
        bool asked = cursor->at <= RULE_HASH_PREFIX && (cursor->param->prefixes >> cursor->at & 1) != 0;
        bool there = asked && find_key(cursor, true, found);
        cursor->ended = cursor->value[cursor->at] == '\0' || cursor->at >= cursor->param->longest;
        if (!cursor->ended)
            cursor->state = hash_step(cursor->state, cursor->value[cursor->at++]);
        if (there)
            return true;
    }
    bool whole = !cursor->done && cursor->value[cursor->at] == '\0' && find_key(cursor, false, found);
    cursor->done = true;
    return whole;
}
