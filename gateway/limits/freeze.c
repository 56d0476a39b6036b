#include "gateway/limits/freeze.h"

#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "gateway/state/state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FREEZE_FORMAT = 1, /* of a record */
    FREEZE_DEPTH = 4,
};

bool freeze_holds(const struct freeze *freeze, int64_t now_ms)
{
    return now_ms < freeze->until_ms;
}

bool freeze_is(const struct freeze *freeze, const char *client, const char *token)
{
    return strcmp(freeze->client, client) == 0 && strcmp(freeze->token, token) == 0;
}

/* ---- as text ---- */

static void put_time(struct buf *out, const char *key, int64_t millis)
{
    char text[TIMESTAMP_SIZE];
    timestamp_format(millis, text);
    json_member(out, key, text);
}

void freeze_put(struct buf *out, const struct freeze *freeze)
{
    json_member(out, "client", freeze->client);
    json_member(out, "clientToken", freeze->token[0] == '\0' ? NULL : freeze->token);
    json_member(out, "by", freeze->by);
    put_time(out, "since", freeze->since_ms);
    if (freeze->until_ms != FREEZE_FOREVER)
        put_time(out, "until", freeze->until_ms);
    json_member(out, "reason", freeze->reason);
}

void freeze_put_record(struct buf *out, const struct freeze *freeze)
{
    json_open(out);
    json_member_int(out, "format", FREEZE_FORMAT);
    freeze_put(out, freeze);
    json_close(out);
}

static void copy_text(char *out, size_t size, const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    (void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

static int64_t read_time(const json_t *record, const char *key, int64_t otherwise)
{
    const char *text = json_string_value(json_object_get(record, key));
    int64_t seconds = 0;
    return text != NULL && timestamp_parse(text, &seconds) ? seconds * 1000 : otherwise;
}

/* Later formats may say more; that the client is frozen they will not deny. */
bool freeze_read(const char *text, size_t length, struct freeze *freeze)
{
    if (json_depth(text, length, FREEZE_DEPTH) > FREEZE_DEPTH)
        return false;
    json_t *record = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    *freeze = (struct freeze){0};
    copy_text(freeze->client, sizeof freeze->client, record, "client");
    copy_text(freeze->token, sizeof freeze->token, record, "clientToken");
    copy_text(freeze->by, sizeof freeze->by, record, "by");
    copy_text(freeze->reason, sizeof freeze->reason, record, "reason");
    freeze->since_ms = read_time(record, "since", 0);
    freeze->until_ms = read_time(record, "until", FREEZE_FOREVER);
    json_decref(record);
    return freeze->client[0] != '\0';
}

/* ---- many ---- */

int freeze_list_add(struct freeze_list *list, const struct freeze *freeze)
{
    for (size_t i = 0; i < list->count; i++)
        if (freeze_is(&list->items[i], freeze->client, freeze->token)) {
            list->items[i] = *freeze;
            return 0;
        }
    if (list->count == STATE_FREEZES_MAX)
        return -1;
    struct freeze *items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items == NULL)
        return -1;
    items[list->count++] = *freeze;
    list->items = items;
    return 0;
}

bool freeze_list_remove(struct freeze_list *list, const char *client, const char *token)
{
    for (size_t i = 0; i < list->count; i++)
        if (freeze_is(&list->items[i], client, token)) {
            list->items[i] = list->items[--list->count];
            return true;
        }
    return false;
}
