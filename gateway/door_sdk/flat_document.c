/* Names are put in order, part by part, so that what belongs together stands together; then the definition
 * says what each part is. */
#include "gateway/door_sdk/flat_document.h"

#include "base/json/json.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 100, SHOWN_PART_MAX = 31 }; /* of a name: what is longer may be a secret */

struct entry {
    const char *name; /* parts with dots between them */
    const char *value;
};

struct writing {
    struct buf *out;
    struct err *err;
};

static size_t part_length(const char *part)
{
    return strcspn(part, ".");
}

static bool is_index(const char *part, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isdigit((unsigned char)part[i]))
            return false;
    return length > 0 && (length == 1 || part[0] != '0');
}

/* ---- names ---- */

/* "Filters[0][Values][1]" becomes "Filters.0.Values.1"; -1: a bracket is where none can be. */
static int unfold_brackets(char *name)
{
    char *out = name;
    for (char *at = name; *at != '\0';) {
        if (*at != '[') {
            if (*at == ']')
                return -1;
            *out++ = *at++;
            continue;
        }
        size_t length = strcspn(at + 1, "[].");
        if (at == name || length == 0 || at[1 + length] != ']')
            return -1;
        *out++ = '.';
        memmove(out, at + 1, length);
        out += length;
        at += length + 2;
        if (*at != '\0' && *at != '[' && *at != '.')
            return -1;
    }
    *out = '\0';
    return 0;
}

static bool is_name(const char *name)
{
    size_t parts = 0;
    if (strlen(name) > FLAT_DOCUMENT_NAME_MAX)
        return false;
    for (const char *at = name;; at++) {
        size_t length = part_length(at);
        if (++parts > FLAT_DOCUMENT_PARTS_MAX || (!is_index(at, length) && !definitions_is_name(at, length)))
            return false;
        at += length;
        if (*at == '\0')
            return true;
    }
}

static const char *read_name(const char *name, struct arena *arena, struct err *err)
{
    char *copy = strchr(name, '[') == NULL ? NULL : arena_copy(arena, name, strlen(name));
    if (copy == NULL && strchr(name, '[') != NULL) {
        err_memory(err);
        return NULL;
    }
    if ((copy != NULL && unfold_brackets(copy) != 0) || !is_name(copy == NULL ? name : copy)) {
        err_set(err, ERR_INPUT, "a parameter's name does not look like one: write a list as Name.0, Name.1");
        return NULL;
    }
    return copy == NULL ? name : copy;
}

/* "a.2" before "a.10", "a" before "a.0". */
static int compare_parts(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (is_index(a, a_length) && is_index(b, b_length) && a_length != b_length)
        return a_length < b_length ? -1 : 1;
    int order = strncmp(a, b, a_length < b_length ? a_length : b_length);
    return order != 0 ? order : a_length < b_length ? -1 : a_length > b_length;
}

static int compare_entries(const void *left, const void *right)
{
    const char *a = ((const struct entry *)left)->name;
    const char *b = ((const struct entry *)right)->name;
    for (;;) {
        size_t a_length = part_length(a);
        size_t b_length = part_length(b);
        int order = compare_parts(a, a_length, b, b_length);
        if (order != 0)
            return order;
        a += a_length;
        b += b_length;
        if (*a == '\0' || *b == '\0')
            return (*a != '\0') - (*b != '\0');
        a++;
        b++;
    }
}

/* ---- values ---- */

/* RFC 8259 section 6: what stands in JSON as it is. */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-');
    size_t digits = strspn(at, "0123456789");
    if (digits == 0 || (digits > 1 && *at == '0'))
        return false;
    at += digits;
    if (*at == '.') {
        digits = strspn(at + 1, "0123456789");
        if (digits == 0)
            return false;
        at += 1 + digits;
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '+' || at[1] == '-');
        digits = strspn(at, "0123456789");
        if (digits == 0)
            return false;
        at += digits;
    }
    return *at == '\0';
}

/* As SDKs write one: Python "True", PHP "1", the others "true". */
static const char *boolean_of(const char *text)
{
    if (strcmp(text, "true") == 0 || strcmp(text, "True") == 0 || strcmp(text, "1") == 0)
        return "true";
    if (strcmp(text, "false") == 0 || strcmp(text, "False") == 0 || strcmp(text, "0") == 0)
        return "false";
    return NULL;
}

static void put_leaf(struct writing *w, int type, const char *value)
{
    bool number = type == DEFINITIONS_INT64 || type == DEFINITIONS_UINT64 || type == DEFINITIONS_FLOAT;
    const char *boolean = type == DEFINITIONS_BOOL ? boolean_of(value) : NULL;
    if (boolean != NULL)
        buf_put(w->out, boolean);
    else if (number && is_number(value))
        buf_put(w->out, value);
    else
        json_put_string(w->out, value, strlen(value));
}

/* ---- objects and lists ---- */

/* All of `entries` have the same name up to `at`. */
static int put_object(struct writing *w, const struct definitions_object *object, const struct entry *entries,
                      size_t count, size_t at);

/* How many begin with the part at `at` that the first one has. */
static size_t count_alike(const struct entry *entries, size_t count, size_t at)
{
    size_t length = part_length(entries[0].name + at);
    size_t alike = 1;
    while (alike < count && part_length(entries[alike].name + at) == length &&
           strncmp(entries[alike].name + at, entries[0].name + at, length) == 0)
        alike++;
    return alike;
}

/* The name up to `end`, where it can be told. */
static int wrong(struct writing *w, const char *name, size_t end, const char *what)
{
    bool long_part = false;
    for (size_t i = 0; i < end;) {
        size_t length = part_length(name + i);
        long_part = long_part || length > SHOWN_PART_MAX;
        i += length + 1;
    }
    if (end > SHOWN_MAX || long_part)
        return err_set(w->err, ERR_INPUT, "a parameter %s", what);
    return err_set(w->err, ERR_INPUT, "%.*s %s", (int)end, name, what);
}

/* `at` is behind the part; an item of a list, or what is no list. */
static int put_one(struct writing *w, const struct definitions_member *member, const struct entry *entries,
                   size_t count, size_t at)
{
    bool ends = entries[0].name[at] == '\0';
    if (ends && count > 1)
        return wrong(w, entries[0].name, at, "is there twice");
    if (!ends && (member == NULL || member->type != DEFINITIONS_OBJECT)) {
        buf_put(w->out, "{}"); /* no such member, or no object */
        return 0;
    }
    if (!ends)
        return put_object(w, member->object, entries, count, at + 1);
    put_leaf(w, member == NULL ? DEFINITIONS_STRING : member->type, entries[0].value);
    return 0;
}

static int put_list(struct writing *w, const struct definitions_member *member, const struct entry *entries,
                    size_t count, size_t at)
{
    size_t index = 0;
    char wanted[TEXT_NUMBER_SIZE];
    buf_put_char(w->out, '[');
    for (size_t i = 0; i < count; index++) {
        const char *part = entries[i].name + at;
        size_t length = part_length(part);
        size_t alike = count_alike(entries + i, count - i, at);
        text_number(wanted, (long long)index);
        if (strlen(wanted) != length || strncmp(wanted, part, length) != 0)
            return wrong(w, entries[i].name, at - 1,
                         "is a list: its items are 0, 1, 2 and so on, without a gap");
        if (index > 0)
            buf_put_char(w->out, ',');
        if (put_one(w, member, entries + i, alike, at + length) != 0)
            return -1;
        i += alike;
    }
    buf_put_char(w->out, ']');
    return 0;
}

static int put_object(struct writing *w, const struct definitions_object *object, const struct entry *entries,
                      size_t count, size_t at)
{
    int result = 0;
    buf_put_char(w->out, '{');
    for (size_t i = 0; i < count && result == 0;) {
        const char *part = entries[i].name + at;
        size_t length = part_length(part);
        size_t alike = count_alike(entries + i, count - i, at);
        const struct definitions_member *member = definitions_member(object, part, length);
        if (i > 0)
            buf_put_char(w->out, ',');
        json_put_string(w->out, part, length);
        buf_put_char(w->out, ':');
        if (member != NULL && member->list && part[length] == '.')
            result = put_list(w, member, entries + i, alike, at + length + 1);
        else
            result = put_one(w, member, entries + i, alike, at + length);
        i += alike;
    }
    buf_put_char(w->out, '}');
    return result;
}

int flat_document_write(const struct target_pair *pairs, size_t count,
                        const struct definitions_object *object, struct arena *arena, struct buf *out,
                        struct err *err)
{
    struct writing w = {out, err};
    struct entry *entries = arena_array(arena, count + 1, sizeof *entries);
    if (entries == NULL)
        return err_memory(err);
    for (size_t i = 0; i < count; i++) {
        entries[i] = (struct entry){read_name(pairs[i].name, arena, err), pairs[i].value};
        if (entries[i].name == NULL)
            return -1;
    }
    if (count > 1)
        qsort(entries, count, sizeof *entries, compare_entries);
    if (put_object(&w, object, entries, count, 0) != 0)
        return -1;
    return out->failed ? err_memory(err) : 0;
}
