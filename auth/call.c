#include "auth/call.h"

#include "base/text.h"
#include "config/model/param_value.h"

#include <string.h>

struct call *call_new(const struct config_route *route, const struct config_upstream *upstream,
                      struct arena *arena)
{
    return call_new_document(route, upstream, route->param_count + route->path_count, arena);
}

struct call *call_new_document(const struct config_route *route, const struct config_upstream *upstream,
                               size_t count, struct arena *arena)
{
    struct call *call = arena_alloc(arena, sizeof *call);
    if (call == NULL)
        return NULL;
    call->route = route;
    call->upstream = upstream;
    call->account = config_account_name(upstream);
    call->arena = arena;
    call->room = count;
    call->params = arena_array(arena, count, sizeof *call->params);
    return call->params == NULL ? NULL : call;
}

/* How many there are, and whether each can be signed. */
static int check_values(const struct call *call, const struct config_param *param, const char **values,
                        size_t count, struct err *err)
{
    if (param->type != CONFIG_STRINGS && count != 1)
        return err_set(err, ERR_INPUT, "%s cannot be added to the call", param->name);
    if (count == 0)
        return param_value_check_none(param->name, call->upstream, err);
    for (size_t i = 0; i < count; i++)
        if (param_value_check_signed(param->name, call->upstream, values[i], err) != 0)
            return -1;
    return 0;
}

/* *former stays NULL where no value is one. */
static int mark_former(const struct call *call, const struct config_param *param, const char **values,
                       size_t count, const bool **former, struct err *err)
{
    bool *marks = NULL;
    for (size_t i = 0; param->formers != NULL && i < count; i++) {
        if (strlen(values[i]) > CONFIG_ID_MAX)
            continue; /* of a document; no id is so long */
        enum pattern_result result = config_is_former(param, values[i]);
        if (result == PATTERN_FITS && marks == NULL)
            marks = arena_array(call->arena, count, sizeof *marks);
        if (result == PATTERN_FAILED || (result == PATTERN_FITS && marks == NULL))
            return err_memory(err);
        if (result == PATTERN_FITS)
            marks[i] = true;
    }
    *former = marks;
    return 0;
}

int call_add(struct call *call, const struct config_param *param, const char **values, size_t count,
             struct err *err)
{
    if (call->sealed || call->route->document != NULL || call->param_count == call->room ||
        call_find(call, param->name) != NULL || !config_is_param_name(param->name) ||
        (param->type != CONFIG_STRINGS && count != 1))
        return err_set(err, ERR_INPUT, "%s cannot be added to the call", param->name);
    if (check_values(call, param, values, count, err) != 0)
        return -1;
    const bool *former = NULL;
    if (mark_former(call, param, values, count, &former, err) != 0)
        return -1;
    call->params[call->param_count++] = (struct call_param){.param = param,
                                                            .name = param->name,
                                                            .number = param->number,
                                                            .list = param->type == CONFIG_STRINGS,
                                                            .values = values,
                                                            .count = count,
                                                            .former = former};
    call->several = call->several || former != NULL;
    return 0;
}

int call_add_read(struct call *call, const struct call_param *read, struct err *err)
{
    const bool *former = NULL;
    if (call->sealed || (call->route->document == NULL && !read->param->inside) ||
        call->param_count == call->room)
        return err_set(err, ERR_INPUT, "%s cannot be added to the call", read->name);
    if (mark_former(call, read->param, read->values, read->count, &former, err) != 0)
        return -1;
    call->params[call->param_count] = *read;
    call->params[call->param_count++].former = former;
    call->several = call->several || former != NULL;
    return 0;
}

void call_note_secret(struct call *call)
{
    if (!call->sealed && call->param_count > 0)
        call->params[call->param_count - 1].secret = true;
}

void call_set_pairs(struct call *call, const struct call_pair *pairs, size_t count)
{
    call->pairs = pairs;
    call->pair_count = count;
    call->paired = true;
}

void call_note_said(struct call *call, const char **said)
{
    if (call->sealed || call->param_count == 0)
        return;
    call->params[call->param_count - 1].said = said;
    call->several = call->several || said != NULL;
}

int call_set_region(struct call *call, const char *region, struct err *err)
{
    if (call->sealed || region == NULL || !config_is_region(region))
        return err_set(err, ERR_INPUT, "region must be a region's name, such as ap-guangzhou");
    call->region = region;
    call->sent_region = region;
    return 0;
}

void call_send_region(struct call *call, const char *region)
{
    if (!call->sealed)
        call->sent_region = region;
}

/* What the cloud takes in a name, without '~' */
static bool is_of_a_name(char c)
{
    return text_is_unreserved((unsigned char)c) ? c != '~' : c == ',' || c == ';';
}

int call_set_client(struct call *call, const char *program, const char *client)
{
    const char *const parts[] = {program, "-", client};
    char name[CALL_CLIENT_SIZE];
    size_t length = 0;
    for (size_t i = 0; i < COUNT(parts); i++)
        for (const char *c = parts[i]; *c != '\0' && length < sizeof name - 1;
             c++) /* what is longer is cut */
            name[length++] = is_of_a_name(*c) ? *c : '-';
    call->request_client = call->sealed ? NULL : arena_copy(call->arena, name, length);
    return call->request_client == NULL ? -1 : 0;
}

void call_seal(struct call *call)
{
    call->sealed = true;
}

struct call *call_with(const struct call *call, const struct config_param *changed, const char *value,
                       struct arena *arena)
{
    struct call *other = call_new(call->route, call->upstream, arena);
    const char **values = arena_array(arena, 1, sizeof *values);
    const char **said = NULL;
    bool found = false;
    if (other == NULL || values == NULL || call_set_region(other, call->region, NULL) != 0)
        return NULL;
    *values = value;
    other->account = call->account;
    other->request_client = call->request_client;
    call_send_region(other, call->sent_region);
    for (size_t i = 0; i < call->param_count; i++) {
        const struct call_param *param = &call->params[i];
        bool same = strcmp(param->name, changed->name) != 0;
        if (!same && param->former != NULL) { /* what the caller called it */
            said = arena_array(arena, 1, sizeof *said);
            if (said == NULL)
                return NULL;
            *said = param->values[0];
        }
        found = found || !same;
        if (param->param->inside) {
            if (call_add_read(other, param, NULL) != 0)
                return NULL;
            continue;
        }
        if (call_add(other, param->param, same ? param->values : values, same ? param->count : 1, NULL) != 0)
            return NULL;
        call_note_said(other, same ? param->said : said);
        if (param->secret)
            call_note_secret(other);
    }
    if (!found && call_add(other, changed, values, 1, NULL) != 0)
        return NULL;
    call_seal(other);
    return other;
}

const char *call_former(const struct call *call, const struct call_param **param)
{
    for (size_t i = 0; i < call->param_count; i++)
        for (size_t j = 0; call->params[i].former != NULL && j < call->params[i].count; j++)
            if (call->params[i].former[j]) {
                if (param != NULL)
                    *param = &call->params[i];
                return call->params[i].values[j];
            }
    return NULL;
}

bool call_is_secret(const struct call_param *param)
{
    return param->secret || param->param->secret;
}

const char *call_shown(const struct call_param *param, size_t value)
{
    return call_is_secret(param) ? CALL_SECRET : param->values[value];
}

bool call_has_secret(const struct call *call)
{
    for (size_t i = 0; i < call->param_count; i++)
        if (call_is_secret(&call->params[i]))
            return true;
    return false;
}

void call_mask(struct call *call)
{
    for (size_t i = 0; i < call->param_count; i++)
        for (size_t j = 0; j < call->params[i].count; j++)
            call->params[i].values[j] = call_shown(&call->params[i], j);
}

const struct call_param *call_find(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->param_count; i++)
        if (strcmp(call->params[i].name, name) == 0)
            return &call->params[i];
    return NULL;
}
