#include "config/reader/keyword.h"

#include "base/buf.h"
#include "base/time/rate.h"
#include "base/text.h"
#include "base/time/timestamp.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYWORDS_MAX = 40,
    KEYWORD_LIST_MAX = 400,
    KEYWORD_WORDS_MAX = 64,   /* of a command: a path and its arguments; a script takes more */
    KEYWORD_RATE_MAX = 100000 /* a second: beyond what one gateway forwards */
};

int keyword_expect_text(struct loader *loader, const struct yaml_node *item, const char *what)
{
    if (!keyword_expect(loader, item, YAML_SCALAR, what))
        return -1;
    if (item->text[0] == '\0' || text_has_control(item->text, strlen(item->text)))
        return report_error(loader->report, &item->mark, "%.64s holds an empty text or a control character",
                            what);
    return 0;
}

int keyword_expect_items(struct loader *loader, const struct yaml_node *node, const char *what)
{
    if (!keyword_expect(loader, node, YAML_LIST, what))
        return -1;
    if (node->count == 0)
        return report_error(loader->report, &node->mark, "%.64s is an empty list: it would never match",
                            what);
    return 0;
}

int keyword_out_of_memory(struct loader *loader)
{
    return report_error(loader->report, NULL, "out of memory");
}

/* "url, signature, timeout" */
static void list_names(const struct keyword *keywords, size_t count, char *out, size_t size)
{
    struct buf names;
    buf_init_in(&names, out, size);
    for (size_t i = 0; i < count; i++) {
        buf_put(&names, i == 0 ? "" : ", ");
        buf_put(&names, keywords[i].name);
    }
}

static void report_unknown(struct loader *loader, const struct yaml_node *child, const char *what,
                           const struct keyword *keywords, size_t count)
{
    char names[KEYWORD_LIST_MAX];
    list_names(keywords, count, names, sizeof names);
    report_error(loader->report, &child->key_mark, "%s has no key '%.64s' (%s)", what, child->key, names);
}

static const struct keyword *find(const struct keyword *keywords, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    return NULL;
}

int keyword_read_map(struct loader *loader, const struct yaml_node *node, const char *what,
                     const struct keyword *keywords, size_t count, void *target)
{
    bool seen[KEYWORDS_MAX] = {false};
    unsigned errors = loader->report->error_count;
    if (!keyword_expect(loader, node, YAML_MAP, what))
        return -1;
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        const struct keyword *keyword = find(keywords, count, child->key);
        if (keyword == NULL) {
            report_unknown(loader, child, what, keywords, count);
            continue;
        }
        seen[keyword - keywords] = true;
        (void)keyword->read(loader, child, keyword, (char *)target + keyword->offset); /* the report counts */
    }
    for (size_t i = 0; i < count; i++)
        if ((keywords[i].need & REQUIRED) != 0 && !seen[i])
            report_error(loader->report, &node->mark, "%s lacks the key '%s'", what, keywords[i].name);
    return loader->report->error_count == errors ? 0 : -1;
}

bool keyword_expect(struct loader *loader, const struct yaml_node *node, enum yaml_kind kind,
                    const char *what)
{
    if (node->kind == kind)
        return true;
    report_error(loader->report, &node->mark, "%s must be %s, not %s", what, yaml_kind_name(kind),
                 yaml_kind_name(node->kind));
    return false;
}

int keyword_text(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (node->text[0] == '\0')
        return report_error(loader->report, &node->mark, "%s must not be empty", keyword->name);
    if (text_has_control(node->text, strlen(node->text)))
        return report_error(loader->report, &node->mark, "%s holds a control character", keyword->name);
    const char *copy = arena_strdup(loader->arena, node->text);
    if (copy == NULL)
        return keyword_out_of_memory(loader);
    *(const char **)field = copy;
    return 0;
}

int keyword_name(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    if (!text_is_name(text))
        return report_error(
            loader->report, &node->mark,
            "%s must be 1 to 64 letters, digits, '-', '_' or '.', starting with a letter or digit",
            keyword->name);
    *(const char **)field = text;
    return 0;
}

int keyword_path(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    const char *path = NULL;
    if (keyword_text(loader, node, keyword, &path) != 0)
        return -1;
    const char *slash = strrchr(node->mark.file, '/');
    if (path[0] != '/' && slash != NULL) {
        size_t folder = (size_t)(slash - node->mark.file) + 1;
        size_t length = strlen(path);
        char *joined = arena_alloc(loader->arena, folder + length + 1);
        if (joined == NULL)
            return keyword_out_of_memory(loader);
        memcpy(joined, node->mark.file, folder);
        memcpy(joined + folder, path, length + 1);
        path = joined;
    }
    *(const char **)field = path;
    return 0;
}

bool keyword_parse_number(const char *text, long long *number)
{
    char *end = NULL;
    const char *first = text[0] == '-' ? text + 1 : text;
    if (first[0] < '0' || first[0] > '9')
        return false;
    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0';
}

static int check_bounds(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        long long number, const char *unit)
{
    bool bounded = keyword->min != 0 || keyword->max != 0;
    if (bounded && (number < keyword->min || number > keyword->max))
        return report_error(loader->report, &node->mark, "%s must be %lld to %lld%s", keyword->name,
                            keyword->min, keyword->max, unit);
    return 0;
}

int keyword_number(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                   void *field)
{
    long long number;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (node->quoted || !keyword_parse_number(node->text, &number))
        return report_error(loader->report, &node->mark, "%s must be a whole number", keyword->name);
    if (check_bounds(loader, node, keyword, number, "") != 0)
        return -1;
    *(long long *)field = number;
    return 0;
}

struct unit {
    const char *name;
    long long factor;
};

/* Digits and one of the units.  False: it is none. */
static bool parse_measure(const char *text, const struct unit *units, size_t count, long long *number)
{
    char digits[16];
    size_t length = strspn(text, "0123456789");
    for (size_t i = 0; i < count && length > 0 && length < sizeof digits; i++) {
        if (strcmp(text + length, units[i].name) != 0)
            continue;
        memcpy(digits, text, length);
        digits[length] = '\0';
        if (!keyword_parse_number(digits, number) || *number > 1000000000)
            return false;
        *number *= units[i].factor;
        return true;
    }
    return false;
}

int keyword_duration(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    long long number;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (!parse_measure(node->text, units, COUNT(units), &number))
        return report_error(loader->report, &node->mark, "%s must be a duration such as 500ms, 5s, 2m or 1h",
                            keyword->name);
    if (check_bounds(loader, node, keyword, number, " milliseconds") != 0)
        return -1;
    *(long long *)field = number;
    return 0;
}

int keyword_size(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    static const struct unit units[] = {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}};
    long long number;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (!parse_measure(node->text, units, COUNT(units), &number))
        return report_error(loader->report, &node->mark, "%s must be a size such as 65536, 64KiB or 1MiB",
                            keyword->name);
    if (check_bounds(loader, node, keyword, number, " bytes") != 0)
        return -1;
    *(long long *)field = number;
    return 0;
}

int keyword_choice(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                   void *field)
{
    struct buf names;
    char room[KEYWORD_LIST_MAX];
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    for (int i = 0; keyword->choices[i] != NULL; i++)
        if (strcmp(node->text, keyword->choices[i]) == 0) {
            *(int *)field = i;
            return 0;
        }
    buf_init_in(&names, room, sizeof room);
    for (int i = 0; keyword->choices[i] != NULL; i++)
        buf_put_format(&names, "%s%s", i == 0 ? "" : " or ", keyword->choices[i]);
    report_error(loader->report, &node->mark, "%s must be %s, not '%.64s'", keyword->name, buf_text(&names),
                 node->text);
    return -1;
}

int keyword_bool(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    bool is_true = strcmp(node->text, "true") == 0;
    if (node->quoted || (!is_true && strcmp(node->text, "false") != 0))
        return report_error(loader->report, &node->mark, "%s must be true or false", keyword->name);
    *(bool *)field = is_true;
    return 0;
}

int keyword_time(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (!timestamp_parse(node->text, (int64_t *)field))
        return report_error(loader->report, &node->mark,
                            "%s must be a date (2027-05-31, from 00:00 UTC) or a time (2027-05-31T18:00:00Z)",
                            keyword->name);
    return 0;
}

/* "20/s", "600/m", "20/s burst 40"; without a burst, all that the number says: who writes 5/m expects that
 * five go through. */
int keyword_rate(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    long long count = 0;
    long long burst = 0;
    char unit = 0;
    int used = 0;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    const char *text = node->text;
    size_t digits = strspn(text, "0123456789");
    bool good = digits >= 1 && digits <= 6 && sscanf(text, "%6lld/%c%n", &count, &unit, &used) == 2;
    long long seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
    if (good && text[used] != '\0')
        good = strncmp(text + used, " burst ", 7) == 0 && keyword_parse_number(text + used + 7, &burst) &&
               burst >= 1 && burst <= KEYWORD_RATE_MAX;
    if (!good || seconds == 0 || count < 1 || count > KEYWORD_RATE_MAX * seconds)
        return report_error(loader->report, &node->mark,
                            "%s must be like 20/s, 600/m, 1000/h or 20/s burst 40, at most %d/s",
                            keyword->name, KEYWORD_RATE_MAX);
    if (burst == 0)
        burst = count < KEYWORD_RATE_MAX ? count : KEYWORD_RATE_MAX;
    *(struct rate *)field = (struct rate){.interval_us = seconds * 1000000 / count, .burst = burst};
    return 0;
}

int keyword_node(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                 void *field)
{
    (void)loader;
    (void)keyword;
    *(const struct yaml_node **)field = node;
    return 0;
}

/* Run without a shell, so it is a list; found without a search path, so it is absolute. */
int keyword_command(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    void *field)
{
    size_t count = 0;
    if (!keyword_expect(loader, node, YAML_LIST, keyword->name))
        return -1;
    if (node->count == 0 || node->count > KEYWORD_WORDS_MAX)
        return report_error(loader->report, &node->mark, "%s must be a command of 1 to %d words",
                            keyword->name, KEYWORD_WORDS_MAX);
    const char **words = arena_array(loader->arena, node->count + 1, sizeof *words);
    if (words == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next)
        if (keyword_text(loader, child, keyword, &words[count++]) != 0)
            return -1;
    if (words[0][0] != '/')
        return report_error(loader->report, &node->children->mark,
                            "%s must begin with the absolute path of a program", keyword->name);
    *(const char ***)field = words;
    return 0;
}

int keyword_version(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                    void *field)
{
    (void)field;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    char version[TEXT_NUMBER_SIZE];
    text_number(version, KEYWORD_VERSION);
    if (strcmp(node->text, version) != 0)
        return report_error(loader->report, &node->mark, "version must be %d: the only one there is",
                            KEYWORD_VERSION);
    return 0;
}
