#include "auth/token.h"

#include "base/text.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6750 section 2.1 and RFC 9110 section 11: Bearer 1*SP token68. */
static void authorization_values(void **state)
{
    /* clang-format off */
    static const struct {
        const char *value, *token; /* NULL: none */
    } rows[] = {
        {"Bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"}, /* the RFC's own */
        {"bearer mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"},
        {"BEARER mF_9.B5f-4.1JqM", "mF_9.B5f-4.1JqM"},
        {"Bearer    a", "a"},
        {"Bearer a-._~+/Z09==", "a-._~+/Z09=="},
        {"Bearer a=", "a="},
        {NULL, NULL},
        {"", NULL},
        {"Bearer", NULL},
        {"Bearer ", NULL},
        {"Bearer   ", NULL},
        {" Bearer a", NULL},
        {"Bearer a ", NULL},
        {"Bearer a b", NULL},
        {"Bearer a, Bearer b", NULL},
        {"Bearer a,b", NULL},
        {"Bearer \"a\"", NULL},
        {"Bearer a=b", NULL},
        {"Bearer =", NULL},
        {"Bearer ==a", NULL},
        {"Bearer\ta", NULL},
        {"Bearer \ta", NULL},
        {"Bearer a\t", NULL},
        {"Bearera", NULL},
        {"Bearer: a", NULL},
        {"Bearer a\x01", NULL},
        {"Bearer \xC3\xA9", NULL},
        {"Bearer a\xFF", NULL},
        {"Bearer a%20b", NULL},
        {"Bearer a*", NULL},
        {"Basic dXNlcjpwYXNz", NULL},
        {"Token a", NULL},
        {"Digest username=\"a\"", NULL},
        {"a", NULL},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = 0;
        const char *token = token_of_authorization(rows[i].value, &length);
        wrong += unit_differs(rows[i].value == NULL ? "NULL" : rows[i].value, rows[i].token, token);
        if (token != NULL)
            assert_int_equal(length, strlen(token));
    }
    assert_int_equal(wrong, 0);
}

static void length_is_bounded(void **state)
{
    char value[sizeof "Bearer " + TOKEN_MAX + 1] = "Bearer ";
    size_t length = 0;
    (void)state;
    memset(value + 7, 'x', TOKEN_MAX + 1);
    value[7 + TOKEN_MAX] = '\0';
    assert_non_null(token_of_authorization(value, &length));
    assert_int_equal(length, TOKEN_MAX);
    value[7 + TOKEN_MAX] = 'x';
    value[8 + TOKEN_MAX] = '\0';
    assert_null(token_of_authorization(value, &length));
}

static void sendable_is_what_authorization_takes(void **state)
{
    (void)state;
    assert_true(token_is_sendable("abc", 3));
    assert_true(token_is_sendable("abc==", 5));
    assert_false(token_is_sendable("", 0));
    assert_false(token_is_sendable("=", 1));
    assert_false(token_is_sendable("a b", 3));
    assert_false(token_is_sendable("a\0b", 3));
    assert_false(token_is_sendable("abc\n", 4));
}

/* What `printf TEXT | sha256sum` prints; the first two are FIPS 180-4's examples. */
/* clang-format off */
static const struct {
    const char *text, *hex;
} digests[] = {
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"hello", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"},
};
/* clang-format on */

static void digest_vectors(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(digests); i++) {
        unsigned char digest[CONFIG_DIGEST_SIZE];
        char hex[2 * CONFIG_DIGEST_SIZE + 1];
        assert_int_equal(token_digest(digests[i].text, strlen(digests[i].text), digest), 0);
        text_hex(digest, sizeof digest, hex);
        wrong += unit_differs(digests[i].text, digests[i].hex, hex);
    }
    assert_int_equal(wrong, 0);
}

/* Two clients' tokens: "abc" expires, "hello" does not; the empty text has a digest too, and nobody may use
 * it. */
static struct config_client client = {.name = "web"};
static struct config_token tokens[] = {
    {.id = "abc", .client = &client, .expires = 1811721600},
    {.id = "hello", .client = &client, .expires = CONFIG_NEVER},
    {.id = "empty", .client = &client, .expires = CONFIG_NEVER},
};

static struct config *fill(struct config *config, struct arena *arena)
{
    static const char *const texts[] = {"abc", "hello", ""};
    *config = (struct config){0};
    assert_int_equal(token_index_init(&config->tokens, COUNT(tokens), arena), 0);
    for (size_t i = 0; i < COUNT(tokens); i++) {
        assert_int_equal(token_digest(texts[i], strlen(texts[i]), tokens[i].digest), 0);
        token_index_add(&config->tokens, &tokens[i]);
    }
    return config;
}

static void verdicts(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name, *token;
        int64_t now;
        enum token_verdict verdict;
        const char *id; /* NULL: nothing is told */
    } rows[] = {
        {"good", "abc", 0, TOKEN_GOOD, "abc"},
        {"its last second", "abc", 1811721599, TOKEN_GOOD, "abc"},
        {"from then on refused", "abc", 1811721600, TOKEN_EXPIRED, "abc"},
        {"long expired", "abc", INT64_MAX, TOKEN_EXPIRED, "abc"},
        {"without an expiry", "hello", INT64_MAX, TOKEN_GOOD, "hello"},
        {"unknown", "abd", 0, TOKEN_UNKNOWN, NULL},
        {"another case", "ABC", 0, TOKEN_UNKNOWN, NULL},
        {"one byte more", "abcd", 0, TOKEN_UNKNOWN, NULL},
        {"one byte less", "ab", 0, TOKEN_UNKNOWN, NULL},
        {"none at all", NULL, 0, TOKEN_UNKNOWN, NULL},
        {"the digest is no token", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 0,
         TOKEN_UNKNOWN, NULL},
    };
    /* clang-format on */
    struct config config;
    int wrong = 0;
    struct arena *arena = arena_new(64 * 1024);
    (void)state;
    assert_non_null(arena);
    fill(&config, arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct config_token *found = NULL;
        size_t length = rows[i].token == NULL ? 0 : strlen(rows[i].token);
        enum token_verdict verdict = token_check(&config, rows[i].token, length, rows[i].now, &found);
        wrong += unit_wrong(rows[i].name, verdict == rows[i].verdict);
        wrong += unit_differs(rows[i].name, rows[i].id, found == NULL ? NULL : found->id);
    }
    arena_free(arena);
    assert_int_equal(wrong, 0);
}

static void nobody_has_tokens(void **state)
{
    struct config config = {0};
    const struct config_token *found = NULL;
    (void)state;
    assert_int_equal(token_check(&config, "abc", 3, 0, &found), TOKEN_UNKNOWN);
    assert_null(found);
}

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* base64url (RFC 4648 section 5) without padding: 43 characters are 32 bytes and two bits that must be
 * zero. */
static bool decodes_to_32_bytes(const char *text)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strlen(text) != 43 || strspn(text, alphabet) != 43)
        return false;
    return (strchr(alphabet, text[42]) - alphabet) % 4 == 0;
}

static void fresh_tokens(void **state)
{
    enum { MANY = 10000 };
    char(*made)[TOKEN_TEXT_SIZE] = calloc(MANY, sizeof *made);
    size_t characters[128] = {0};
    size_t length;
    (void)state;
    assert_non_null(made);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(token_make(made[i]), 0);
        assert_memory_equal(made[i], "cs_", 3);
        assert_true(decodes_to_32_bytes(made[i] + 3));
        for (const char *c = made[i] + 3; *c != '\0'; c++)
            characters[(unsigned char)*c]++;
    }
    char value[sizeof "Bearer " + TOKEN_TEXT_SIZE];
    (void)snprintf(value, sizeof value, "Bearer %s", made[0]);
    assert_non_null(token_of_authorization(value, &length));
    qsort(made, MANY, sizeof *made, compare);
    for (size_t i = 1; i < MANY; i++)
        assert_string_not_equal(made[i], made[i - 1]);
    for (const char *c = "AZaz09-_"; *c != '\0'; c++) /* 6,700 of each are to be expected */
        assert_true(characters[(unsigned char)*c] > 6000 && characters[(unsigned char)*c] < 8200);
    free(made);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorization_values),
        cmocka_unit_test(length_is_bounded),
        cmocka_unit_test(sendable_is_what_authorization_takes),
        cmocka_unit_test(digest_vectors),
        cmocka_unit_test(verdicts),
        cmocka_unit_test(nobody_has_tokens),
        cmocka_unit_test(fresh_tokens),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
