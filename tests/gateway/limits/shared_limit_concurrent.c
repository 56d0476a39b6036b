/* Who waits while the store is asked is asked for together, and gets what he would have got alone.  The store
 * is one of our own, which lists what it was asked and can be made to wait. */
#include "gateway/limits/shared_limit.h"

#include "gateway/state/state.h"

#include "tests/unit.h"

#include <pthread.h>
#include <semaphore.h>

enum { CALLERS = 12, ROUNDS = 3000, HOUR_US = 1000000000, GATEWAYS = 2 };

/* ---- the store: a list of what each gateway holds, and a number of calls that the rate still allows ---- */

struct state {
    struct store *store;
    int64_t holds; /* of this gateway, as the store was told last */
};

static struct store {
    pthread_mutex_t mutex;
    struct state gateways[GATEWAYS];
    int64_t rate_left;
    int64_t questions, calls; /* of all questions */
    int64_t last_calls, last_own;
    bool fails, is_slow;
    sem_t asked, go_on;
    atomic_bool away;
} store = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void begin_store(int64_t rate_left)
{
    store.rate_left = rate_left;
    store.questions = store.calls = 0;
    store.fails = store.is_slow = false;
    atomic_store(&store.away, false);
    (void)sem_init(&store.asked, 0, 0);
    (void)sem_init(&store.go_on, 0, 0);
    for (size_t i = 0; i < GATEWAYS; i++)
        store.gateways[i] = (struct state){&store, 0};
}

/* -1: the store does not answer. */
static int begin_question(struct store *at, int64_t own, int64_t calls)
{
    if (at->is_slow) {
        (void)sem_post(&at->asked);
        (void)sem_wait(&at->go_on);
    }
    (void)pthread_mutex_lock(&at->mutex);
    at->questions++;
    at->calls += calls;
    at->last_calls = calls;
    at->last_own = own;
    return at->fails ? -1 : 0;
}

static int end_question(struct store *at, int result)
{
    (void)pthread_mutex_unlock(&at->mutex);
    return result;
}

/* One call after the other, as if each had asked by itself. */
int state_enter(struct state *state, const struct state_limit *limit, struct state_verdict *verdict)
{
    struct store *at = state->store;
    int result = begin_question(at, limit->own, limit->calls);
    if (result != 0)
        return end_question(at, result);
    state->holds = limit->own;
    *verdict = (struct state_verdict){0};
    for (int64_t i = 0; i < limit->calls; i++) {
        int64_t all = 0;
        for (size_t j = 0; j < GATEWAYS; j++)
            all += at->gateways[j].holds;
        if (at->rate_left == 0) {
            verdict->wait_us = HOUR_US;
        } else if (at->rate_left--, limit->in_flight > 0 && all >= limit->in_flight) {
            verdict->full++;
        } else {
            state->holds++;
            verdict->allowed++;
        }
    }
    verdict->remaining = at->rate_left;
    return end_question(at, 0);
}

int state_hold(struct state *state, const char *client, int64_t own)
{
    struct store *at = state->store;
    int result = begin_question(at, own, 0);
    (void)client;
    if (result == 0)
        state->holds = own;
    return end_question(at, result);
}

struct state_look state_look(const struct state *state)
{
    return (struct state_look){.away = atomic_load(&state->store->away)};
}

/* ---- callers ---- */

static struct config_client client = {.name = "a", .rate = {HOUR_US, 100}, .in_flight = 100};
static struct shared_limit limits[GATEWAYS];

struct caller {
    pthread_t thread;
    unsigned gateway;
    bool leaves; /* else it comes */
    int result;
    struct client_limits_verdict verdict;
};

static void *call(void *context)
{
    struct caller *caller = context;
    struct shared_limit *limit = &limits[caller->gateway];
    struct state *state = &store.gateways[caller->gateway];
    if (caller->leaves)
        shared_limit_leave(limit, &client, state);
    else
        caller->result = shared_limit_enter(limit, &client, state, &caller->verdict);
    return NULL;
}

static void start(struct caller *caller, bool leaves)
{
    *caller = (struct caller){.leaves = leaves, .result = 1};
    assert_int_equal(pthread_create(&caller->thread, NULL, call, caller), 0);
}

static void join(struct caller *callers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
}

/* Waiters are the limit's own: what can be seen of them is that the last one is another. */
static void await_another(struct shared_limit *limit, struct shared_limit_waiter **before)
{
    bool came = false;
    while (!came) {
        (void)pthread_mutex_lock(&limit->mutex);
        came = limit->last != before;
        (void)pthread_mutex_unlock(&limit->mutex);
        if (!came)
            unit_elapse(1);
    }
}

static struct shared_limit_waiter **last_of(struct shared_limit *limit)
{
    (void)pthread_mutex_lock(&limit->mutex);
    struct shared_limit_waiter **last = limit->last;
    (void)pthread_mutex_unlock(&limit->mutex);
    return last;
}

/* The first of them is asked for, and the store is slow; the others wait behind it, in this order. */
static void come_while_it_is_asked(struct caller *callers, size_t count, size_t leaving)
{
    store.is_slow = true;
    start(&callers[0], false);
    (void)sem_wait(&store.asked);
    for (size_t i = 1; i < count; i++) {
        struct shared_limit_waiter **before = last_of(&limits[0]);
        start(&callers[i], i >= count - leaving);
        await_another(&limits[0], before);
    }
}

static int begin(void **context)
{
    (void)context;
    for (size_t i = 0; i < GATEWAYS; i++)
        assert_int_equal(shared_limit_init(&limits[i]), 0);
    client.rate.burst = client.in_flight = 100;
    begin_store(100);
    return 0;
}

static int end(void **context)
{
    (void)context;
    for (size_t i = 0; i < GATEWAYS; i++)
        shared_limit_done(&limits[i]);
    return 0;
}

/* ---- what is promised ---- */

static void an_idle_client_waits_for_nobody(void **context)
{
    struct client_limits_verdict verdict = {0};
    (void)context;
    for (int64_t i = 0; i < 3; i++) {
        assert_int_equal(shared_limit_enter(&limits[0], &client, &store.gateways[0], &verdict), 0);
        assert_int_equal(verdict.refusal, CLIENT_LIMITS_NONE);
        assert_int_equal(verdict.remaining, 99 - i);
        assert_int_equal(store.last_calls, 1);
        assert_int_equal(store.last_own, i);
    }
    shared_limit_leave(&limits[0], &client, &store.gateways[0]);
    assert_int_equal(store.gateways[0].holds,
                     2); /* told when it returns: another gateway can have its place */
    assert_int_equal(store.questions, 4);
}

/* Two questions for all, and each has the answer that his place in the row gives him: 5 are left of the rate,
 * and 4 places. */
static void who_waits_is_asked_for_together(void **context)
{
    struct caller callers[CALLERS];
    (void)context;
    begin_store(5);
    client.in_flight = 4;
    come_while_it_is_asked(callers, CALLERS, 0);
    store.is_slow = false;
    (void)sem_post(&store.go_on);
    join(callers, CALLERS);
    assert_int_equal(store.questions, 2);
    assert_int_equal(store.last_calls, CALLERS - 1);
    assert_int_equal(store.last_own, 1);
    for (size_t i = 0; i < CALLERS; i++) {
        assert_int_equal(callers[i].result, 0);
        assert_int_equal(callers[i].verdict.refusal, i < 4   ? CLIENT_LIMITS_NONE
                                                     : i < 5 ? CLIENT_LIMITS_IN_FLIGHT
                                                             : CLIENT_LIMITS_RATE);
        assert_int_equal(callers[i].verdict.remaining, i < 5 ? 4 - i : 0);
        assert_int_equal(callers[i].verdict.wait_us, i < 5 ? 0 : HOUR_US);
    }
    struct client_limits_verdict late = {0};
    assert_int_equal(shared_limit_enter(&limits[0], &client, &store.gateways[0], &late), 0);
    assert_int_equal(late.refusal, CLIENT_LIMITS_RATE);
    assert_in_range(late.wait_us, 1, HOUR_US);
    assert_int_equal(store.questions, 2); /* the store had said for how long */
}

/* A place that comes back while the store is asked is there for who waits for one. */
static void who_leaves_makes_room(void **context)
{
    struct caller callers[3];
    (void)context;
    client.in_flight = 1;
    come_while_it_is_asked(callers, 1, 0);
    (void)sem_post(&store.go_on);
    join(callers, 1);
    struct caller held[3];
    come_while_it_is_asked(held, 3, 1); /* its place is taken; one waits, and then the place comes back */
    store.is_slow = false;
    (void)sem_post(&store.go_on);
    join(held, 3);
    assert_int_equal(held[0].verdict.refusal, CLIENT_LIMITS_IN_FLIGHT);
    assert_int_equal(held[1].verdict.refusal, CLIENT_LIMITS_NONE);
    assert_int_equal(store.questions, 3);
    assert_int_equal(store.gateways[0].holds, 1);
}

/* Nobody waits for a second question to a store that is away, and the next sign of life tells what is. */
static void all_know_that_it_is_away(void **context)
{
    struct caller callers[CALLERS];
    struct client_limits_verdict verdict = {0};
    (void)context;
    assert_int_equal(shared_limit_enter(&limits[0], &client, &store.gateways[0], &verdict), 0);
    store.fails = true;
    come_while_it_is_asked(callers, CALLERS, 1);
    atomic_store(&store.away, true);
    assert_int_equal(shared_limit_enter(&limits[0], &client, &store.gateways[0], &verdict), -1); /* at once */
    (void)sem_post(&store.go_on);
    join(callers, CALLERS);
    assert_int_equal(store.questions, 2);
    for (size_t i = 0; i < CALLERS - 1; i++)
        assert_int_equal(callers[i].result, -1);
    assert_int_equal(store.gateways[0].holds, 1); /* the store has missed an end */
    store.fails = store.is_slow = false;
    shared_limit_renew(&limits[0], &client, &store.gateways[0]);
    assert_int_equal(store.gateways[0].holds, 0);
    assert_int_equal(store.questions, 3);
    shared_limit_renew(&limits[0], &client, &store.gateways[0]);
    assert_int_equal(store.questions, 3); /* there is nothing to tell */
}

static atomic_llong came, inside, most;

static void *come_and_go(void *context)
{
    const struct caller *caller = context;
    struct shared_limit *limit = &limits[caller->gateway];
    struct state *state = &store.gateways[caller->gateway];
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct client_limits_verdict verdict = {0};
        assert_int_equal(shared_limit_enter(limit, &client, state, &verdict), 0);
        if (verdict.refusal != CLIENT_LIMITS_NONE)
            continue;
        long long now = atomic_fetch_add(&inside, 1) + 1;
        for (long long seen = atomic_load(&most);
             now > seen && !atomic_compare_exchange_weak(&most, &seen, now);)
            continue;
        atomic_fetch_add(&came, 1);
        atomic_fetch_sub(&inside, 1);
        shared_limit_leave(limit, &client, state);
    }
    return NULL;
}

/* From two gateways: never more than the store allows, all that it allows, and in the end nobody is left. */
static void none_too_many_and_none_too_few(void **context)
{
    struct caller callers[CALLERS];
    (void)context;
    begin_store(INT64_C(1) << 40);
    client.in_flight = CALLERS / 2;
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.gateway = (unsigned)i % GATEWAYS};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, come_and_go, &callers[i]), 0);
    }
    join(callers, CALLERS);
    assert_in_range(atomic_load(&most), 1, CALLERS / 2);
    assert_true(atomic_load(&came) > 0);
    assert_int_equal((INT64_C(1) << 40) - store.rate_left, CALLERS * ROUNDS); /* each took one, and no more */
    assert_int_equal(store.calls, CALLERS * ROUNDS);
    for (size_t i = 0; i < GATEWAYS; i++)
        assert_int_equal(store.gateways[i].holds, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_idle_client_waits_for_nobody, begin, end),
        cmocka_unit_test_setup_teardown(who_waits_is_asked_for_together, begin, end),
        cmocka_unit_test_setup_teardown(who_leaves_makes_room, begin, end),
        cmocka_unit_test_setup_teardown(all_know_that_it_is_away, begin, end),
        cmocka_unit_test_setup_teardown(none_too_many_and_none_too_few, begin, end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
