#include "tests/unit.h"

#include "sandbox/state/state.h"

#include <string.h>

static void form(void **unused)
{
    (void)unused;
    static const unsigned char salt[REQUEST_ID_SALT] = {0, 1, 2, 3, 4, 5, 6, 7, 0xAB, 0xFF};
    char id[OUTCOME_REQUEST_ID_SIZE];
    char other[OUTCOME_REQUEST_ID_SIZE];
    request_id_format(salt, 135254, id);
    assert_string_equal(id, "00010203-0405-0607-abff-000000021056");
    assert_int_equal(request_id_number(id), 135254);
    request_id_random(id);
    request_id_random(other);
    assert_string_not_equal(id, other);
}

static void no_ids(void **unused)
{
    (void)unused;
    static const char *const texts[] = {"",
                                        "135254",
                                        "00010203-0405-0607-abff-00000002105",
                                        "00010203-0405-0607-abff-0000000210567",
                                        "00010203-0405-0607-abff-00000002105g",
                                        "00010203_0405-0607-abff-000000021056"};
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_int_equal(request_id_number(texts[i]), -1);
}

/* A name is known while its task is among those that are kept, and only as it was given. */
static void names(void **unused)
{
    (void)unused;
    struct arena *arena = arena_new(4096);
    struct state *state = state_new(&arena);
    char name[OUTCOME_REQUEST_ID_SIZE];
    assert_non_null(state);
    long long id = state_begin_task(state, 0);
    state_task_name(state, id, name);
    assert_int_equal(state_task_named(state, name), id);
    name[0] = name[0] == 'a' ? 'b' : 'a';
    assert_int_equal(state_task_named(state, name), -1);
    state_task_name(state, id, name);
    for (int i = 0; i < STATE_TASKS_KEPT; i++)
        (void)state_begin_task(state, 0);
    assert_int_equal(state_task_named(state, name), -1);
    state_free(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(form), cmocka_unit_test(no_ids),
                                       cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
