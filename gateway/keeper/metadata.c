#include "gateway/keeper/metadata.h"

#include "base/text.h"

#include <string.h>

#define METADATA_PATH "/latest/meta-data/cam/security-credentials/"

enum {
    METADATA_NAME_MAX = 128, /* characters of a role's name */
    METADATA_ATTEMPTS = 2,   /* at once: one answer in two may be none, and two make a credential */
};

/* The answer lies in the slot. */
static int ask(const struct fetch *fetch, struct upstream_pool_slot *slot, const char *name,
               struct upstream_pool_result *result, struct err *err)
{
    struct signed_request *request = upstream_pool_request(slot);
    signed_request_reset(request);
    buf_put(&request->target, METADATA_PATH);
    buf_put_percent(&request->target, name, strlen(name));
    *result = (struct upstream_pool_result){.end = UPSTREAM_HEALTH_FAILED};
    if (signed_request_failed(request))
        return err_memory(err);
    if (fetch_send(fetch, CONFIG_METADATA, slot, result, err) != 0)
        return -1;
    if (result->status == 404 && name[0] == '\0')
        return err_set(err, ERR_INPUT, "the instance has no role: bind one to it in CAM");
    if (result->status == 404)
        return err_set(err, ERR_INPUT, "the metadata service knows no role '%.64s'", name);
    if (result->status != 200)
        return err_set(err, ERR_INPUT, "the metadata service answered HTTP status %d", result->status);
    return 0;
}

static bool may_ask_again(const struct upstream_pool_result *result)
{
    return result->end == UPSTREAM_HEALTH_ANSWERED ? result->status >= 500 : !result->timed_out;
}

static int get(const struct fetch *fetch, struct upstream_pool_slot *slot, const char *name,
               struct upstream_pool_result *result, struct err *err)
{
    int end = -1;
    for (int i = 0; i < METADATA_ATTEMPTS && end != 0; i++) {
        err_clear(err);
        end = ask(fetch, slot, name, result, err);
        if (end != 0)
            upstream_pool_distrust(slot);
        if (end != 0 && !may_ask_again(result))
            break;
    }
    return end;
}

/* The first line of the answer. */
static int take_name(const struct upstream_pool_result *result, char name[METADATA_NAME_MAX + 1],
                     struct err *err)
{
    size_t length = 0;
    while (length < result->length && result->bytes[length] != '\n' && result->bytes[length] != '\r')
        length++;
    bool good = length > 0 && length <= METADATA_NAME_MAX;
    for (size_t i = 0; i < length; i++)
        good = good && (text_is_unreserved((unsigned char)result->bytes[i]) ||
                        strchr("+=,@", result->bytes[i]) != NULL);
    if (!good)
        return err_set(err, ERR_INPUT, "the metadata service answered something that is no role's name");
    memcpy(name, result->bytes, length);
    name[length] = '\0';
    return 0;
}

/* It is looked up each time: a role may be bound in another's place. */
static int find_name(const struct fetch *fetch, struct upstream_pool_slot *slot,
                     char name[METADATA_NAME_MAX + 1], struct err *err)
{
    struct upstream_pool_result result;
    const char *role = fetch->credential->issuer->role;
    if (role != NULL) {
        memcpy(name, role, strlen(role) + 1); /* a name of the configuration: at most 64 */
        return 0;
    }
    if (get(fetch, slot, "", &result, err) != 0)
        return -1;
    return take_name(&result, name, err);
}

int metadata_fetch(struct fetch *fetch, struct err *err)
{
    char name[METADATA_NAME_MAX + 1];
    struct upstream_pool_result result;
    struct err why = {0};
    struct upstream_pool_slot *slot = fetch_slot(fetch, CONFIG_METADATA, err);
    if (slot == NULL)
        return -1;
    int end = find_name(fetch, slot, name, err);
    if (end == 0)
        end = get(fetch, slot, name, &result, err);
    if (end == 0 &&
        (end = issued_read(result.bytes, result.length, fetch_clock(&result), &fetch->issued, &why)) != 0)
        err_set(err, why.kind, "the metadata service, asked for role '%.64s': %s", name, why.text);
    upstream_pool_give(slot);
    return end;
}
