/* Many threads at one pool: never more lent out than the ceiling, nobody waits beyond the time, nothing is
 * lost. */
#include "gateway/pool.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stdlib.h>

enum { THREADS = 16, MOST = 4, ROUNDS = 2000 };

static struct pool pool;
static atomic_int lent, too_many, taken, made;

static void *borrow(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        bool make = false;
        struct pool_item *item = pool_take(&pool, 10000, &make);
        if (make && i % 7 == 0) { /* making one fails now and then */
            pool_unmake(&pool);
            continue;
        }
        if (make)
            item = calloc(1, sizeof *item);
        if (item == NULL)
            continue;
        atomic_fetch_add(&made, make);
        atomic_fetch_add(&taken, 1);
        if (atomic_fetch_add(&lent, 1) >= MOST)
            atomic_fetch_add(&too_many, 1);
        atomic_fetch_sub(&lent, 1);
        pool_give(&pool, item);
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t thread[THREADS];
    struct err err = {0};
    int found = 0;
    (void)state;
    assert_int_equal(pool_init(&pool, MOST, &err), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, borrow, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(atomic_load(&too_many), 0);
    assert_in_range(atomic_load(&taken), THREADS * ROUNDS / 2, THREADS * ROUNDS);
    assert_int_equal(atomic_load(&pool.used), 0);
    assert_int_equal(atomic_load(&pool.waiting), 0);
    for (struct pool_item *item; (item = pool_remove(&pool)) != NULL; found++)
        free(item);
    assert_int_equal(found, atomic_load(&made));
    pool_done(&pool);
}

/* The one that was used last comes first; an empty pool makes the caller wait no longer than it said. */
static void order_and_wait(void **state)
{
    struct pool_item items[2];
    struct err err = {0};
    bool make = false;
    (void)state;
    assert_int_equal(pool_init(&pool, 2, &err), 0);
    assert_true(pool_take(&pool, 0, &make) == NULL && make);
    assert_true(pool_take(&pool, 0, &make) == NULL && make);
    assert_true(pool_take(&pool, 1, &make) == NULL && !make);
    pool_give(&pool, &items[0]);
    pool_give(&pool, &items[1]);
    assert_ptr_equal(pool_take(&pool, 0, &make), &items[1]);
    assert_ptr_equal(pool_take(&pool, 0, &make), &items[0]);
    assert_int_equal(atomic_load(&pool.used), 2);
    pool_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads), cmocka_unit_test(order_and_wait)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
