/* Many threads at one pool: never more lent out than the ceiling, nobody waits beyond the time, nothing is
 * lost. */
#include "gateway/upstream/slots.h"

#include "tests/unit.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 16, MOST = 4, ROUNDS = 20000 };

static struct slots pool;
static atomic_int lent, too_many, taken;
static int counts[MOST]; /* by place: its borrower's alone, which the thread sanitizer sees to */

static void *borrow(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        size_t place = slots_take(&pool, 10000);
        if (place == 0)
            continue;
        void **at = slots_at(&pool, place);
        if (*at == NULL)
            *at = &counts[place - 1];
        ++*(int *)*at;
        atomic_fetch_add(&taken, 1);
        if (atomic_fetch_add(&lent, 1) >= MOST)
            atomic_fetch_add(&too_many, 1);
        atomic_fetch_sub(&lent, 1);
        slots_give(&pool, place);
    }
    return NULL;
}

static void threads(void **state)
{
    pthread_t thread[THREADS];
    struct err err = {0};
    int sum = 0;
    (void)state;
    assert_int_equal(slots_init(&pool, MOST, &err), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, borrow, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(thread[i], NULL), 0);
    assert_int_equal(atomic_load(&too_many), 0);
    assert_int_equal(atomic_load(&taken), THREADS * ROUNDS); /* nobody waited for ten seconds */
    for (size_t i = 0; i < MOST; i++)
        sum += counts[i];
    assert_int_equal(sum, THREADS * ROUNDS);
    assert_int_equal(atomic_load(&pool.used), 0);
    assert_int_equal(atomic_load(&pool.waiting), 0);
    for (size_t i = 0; i < MOST; i++) /* all are there again, and no more */
        assert_in_range(slots_take(&pool, 0), 1, MOST);
    assert_int_equal(slots_take(&pool, 0), 0);
    slots_done(&pool);
}

/* The one that was used last comes first; an empty pool makes the caller wait no longer than it said. */
static void order_and_wait(void **state)
{
    struct err err = {0};
    (void)state;
    assert_int_equal(slots_init(&pool, 2, &err), 0);
    size_t first = slots_take(&pool, 0);
    size_t second = slots_take(&pool, 0);
    assert_true(first != 0 && second != 0 && first != second);
    assert_int_equal(slots_take(&pool, 1), 0);
    slots_give(&pool, first);
    slots_give(&pool, second);
    assert_int_equal(slots_take(&pool, 0), second);
    assert_int_equal(slots_take(&pool, 0), first);
    assert_int_equal(atomic_load(&pool.used), 2);
    slots_done(&pool);
}

/* Until a thread sleeps there: a waiter has the mutex from before it counts itself until it sleeps. */
static void until_somebody_waits(struct slots *of)
{
    unit_await(atomic_load(&of->waiting) == 1);
    assert_int_equal(pthread_mutex_lock(&of->mutex), 0);
    assert_int_equal(pthread_mutex_unlock(&of->mutex), 0);
}

static void *give_later(void *place)
{
    until_somebody_waits(&pool);
    slots_give(&pool, *(size_t *)place);
    return NULL;
}

/* Whoever waits is woken by what is given back. */
static void woken(void **state)
{
    pthread_t giver;
    struct err err = {0};
    (void)state;
    assert_int_equal(slots_init(&pool, 1, &err), 0);
    size_t place = slots_take(&pool, 0);
    assert_int_equal(pthread_create(&giver, NULL, give_later, &place), 0);
    assert_int_equal(slots_take(&pool, 60000), place);
    assert_int_equal(pthread_join(giver, NULL), 0);
    slots_done(&pool);
}

static void *take_with_patience(void *found)
{
    *(size_t *)found = slots_take(&pool, 60000);
    return NULL;
}

/* So many new ones are set up at a time, and no more; who waits gets the next that is ready, or may set up
 * another. */
static void grows_a_few_at_a_time(void **state)
{
    struct err err = {0};
    pthread_t taker;
    size_t places[SLOTS_GROWING];
    size_t found = 0;
    (void)state;
    assert_int_equal(slots_init(&pool, SLOTS_GROWING * 2 + 2, &err), 0);
    for (size_t i = 0; i < SLOTS_GROWING; i++) {
        assert_false(slots_is_short(&pool));
        places[i] = slots_take(&pool, 60000);
    }
    assert_true(slots_is_short(&pool));
    assert_int_equal(pthread_create(&taker, NULL, take_with_patience, &found), 0);
    until_somebody_waits(&pool);
    slots_give(&pool, places[3]);
    assert_int_equal(pthread_join(taker, NULL), 0);
    assert_int_equal(found, places[3]);
    assert_false(slots_is_short(&pool)); /* one may be set up again */
    slots_grown(&pool, places[0]);
    slots_grown(&pool, places[0]); /* is said once */
    size_t more = slots_take(&pool, 0) + slots_take(&pool, 0);
    assert_int_equal(more, 2 * SLOTS_GROWING + 3); /* the next two */
    assert_true(slots_is_short(&pool));
    assert_int_equal(slots_take(&pool, 1),
                     SLOTS_GROWING + 3); /* where nothing moves, nobody waits for long */
    slots_done(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(threads), cmocka_unit_test(order_and_wait),
                                       cmocka_unit_test(woken), cmocka_unit_test(grows_a_few_at_a_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
