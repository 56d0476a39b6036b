#include "gateway/call/view.h"

#include "base/document.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

enum { VIEW_NAME = 64 };

static const char *const state_names[CONFIG_STATES] = {
    [CONFIG_DONE] = "done", [CONFIG_FAILED] = "failed", [CONFIG_RUNNING] = "running"};

bool view_differs(const struct config_route *route, int api)
{
    return api == CONFIG_API3 || route->dialects[api].status.from != NULL;
}

/* ---- how a task is ---- */

/* "data.status" in {"data": {"status": 0}} */
static const json_t *find(const json_t *root, const char *path)
{
    char name[VIEW_NAME + 1];
    while (root != NULL) {
        size_t length = strcspn(path, ".");
        if (length > VIEW_NAME)
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        root = json_object_get(root, name);
        if (path[length] == '\0')
            return root;
        path += length + 1;
    }
    return NULL;
}

/* Official samples have numbers and strings that hold them. */
static const char *state_of(const json_t *root, const struct config_status *status)
{
    char number[TEXT_NUMBER_SIZE];
    const json_t *value = find(root, status->from);
    const char *text = json_string_value(value);
    if (json_is_integer(value)) {
        text_number(number, json_integer_value(value));
        text = number;
    }
    for (int state = 0; text != NULL && state < CONFIG_STATES; state++)
        if (strcmp(text, status->names[state]) == 0)
            return state_names[state];
    return NULL;
}

/* ---- names ---- */

static const char *renamed(const struct config_dialect *dialect, const char *name)
{
    for (size_t i = 0; i < dialect->rename_count; i++)
        if (strcmp(dialect->renames[i].from, name) == 0)
            return dialect->renames[i].to;
    return name;
}

/* A member of the whole answer. */
static const char *callers_name(const struct config_route *route, const struct config_dialect *dialect,
                                const char *name)
{
    if (dialect->task != NULL && strcmp(name, dialect->task) == 0)
        return route->task;
    if (dialect->list != NULL && strcmp(name, dialect->list) == 0)
        return route->list;
    if (dialect->total != NULL && strcmp(name, dialect->total) == 0)
        return route->total;
    return strcmp(name, "RequestId") == 0 ? "requestId" : renamed(dialect, name);
}

/* A new reference: an object of a list under the callers' names, anything else as it is. */
static json_t *view_item(const struct config_dialect *dialect, json_t *item)
{
    const char *name;
    json_t *value;
    if (!json_is_object(item))
        return json_incref(item);
    json_t *view = json_object();
    json_object_foreach(item, name, value)
    {
        if (json_object_set(view, renamed(dialect, name), value) != 0) {
            json_decref(view);
            return NULL;
        }
    }
    return view;
}

static json_t *view_member(const struct config_dialect *dialect, json_t *value)
{
    if (!json_is_array(value))
        return json_incref(value);
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < json_array_size(value); i++)
        if (json_array_append_new(list, view_item(dialect, json_array_get(value, i))) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* ---- a whole answer ---- */

/* The Response in API 2.0's envelope. */
static int add_response(json_t *view, const struct config_route *route, json_t *response)
{
    const char *name;
    json_t *value;
    const struct config_dialect *dialect = &route->dialects[CONFIG_API3];
    if (json_object_set_new(view, "code", json_integer(0)) != 0 ||
        json_object_set_new(view, "message", json_string("")) != 0)
        return -1;
    json_object_foreach(response, name, value)
    {
        const char *known = callers_name(route, dialect, name);
        if (json_object_get(view, known) == NULL &&
            json_object_set_new(view, known, view_member(dialect, value)) != 0)
            return -1;
    }
    return 0;
}

/* Whatever else the upstream calls `status` gives way. */
static int add_members(json_t *view, json_t *root)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        if (json_object_get(view, name) == NULL && json_object_set(view, name, value) != 0)
            return -1;
    }
    return 0;
}

static json_t *compose(const struct config_route *route, int api, json_t *root, struct err *err)
{
    const struct config_status *status = &route->dialects[api].status;
    json_t *source = api == CONFIG_API3 ? json_object_get(root, "Response") : root;
    const char *state = status->from == NULL ? "" : state_of(source, status);
    if (state == NULL) {
        err_set(err, ERR_INPUT, "the upstream's answer does not tell how the task is");
        return NULL;
    }
    json_t *view = json_object();
    if (view == NULL ||
        (status->from != NULL && json_object_set_new(view, "status", json_string(state)) != 0) ||
        (api == CONFIG_API3 ? add_response(view, route, source) : add_members(view, source)) != 0) {
        err_memory(err);
        json_decref(view);
        return NULL;
    }
    return view;
}

json_t *view_new(const struct config_route *route, int api, const struct answer *answer, struct err *err)
{
    json_error_t where;
    json_t *root = document_read(answer->bytes, answer->length, &where);
    if (root == NULL) { /* answer_read() has parsed it */
        err_memory(err);
        return NULL;
    }
    json_t *view = compose(route, api, root, err);
    json_decref(root);
    return view;
}

int view_write(const json_t *view, struct arena *arena, struct answer *answer, struct err *err)
{
    const char *text = document_text(view, arena);
    if (text == NULL)
        return err_memory(err);
    answer->bytes = text;
    answer->length = strlen(text);
    return 0;
}
