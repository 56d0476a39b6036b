#include "gateway/dryrun/suggestions.h"

#include "base/json/json.h"
#include "gateway/dryrun/past_line.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A group is what one rule is for:
 *   {"client", "action", "allow": bool, "count": 3, "first", "last": times,
 *    "params": {name: {value: null, ...}}}       all values of those that every call had, the region and the
 *                                                account
 */
struct suggestions {
    json_t *groups; /* by what its calls have in common */
    unsigned long long others;
    unsigned long long by_deny; /* denied by a rule: no allow would help */
    bool failed;                /* memory was out, so that a condition may be missing */
};

struct suggestions *suggestions_new(void)
{
    struct suggestions *suggestions = calloc(1, sizeof *suggestions);
    if (suggestions == NULL)
        return NULL;
    suggestions->groups = json_object();
    if (suggestions->groups != NULL)
        return suggestions;
    free(suggestions);
    return NULL;
}

void suggestions_free(struct suggestions *suggestions)
{
    if (suggestions == NULL)
        return;
    json_decref(suggestions->groups);
    free(suggestions);
}

bool suggestions_failed(const struct suggestions *suggestions)
{
    return suggestions->failed;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* ---- what is seen ---- */

/* "vpc:CreateVpc" of the cloud's own documents, else the name alone. */
static json_t *action_of(const json_t *line)
{
    const char *service = text_of(line, "service");
    return service[0] == '\0' ? json_string(text_of(line, "action"))
                              : json_sprintf("%s:%s", service, text_of(line, "action"));
}

/* What calls of one rule have in common: of a list only that it is there. */
static json_t *common_of(const json_t *params)
{
    const char *name;
    json_t *value;
    json_t *common = json_object();
    json_object_foreach((json_t *)(uintptr_t)params, name, value)
    {
        if (json_object_set(common, name, json_is_string(value) ? value : json_null()) != 0) {
            json_decref(common);
            return NULL;
        }
    }
    return common;
}

static int add_value(json_t *values, const json_t *value)
{
    return json_is_string(value) ? json_object_set_new(values, json_string_value(value), json_null()) : 0;
}

static int add_values(json_t *params, const char *name, const json_t *value)
{
    json_t *values = json_object_get(params, name);
    if (values == NULL) {
        values = json_object();
        if (json_object_set_new(params, name, values) != 0)
            return -1;
    }
    if (json_object_size(values) > SUGGESTIONS_VALUES)
        return 0;
    int result = add_value(values, value);
    for (size_t i = 0; i < json_array_size(value) && result == 0; i++)
        result = add_value(values, json_array_get(value, i));
    return result;
}

static json_t *group_new(const json_t *line, bool allowed)
{
    return json_pack("{s:s, s:o, s:b, s:I, s:s, s:s, s:{}}", "client", text_of(line, "client"), "action",
                     action_of(line), "allow", allowed, "count", (json_int_t)0, "first",
                     text_of(line, "time"), "last", "", "params");
}

/* The group of the call, which is new where there was none; NULL: there is no room, or no memory. */
static json_t *find_group(struct suggestions *suggestions, const json_t *line, bool allowed)
{
    json_t *parts = json_pack("[s, o, b, s, s, o]", text_of(line, "client"), action_of(line), allowed,
                              text_of(line, "account"), text_of(line, "region"),
                              common_of(json_object_get(line, "params")));
    char *key = parts == NULL ? NULL : json_dumps(parts, JSON_COMPACT | JSON_SORT_KEYS);
    json_t *group = key == NULL ? NULL : json_object_get(suggestions->groups, key);
    if (key == NULL) {
        suggestions->failed = true;
    } else if (group == NULL && json_object_size(suggestions->groups) >= SUGGESTIONS_MAX) {
        suggestions->others++;
    } else if (group == NULL) {
        group = group_new(line, allowed);
        if (json_object_set_new(suggestions->groups, key, group) != 0) {
            suggestions->failed = true;
            group = NULL;
        }
    }
    free(key);
    json_decref(parts);
    return group;
}

static int add_call(json_t *group, const json_t *line)
{
    const char *name;
    json_t *value;
    json_t *params = json_object_get(group, "params");
    json_t *count = json_object_get(group, "count");
    int result = json_integer_set(count, json_integer_value(count) + 1);
    if (json_is_string(json_object_get(line, "time")) &&
        json_object_set(group, "last", json_object_get(line, "time")) != 0)
        result = -1;
    if (json_is_string(json_object_get(line, "account")) && /* there are several */
        add_values(params, "account", json_object_get(line, "account")) != 0)
        result = -1;
    if (add_values(params, "region", json_object_get(line, "region")) != 0)
        result = -1;
    json_object_foreach(json_object_get(line, "params"), name, value)
    {
        if (add_values(params, name, value) != 0)
            result = -1;
    }
    return result;
}

static bool see_line(struct suggestions *suggestions, const json_t *line)
{
    bool allowed = strcmp(text_of(line, "verdict"), "allow") == 0;
    bool judged = text_of(line, "verdict")[0] != '\0' && json_object_get(line, "frozen") == NULL &&
                  json_is_object(json_object_get(line, "params")) && text_of(line, "client")[0] != '\0';
    if (judged && !allowed && text_of(line, "rule")[0] != '\0') {
        suggestions->by_deny++;
    } else if (judged) {
        json_t *group = find_group(suggestions, line, allowed);
        if (group != NULL && add_call(group, line) != 0)
            suggestions->failed = true;
    }
    return judged;
}

bool suggestions_see(struct suggestions *suggestions, const char *bytes, size_t length)
{
    json_t *line;
    if (past_line_read(bytes, length, &line) != 0) {
        suggestions->failed = true;
        return false;
    }
    bool judged = line != NULL && see_line(suggestions, line);
    json_decref(line);
    return judged;
}

/* ---- rules of many combinations of values ---- */

static int merge_values(json_t *into, const json_t *from)
{
    const char *name;
    json_t *values;
    void *next;
    int result = 0;
    json_object_foreach_safe(into, next, name, values)
    {
        json_t *others = json_object_get(from, name);
        if (others == NULL) /* not every call had it: a condition would deny those */
            (void)json_object_del(into, name);
        else if (json_object_update(values, others) != 0)
            result = -1;
    }
    return result;
}

static int merge(json_t *into, const json_t *from)
{
    json_t *count = json_object_get(into, "count");
    (void)json_integer_set(count,
                           json_integer_value(count) + json_integer_value(json_object_get(from, "count")));
    if (strcmp(text_of(from, "first"), text_of(into, "first")) < 0)
        (void)json_object_set(into, "first", json_object_get(from, "first"));
    if (strcmp(text_of(from, "last"), text_of(into, "last")) > 0)
        (void)json_object_set(into, "last", json_object_get(from, "last"));
    return merge_values(json_object_get(into, "params"), json_object_get(from, "params"));
}

/* "client action allow", with its groups; NULL when memory is out. */
static json_t *by_action(const struct suggestions *suggestions)
{
    const char *key;
    json_t *group;
    json_t *actions = json_object();
    json_object_foreach(suggestions->groups, key, group)
    {
        json_t *name = json_sprintf("%s %s %d", text_of(group, "client"), text_of(group, "action"),
                                    json_is_true(json_object_get(group, "allow")));
        json_t *list = json_object_get(actions, json_string_value(name));
        if (list == NULL) {
            list = json_array();
            if (json_object_set_new(actions, json_string_value(name), list) != 0)
                list = NULL;
        }
        json_decref(name);
        if (json_array_append(list, group) != 0) {
            json_decref(actions);
            return NULL;
        }
    }
    return actions;
}

/* ---- as YAML ---- */

/* JSON's strings are YAML's; a '*' would stand for anything. */
static bool is_said_exactly(const json_t *values)
{
    const char *value;
    json_t *none;
    json_object_foreach((json_t *)(uintptr_t)values, value, none)
    {
        if (strchr(value, '*') != NULL || value[0] == '\0' || value[0] == '$' ||
            strcmp(value, "withheld") == 0)
            return false;
    }
    return json_object_size(values) > 0 && json_object_size(values) <= SUGGESTIONS_VALUES;
}

static void put_values(struct buf *out, const char *name, const json_t *values)
{
    const char *value;
    json_t *none;
    const char *before = "[";
    buf_put(out, "      ");
    json_put_string(out, name, strlen(name));
    buf_put(out, ": ");
    json_object_foreach((json_t *)(uintptr_t)values, value, none)
    {
        buf_put(out, before);
        json_put_string(out, value, strlen(value));
        before = ", ";
    }
    buf_put(out, "]\n");
}

static void put_conditions(struct buf *out, const json_t *params)
{
    const char *name;
    json_t *values;
    bool any = false;
    json_object_foreach((json_t *)(uintptr_t)params, name, values)
    {
        if (!is_said_exactly(values)) {
            buf_put(out, "    # any value, too many or not to be said exactly: ");
            json_put_inside(out, name, strlen(name));
            buf_put_char(out, '\n');
            continue;
        }
        if (!any)
            buf_put(out, "    where:\n");
        any = true;
        put_values(out, name, values);
    }
}

static void put_rule(struct buf *out, const json_t *group, size_t number)
{
    json_int_t count = json_integer_value(json_object_get(group, "count"));
    buf_put_format(out, "  # %s %lld time%s, from %.19sZ to %.19sZ\n",
                   json_is_true(json_object_get(group, "allow")) ? "used" : "denied, by no rule",
                   (long long)count, count == 1 ? "" : "s", text_of(group, "first"), text_of(group, "last"));
    buf_put_format(out, "  - id: suggested-%zu\n    allow: [", number);
    json_put_string(out, text_of(group, "client"), strlen(text_of(group, "client")));
    buf_put(out, "]\n    actions: [");
    json_put_string(out, text_of(group, "action"), strlen(text_of(group, "action")));
    buf_put(out, "]\n");
    put_conditions(out, json_object_get(group, "params"));
}

/* The rules of a client and an action, behind so many others; how many. */
static size_t put_groups(struct buf *out, const json_t *groups, size_t before)
{
    size_t count = json_array_size(groups);
    if (count <= SUGGESTIONS_COMBINATIONS) {
        for (size_t i = 0; i < count; i++)
            put_rule(out, json_array_get(groups, i), before + i + 1);
        return count;
    }
    json_t *all = json_deep_copy(json_array_get(groups, 0));
    out->failed = out->failed || all == NULL;
    for (size_t i = 1; i < count && !out->failed; i++)
        out->failed = merge(all, json_array_get(groups, i)) != 0;
    put_rule(out, all, before + 1);
    json_decref(all);
    return 1;
}

static unsigned long long calls_of(const json_t *groups)
{
    unsigned long long calls = 0;
    for (size_t i = 0; i < json_array_size(groups); i++)
        calls += (unsigned long long)json_integer_value(json_object_get(json_array_get(groups, i), "count"));
    return calls;
}

static size_t put_all(const json_t *actions, bool allowed, unsigned long long times, size_t before,
                      struct buf *out)
{
    const char *name;
    json_t *groups;
    size_t count = 0;
    json_object_foreach((json_t *)(uintptr_t)actions, name, groups)
    {
        if (json_is_true(json_object_get(json_array_get(groups, 0), "allow")) != allowed ||
            calls_of(groups) < times)
            continue;
        if (count == 0 && !allowed)
            buf_put(out, "  # Denied repeatedly: copy these only if they should be allowed.\n");
        count += put_groups(out, groups, before + count);
    }
    return count;
}

size_t suggestions_put(const struct suggestions *suggestions, unsigned long long times, struct buf *out)
{
    json_t *actions = by_action(suggestions);
    out->failed = out->failed || actions == NULL || suggestions->failed;
    buf_put(out, "rules:\n");
    size_t count = put_all(actions, true, 1, 0, out);
    count += put_all(actions, false, times, count, out);
    if (count == 0)
        buf_put(out, "  []\n");
    if (suggestions->by_deny > 0)
        buf_put_format(out, "# %llu calls were denied by a rule: no allow would change that.\n",
                       suggestions->by_deny);
    if (suggestions->others > 0)
        buf_put_format(out, "# %llu calls more than %d rules can tell are left out.\n", suggestions->others,
                       SUGGESTIONS_MAX);
    json_decref(actions);
    return count;
}
