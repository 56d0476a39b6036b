/* Denies that a call passes by what it leaves out: a rule says what must not be, and some route to the same
 * things never says it. */
#include "config/policy/gaps.h"

#include "base/buf.h"

#include <string.h>

enum { GAPS_NAMED = 6, GAPS_TEXT = 1024 };

static const struct config_param *find(const struct config_route *route, uint32_t number)
{
    for (size_t i = 0; i < route->param_count; i++)
        if (route->params[i].number == number)
            return &route->params[i];
    return NULL;
}

static bool can_leave_out(const struct config_route *route, uint32_t number)
{
    const struct config_param *param = find(route, number);
    return param == NULL || (!param->required && param->preset == NULL);
}

/* It holds for calls without the parameter, or there are none. */
static bool is_closed(const struct config_rule *rule, const struct config_condition *condition)
{
    return rule->strict || condition->param < CONFIG_FIRST_PARAM || condition->count == 0;
}

static void warn_condition(struct loader *loader, const struct config_rule *rule,
                           const struct config_condition *condition)
{
    struct buf routes;
    size_t count = 0;
    buf_init(&routes, GAPS_TEXT);
    for (size_t i = 0; i < loader->config->route_count; i++) {
        const struct config_route *route = &loader->config->routes[i];
        if (!config_reaches(rule, route) || !can_leave_out(route, condition->param))
            continue;
        if (count < GAPS_NAMED)
            buf_put_format(&routes, "%s%s %.100s", count == 0 ? "" : ", ", route->method, route->template);
        count++;
    }
    if (count > GAPS_NAMED)
        buf_put_format(&routes, " and %zu more", count - GAPS_NAMED);
    if (count > 0)
        report_find(loader->report,
                    &(struct report_kind){.severity = REPORT_SECURITY,
                                          .mark = &rule->mark,
                                          .advice = "say strict: true, or deny these, too",
                                          .owner = rule->owner,
                                          .note = rule->note},
                    "the deny '%s' does not reach a call without %.64s: %s can leave it out", rule->id,
                    loader->config->param_names[condition->param], buf_text(&routes));
    buf_done(&routes);
}

void gaps_warn(struct loader *loader, const struct rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        const struct config_rule *rule = &rules->items[i];
        if (rule->effect != CONFIG_DENY)
            continue;
        for (uint32_t j = 0; j < rule->condition_count; j++)
            if (rule->conditions[j].param < loader->config->param_name_count &&
                !is_closed(rule, &rule->conditions[j]))
                warn_condition(loader, rule, &rule->conditions[j]);
    }
}
