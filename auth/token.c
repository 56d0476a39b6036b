#include "auth/token.h"

#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <string.h>

static bool is_token68(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~+/", c);
}

bool token_is_sendable(const char *token, size_t length)
{
    size_t used = 0;
    while (used < length && token[used] != '\0' && is_token68(token[used]))
        used++;
    bool starts = used > 0;
    while (used < length && token[used] == '=')
        used++;
    return starts && used == length && length <= TOKEN_MAX;
}

const char *token_of_authorization(const char *value, size_t *length)
{
    static const char scheme[] = "Bearer ";
    if (value == NULL || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return NULL;
    const char *token = value + sizeof scheme - 1;
    while (*token == ' ')
        token++;
    *length = strlen(token);
    return token_is_sendable(token, *length) ? token : NULL;
}

int token_digest(const char *token, size_t length, unsigned char digest[CONFIG_DIGEST_SIZE])
{
    return digest_of(token, length, digest);
}

static enum token_verdict check_in(const struct token_index *tokens, const char *token, size_t length,
                                   int64_t now, const struct config_token **found)
{
    unsigned char digest[CONFIG_DIGEST_SIZE];
    if (token_digest(token == NULL ? "" : token, token == NULL ? 0 : length, digest) != 0)
        return TOKEN_FAILED;
    const struct config_token *entry = token_index_find(tokens, digest);
    if (token == NULL || entry == NULL)
        return TOKEN_UNKNOWN;
    *found = entry;
    if (entry->disabled || now < entry->not_before)
        return TOKEN_UNKNOWN;
    return entry->expires != CONFIG_NEVER && now >= entry->expires ? TOKEN_EXPIRED : TOKEN_GOOD;
}

enum token_verdict token_check(const struct config *config, const char *token, size_t length, int64_t now,
                               const struct config_token **found)
{
    return check_in(&config->tokens, token, length, now, found);
}

enum token_verdict token_check_operator(const struct config *config, const char *token, size_t length,
                                        int64_t now, const struct config_token **found)
{
    return check_in(&config->operator_tokens, token, length, now, found);
}

int token_make(char out[TOKEN_TEXT_SIZE])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char random[33]; /* 32 bytes are used: 256 bits in 43 characters; the last gives zero bits */
    if (RAND_bytes(random, 32) != 1)
        return -1;
    random[32] = 0;
    memcpy(out, "cs_", 3);
    for (size_t i = 0; i < 43; i++) {
        size_t bit = i * 6;
        unsigned pair = (unsigned)random[bit / 8] << 8 | random[bit / 8 + 1];
        out[3 + i] = alphabet[pair >> (10 - bit % 8) & 63];
    }
    out[TOKEN_TEXT_SIZE - 1] = '\0';
    OPENSSL_cleanse(random, sizeof random);
    return 0;
}
