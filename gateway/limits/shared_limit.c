#include "gateway/limits/shared_limit.h"

#include "base/time/clock.h"
#include "gateway/state/state.h"

#include <semaphore.h>

/* Lives on the stack of who waits, until it is woken. */
struct shared_limit_waiter {
    struct shared_limit_waiter *next;
    struct client_limits_verdict *verdict; /* NULL: nothing but what is in flight is to be told */
    int result;
    bool leads; /* is not answered, but asks for all that wait */
    sem_t turn;
};

int shared_limit_init(struct shared_limit *limit)
{
    *limit = (struct shared_limit){0};
    limit->last = &limit->first;
    atomic_init(&limit->in_flight, 0);
    return pthread_mutex_init(&limit->mutex, NULL) == 0 ? 0 : -1;
}

void shared_limit_done(struct shared_limit *limit)
{
    (void)pthread_mutex_destroy(&limit->mutex);
}

/* ---- who waits ---- */

static void add_waiting(struct shared_limit *limit, struct shared_limit_waiter *waiter)
{
    *limit->last = waiter;
    limit->last = &waiter->next;
}

static struct shared_limit_waiter *take_waiting(struct shared_limit *limit)
{
    struct shared_limit_waiter *all = limit->first;
    limit->first = NULL;
    limit->last = &limit->first;
    return all;
}

static int64_t count_calls(const struct shared_limit_waiter *group)
{
    int64_t calls = 0;
    for (; group != NULL; group = group->next)
        calls += group->verdict != NULL;
    return calls;
}

/* ---- what the store says ---- */

/* Of the call that came behind so many others. */
static void judge(const struct state_verdict *told, int64_t others, struct client_limits_verdict *verdict)
{
    int64_t taken = told->allowed + told->full; /* of the rate */
    if (others >= taken) {
        verdict->refusal = CLIENT_LIMITS_RATE;
        verdict->wait_us = told->wait_us;
        return;
    }
    verdict->refusal = others < told->allowed ? CLIENT_LIMITS_NONE : CLIENT_LIMITS_IN_FLIGHT;
    verdict->remaining = told->remaining == INT64_MAX ? INT64_MAX : told->remaining + taken - 1 - others;
}

/* Each but `self` goes on, and its waiter is gone. */
static void deal(struct shared_limit_waiter *group, const struct shared_limit_waiter *self, int result,
                 const struct state_verdict *told)
{
    int64_t others = 0;
    while (group != NULL) {
        struct shared_limit_waiter *one = group;
        group = one->next;
        one->result = result;
        if (result == 0 && one->verdict != NULL)
            judge(told, others++, one->verdict);
        if (one != self)
            (void)sem_post(&one->turn); /* cannot overflow */
    }
}

static void note_answer(struct shared_limit *limit, const struct state_limit *asked, int64_t asked_us,
                        const struct state_verdict *told)
{
    atomic_fetch_add_explicit(&limit->in_flight, told->allowed, memory_order_relaxed);
    if (asked->in_flight > 0)
        limit->told = asked->own + told->allowed;
    if (told->wait_us > 0) {
        limit->refused_interval_us = asked->rate.interval_us;
        limit->refused_until_us = asked_us + told->wait_us;
    }
}

/* So long nobody can be allowed another one: others only make it later. */
static int64_t refused_for_us(const struct shared_limit *limit, const struct config_client *client)
{
    int64_t left_us = limit->refused_until_us - clock_monotonic_us();
    return left_us > 0 && limit->refused_interval_us == client->rate.interval_us ? left_us : 0;
}

/* ---- asking ---- */

/* For all that wait; those of a question that is not answered do not wait for another one, nor do those who
 * came meanwhile.  The mutex is held before, and not after. */
static void lead(struct shared_limit *limit, const struct config_client *client, struct state *state,
                 const struct shared_limit_waiter *self)
{
    struct state_verdict told = {0};
    struct shared_limit_waiter *group = take_waiting(limit), *late = NULL;
    const struct state_limit question = {client->name, client->rate, client->in_flight,
                                         atomic_load(&limit->in_flight), count_calls(group)};
    (void)pthread_mutex_unlock(&limit->mutex);
    int64_t asked_us = clock_monotonic_us();
    int result = question.calls > 0 ? state_enter(state, &question, &told)
                                    : state_hold(state, question.client, question.own);
    (void)pthread_mutex_lock(&limit->mutex);
    if (result == 0) {
        note_answer(limit, &question, asked_us, &told);
    } else {
        limit->told = -1;
        late = take_waiting(limit);
    }
    struct shared_limit_waiter *next = limit->first;
    limit->asking = next != NULL;
    (void)pthread_mutex_unlock(&limit->mutex);
    if (next != NULL) {
        next->leads = true;
        (void)sem_post(&next->turn);
    }
    deal(group, self, result, &told);
    deal(late, self, result, &told);
}

/* Until it is answered, or has to ask.  The mutex is held before, and not after. */
static void wait_for_turn(struct shared_limit *limit, struct shared_limit_waiter *self)
{
    (void)sem_init(&self->turn, 0, 0); /* cannot fail */
    add_waiting(limit, self);
    (void)pthread_mutex_unlock(&limit->mutex);
    while (sem_wait(&self->turn) != 0) /* who asks gets his answer in STATE_WAIT_MS, and wakes us then */
        continue;
    (void)sem_destroy(&self->turn);
}

/* Nobody waits for a store that is known to be away.  The mutex is held before, and not after. */
static int speak(struct shared_limit *limit, const struct config_client *client, struct state *state,
                 struct client_limits_verdict *verdict)
{
    struct shared_limit_waiter self = {.verdict = verdict, .result = -1};
    if (!limit->asking) {
        limit->asking = true;
        add_waiting(limit, &self);
        lead(limit, client, state, &self);
    } else if (state_look(state).away) {
        (void)pthread_mutex_unlock(&limit->mutex);
    } else {
        wait_for_turn(limit, &self);
        if (self.leads) {
            (void)pthread_mutex_lock(&limit->mutex);
            lead(limit, client, state, &self);
        }
    }
    return self.result;
}

/* ---- the face ---- */

int shared_limit_enter(struct shared_limit *limit, const struct config_client *client, struct state *state,
                       struct client_limits_verdict *verdict)
{
    (void)pthread_mutex_lock(&limit->mutex);
    verdict->wait_us = refused_for_us(limit, client);
    if (verdict->wait_us == 0)
        return speak(limit, client, state, verdict);
    (void)pthread_mutex_unlock(&limit->mutex);
    verdict->refusal = CLIENT_LIMITS_RATE;
    return 0;
}

void shared_limit_leave(struct shared_limit *limit, const struct config_client *client, struct state *state)
{
    atomic_fetch_sub(&limit->in_flight, 1);
    if (client->in_flight == 0)
        return;
    (void)pthread_mutex_lock(&limit->mutex);
    (void)speak(limit, client, state, NULL); /* if it fails, shared_limit_renew() does it */
}

void shared_limit_renew(struct shared_limit *limit, const struct config_client *client, struct state *state)
{
    (void)pthread_mutex_lock(&limit->mutex);
    if (limit->told != 0 || atomic_load(&limit->in_flight) > 0)
        (void)speak(limit, client, state, NULL);
    else
        (void)pthread_mutex_unlock(&limit->mutex);
}
