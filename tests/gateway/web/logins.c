/* Sessions: found by their name alone, until they are idle, old, ended, or too many. */
#include "gateway/web/logins.h"

#include "tests/unit.h"

#include <string.h>

static const unsigned char digest[CONFIG_DIGEST_SIZE] = {1, 2, 3};

static void begin(struct logins *sessions, int64_t now_ms, struct login *begun)
{
    assert_int_equal(logins_begin(sessions, digest, now_ms, begun), 0);
}

static void a_session_is_found_by_its_name(void **state)
{
    struct err err = {0};
    struct login one, other, found;
    struct logins *sessions = logins_new(&err);
    (void)state;
    begin(sessions, 0, &one);
    begin(sessions, 0, &other);
    assert_string_not_equal(one.name, other.name);
    assert_string_not_equal(one.name, one.form);
    assert_true(logins_find(sessions, one.name, 1, &found));
    assert_string_equal(found.form, one.form);
    assert_memory_equal(found.digest, digest, sizeof digest);
    assert_false(logins_find(sessions, "", 1, &found));
    assert_false(logins_find(sessions, one.form, 1, &found));
    logins_end(sessions, one.name);
    assert_false(logins_find(sessions, one.name, 1, &found));
    assert_true(logins_find(sessions, other.name, 1, &found));
    logins_free(sessions);
    logins_free(NULL);
}

static void it_ends_when_it_is_idle_or_old(void **state)
{
    struct err err = {0};
    struct login one, found;
    struct logins *sessions = logins_new(&err);
    (void)state;
    begin(sessions, 0, &one);
    assert_true(logins_find(sessions, one.name, LOGINS_IDLE_MS - 1, &found));
    assert_true(logins_find(sessions, one.name, 2 * LOGINS_IDLE_MS - 2, &found));
    assert_false(logins_find(sessions, one.name, 3 * (int64_t)LOGINS_IDLE_MS, &found));
    begin(sessions, 0, &one);
    for (int64_t now = 0; now < LOGINS_LONGEST_MS; now += LOGINS_IDLE_MS / 2)
        assert_true(logins_find(sessions, one.name, now, &found));
    assert_false(logins_find(sessions, one.name, LOGINS_LONGEST_MS, &found));
    logins_free(sessions);
}

static void one_too_many_ends_the_idlest(void **state)
{
    struct err err = {0};
    struct login all[LOGINS_MAX + 1], found;
    struct logins *sessions = logins_new(&err);
    (void)state;
    for (size_t i = 0; i < LOGINS_MAX; i++)
        begin(sessions, (int64_t)i, &all[i]);
    assert_true(logins_find(sessions, all[0].name, 1000, &found));
    begin(sessions, 1001, &all[LOGINS_MAX]);
    assert_true(logins_find(sessions, all[0].name, 1002, &found));
    assert_false(logins_find(sessions, all[1].name, 1002, &found));
    assert_true(logins_find(sessions, all[LOGINS_MAX].name, 1002, &found));
    logins_free(sessions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_session_is_found_by_its_name),
                                       cmocka_unit_test(it_ends_when_it_is_idle_or_old),
                                       cmocka_unit_test(one_too_many_ends_the_idlest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
