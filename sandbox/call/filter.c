#include "sandbox/call/filter.h"

#include <stdio.h>
#include <string.h>

enum { KEY_SIZE = 40 };

static const struct filter *find(const struct filter *filters, const char *name)
{
    for (; filters->name != NULL; filters++)
        if (strcmp(filters->name, name) == 0)
            return filters;
    return NULL;
}

static const char *name_of(const struct action_call *call, size_t index)
{
    char key[KEY_SIZE];
    (void)snprintf(key, sizeof key, "Filters.%zu.Name", index);
    return params_get(call->params, key);
}

static void values_key(size_t index, char key[KEY_SIZE])
{
    (void)snprintf(key, KEY_SIZE, "Filters.%zu.Values", index);
}

/* A filter that has values but no name is there too. */
static bool is_there(const struct action_call *call, size_t index)
{
    char key[KEY_SIZE];
    values_key(index, key);
    return name_of(call, index) != NULL || params_member(call->params, key, 0) != NULL;
}

int filter_check(const struct filter *filters, struct action_call *call)
{
    char key[KEY_SIZE];
    for (size_t i = 0; is_there(call, i); i++) {
        const char *name = name_of(call, i);
        values_key(i, key);
        if (name == NULL)
            return outcome_refuse(call->outcome, OUTCOME_MISSING, "Filters.%zu.Name is missing", i);
        if (find(filters, name) == NULL)
            return outcome_refuse(call->outcome, OUTCOME_BAD_VALUE, "there is no filter %.64s", name);
        if (params_member(call->params, key, 0) == NULL)
            return outcome_refuse(call->outcome, OUTCOME_BAD_FILTER, "the filter %.64s has no list of values",
                                  name);
    }
    return 0;
}

/* Whether one of the values is the row's, or a part of it. */
static bool has_value(const struct action_call *call, const char *key, const char *value, bool parts)
{
    const char *wanted = params_member(call->params, key, 0);
    for (size_t i = 0; wanted != NULL; wanted = params_member(call->params, key, ++i))
        if (parts ? strstr(value, wanted) != NULL : strcmp(value, wanted) == 0)
            return true;
    return false;
}

bool filter_passes(const struct filter *filters, const struct action_call *call, const void *row)
{
    char key[KEY_SIZE];
    for (size_t i = 0; is_there(call, i); i++) {
        values_key(i, key);
        const struct filter *filter = find(filters, name_of(call, i));
        if (!has_value(call, key, filter->value_of(row), filter->finds_parts))
            return false;
    }
    return true;
}
