#include "gateway/connection/inbox.h"

#include "tests/unit.h"

#include <string.h>

enum { TAKEN_MAX = 3 };

static void write_to(struct inbox *inbox, const char *text)
{
    memcpy(inbox->bytes + inbox->end, text, strlen(text));
    inbox_grow(inbox, strlen(text));
}

/* Whoever has the memory next finds nothing in it, whatever was used or moved before. */
static void what_is_given_back_is_wiped(void **state)
{
    struct inbox inbox;
    struct inbox_pool *pool = inbox_pool_new(TAKEN_MAX, TAKEN_MAX, NULL);
    (void)state;
    assert_non_null(pool);
    for (int i = 0; i < 2 * TAKEN_MAX; i++) {
        assert_true(inbox_take(pool, &inbox));
        assert_true(inbox.begin == 0 && inbox.end == 0);
        for (size_t at = 0; at < INBOX_SIZE; at++)
            assert_int_equal(inbox.bytes[at], 0);
        for (int j = 0; j < 200; j++)
            write_to(&inbox, "Authorization: Bearer a-token-of-somebody\r\n");
        inbox.begin = 4000;
        inbox_settle(&inbox);
        inbox.begin = inbox.end;
        inbox_settle(&inbox);
        write_to(&inbox, "short");
        inbox_give(pool, &inbox);
        assert_null(inbox.bytes);
    }
    inbox_pool_free(pool);
}

static void no_two_have_the_same_memory(void **state)
{
    struct inbox inboxes[TAKEN_MAX + 1];
    struct inbox_pool *pool = inbox_pool_new(TAKEN_MAX, TAKEN_MAX, NULL);
    (void)state;
    assert_non_null(pool);
    for (size_t i = 0; i < TAKEN_MAX; i++) {
        assert_true(inbox_take(pool, &inboxes[i]));
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(inboxes[i].bytes, inboxes[j].bytes);
    }
    assert_false(inbox_take(pool, &inboxes[TAKEN_MAX]));
    inbox_give(pool, &inboxes[TAKEN_MAX]); /* one that was never taken */
    inbox_give(pool, &inboxes[1]);
    assert_true(inbox_take(pool, &inboxes[TAKEN_MAX]));
    inbox_pool_free(pool);
}

static void what_is_not_used_comes_first(void **state)
{
    struct inbox inbox;
    struct inbox_pool *pool = inbox_pool_new(1, 1, NULL);
    (void)state;
    assert_non_null(pool);
    assert_true(inbox_take(pool, &inbox));
    write_to(&inbox, "one two");
    inbox.begin = 4;
    inbox_settle(&inbox);
    assert_int_equal(inbox.begin, 0);
    assert_int_equal(inbox.end, 3);
    assert_memory_equal(inbox.bytes, "two", 3);
    inbox_give(pool, &inbox);
    inbox_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_back_is_wiped),
        cmocka_unit_test(no_two_have_the_same_memory),
        cmocka_unit_test(what_is_not_used_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
