/* policy.yaml, `when` of a rule: days and hours by the clock of a named time zone. */
#include "config/rules/schedule.h"

#include "config/model/config.h"
#include "config/rules/sets.h"
#include "config/reader/keyword.h"

#include <string.h>

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int day_of(const char *text)
{
    for (int day = 0; day < 7; day++)
        if (strcmp(text, day_names[day]) == 0)
            return day;
    return -1;
}

/* "mon", or "mon-fri" which may go over the week's end */
static int read_day(const char *text, unsigned *days)
{
    char first[4] = "";
    const char *dash = strchr(text, '-');
    size_t length = dash == NULL ? strlen(text) : (size_t)(dash - text);
    if (length != 3)
        return -1;
    memcpy(first, text, 3);
    int from = day_of(first);
    int until = dash == NULL ? from : day_of(dash + 1);
    if (from < 0 || until < 0)
        return -1;
    for (int day = from;; day = (day + 1) % 7) {
        *days |= 1U << day;
        if (day == until)
            return 0;
    }
}

static int read_days(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    unsigned days = 0;
    struct config_patterns texts = {0};
    if (sets_read_patterns(loader, node, keyword->name, loader->scratch, &texts) != 0)
        return -1;
    for (size_t i = 0; i < texts.count; i++)
        if (read_day(texts.items[i], &days) != 0)
            return report_error(
                loader->report, &node->mark,
                "days must be of mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri");
    *(unsigned *)field = days;
    return 0;
}

/* "09:00" to "24:00" in minutes; -1 otherwise */
static int read_clock(const char *text)
{
    for (size_t i = 0; i < 5; i++)
        if (i == 2 ? text[i] != ':' : (text[i] < '0' || text[i] > '9'))
            return -1;
    int minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
    return text[3] > '5' || minutes > 1440 ? -1 : minutes;
}

/* "09:00-18:00" */
static int read_hours(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                      void *field)
{
    struct config_when *when = (struct config_when *)(void *)((char *)field - keyword->offset);
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    bool shaped = strlen(node->text) == 11 && node->text[5] == '-';
    when->from = shaped ? read_clock(node->text) : -1;
    when->until = shaped ? read_clock(node->text + 6) : -1;
    if (when->from < 0 || when->until < 0 || when->from == 1440 || when->from == when->until)
        return report_error(loader->report, &node->mark, "hours must be like 09:00-18:00 or 22:00-06:00");
    return 0;
}

static int read_zone(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct err err = {0};
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    const struct zone *zone = zone_load(node->text, loader->arena, &err);
    if (zone == NULL)
        return report_error(loader->report, &node->mark, "%s", err.text);
    struct config_when *when = (struct config_when *)(void *)((char *)field - keyword->offset);
    when->zone = zone;
    when->zone_name = arena_strdup(loader->arena, node->text);
    if (when->zone_name == NULL)
        return keyword_out_of_memory(loader);
    return 0;
}

#define WHEN(field) offsetof(struct config_when, field)
static const struct keyword when_keywords[] = {
    {"days", read_days, WHEN(days), OPTIONAL, 0, 0, NULL},
    {"hours", read_hours, WHEN(from), OPTIONAL, 0, 0, NULL},
    {"zone", read_zone, WHEN(zone), REQUIRED, 0, 0, NULL},
};

int schedule_read(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                  void *field)
{
    struct config_when *when = arena_alloc(loader->arena, sizeof *when);
    if (when == NULL)
        return keyword_out_of_memory(loader);
    *when = (struct config_when){.days = 0x7F, .from = 0, .until = 1440};
    if (keyword_read_map(loader, node, keyword->name, when_keywords, COUNT(when_keywords), when) != 0)
        return -1;
    *(const struct config_when **)field = when;
    return 0;
}
