/* Lists of every size against a walk through all their texts: bisection must find what a walk finds. */
#include "config/model/value_set.h"

#include "base/text.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 40, CEILING = 1024 * 1024 };

static bool walk(const struct config_patterns *patterns, const char *text)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (text_matches(patterns->items[i], text))
            return true;
    return false;
}

/* Texts in no order, some twice, every fifth a pattern. */
static const char *make_text(unsigned number, struct arena *arena)
{
    char text[32];
    number = number * 7919 % 61;
    (void)snprintf(text, sizeof text, number % 5 == 0 ? "v%u*" : "v%u", number);
    return arena_strdup(arena, text);
}

static unsigned compare(const struct config_values *values, const struct config_patterns *patterns)
{
    char text[32];
    unsigned wrong = 0;
    for (unsigned i = 0; i < 700; i++) {
        (void)snprintf(text, sizeof text, "v%u", i);
        wrong += value_set_match(values, text) != walk(patterns, text);
    }
    return wrong + (value_set_match(values, "") != walk(patterns, "")) +
           (value_set_match(values, "*") != walk(patterns, "*")) +
           (value_set_match(values, "v") != walk(patterns, "v"));
}

static void as_a_walk_finds(void **state)
{
    unsigned wrong = 0;
    (void)state;
    for (unsigned size = 0; size <= MOST; size++) {
        const char *items[MOST];
        struct arena *arena = arena_new(CEILING);
        struct config_patterns patterns = {items, size};
        assert_non_null(arena);
        for (unsigned i = 0; i < size; i++)
            items[i] = make_text(i + size, arena);
        const struct config_values *values = value_set_new(&patterns, arena);
        assert_non_null(values);
        assert_int_equal(values->exact + values->patterns, size);
        const struct config_values *copy = value_set_copy(values, arena);
        assert_non_null(copy);
        wrong += compare(values, &patterns) + compare(copy, &patterns);
        arena_free(arena);
    }
    assert_int_equal(wrong, 0);
}

static void without_memory(void **state)
{
    const char *items[] = {"vpc-1"};
    struct config_patterns patterns = {items, 1};
    struct arena *arena = arena_new(16);
    (void)state;
    assert_non_null(arena);
    assert_null(value_set_new(&patterns, arena));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_a_walk_finds),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
