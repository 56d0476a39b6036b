/* Sessions: found by their name alone, until they are idle, old, ended, or too many. */
#include "gateway/console/sessions.h"

#include "tests/unit.h"

#include <string.h>

static const unsigned char digest[CONFIG_DIGEST_SIZE] = {1, 2, 3};

static void begin(struct sessions *sessions, int64_t now_ms, struct session *begun)
{
    assert_int_equal(sessions_begin(sessions, digest, now_ms, begun), 0);
}

static void a_session_is_found_by_its_name(void **state)
{
    struct err err = {0};
    struct session one, other, found;
    struct sessions *sessions = sessions_new(&err);
    (void)state;
    begin(sessions, 0, &one);
    begin(sessions, 0, &other);
    assert_string_not_equal(one.name, other.name);
    assert_string_not_equal(one.name, one.form);
    assert_true(sessions_find(sessions, one.name, 1, &found));
    assert_string_equal(found.form, one.form);
    assert_memory_equal(found.digest, digest, sizeof digest);
    assert_false(sessions_find(sessions, "", 1, &found));
    assert_false(sessions_find(sessions, one.form, 1, &found));
    sessions_end(sessions, one.name);
    assert_false(sessions_find(sessions, one.name, 1, &found));
    assert_true(sessions_find(sessions, other.name, 1, &found));
    sessions_free(sessions);
    sessions_free(NULL);
}

static void it_ends_when_it_is_idle_or_old(void **state)
{
    struct err err = {0};
    struct session one, found;
    struct sessions *sessions = sessions_new(&err);
    (void)state;
    begin(sessions, 0, &one);
    assert_true(sessions_find(sessions, one.name, SESSIONS_IDLE_MS - 1, &found));
    assert_true(sessions_find(sessions, one.name, 2 * SESSIONS_IDLE_MS - 2, &found));
    assert_false(sessions_find(sessions, one.name, 3 * (int64_t)SESSIONS_IDLE_MS, &found));
    begin(sessions, 0, &one);
    for (int64_t now = 0; now < SESSIONS_LONGEST_MS; now += SESSIONS_IDLE_MS / 2)
        assert_true(sessions_find(sessions, one.name, now, &found));
    assert_false(sessions_find(sessions, one.name, SESSIONS_LONGEST_MS, &found));
    sessions_free(sessions);
}

static void one_too_many_ends_the_idlest(void **state)
{
    struct err err = {0};
    struct session all[SESSIONS_MAX + 1], found;
    struct sessions *sessions = sessions_new(&err);
    (void)state;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        begin(sessions, (int64_t)i, &all[i]);
    assert_true(sessions_find(sessions, all[0].name, 1000, &found));
    begin(sessions, 1001, &all[SESSIONS_MAX]);
    assert_true(sessions_find(sessions, all[0].name, 1002, &found));
    assert_false(sessions_find(sessions, all[1].name, 1002, &found));
    assert_true(sessions_find(sessions, all[SESSIONS_MAX].name, 1002, &found));
    sessions_free(sessions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_session_is_found_by_its_name),
                                       cmocka_unit_test(it_ends_when_it_is_idle_or_old),
                                       cmocka_unit_test(one_too_many_ends_the_idlest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
