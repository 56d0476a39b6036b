#include "gateway/audit/audit_filter.h"

#include "base/time/timestamp.h"
#include "gateway/audit/audit_changes.h"

#include <stdio.h>
#include <string.h>

/* By its very text, or by another name of the same thing, as far as the policy knows. */
static bool is_value(const struct audit_filter *filter, const char *text)
{
    const char *value = filter->want[AUDIT_FILTER_VALUE];
    const char *current =
        filter->config == NULL || text == NULL ? NULL : config_current_id(filter->config, text);
    const char *wanted = filter->config == NULL ? NULL : config_current_id(filter->config, value);
    if (text == NULL)
        return false;
    return strcmp(text, value) == 0 ||
           strcmp(current == NULL ? text : current, wanted == NULL ? value : wanted) == 0;
}

/* A text, or one of an array. */
static bool has_text(const struct audit_filter *filter, const json_t *texts)
{
    bool found = is_value(filter, json_string_value(texts));
    for (size_t i = 0; i < json_array_size(texts) && !found; i++)
        found = is_value(filter, json_string_value(json_array_get(texts, i)));
    return found;
}

static bool has_value(const struct audit_filter *filter, const json_t *change)
{
    const char *name;
    json_t *param;
    json_t *params = json_object_get(change, "params");
    json_object_foreach(params, name, param)
    {
        if (has_text(filter, param))
            return true;
    }
    return has_text(filter, json_object_get(change, "formerIds")); /* what the caller said */
}

/* "2026-11-25T18:00:00.000Z", the form of every record, without its milliseconds. */
static bool is_between(const struct audit_filter *filter, const char *time)
{
    char plain[sizeof "2026-11-25T18:00:00Z"];
    int64_t seconds = 0;
    (void)snprintf(plain, sizeof plain, "%.19sZ", time);
    return timestamp_parse(plain, &seconds) && seconds >= filter->since && seconds < filter->until;
}

bool audit_filter_wants(const struct audit_filter *filter, const json_t *change)
{
    static const char *const keys[AUDIT_FILTER_TEXTS] = {[AUDIT_FILTER_CLIENT] = "client",
                                                         [AUDIT_FILTER_ACTION] = "action",
                                                         [AUDIT_FILTER_OUTCOME] = "outcome",
                                                         [AUDIT_FILTER_REQUEST] = "requestId"};
    for (size_t i = 0; i < AUDIT_FILTER_TEXTS; i++)
        if (filter->want[i] != NULL && keys[i] != NULL &&
            strcmp(filter->want[i], audit_changes_text(change, keys[i])) != 0)
            return false;
    if (filter->want[AUDIT_FILTER_VALUE] != NULL && !has_value(filter, change))
        return false;
    return is_between(filter, audit_changes_text(change, "time"));
}
