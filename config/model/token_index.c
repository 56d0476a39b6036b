#include "config/model/token_index.h"

#include "base/secret.h"
#include "config/model/config.h"

#include <string.h>

/* A digest's bytes are random already: some choose the slot, others are kept in it. */
static size_t slot_of(const struct token_index *keyring, const unsigned char *digest)
{
    uint64_t word;
    memcpy(&word, digest, sizeof word);
    return word & keyring->mask;
}

static uint64_t tag_of(const unsigned char *digest)
{
    uint32_t tag;
    memcpy(&tag, digest + sizeof(uint64_t), sizeof tag);
    return (uint64_t)tag << 32;
}

int token_index_init(struct token_index *keyring, size_t room, struct arena *arena)
{
    size_t slots = 2;
    if (room > INT32_MAX)
        return -1;
    while (slots < 2 * room)
        slots *= 2;
    *keyring = (struct token_index){.room = room, .mask = slots - 1};
    keyring->items = arena_array(arena, room, sizeof *keyring->items);
    keyring->slots = arena_array(arena, slots, sizeof *keyring->slots);
    return keyring->items == NULL || keyring->slots == NULL ? -1 : 0;
}

struct config_token *token_index_find(const struct token_index *keyring, const unsigned char *digest)
{
    uint64_t tag = tag_of(digest);
    if (keyring->count == 0)
        return NULL;
    for (size_t i = slot_of(keyring, digest); keyring->slots[i] != 0; i = (i + 1) & keyring->mask) {
        uint64_t slot = keyring->slots[i];
        struct config_token *token = &keyring->items[(slot & UINT32_MAX) - 1];
        if ((slot ^ tag) >> 32 == 0 && secret_equal_bytes(token->digest, digest, CONFIG_DIGEST_SIZE))
            return token;
    }
    return NULL;
}

void token_index_add(struct token_index *keyring, const struct config_token *token)
{
    size_t i = slot_of(keyring, token->digest);
    while (keyring->slots[i] != 0)
        i = (i + 1) & keyring->mask;
    keyring->items[keyring->count++] = *token;
    keyring->slots[i] = tag_of(token->digest) | keyring->count;
}
