/* What can a parameter be at all?  A text in a `where` that no call could have is somebody's mistake. */
#include "config/rules/value_warnings.h"

#include "base/text.h"
#include "config/model/config.h"
#include "config/model/param_value.h"
#include "config/rules/pattern_overlap.h"

#include <string.h>

/* Of what has a '*': could some value that it stands for be one? */
static bool may_be_like(const struct config_param *param, const char *text)
{
    if (param->type == CONFIG_BOOLEAN)
        return text_matches(text, "true") || text_matches(text, "false");
    if (param->type == CONFIG_INTEGER)
        return strspn(text, "-0123456789*") == strlen(text);
    size_t least = 0; /* each '*' may stand for nothing */
    for (const char *c = text; *c != '\0'; c++)
        least += *c != '*';
    return least <= (size_t)param->length &&
           (param->pattern.text == NULL || pattern_overlap_possible(text, param->pattern.text) ||
            (param->former.text != NULL && pattern_overlap_possible(text, param->former.text)));
}

static bool may_be(const struct config *config, const struct config_route *route,
                   const struct config_param *param, const char *text)
{
    const struct config_upstream *upstream = config_upstream(config, route->service);
    if (param_value_check_signed(param->name, upstream, text, NULL) != 0)
        return false;
    return strchr(text, '*') != NULL ? may_be_like(param, text)
                                     : param_value_check(param, NULL, text, NULL) == 0;
}

static bool may_be_region(const struct config *config, const char *text)
{
    bool found = config->region_count == 0; /* no table: any */
    if (strchr(text, '*') == NULL)
        return found || config_region(config, text) != NULL;
    for (size_t i = 0; i < config->region_count && !found; i++)
        found = text_matches(text, config->regions[i].name);
    return found;
}

/* A deny by the name of before, of a thing whose current name nobody has told us: it comes in under that. */
static void warn_former(struct loader *loader, const struct config_param *param, const char *text,
                        const struct mark *mark)
{
    if (strchr(text, '*') == NULL && config_is_former(param, text) == PATTERN_FITS &&
        config_current_id(loader->config, text) == NULL)
        report_find(loader->report,
                    &(struct report_kind){
                        .severity = REPORT_SECURITY, .mark = mark, .advice = "add it to former_ids"},
                    "'%.64s' is a former id of %.64s: a call that says the current one passes this deny; add "
                    "it to former_ids",
                    text, param->name);
}

static void warn_partial(struct loader *loader, const struct config_param *param, const char *text,
                         const struct mark *mark)
{
    if (param->partial)
        report_find(loader->report,
                    &(struct report_kind){.severity = REPORT_SECURITY,
                                          .mark = mark,
                                          .advice = "deny by an id, with strict: true"},
                    "the cloud finds '%.64s' by a part of it, too: a deny by %.64s is passed by saying less; "
                    "deny by an id, with strict: true",
                    text, param->name);
}

/* Once for a parameter, however many routes have it. */
static void warn_deny(struct loader *loader, uint32_t number, const char *text, const struct mark *mark)
{
    for (size_t i = 0; i < loader->config->route_count; i++)
        for (size_t j = 0; j < loader->config->routes[i].param_count; j++) {
            const struct config_param *param = &loader->config->routes[i].params[j];
            if (param->number != number)
                continue;
            warn_former(loader, param, text, mark);
            warn_partial(loader, param, text, mark);
            return;
        }
}

/* Is it some route's?  Else it is a member of a document, of which no more is known than its type. */
static bool is_known(const struct config *config, uint32_t param)
{
    for (size_t i = 0; i < config->route_count; i++)
        for (size_t j = 0; j < config->routes[i].param_count; j++)
            if (config->routes[i].params[j].number == param)
                return true;
    return false;
}

void value_warnings_warn(struct loader *loader, uint32_t param, enum config_effect effect, const char *text,
                         const struct mark *mark)
{
    const struct config *config = loader->config;
    bool found = param == CONFIG_REGION && may_be_region(config, text);
    if (param >= config->param_name_count || (param != CONFIG_REGION && !is_known(config, param)))
        return;
    for (size_t i = 0; i < config->route_count && !found; i++) {
        const struct config_route *route = &config->routes[i];
        for (size_t j = 0; j < route->param_count && !found; j++)
            found = route->params[j].number == param && may_be(config, route, &route->params[j], text);
    }
    if (!found)
        report_find(loader->report,
                    &(struct report_kind){
                        .severity = REPORT_SECURITY,
                        .mark = mark,
                        .advice = "correct it: until then a deny denies nothing, an allow allows nothing"},
                    "no %.64s can be '%.64s': it never matches", config->param_names[param], text);
    else if (effect == CONFIG_DENY && param != CONFIG_REGION)
        warn_deny(loader, param, text, mark);
}
