/* An Authorization field's value, against RFC 6750 section 2.1 read letter by letter. */
#include "tests/fuzz/fuzz.h"

#include "auth/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { AUTHORIZATION_ARENA = 64 * 1024 };

static const char known[] = "fuzz-known-token";

/* "Bearer" 1*SP b64token; b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static const char *read_naively(const char *value)
{
    static const char scheme[] = "bearer";
    for (size_t i = 0; i < strlen(scheme); i++)
        if (tolower((unsigned char)value[i]) != scheme[i])
            return NULL;
    const char *token = value + strlen(scheme);
    if (*token != ' ')
        return NULL;
    token += strspn(token, " ");
    size_t letters = strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");
    size_t pads = strspn(token + letters, "=");
    return letters > 0 && token[letters + pads] == '\0' && letters + pads <= TOKEN_MAX ? token : NULL;
}

static const struct config *one_token(void)
{
    static struct config config;
    static struct config_client client = {.name = "fuzz"};
    struct config_token token = {.id = "one", .client = &client, .expires = CONFIG_NEVER};
    if (config.arena == NULL) {
        config.arena = arena_new(AUTHORIZATION_ARENA);
        FUZZ_MUST(config.arena != NULL && token_index_init(&config.tokens, 1, config.arena) == 0);
        FUZZ_MUST(token_digest(known, strlen(known), token.digest) == 0);
        token_index_add(&config.tokens, &token);
    }
    return &config;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct config_token *found = NULL;
    size_t length = 0;
    char *value = fuzz_text(bytes, size);
    const char *expected = read_naively(value);
    const char *token = token_of_authorization(value, &length);
    FUZZ_MUST(token == expected);
    FUZZ_MUST(token == NULL || (length == strlen(expected) && token_is_sendable(token, length)));
    enum token_verdict verdict = token_check(one_token(), token, length, 0, &found);
    FUZZ_MUST((verdict == TOKEN_GOOD) == (expected != NULL && strcmp(expected, known) == 0));
    FUZZ_MUST(verdict == TOKEN_GOOD || verdict == TOKEN_UNKNOWN);
    free(value);
    return 0;
}
