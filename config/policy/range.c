/* What can a parameter be at all?  A text in a `where` that no call could have is somebody's mistake. */
#include "config/policy/range.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/policy/overlap.h"
#include "config/reader/keyword.h"

#include <string.h>

static bool is_in_bounds(const struct config_param *param, const char *text)
{
    long long number;
    return keyword_parse_number(text, &number) && number >= param->min && number <= param->max;
}

static bool may_be(const struct config_param *param, const char *text)
{
    bool wild = strchr(text, '*') != NULL;
    if (param->type == CONFIG_BOOLEAN)
        return text_matches(text, "true") || text_matches(text, "false");
    if (param->type == CONFIG_INTEGER)
        return wild ? strspn(text, "-0123456789*") == strlen(text) : is_in_bounds(param, text);
    if (strpbrk(text, "&=") != NULL || strlen(text) > CONFIG_VALUE_MAX)
        return false;
    if (param->pattern.text == NULL)
        return true;
    return wild ? overlap_possible(text, param->pattern.text)
                : config_match(&param->pattern, text) == PATTERN_FITS;
}

static bool may_be_region(const char *text)
{
    return strchr(text, '*') != NULL ? strchr(text, '_') == NULL : config_is_region(text);
}

void range_warn(struct loader *loader, uint32_t param, const char *text, const struct mark *mark)
{
    const struct config *config = loader->config;
    bool found = param == CONFIG_REGION && may_be_region(text);
    if (param >= config->param_name_count)
        return;
    for (size_t i = 0; i < config->route_count && !found; i++)
        for (size_t j = 0; j < config->routes[i].param_count && !found; j++)
            found = config->routes[i].params[j].number == param && may_be(&config->routes[i].params[j], text);
    if (!found)
        report_find(loader->report,
                    &(struct report_kind){
                        .severity = REPORT_SECURITY,
                        .mark = mark,
                        .advice = "correct it: until then a deny denies nothing, an allow allows nothing"},
                    "no %.64s can be '%.64s': it never matches", config->param_names[param], text);
}
