/* Every request is taken once, by one worker, and what was written before it was handed over is seen. */
#include "gateway/server/dispatch.h"

#include "tests/unit.h"

#include <stdatomic.h>
#include <string.h>

enum { WORKERS = 6, PRODUCERS = 2, EACH = 20000, TOTAL = PRODUCERS * EACH };

static struct dispatch *dispatch;
static unsigned written[TOTAL + 1]; /* by who puts, plainly */
static unsigned taken[TOTAL + 1];   /* by who takes, plainly */
static atomic_uint count;

static void *produce(void *context)
{
    unsigned first = *(const unsigned *)context;
    for (unsigned i = 0; i < EACH; i++) {
        written[first + i] = first + i;
        dispatch_put(dispatch, first + i);
    }
    return NULL;
}

static void *work(void *context)
{
    struct dispatch_worker *worker = context;
    for (unsigned place; (place = dispatch_take(dispatch, worker)) != 0;) {
        taken[place] += written[place];
        if (atomic_fetch_add(&count, 1) % 3 == 0 && dispatch_may_linger(dispatch)) {
            dispatch_linger(dispatch, worker, true);
            dispatch_linger(dispatch, worker, false);
        }
        if (atomic_load(&count) == TOTAL)
            dispatch_close(dispatch);
    }
    return NULL;
}

static void each_is_taken_once(void **state)
{
    pthread_t workers[WORKERS], producers[PRODUCERS];
    struct dispatch_worker seats[WORKERS];
    unsigned firsts[PRODUCERS];
    (void)state;
    dispatch = dispatch_new(WORKERS, TOTAL, NULL);
    assert_non_null(dispatch);
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(dispatch_worker_init(&seats[i]), 0);
        assert_int_equal(pthread_create(&workers[i], NULL, work, &seats[i]), 0);
    }
    for (unsigned i = 0; i < PRODUCERS; i++) {
        firsts[i] = 1 + i * EACH;
        assert_int_equal(pthread_create(&producers[i], NULL, produce, &firsts[i]), 0);
    }
    for (size_t i = 0; i < PRODUCERS; i++)
        assert_int_equal(pthread_join(producers[i], NULL), 0);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_join(workers[i], NULL), 0);
    for (unsigned i = 1; i <= TOTAL; i++)
        assert_int_equal(taken[i], i);
    assert_true(dispatch_is_complete(dispatch));
    for (size_t i = 0; i < WORKERS; i++)
        dispatch_worker_done(&seats[i]);
    dispatch_free(dispatch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_taken_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
