#include "config/rights/words.h"

#include "base/time/timestamp.h"

#include <string.h>

enum { DAY_S = 24 * 3600, IPV4_BITS = 96 /* of ::ffff:0:0/96, in front of an IPv4 address's own */ };

const char *words_effect(const struct config_rule *rule)
{
    return rule->effect == CONFIG_ALLOW ? "allow" : "deny";
}

void words_put_time(struct buf *out, int64_t seconds)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(seconds * 1000, text);
    if (seconds % DAY_S == 0)
        buf_put_format(out, "%.10s", text);
    else
        buf_put_format(out, "%.19sZ", text);
}

void words_put_rate(struct buf *out, const struct rate *rate)
{
    static const struct {
        const char *unit;
        int64_t micros;
    } units[] = {{"s", 1000000}, {"m", 60000000}, {"h", 3600000000}};
    size_t i = 0;
    while (i < COUNT(units) - 1 && rate->interval_us > units[i].micros)
        i++;
    buf_put_format(out, "%lld/%s burst %lld",
                   (long long)((units[i].micros + rate->interval_us / 2) / rate->interval_us), units[i].unit,
                   (long long)rate->burst);
}

void words_put_network(struct buf *out, const struct network *network)
{
    static const struct network mapped = {.bytes = {[10] = 0xFF, [11] = 0xFF}, .prefix = IPV4_BITS};
    char text[NETWORK_TEXT_SIZE];
    bool is_ipv4 = network->prefix >= IPV4_BITS && network_contains(&mapped, network);
    network_format(network, text);
    buf_put(out, text);
    if (network->prefix < 128)
        buf_put_format(out, "/%u", is_ipv4 ? network->prefix - IPV4_BITS : network->prefix);
}

void words_put_values(struct buf *out, const struct config_condition *condition, size_t values_max)
{
    size_t all = 0;
    size_t written = 0;
    uint32_t lists = config_written_lists(condition);
    for (uint32_t i = 0; i < lists; i++)
        all += condition->lists[i]->exact + condition->lists[i]->patterns;
    size_t shown = all < values_max ? all : values_max;
    for (uint32_t i = 0; i < lists; i++)
        for (size_t j = 0; j < condition->lists[i]->exact + condition->lists[i]->patterns && written < shown;
             j++)
            buf_put_format(out, "%s%.256s",
                           written++ == 0                   ? ""
                           : written == all && shown == all ? " or "
                                                            : ", ",
                           condition->lists[i]->texts[j]);
    if (all > shown)
        buf_put_format(out, ", ... (%zu in all)", all);
}

void words_put_when(struct buf *out, const struct config_when *when)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    bool first = true;
    for (size_t day = 0; day < COUNT(days); day++) {
        size_t last = day;
        if ((when->days >> day & 1) == 0)
            continue;
        while (last + 1 < COUNT(days) && (when->days >> (last + 1) & 1) != 0)
            last++;
        buf_put_format(out, "%s%s%s%s", first ? "" : ",", days[day], last > day ? "-" : "",
                       last > day ? days[last] : "");
        first = false;
        day = last;
    }
    buf_put_format(out, " %02d:%02d-%02d:%02d %.64s", when->from / 60, when->from % 60, when->until / 60,
                   when->until % 60, when->zone_name);
}

static void put_networks(struct buf *out, const struct config_rule *rule, size_t values_max)
{
    for (uint32_t i = 0; i < rule->network_count && i < values_max; i++) {
        buf_put(out, i == 0 ? "" : i + 1 == rule->network_count ? " or " : ", ");
        words_put_network(out, &rule->networks[i]);
    }
    if (rule->network_count > values_max)
        buf_put_format(out, ", ... (%u in all)", rule->network_count);
}

/* What is in front of each condition but the first. */
static const char *joint(struct buf *out, size_t begin)
{
    return out->length == begin ? " " : "; ";
}

void words_put_conditions(struct buf *out, const struct config *config, const struct config_rule *rule,
                          size_t values_max)
{
    static const char *const kinds[] = {"reads", "changes", "secrets"};
    size_t begin = out->length;
    for (uint32_t i = 0; i < rule->condition_count; i++) {
        const struct config_condition *condition = &rule->conditions[i];
        buf_put_format(out, "%s%.64s is ", i == 0 ? " where " : " and ",
                       condition->param < config->param_name_count ? config->param_names[condition->param]
                                                                   : "a parameter that no route has");
        words_put_values(out, condition, values_max);
        buf_put(out, condition->count == 0 ? "absent" : rule->strict ? " or absent" : "");
    }
    if (rule->own != CONFIG_OWN_ANY)
        buf_put_format(out, "%sfor tasks that %s began", joint(out, begin),
                       rule->own == CONFIG_OWN_ONLY ? "the client" : "others");
    for (size_t i = 0; i < rule->subjects.count && i < values_max; i++)
        buf_put_format(out, "%s%.128s",
                       i == 0 ? (out->length == begin ? " for subject " : "; for subject ") : " or ",
                       rule->subjects.items[i]);
    if (rule->subjects.count > values_max)
        buf_put_format(out, ", ... (%zu in all)", rule->subjects.count);
    for (int effect = 0; rule->effects != 0 && effect < CONFIG_ROUTE_EFFECTS; effect++)
        if ((rule->effects >> effect & 1) != 0)
            buf_put_format(out, "%sfor %s", joint(out, begin), kinds[effect]);
    if (rule->network_count > 0) {
        buf_put_format(out, "%sfrom ", joint(out, begin));
        put_networks(out, rule, values_max);
    }
    if (rule->when != NULL) {
        buf_put_format(out, "%son ", joint(out, begin));
        words_put_when(out, rule->when);
    }
    if (rule->limit.interval_us > 0) {
        buf_put_format(out, "%sat most ", joint(out, begin));
        words_put_rate(out, &rule->limit);
    }
    if (rule->requires_key)
        buf_put_format(out, "%swith an Idempotency-Key only", joint(out, begin));
    if (rule->expires != CONFIG_NEVER) {
        buf_put_format(out, "%suntil ", joint(out, begin));
        words_put_time(out, rule->expires);
    }
}
