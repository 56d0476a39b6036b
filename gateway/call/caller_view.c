#include "gateway/call/caller_view.h"

#include "base/json/json_value.h"
#include "gateway/upstream/upstream_pool.h"

#include <string.h>

_Static_assert(CALLER_VIEW_GROWTH *UPSTREAM_POOL_ANSWER_MAX <= ANSWER_SEEN_MAX,
               "whatever the cloud says can be told");

static const char *const state_names[CONFIG_STATES] = {
    [CONFIG_DONE] = "done", [CONFIG_FAILED] = "failed", [CONFIG_RUNNING] = "running"};

bool caller_view_differs(const struct config_route *route, int api)
{
    return api == CONFIG_API3 || route->dialects[api].status.from != NULL;
}

/* The cloud's own document has the cloud's own answer: no envelope, and no other names. */
static bool has_envelope(const struct caller_view *view)
{
    return view->api == CONFIG_API3 && view->route->document == NULL;
}

/* Official samples have numbers and strings that hold them. */
const char *caller_view_state(const struct config_route *route, int api, const struct answer *answer)
{
    const struct json_value *said = &answer->state;
    for (int state = 0; state < CONFIG_STATES; state++) {
        const char *name = route->dialects[api].status.names[state];
        if (json_value_is(said, name) || (said->kind == JSON_VALUE_NUMBER && strlen(name) == said->length &&
                                          strncmp(name, said->bytes, said->length) == 0))
            return state_names[state];
    }
    return NULL;
}

/* ---- what is written ---- */

/* Written twice: for its length, then into memory of that length. */
struct text {
    char *bytes; /* NULL: only the length counts */
    size_t length;
    char last;
};

static void put(struct text *text, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (text->bytes != NULL)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->last = bytes[length - 1];
}

static void put_word(struct text *text, const char *word)
{
    put(text, word, strlen(word));
}

static void put_comma(struct text *text)
{
    if (text->last != '{' && text->last != '[')
        put_word(text, ",");
}

static void put_name(struct text *text, const char *name)
{
    put_comma(text);
    put_word(text, "\"");
    put_word(text, name);
    put_word(text, "\":");
}

/* Under its own name where `name` is NULL. */
static void put_key(struct text *text, const struct json_value *member, const char *name)
{
    if (name != NULL) {
        put_name(text, name);
        return;
    }
    put_comma(text);
    put(text, member->key, member->key_length);
    put_word(text, ":");
}

static void put_value(struct text *text, const struct json_value *value)
{
    put(text, value->bytes, value->length);
}

/* ---- names ---- */

struct name {
    const char *from, *to; /* the cloud's, the callers' */
    bool taken;            /* the object at hand has a member of that name already */
};

struct names {
    struct name *items;
    size_t count;
};

static void add_name(struct names *names, const char *from, const char *to)
{
    if (from != NULL && to != NULL)
        names->items[names->count++] = (struct name){.from = from, .to = to};
}

static void add_renames(struct names *names, const struct config_dialect *dialect)
{
    for (size_t i = 0; i < dialect->rename_count; i++)
        add_name(names, dialect->renames[i].from, dialect->renames[i].to);
}

/* Of API 3.0's answer, and of what stands in its lists. */
static int make_names(const struct config_route *route, struct arena *arena, struct names *whole,
                      struct names *items)
{
    const struct config_dialect *dialect = &route->dialects[CONFIG_API3];
    whole->items = arena_array(arena, dialect->rename_count + 5, sizeof *whole->items);
    items->items = arena_array(arena, dialect->rename_count, sizeof *items->items);
    if (whole->items == NULL || items->items == NULL)
        return -1;
    add_name(whole, dialect->task, route->task);
    add_name(whole, dialect->list, route->list);
    add_name(whole, dialect->total, route->total);
    add_name(whole, dialect->next, route->next);
    add_name(whole, "RequestId", "requestId");
    add_renames(whole, dialect);
    add_renames(items, dialect);
    return 0;
}

static bool is_own(const char *const *own, const char *name)
{
    for (; *own != NULL; own++)
        if (strcmp(*own, name) == 0)
            return true;
    return false;
}

/* A new name must not be there yet: nothing that the cloud said would be told apart from it. */
static void see_taken(const struct names *names, const struct json_value *object, const char *const *own)
{
    for (size_t i = 0; i < names->count; i++)
        names->items[i].taken = is_own(own, names->items[i].to);
    struct json_items items = json_value_items(object);
    for (struct json_value member; names->count > 0 && json_value_next(&items, &member);)
        for (size_t i = 0; i < names->count; i++)
            if (json_value_has_key(&member, names->items[i].to))
                names->items[i].taken = true;
}

/* NULL: it keeps its own. */
static const char *new_name(const struct names *names, const struct json_value *member)
{
    for (size_t i = 0; i < names->count; i++)
        if (json_value_has_key(member, names->items[i].from))
            return names->items[i].taken ? NULL : names->items[i].to;
    return NULL;
}

/* ---- a whole view ---- */

/* One view on its way. */
struct writing {
    const struct caller_view *view;
    struct text text;
    struct names whole, items;
    const char *state;                   /* or NULL */
    const char *own[5];                  /* the names of members that are ours; the last is NULL */
    struct json_value total, next, last; /* what they are in the end; no total: as the first page has it */
};

static void put_item(struct writing *w, const struct json_value *item)
{
    static const char *const nothing[] = {NULL};
    put_comma(&w->text);
    if (item->kind != JSON_VALUE_OBJECT || w->items.count == 0) {
        put_value(&w->text, item);
        return;
    }
    see_taken(&w->items, item, nothing);
    put_word(&w->text, "{");
    struct json_items members = json_value_items(item);
    for (struct json_value member; json_value_next(&members, &member);) {
        put_key(&w->text, &member, new_name(&w->items, &member));
        put_value(&w->text, &member);
    }
    put_word(&w->text, "}");
}

static void put_items(struct writing *w, const struct json_value *list)
{
    struct json_items items = json_value_items(list);
    for (struct json_value item; json_value_next(&items, &item);)
        put_item(w, &item);
}

static void put_list(struct writing *w)
{
    put_word(&w->text, "[");
    for (size_t i = 0; i < w->view->page_count; i++)
        put_items(w, &w->view->pages[i].list);
    put_word(&w->text, "]");
}

/* Where it stands in the first page tells which member it is. */
static bool is_same(const struct json_value *a, const struct json_value *b)
{
    return a->bytes == b->bytes && a->key == b->key;
}

static void put_member(struct writing *w, const struct json_value *member)
{
    const struct answer *first = &w->view->pages[0];
    const char *name = new_name(&w->whole, member);
    if ((is_same(member, &first->next) && w->next.kind == JSON_VALUE_NONE) ||
        (is_same(member, &first->last) && w->last.kind == JSON_VALUE_NONE))
        return; /* of the first page alone */
    for (size_t i = 0; w->own[i] != NULL; i++)
        if (name == NULL && json_value_has_key(member, w->own[i]))
            return; /* ours comes in its place */
    put_key(&w->text, member, name);
    if (is_same(member, &first->list) && w->view->joined) {
        put_list(w);
    } else if (is_same(member, &first->total)) {
        put_value(&w->text, &w->total);
    } else if (is_same(member, &first->next)) {
        put_value(&w->text, &w->next);
    } else if (is_same(member, &first->last)) {
        put_value(&w->text, &w->last);
    } else if (member->kind == JSON_VALUE_ARRAY && w->items.count > 0) {
        put_word(&w->text, "[");
        put_items(w, member);
        put_word(&w->text, "]");
    } else {
        put_value(&w->text, member);
    }
}

static void put_view(struct writing *w)
{
    const struct caller_view *view = w->view;
    put_word(&w->text, "{");
    if (w->state != NULL) {
        put_name(&w->text, "status");
        put_word(&w->text, "\"");
        put_word(&w->text, w->state);
        put_word(&w->text, "\"");
    }
    if (has_envelope(view))
        put_word(&w->text, w->state == NULL ? "\"code\":0,\"message\":\"\"" : ",\"code\":0,\"message\":\"\"");
    struct json_items members = json_value_items(&view->pages[0].members);
    for (struct json_value member; json_value_next(&members, &member);)
        put_member(w, &member);
    if (view->task.kind != JSON_VALUE_NONE) {
        put_name(&w->text, view->task_name);
        put_value(&w->text, &view->task);
    }
    put_word(&w->text, "}");
}

static void name_own(struct writing *w)
{
    size_t count = 0;
    if (w->state != NULL)
        w->own[count++] = "status";
    if (has_envelope(w->view)) {
        w->own[count++] = "code";
        w->own[count++] = "message";
    }
    if (w->view->task.kind != JSON_VALUE_NONE)
        w->own[count++] = w->view->task_name;
}

static int prepare(struct writing *w, struct arena *arena, struct err *err)
{
    const struct caller_view *view = w->view;
    bool tells = view->route->dialects[view->api].status.from != NULL;
    w->state = tells ? caller_view_state(view->route, view->api, &view->pages[0]) : NULL;
    if (tells && w->state == NULL)
        return err_set(err, ERR_INPUT, "the upstream's answer does not tell how the task is");
    for (size_t i = 0; i < view->page_count; i++)
        if (view->pages[i].total.kind != JSON_VALUE_NONE)
            w->total = view->pages[i].total;
    w->next = view->pages[view->page_count - 1].next;
    w->last = view->pages[view->page_count - 1].last;
    name_own(w);
    if (!has_envelope(view))
        return 0;
    if (make_names(view->route, arena, &w->whole, &w->items) != 0)
        return err_memory(err);
    see_taken(&w->whole, &view->pages[0].members, w->own);
    return 0;
}

int caller_view_write(const struct caller_view *view, struct arena *arena, struct answer *answer,
                      struct err *err)
{
    struct writing w = {.view = view};
    if (prepare(&w, arena, err) != 0)
        return -1;
    put_view(&w);
    size_t length = w.text.length;
    w.text = (struct text){.bytes = arena_alloc(arena, length + 1)};
    if (w.text.bytes == NULL)
        return err_memory(err);
    put_view(&w);
    answer->bytes = w.text.bytes;
    answer->length = length;
    return 0;
}
