/* Every digest that was added is found, and no other, also where they share a slot and its bits. */
#include "config/model/config.h"
#include "config/model/token_index.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 20000, CEILING = 16 * 1024 * 1024 };

/* Bytes that look random and are the same in every run (splitmix64). */
static void fill(unsigned char digest[CONFIG_DIGEST_SIZE], uint64_t number)
{
    for (size_t i = 0; i < CONFIG_DIGEST_SIZE / sizeof number; i++) {
        uint64_t word = number += UINT64_C(0x9e3779b97f4a7c15);
        word = (word ^ word >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        word = (word ^ word >> 27) * UINT64_C(0x94d049bb133111eb);
        word ^= word >> 31;
        memcpy(digest + i * sizeof word, &word, sizeof word);
    }
}

static void many(void **state)
{
    struct token_index keyring;
    struct arena *arena = arena_new(CEILING);
    unsigned wrong = 0;
    (void)state;
    assert_non_null(arena);
    assert_int_equal(token_index_init(&keyring, MANY, arena), 0);
    for (unsigned i = 0; i < MANY; i++) {
        struct config_token token = {.not_before = i};
        fill(token.digest, i);
        wrong += token_index_find(&keyring, token.digest) != NULL;
        token_index_add(&keyring, &token);
    }
    for (unsigned i = 0; i < MANY; i++) {
        unsigned char digest[CONFIG_DIGEST_SIZE];
        fill(digest, i);
        const struct config_token *found = token_index_find(&keyring, digest);
        wrong += found == NULL || found->not_before != i;
        digest[i % CONFIG_DIGEST_SIZE] ^= (unsigned char)(1U << i % 8); /* one bit beside it */
        wrong += token_index_find(&keyring, digest) != NULL;
        fill(digest, i + MANY * 1000U);
        wrong += token_index_find(&keyring, digest) != NULL;
    }
    arena_free(arena);
    assert_int_equal(keyring.count, MANY);
    assert_int_equal(wrong, 0);
}

/* All bytes the same but one: for each place of it a keyring, so that slots and bits collide as they can. */
static void collisions(void **state)
{
    (void)state;
    for (size_t place = 0; place < CONFIG_DIGEST_SIZE; place++) {
        struct token_index keyring;
        struct arena *arena = arena_new(CEILING);
        unsigned wrong = 0;
        assert_non_null(arena);
        assert_int_equal(token_index_init(&keyring, 255, arena), 0);
        for (unsigned i = 0; i < 255; i++) {
            struct config_token token = {.not_before = i};
            token.digest[place] = (unsigned char)i;
            wrong += token_index_find(&keyring, token.digest) != NULL;
            token_index_add(&keyring, &token);
        }
        for (unsigned i = 0; i < 256; i++) {
            unsigned char digest[CONFIG_DIGEST_SIZE] = {0};
            digest[place] = (unsigned char)i;
            const struct config_token *found = token_index_find(&keyring, digest);
            wrong += i < 255 ? found == NULL || found->not_before != i : found != NULL;
        }
        arena_free(arena);
        assert_int_equal(wrong, 0);
    }
}

static void empty(void **state)
{
    static const unsigned char digest[CONFIG_DIGEST_SIZE];
    struct token_index keyring = {0};
    struct arena *arena = arena_new(1024);
    (void)state;
    assert_non_null(arena);
    assert_null(token_index_find(&keyring, digest));
    assert_int_equal(token_index_init(&keyring, 0, arena), 0);
    assert_null(token_index_find(&keyring, digest));
    assert_int_equal(token_index_init(&keyring, 1000, arena), -1); /* the arena is too small */
    assert_int_equal(token_index_init(&keyring, SIZE_MAX, arena), -1);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many),
        cmocka_unit_test(collisions),
        cmocka_unit_test(empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
