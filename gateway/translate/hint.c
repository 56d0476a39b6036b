#include "gateway/translate/hint.h"

#include "base/json/json.h"
#include "config/model/param_value.h"
#include "gateway/schema/example.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum {
    PIECES_MAX = 100,   /* values that are written apart */
    COMPARED_MAX = 64,  /* of names that are compared */
    COMPARED_CLOSE = 2, /* letters by which a name may differ, of */
    COMPARED_LONG = 5,  /* or more: shorter ones are too like one another */
};

static void note(struct exchange *x, const struct config_param *param, const char *name)
{
    x->hint = (struct exchange_hint){.parameter = name, .param = param};
}

static void note_meant(struct exchange *x, struct buf *text)
{
    if (!text->failed && text->length > 0)
        x->hint.meant = arena_strdup(x->arena, buf_text(text));
}

static bool is_hinted(const struct exchange *x)
{
    return x->route != NULL && x->route->document == NULL;
}

void hint_about(struct exchange *x, const struct config_param *param)
{
    if (is_hinted(x))
        note(x, param, param->name);
}

/* ---- values ---- */

static bool is_good(const struct exchange *x, const struct config_param *param, const char *value)
{
    return value[0] != '\0' && param_value_check(param, x->call->upstream, value, NULL) == 0;
}

/* "ins-a, ins-b" -> two texts; 0: one of them is none that the parameter takes. */
static size_t split(struct exchange *x, const struct config_param *param, const char *value,
                    const char *pieces[PIECES_MAX])
{
    size_t count = 0;
    while (value != NULL && count < PIECES_MAX) {
        value += strspn(value, " ");
        size_t length = strcspn(value, ",");
        const char *next = value[length] == ',' ? value + length + 1 : NULL;
        while (length > 0 && value[length - 1] == ' ')
            length--;
        const char *piece = arena_copy(x->arena, value, length);
        if (piece == NULL || !is_good(x, param, piece))
            return 0;
        pieces[count++] = piece;
        value = next;
    }
    return value == NULL ? count : 0;
}

/* As the caller has to write them: "a=1&a=2", or ["1","2"] in a body. */
static void put_list(struct buf *out, const struct exchange *x, const struct config_param *param,
                     const char *const *pieces, size_t count)
{
    buf_put(out, x->body != NULL ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        if (x->body != NULL) {
            json_element(out, pieces[i]);
            continue;
        }
        buf_put_format(out, "%s%.64s=", i == 0 ? "" : "&", param->name);
        buf_put_percent(out, pieces[i], strlen(pieces[i]));
    }
    buf_put(out, x->body != NULL ? "]" : "");
}

/* Several values in one text, or one where a list is wanted. */
static void guess_list(struct exchange *x, const struct config_param *param, const char *value,
                       struct buf *meant)
{
    const char *pieces[PIECES_MAX];
    bool path = (param->sources & CONFIG_IN_PATH) != 0;
    size_t count = path ? 0 : split(x, param, value, pieces);
    if (count > 0)
        put_list(meant, x, param, pieces, count);
    else if (!path && strchr(value, ',') != NULL)
        buf_put_format(meant, "%.64s once for each value", param->name);
}

/* True and 1 are true; otherwise the same in small letters, without blanks around it. */
static void guess_spelling(struct exchange *x, const struct config_param *param, const char *value,
                           struct buf *meant)
{
    char small[COMPARED_MAX + 1];
    size_t length;
    value += strspn(value, " ");
    length = strlen(value);
    while (length > 0 && value[length - 1] == ' ')
        length--;
    if (length > COMPARED_MAX)
        return;
    for (size_t i = 0; i < length; i++)
        small[i] = (char)tolower((unsigned char)value[i]);
    small[length] = '\0';
    if (param->type == CONFIG_BOOLEAN && (strcmp(small, "1") == 0 || strcmp(small, "0") == 0))
        buf_put(meant, small[0] == '1' ? "true" : "false");
    else if (is_good(x, param, small))
        buf_put(meant, small);
}

void hint_value(struct exchange *x, const struct config_param *param, const char *value)
{
    struct buf meant;
    hint_about(x, param);
    if (x->hint.param != param || param->secret || config_is_structured(param))
        return;
    buf_init(&meant, HINT_MAX);
    if (param->type == CONFIG_STRINGS)
        guess_list(x, param, value, &meant);
    if (meant.length == 0)
        guess_spelling(x, param, value, &meant);
    note_meant(x, &meant);
    buf_done(&meant);
}

/* ---- names ---- */

/* Small letters and digits: instance_ids and InstanceIds are one. */
static void plain(const char *name, char out[COMPARED_MAX + 1])
{
    size_t length = 0;
    for (; *name != '\0' && length < COMPARED_MAX; name++)
        if (isalnum((unsigned char)*name))
            out[length++] = (char)tolower((unsigned char)*name);
    out[length] = '\0';
}

/* Letters to put in, take out or change (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
    size_t row[COMPARED_MAX + 1];
    size_t width = strlen(b);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t change = corner + (a[i - 1] != b[j - 1]);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            corner = row[j];
            row[j] = change < other ? change : other;
        }
    }
    return row[width];
}

/* 0: the same but for its spelling; more than COMPARED_CLOSE: another. */
static size_t compare(const char *name, const char *other)
{
    char a[COMPARED_MAX + 1];
    char b[COMPARED_MAX + 1];
    if (other == NULL)
        return COMPARED_MAX;
    plain(name, a);
    plain(other, b);
    size_t far = distance(a, b);
    return far == 0 || strlen(a) >= COMPARED_LONG ? far : COMPARED_MAX;
}

/* By the name that callers know, the path's, or the cloud's own. */
static size_t compare_param(const char *name, const struct config_param *param)
{
    const char *names[] = {param->name, param->capture, param->wire[CONFIG_API2].name,
                           param->wire[CONFIG_API3].name};
    size_t best = COMPARED_MAX;
    for (size_t i = 0; i < COUNT(names); i++) {
        size_t far = compare(name, names[i]);
        best = far < best ? far : best;
    }
    return best;
}

static const char *place_of(const struct config_param *param)
{
    if ((param->sources & CONFIG_IN_PATH) != 0)
        return " in the path";
    return (param->sources & CONFIG_IN_QUERY) == 0  ? " in the body"
           : (param->sources & CONFIG_IN_BODY) == 0 ? " in the query"
                                                    : "";
}

/* It is called so, or nearly so. */
static void guess_param(struct exchange *x, const struct config_param *param, const char *name)
{
    struct buf meant;
    bool captured = (param->sources & CONFIG_IN_PATH) != 0;
    bool same = strcmp(name, param->name) == 0;
    x->hint.param = param;
    buf_init(&meant, HINT_MAX);
    buf_put(&meant, captured ? param->capture : param->name);
    buf_put(&meant, captured || same ? place_of(param) : "");
    note_meant(x, &meant);
    buf_done(&meant);
}

void hint_name(struct exchange *x, const char *name)
{
    static const char *const own[] = {"region", "all"};
    const struct config_param *best = NULL;
    size_t least = COMPARED_CLOSE + 1;
    const char *copy = is_hinted(x) ? arena_strdup(x->arena, name) : NULL;
    if (copy == NULL)
        return;
    note(x, NULL, copy);
    for (size_t i = 0; i < x->route->param_count; i++) {
        size_t far = compare_param(name, &x->route->params[i]);
        if (far < least) {
            best = &x->route->params[i];
            least = far;
        }
    }
    if (best != NULL) {
        guess_param(x, best, name);
        return;
    }
    for (size_t i = 0; i < COUNT(own); i++)
        if (compare(name, own[i]) <= COMPARED_CLOSE && (i == 0 || x->route->list != NULL))
            x->hint.meant = own[i];
}

/* ---- members ---- */

static void put_text_form(struct buf *out, const struct config_param *param)
{
    if (param->value_count > 0) {
        buf_put(out, "one of");
        for (size_t i = 0; i < param->value_count; i++)
            buf_put_format(out, "%s %.64s", i == 0 ? "" : ",", param->values[i]);
    } else if (param->pattern.text != NULL) {
        buf_put(out, "a text that matches ");
        buf_put(out, param->pattern.text);
        buf_put(out, param->former.text == NULL ? "" : ", or, for a former id, ");
        buf_put(out, param->former.text == NULL ? "" : param->former.text);
    } else {
        buf_put_format(out, "a text of at most %lld bytes", param->length);
    }
}

static void put_form(struct buf *out, const struct config_param *param)
{
    switch (param->type) {
    case CONFIG_INTEGER:
        buf_put_format(out, "a whole number, %lld to %lld", param->min, param->max);
        break;
    case CONFIG_BOOLEAN:
        buf_put(out, "true or false");
        break;
    case CONFIG_NUMBER:
        buf_put(out, "a number");
        break;
    case CONFIG_LIST:
        buf_put(out, "an array");
        break;
    case CONFIG_OBJECT:
    case CONFIG_MAP:
        buf_put(out, param->type == CONFIG_MAP ? "an object whose members are all strings" : "an object");
        break;
    default:
        put_text_form(out, param);
    }
}

/* A list in the query is its name once for each value, in a body an array. */
static void put_expected(struct buf *out, const struct config_param *param)
{
    bool list = param->type == CONFIG_STRINGS && (param->sources & CONFIG_IN_PATH) == 0;
    if (list)
        buf_put_format(out, "1 to %lld values, each ", param->max_items);
    put_form(out, param);
    if (list && (param->sources & CONFIG_IN_BODY) != 0)
        buf_put(out, "; an array in the body");
    if (list && (param->sources & CONFIG_IN_QUERY) != 0)
        buf_put_format(out, "; in the query %.64s= once for each", param->name);
}

void hint_put(struct buf *body, const struct exchange *x)
{
    struct buf text;
    const struct config_param *param = x->hint.param;
    bool about = x->problem == PROBLEM_INVALID_PARAMETER || x->problem == PROBLEM_LENGTH_REQUIRED;
    if (!about || x->hint.parameter == NULL)
        return;
    json_member(body, "parameter", x->hint.parameter);
    buf_init(&text, HINT_MAX);
    if (param != NULL)
        put_expected(&text, param);
    json_member(body, "expected", text.failed || text.length == 0 ? NULL : buf_text(&text));
    buf_reset(&text);
    bool shown = param != NULL && !param->secret && example_text(&text, param);
    json_member(body, "example", shown && !text.failed ? buf_text(&text) : NULL);
    json_member(body, "meant", x->hint.meant);
    buf_done(&text);
}
