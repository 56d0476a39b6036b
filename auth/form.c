#include "auth/form.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORM_SUFFIX = 40, /* "Filters.NN.Values.NNN" has 21 */
    FORM_FEW = 24,
};

/* ---- the call's own ---- */

/* instanceIds and 3 are instanceIds.3: the cloud's arrays start at 0 in every official sample. */
static const char *list_name(struct arena *arena, const char *name, size_t index)
{
    char number[TEXT_NUMBER_SIZE];
    size_t length = strlen(name);
    text_number(number, (long long)index);
    char *text = arena_alloc(arena, length + 1 + sizeof number);
    if (text == NULL)
        return NULL;
    memcpy(text, name, length);
    text[length] = '.';
    memcpy(text + length + 1, number, sizeof number);
    return text;
}

static int add_values(struct form *form, const struct call_param *param, const char *name, bool list,
                      struct err *err)
{
    for (size_t i = 0; i < param->count; i++)
        if (form_add(form, list ? list_name(form->arena, name, i) : name, param->values[i], err) != 0)
            return -1;
    return 0;
}

/* Filters.0.Name=vpc-id and Filters.0.Values.0=vpc-2ari9m7h */
static int add_filter(struct form *form, const struct call_param *param, const char *filter, size_t index,
                      struct err *err)
{
    char name[FORM_SUFFIX];
    if (snprintf(name, sizeof name, "Filters.%zu.Name", index) < 0 ||
        form_add(form, arena_strdup(form->arena, name), filter, err) != 0 ||
        snprintf(name, sizeof name, "Filters.%zu.Values", index) < 0)
        return -1;
    return add_values(form, param, name, true, err);
}

static int add_params(struct form *form, const struct call *call, struct err *err)
{
    size_t filters = 0;
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        const struct config_wire *wire = &param->param->wire[call->upstream->api];
        int result = wire->filter ? add_filter(form, param, wire->name, filters++, err)
                                  : add_values(form, param, wire->name, param->list, err);
        if (result != 0)
            return -1;
    }
    return 0;
}

static int add_pairs(struct form *form, const struct call *call, struct err *err)
{
    for (size_t i = 0; i < call->pair_count; i++)
        if (form_add(form, call->pairs[i].name, call->pairs[i].value, err) != 0)
            return -1;
    return 0;
}

int form_init(struct form *form, const struct call *call, size_t more, struct arena *arena, struct err *err)
{
    bool document = call->route->document != NULL; /* its parameters are only judged */
    *form = (struct form){.arena = arena, .room = more + call->pair_count};
    for (size_t i = 0; !document && i < call->param_count; i++)
        form->room += call->params[i].count + 1; /* and the name of a filter */
    form->pairs = arena_array(arena, form->room, sizeof *form->pairs);
    if (form->pairs == NULL)
        return err_memory(err);
    return document ? add_pairs(form, call, err) : add_params(form, call, err);
}

int form_add(struct form *form, const char *name, const char *value, struct err *err)
{
    if (name == NULL || value == NULL || form->count == form->room)
        return err_memory(err);
    form->pairs[form->count++] = (struct form_pair){name, value};
    return 0;
}

int form_add_int(struct form *form, const char *name, int64_t number, struct err *err)
{
    char text[TEXT_NUMBER_SIZE];
    text_number(text, number);
    return form_add(form, name, arena_strdup(form->arena, text), err);
}

/* ---- what is signed, and what goes out ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct form_pair *)a)->name, ((const struct form_pair *)b)->name);
}

/* Most differ in their first character. */
static bool comes_after(const char *name, const char *other)
{
    return name[0] != other[0] ? (unsigned char)name[0] > (unsigned char)other[0] : strcmp(name, other) > 0;
}

/* By inserting, as long as they are few: qsort() costs three times as much for the dozen of a usual call. */
static void sort_names(struct form_pair *pairs, size_t count)
{
    if (count > FORM_FEW) {
        qsort(pairs, count, sizeof *pairs, compare_names);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        const struct form_pair pair = pairs[i];
        size_t at = i;
        for (; at > 0 && comes_after(pairs[at - 1].name, pair.name); at--)
            pairs[at] = pairs[at - 1];
        pairs[at] = pair;
    }
}

static void put_name(struct buf *out, const char *name, bool dots)
{
    for (;;) {
        size_t run = dots ? strcspn(name, "_") : strlen(name);
        buf_put_bytes(out, name, run);
        if (name[run] == '\0')
            return;
        buf_put_char(out, '.');
        name += run + 1;
    }
}

int form_canonicalize(struct form *form, const char *method, const char *host, const char *path, bool dots,
                      struct buf *out, struct err *err)
{
    sort_names(form->pairs, form->count);
    buf_put(out, method);
    buf_put(out, host);
    buf_put(out, path);
    buf_put_char(out, '?');
    for (size_t i = 0; i < form->count; i++) {
        if (i > 0)
            buf_put_char(out, '&');
        put_name(out, form->pairs[i].name, dots);
        buf_put_char(out, '=');
        buf_put(out, form->pairs[i].value);
    }
    if (out->failed)
        return err_set(err, ERR_LIMIT, "the string to sign exceeds %zu bytes", out->ceiling);
    return 0;
}

void form_put(const struct form *form, const char *signature, struct buf *out)
{
    for (size_t i = 0; i < form->count; i++) {
        buf_put(out, form->pairs[i].name);
        buf_put_char(out, '=');
        buf_put_percent(out, form->pairs[i].value, strlen(form->pairs[i].value));
        buf_put_char(out, '&');
    }
    buf_put(out, "Signature=");
    buf_put_percent(out, signature, strlen(signature));
}
