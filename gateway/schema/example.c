#include "gateway/schema/example.h"

#include "base/json/json.h"
#include "config/model/param_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 8 }; /* groups in one another */

/* ---- a text of a form ---- */

/* An expression on the way through it.  Only what is common is understood: literals, classes, groups, the
 * first of alternatives, the fewest repetitions.  What is made of anything else fits no pattern, and is
 * dropped by the one who asks. */
struct maker {
    const char *at;
    struct buf *out;
    int depth;
};

static void make_alternatives(struct maker *maker);

/* "[0-9a-z]": its first character. */
static void make_class(struct maker *maker)
{
    const char *first = ++maker->at;
    if (*first == '\\' && first[1] != '\0')
        first++;
    buf_put_char(maker->out, *first == '\\' || *first == '\0' ? '?' : *first);
    maker->at = first[0] == '\0' ? first : first + 1; /* a ']' that is first is one of the class */
    while (*maker->at != '\0' && *maker->at != ']')
        maker->at += maker->at[0] == '\\' && maker->at[1] != '\0' ? 2 : 1;
    maker->at += *maker->at == ']';
}

static void make_escape(struct maker *maker)
{
    char c = *++maker->at;
    if (c == '\0')
        return;
    buf_put_char(maker->out, c == 'd' ? '1' : c == 'w' ? 'a' : c);
    maker->at++;
}

static void make_group(struct maker *maker)
{
    maker->at++;
    if (strncmp(maker->at, "?:", 2) == 0)
        maker->at += 2;
    make_alternatives(maker);
    maker->at += *maker->at == ')';
}

static void make_atom(struct maker *maker)
{
    if (*maker->at == '[') {
        make_class(maker);
    } else if (*maker->at == '\\') {
        make_escape(maker);
    } else if (*maker->at == '(') {
        make_group(maker);
    } else {
        buf_put_char(maker->out, *maker->at == '.' ? 'a' : *maker->at);
        maker->at++;
    }
}

/* "{3,32}" or "?" behind an atom: the fewest, 1 where nothing is said. */
static size_t fewest(struct maker *maker)
{
    size_t count = 1;
    if (*maker->at == '{') {
        char *end = NULL;
        count = isdigit((unsigned char)maker->at[1]) ? strtoul(maker->at + 1, &end, 10) : 0;
        maker->at += strcspn(maker->at, "}");
        maker->at += *maker->at == '}';
    } else if (*maker->at == '*' || *maker->at == '?' || *maker->at == '+') {
        count = *maker->at++ == '+';
    }
    maker->at += *maker->at == '+'; /* possessive */
    return count < EXAMPLE_MAX ? count : EXAMPLE_MAX;
}

static void make_sequence(struct maker *maker)
{
    while (*maker->at != '\0' && *maker->at != '|' && *maker->at != ')' && !maker->out->failed) {
        char atom[EXAMPLE_MAX + 1];
        size_t before = maker->out->length;
        make_atom(maker);
        size_t length = maker->out->length - before;
        if (maker->out->failed || length > EXAMPLE_MAX)
            return;
        memcpy(atom, buf_text(maker->out) + before, length);
        maker->out->length = before;
        for (size_t count = fewest(maker); count > 0; count--)
            buf_put_bytes(maker->out, atom, length);
    }
}

/* Of alternatives the first; the others are made, too, and taken away again. */
static void make_alternatives(struct maker *maker)
{
    if (maker->depth++ == GROUPS_MAX) {
        maker->out->failed = true;
        return;
    }
    make_sequence(maker);
    size_t length = maker->out->length;
    while (*maker->at == '|' && !maker->out->failed) {
        maker->at++;
        make_sequence(maker);
        maker->out->length = length;
    }
    maker->depth--;
}

static void make_of_form(struct buf *out, const char *pattern)
{
    struct maker maker = {.at = pattern, .out = out};
    make_alternatives(&maker);
}

/* ---- a value ---- */

static void make_number(struct buf *out, const struct config_param *param)
{
    bool zero = param->type == CONFIG_NUMBER || (param->min <= 0 && param->max >= 0);
    buf_put_int(out, zero ? 0 : param->min);
}

static void make_value(struct buf *out, const struct config_param *param)
{
    if (param->value_count > 0)
        buf_put(out, param->values[0]);
    else if (param->preset != NULL && param->type != CONFIG_STRINGS)
        buf_put(out, param->preset);
    else if (param->type == CONFIG_BOOLEAN)
        buf_put(out, "true");
    else if (param->type == CONFIG_INTEGER || param->type == CONFIG_NUMBER)
        make_number(out, param);
    else if (param->pattern.text != NULL)
        make_of_form(out, param->pattern.text);
    else
        buf_put(out, param->name);
}

bool example_text(struct buf *out, const struct config_param *param)
{
    char memory[EXAMPLE_MAX + 1];
    struct buf made;
    if (param->example != NULL) {
        buf_put(out, param->example);
        return true;
    }
    if (config_is_structured(param))
        return false;
    buf_init_in(&made, memory, sizeof memory);
    make_value(&made, param);
    buf_put(&made, ""); /* ends with its NUL, wherever it was shortened */
    if (made.failed || made.length == 0)
        return false;
    memory[made.length] = '\0';
    if (param_value_check(param, NULL, memory, NULL) != 0)
        return false;
    buf_put(out, memory);
    return true;
}

/* ---- JSON ---- */

static bool is_text(const struct config_param *param)
{
    return param->type == CONFIG_STRING || param->type == CONFIG_STRINGS;
}

void example_put_one(struct buf *out, const char *key, const struct config_param *param)
{
    struct buf text;
    buf_init(&text, CONFIG_LENGTH_MAX);
    if (!example_text(&text, param))
        json_member_raw(out, key, NULL);
    else if (is_text(param))
        json_member(out, key, buf_text(&text));
    else
        json_member_raw(out, key, buf_text(&text));
    buf_done(&text);
}

void example_put(struct buf *out, const char *key, const struct config_param *param)
{
    struct buf text;
    if (param->type == CONFIG_OBJECT || param->type == CONFIG_MAP) {
        json_member_raw(out, key, "{}");
    } else if (param->type == CONFIG_LIST) {
        json_member_raw(out, key, "[]");
    } else if (param->type == CONFIG_STRINGS) {
        buf_init(&text, CONFIG_LENGTH_MAX);
        if (example_text(&text, param)) {
            json_open_array(out, key);
            json_element(out, buf_text(&text));
            json_close_array(out);
        }
        buf_done(&text);
    } else {
        example_put_one(out, key, param);
    }
}
