#include "gateway/chain/seal.h"

#include "base/json/json.h"
#include "base/text.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <string.h>

enum { SEAL_DEPTH = 8 };

int seal_begin(struct seal *seal, struct err *err)
{
    unsigned char id[SEAL_ID / 2];
    struct hash_chain_head none;
    *seal = (struct seal){0};
    hash_chain_begin(&none);
    memcpy(seal->mac, none.hash, sizeof seal->mac);
    if (RAND_bytes(id, sizeof id) != 1)
        return err_set(err, ERR_CRYPTO, "the system gives no randomness");
    text_hex(id, sizeof id, seal->chain);
    return 0;
}

void seal_put(struct buf *members, const struct seal *seal, struct seal *next)
{
    next->number = seal->number + 1;
    memcpy(next->before, seal->mac, sizeof next->before);
    memcpy(next->chain, seal->chain, sizeof next->chain);
    json_member_int(members, "seal", (long long)next->number);
    json_member(members, "before", next->before);
    json_member(members, "chain", next->chain);
    json_member_int(members, "every", next->every);
    if (next->last)
        json_member_bool(members, "last", true);
    if (next->refusing)
        json_member_bool(members, "refusing", true);
}

/* False where it is another length than `size` - 1. */
static bool copy_text(const json_t *record, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(record, key));
    if (text == NULL || strlen(text) != size - 1)
        return false;
    memcpy(out, text, size);
    return true;
}

static bool read_number(const json_t *record, struct seal *seal)
{
    const json_t *number = json_object_get(record, "seal");
    if (number == NULL) /* format 1 */
        return true;
    seal->every = json_integer_value(json_object_get(record, "every"));
    seal->last = json_is_true(json_object_get(record, "last"));
    seal->refusing = json_is_true(json_object_get(record, "refusing"));
    if (!json_is_integer(number) || json_integer_value(number) < 1)
        return false;
    seal->number = (unsigned long long)json_integer_value(number);
    return copy_text(record, "before", seal->before, sizeof seal->before) &&
           copy_text(record, "chain", seal->chain, sizeof seal->chain);
}

int seal_read(const char *bytes, size_t length, struct seal *seal)
{
    *seal = (struct seal){0};
    if (!hash_chain_mac(bytes, length, seal->mac) || json_depth(bytes, length, SEAL_DEPTH) > SEAL_DEPTH)
        return -1;
    json_t *record = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *found = json_object_get(record, "found");
    const char *time = json_string_value(json_object_get(record, "time"));
    if (time != NULL)
        (void)snprintf(seal->time, sizeof seal->time, "%s", time);
    seal->open = hash_chain_is(bytes, length, "open");
    seal->found = found != NULL;
    seal->old = json_integer_value(json_object_get(found, "format")) == 1;
    seal->broken = json_object_get(record, "broken") != NULL;
    int result = record != NULL && read_number(record, seal) ? 0 : -1;
    json_decref(record);
    return result;
}
