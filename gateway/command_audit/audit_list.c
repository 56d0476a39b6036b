#include "gateway/command_audit/audit_list.h"

#include "base/buf.h"
#include "base/json/json.h"
#include "gateway/audit/audit_changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_LINE_MAX = 1024 * 1024, LIST_KEY_MAX = 8 * 1024, LIST_FIELD_NAME = 16 };

/* A text or a number; "" where it has none. */
static void put_scalar(struct buf *out, const json_t *value)
{
    if (json_is_integer(value))
        buf_put_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_string(value))
        buf_put_bytes(out, json_string_value(value), json_string_length(value));
}

/* ---- a line for people ---- */

/* Blank, then a text as a terminal may see it: controls and bidirectional marks are escaped. */
static void put_word(struct buf *line, const char *before, const char *text)
{
    buf_put(line, before);
    json_put_inside(line, text, strlen(text));
}

static void put_params(struct buf *line, const json_t *change)
{
    const char *name;
    json_t *param;
    json_t *params = json_object_get(change, "params");
    json_object_foreach(params, name, param)
    {
        put_word(line, " ", name);
        if (json_is_string(param))
            put_word(line, "=", json_string_value(param));
        for (size_t i = 0; i < json_array_size(param); i++) {
            const char *text = json_string_value(json_array_get(param, i));
            put_word(line, i == 0 ? "=" : ",", text == NULL ? "" : text);
        }
    }
}

static void put_settled(struct buf *line, const json_t *change)
{
    const json_t *settled = json_object_get(change, "settled");
    if (settled == NULL)
        return;
    put_word(line, " settled by ", audit_changes_text(settled, "by"));
    put_word(line, ": ", audit_changes_text(settled, "note"));
}

static void put_text(struct buf *line, const json_t *change)
{
    put_word(line, "", audit_changes_text(change, "time"));
    put_word(line, "  ", audit_changes_text(change, "instance"));
    buf_put_format(line, " %" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(change, "seq")));
    put_word(line, "  ", audit_changes_text(change, "client"));
    put_word(line, "  ", audit_changes_text(change, "action"));
    put_word(line, " ", audit_changes_text(change, "region"));
    put_params(line, change);
    put_word(line, "  ", audit_changes_text(change, "outcome"));
    if (json_integer_value(json_object_get(change, "status")) != 0)
        buf_put_format(line, " %" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(change, "status")));
    put_word(line, " ", audit_changes_text(change, "type"));
    put_settled(line, change);
    put_word(line, "  rule ", audit_changes_text(change, "rule"));
    put_word(line, " from ", audit_changes_text(change, "source"));
    put_word(line, " request ", audit_changes_text(change, "requestId"));
    buf_put_char(line, '\n');
}

/* ---- a row of CSV (RFC 4180) ---- */

static const char *const columns[] = {"time",   "instance", "seq",       "client",    "token",   "subject",
                                      "source", "action",   "region",    "params",    "outcome", "status",
                                      "type",   "rule",     "requestId", "settledBy", "note"};

/* In quotes where it needs them.  A spreadsheet takes what begins with one of =+-@ for a formula, and callers
 * choose some of these texts: an apostrophe in front makes it a text. */
static void put_cell(struct buf *line, const char *text, size_t length)
{
    bool formula = length > 0 && strchr("=+-@\t\r", text[0]) != NULL;
    if (!formula && strcspn(text, ",\"\r\n") >= length) {
        buf_put_bytes(line, text, length);
        return;
    }
    buf_put(line, formula ? "\"'" : "\"");
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '"')
            buf_put_char(line, '"');
        buf_put_char(line, text[i]);
    }
    buf_put_char(line, '"');
}

/* As a terminal may see it, too. */
static void put_text_cell(struct buf *line, const json_t *value)
{
    struct buf raw;
    struct buf shown;
    buf_init(&raw, LIST_LINE_MAX);
    buf_init(&shown, LIST_LINE_MAX);
    put_scalar(&raw, value);
    const char *text = buf_text(&raw);
    if (strpbrk(text, "\"\\") != NULL && json_is_string(value)) /* quotes are doubled, not escaped */
        for (size_t at = 0; at < raw.length;) {
            size_t run = strcspn(text + at, "\"\\");
            json_put_inside(&shown, text + at, run);
            if (text[at + run] != '\0')
                buf_put_char(&shown, text[at + run]);
            at += run + 1;
        }
    else
        json_put_inside(&shown, text, raw.length);
    put_cell(line, buf_text(&shown), shown.length);
    line->failed = line->failed || raw.failed || shown.failed;
    buf_done(&shown);
    buf_done(&raw);
}

static void put_params_cell(struct buf *line, const json_t *params)
{
    char *text = params == NULL ? NULL : json_dumps(params, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (text != NULL)
        put_cell(line, text, strlen(text));
    line->failed = line->failed || (params != NULL && text == NULL);
    free(text);
}

static void put_row(struct buf *line, const json_t *change)
{
    const json_t *settled = json_object_get(change, "settled");
    for (size_t i = 0; i < COUNT(columns); i++) {
        const char *name = columns[i];
        if (i > 0)
            buf_put_char(line, ',');
        if (strcmp(name, "params") == 0)
            put_params_cell(line, json_object_get(change, name));
        else if (strcmp(name, "settledBy") == 0)
            put_text_cell(line, json_object_get(settled, "by"));
        else
            put_text_cell(line, json_object_get(strcmp(name, "note") == 0 ? settled : change, name));
    }
    buf_put(line, "\r\n");
}

/* ---- sums ---- */

/* What a group's array holds behind its fields' values. */
static const char *const counted[] = {"changes", "executed", "not-executed", "unknown", "unrecorded"};

static const char *find_field(const char *text, size_t length)
{
    static const char *const names[] = {"action",  "client", "instance", "outcome", "region", "route", "rule",
                                        "service", "source", "status",   "subject", "token",  "type"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strlen(names[i]) == length && strncmp(names[i], text, length) == 0)
            return names[i];
    return NULL;
}

int audit_list_sum(struct audit_list *list, const char *fields)
{
    list->field_count = 0;
    for (const char *at = fields;;) {
        size_t length = strcspn(at, ",");
        const char *name = find_field(at, length);
        if (name == NULL || list->field_count == AUDIT_LIST_FIELDS)
            return -1;
        list->fields[list->field_count++] = name;
        if (at[length] == '\0')
            return 0;
        at += length + 1;
    }
}

/* The group of the change, which is made where it is the first; NULL: memory is out. */
static json_t *group_of(struct audit_list *list, const json_t *change)
{
    struct buf key;
    json_t *values = json_array();
    bool failed = values == NULL;
    buf_init(&key, LIST_KEY_MAX);
    for (size_t i = 0; i < list->field_count; i++) {
        size_t start = key.length;
        put_scalar(&key, json_object_get(change, list->fields[i]));
        failed = failed ||
                 json_array_append_new(values, json_stringn(buf_text(&key) + start, key.length - start)) != 0;
        buf_put_char(&key, '\x1f'); /* in no such text but a forged one, which then has a group of its own */
    }
    json_t *group = json_object_get(list->groups, buf_text(&key));
    if (group == NULL && !failed && !key.failed) {
        for (size_t i = 0; i < COUNT(counted); i++)
            failed = failed || json_array_append_new(values, json_integer(0)) != 0;
        group = failed || json_object_set(list->groups, buf_text(&key), values) != 0 ? NULL : values;
    }
    buf_done(&key);
    json_decref(values); /* the object has its own reference */
    return failed ? NULL : group;
}

static int count_change(struct audit_list *list, const json_t *change)
{
    json_t *group = group_of(list, change);
    if (group == NULL)
        return -1;
    for (size_t i = 0; i < COUNT(counted); i++) {
        json_t *count = json_array_get(group, list->field_count + i);
        if (i == 0 || strcmp(counted[i], audit_changes_text(change, "outcome")) == 0)
            (void)json_integer_set(count, json_integer_value(count) + 1); /* it is an integer */
    }
    return 0;
}

static void put_group_text(const struct audit_list *list, struct buf *line, const json_t *group)
{
    const char *between = ": ";
    for (size_t i = 0; i < list->field_count; i++) {
        const char *value = json_string_value(json_array_get(group, i));
        put_word(line, i == 0 ? "" : "  ", value[0] == '\0' ? "-" : value);
    }
    for (size_t i = 0; i < COUNT(counted); i++) {
        json_int_t count = json_integer_value(json_array_get(group, list->field_count + i));
        if (i == 0) {
            buf_put_format(line, "  %" JSON_INTEGER_FORMAT " %s", count, count == 1 ? "change" : "changes");
        } else if (count > 0) {
            buf_put_format(line, "%s%" JSON_INTEGER_FORMAT " %s", between, count, counted[i]);
            between = ", ";
        }
    }
    buf_put_char(line, '\n');
}

static const char *name_at(const struct audit_list *list, size_t i)
{
    return i < list->field_count ? list->fields[i] : counted[i - list->field_count];
}

static void put_group(const struct audit_list *list, struct buf *line, const json_t *group)
{
    if (list->form == AUDIT_LIST_TEXT) {
        put_group_text(list, line, group);
        return;
    }
    if (list->form == AUDIT_LIST_JSON)
        json_open(line);
    for (size_t i = 0; i < json_array_size(group); i++) {
        const json_t *value = json_array_get(group, i);
        if (list->form == AUDIT_LIST_CSV) {
            if (i > 0)
                buf_put_char(line, ',');
            put_text_cell(line, value);
        } else if (json_is_integer(value)) {
            json_member_int(line, name_at(list, i), json_integer_value(value));
        } else {
            json_member(line, name_at(list, i), json_string_value(value));
        }
    }
    if (list->form == AUDIT_LIST_JSON)
        json_close(line);
    buf_put(line, list->form == AUDIT_LIST_CSV ? "\r\n" : "\n");
}

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int print_line(struct buf *line)
{
    int result = line->failed ? -1 : 0;
    if (result == 0)
        (void)fwrite(buf_text(line), 1, line->length, stdout); /* main() looks whether all of it arrived */
    buf_done(line);
    return result;
}

static int print_groups(const struct audit_list *list)
{
    size_t count = json_object_size(list->groups);
    size_t at = 0;
    int result = 0;
    const char *key;
    json_t *group;
    const char **keys = calloc(count + 1, sizeof *keys);
    if (keys == NULL)
        return -1;
    json_object_foreach(list->groups, key, group)
    {
        keys[at++] = key;
    }
    qsort(keys, count, sizeof *keys, compare_keys);
    for (at = 0; at < count && result == 0; at++) {
        struct buf line;
        buf_init(&line, LIST_LINE_MAX);
        put_group(list, &line, json_object_get(list->groups, keys[at]));
        result = print_line(&line);
    }
    free(keys);
    return result;
}

/* ---- all of them ---- */

int audit_list_begin(struct audit_list *list)
{
    size_t count = list->field_count == 0 ? COUNT(columns) : list->field_count + COUNT(counted);
    for (size_t i = 0; i < count && list->form == AUDIT_LIST_CSV; i++)
        printf("%s%s", list->field_count == 0 ? columns[i] : name_at(list, i), i + 1 == count ? "\r\n" : ",");
    if (list->field_count == 0)
        return 0;
    list->groups = json_object();
    return list->groups == NULL ? -1 : 0;
}

int audit_list_put(struct audit_list *list, const json_t *change)
{
    struct buf line;
    if (list->field_count > 0)
        return count_change(list, change);
    if (list->form == AUDIT_LIST_JSON) {
        int result = json_dumpf(change, stdout, JSON_COMPACT); /* main() looks whether all of it arrived */
        putchar('\n');
        return result;
    }
    buf_init(&line, LIST_LINE_MAX);
    if (list->form == AUDIT_LIST_CSV)
        put_row(&line, change);
    else
        put_text(&line, change);
    return print_line(&line);
}

int audit_list_end(struct audit_list *list)
{
    int result = list->field_count == 0 || list->groups == NULL ? 0 : print_groups(list);
    json_decref(list->groups);
    list->groups = NULL;
    return result;
}
