/* What becomes of a call over all its attempts, against an upstream that is a script in this file.  A row is
 * what the upstream does, attempt by attempt, and what docs/answers.md promises for it ("What is tried
 * again"): how often the call is sent, what is known of a change, and what the caller is told. */
#include "gateway/call/forward.h"

#include "auth/sign/sign.h"
#include "base/secret.h"
#include "gateway/exchange/client_session.h"
#include "gateway/known/quotas.h"
#include "gateway/exchange/record.h"
#include "gateway/exchange/shared.h"
#include "gateway/upstream/upstream_pool.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { STEPS = 4, DEADLINE_MS = 20000 };

/* One attempt: how it ends, and for an answer its status and body. */
struct step {
    enum upstream_health_end end;
    int status;
    const char *body;
    int64_t date; /* of the answer, seconds; 0: none */
};

/* ---- the upstream: the pool's functions, in its place ---- */

struct upstream_pool_slot {
    struct upstream_health health;
    struct signed_request request;
    const struct step *steps;
    int sent;                 /* attempts */
    unsigned credentials;     /* a digit for each attempt: 1 the first, 2 its spare */
    unsigned signing;         /* the one that the next attempt is signed by */
    int64_t signed_at[STEPS]; /* the time that was signed */
    bool lent, resting, refuses, is_taken;
    bool written; /* and not read */
    int64_t written_us;
    int intended; /* attempts before the record that announces a change */
};

static struct upstream_pool_slot slot;

struct upstream_pool_slot *upstream_pool_take(struct upstream_pool *back,
                                              const struct config_upstream *upstream,
                                              struct upstream_pool_refusal *refusal)
{
    (void)back;
    (void)upstream;
    *refusal = (struct upstream_pool_refusal){.open = slot.refuses};
    assert_false(slot.lent);
    assert_false(slot.resting); /* it was told that the pause is over */
    slot.lent = !slot.refuses;
    return slot.refuses ? NULL : &slot;
}

void upstream_pool_give(struct upstream_pool_slot *given)
{
    assert_true(given->lent && !given->written);
    given->lent = false;
}

bool upstream_pool_rest(struct upstream_pool_slot *resting)
{
    upstream_pool_give(resting);
    resting->resting = true;
    return true;
}

void upstream_pool_wake(struct upstream_pool *back, const struct config_upstream *upstream)
{
    (void)back;
    (void)upstream;
    slot.resting = false;
}

bool upstream_pool_is_short(struct upstream_pool *back, const struct config_upstream *upstream)
{
    (void)back;
    (void)upstream;
    return false;
}

bool upstream_pool_has_room(struct upstream_pool *back, const struct config_upstream *upstream)
{
    (void)back;
    (void)upstream;
    return !slot.is_taken;
}

struct signer *upstream_pool_signer(struct upstream_pool_slot *of, unsigned credential, int64_t now_us,
                                    struct err *err)
{
    static char signer;
    (void)now_us;
    (void)err;
    of->signing = credential;
    return (struct signer *)(void *)&signer; /* nobody looks into it */
}

/* No credential here has sessions of clients. */
bool client_session_is_needed(const struct call *call)
{
    (void)call;
    return false;
}

struct renewal_version *client_session_find(const struct exchange *x, const struct call *call,
                                            unsigned credential)
{
    (void)x;
    (void)call;
    (void)credential;
    return NULL;
}

struct renewal_version *client_session_take(const struct exchange *x, const struct call *call,
                                            unsigned *credential, int64_t until_us, struct err *err)
{
    (void)until_us;
    (void)err;
    return client_session_find(x, call, *credential);
}

bool client_session_refuse(const struct exchange *x, const struct call *call, unsigned credential,
                           const struct renewal_version *version)
{
    (void)version;
    return client_session_find(x, call, credential) != NULL;
}

struct signer *upstream_pool_signer_of(struct upstream_pool_slot *of, unsigned credential,
                                       struct renewal_version *version)
{
    (void)version;
    return upstream_pool_signer(of, credential, 0, NULL);
}

static struct config_credential credentials[2] = {{.name = "first"}, {.name = "spare"}};

const struct config_credential *upstream_pool_signed(const struct upstream_pool_slot *of, unsigned credential)
{
    (void)of;
    return &credentials[credential];
}

/* The files have what they had. */
bool upstream_pool_renew(struct upstream_pool_slot *of, unsigned credential, struct err *news)
{
    (void)of;
    (void)credential;
    (void)news;
    return false;
}

struct signed_request *upstream_pool_request(struct upstream_pool_slot *of)
{
    return &of->request;
}

struct upstream_health *upstream_pool_upstream(struct upstream_pool_slot *of)
{
    return &of->health;
}

unsigned upstream_pool_credential(struct upstream_pool *back, const struct config_upstream *upstream)
{
    (void)back;
    (void)upstream;
    return 0;
}

bool upstream_pool_prefer(struct upstream_pool_slot *of, unsigned credential)
{
    (void)of;
    (void)credential;
    return false;
}

bool upstream_pool_note_credential(struct upstream_pool_slot *of, unsigned credential, bool refused)
{
    (void)of;
    (void)credential;
    (void)refused;
    return false;
}

void upstream_pool_distrust(struct upstream_pool_slot *of)
{
    of->written = false;
}

int sign_call(struct signer *signer, const struct call *call, int64_t now, int64_t nonce, struct arena *arena,
              struct signed_request *out, struct err *err)
{
    (void)signer;
    (void)call;
    (void)nonce;
    (void)arena;
    (void)out;
    (void)err;
    assert_in_range(slot.sent, 0, STEPS - 1);
    slot.signed_at[slot.sent] = now;
    return 0;
}

void upstream_pool_write(struct upstream_pool_slot *to, int64_t now_us, int64_t until_us)
{
    assert_true(to->lent && !to->written && now_us < until_us);
    to->written = true;
    to->written_us = now_us;
    to->credentials = to->credentials * 10 + to->signing + 1;
}

void upstream_pool_read(struct upstream_pool_slot *to, int64_t until_us, struct upstream_pool_result *result,
                        struct err *err)
{
    const struct step *step = &to->steps[to->sent++];
    assert_true(to->lent && to->written && to->written_us < until_us);
    to->written = false;
    *result =
        (struct upstream_pool_result){.end = step->end,
                                      .ended_us = to->written_us,
                                      .status = step->status,
                                      .bytes = step->body,
                                      .length = step->body == NULL ? 0 : strlen(step->body),
                                      .type = "application/json",
                                      .has_date = step->date != 0,
                                      .clock = {.sent_ms = 1000, .received_ms = 1000, .date = step->date}};
    if (step->end != UPSTREAM_HEALTH_ANSWERED)
        (void)err_set(err, ERR_SYSTEM, "reason");
}

/* ---- the records: when they were asked for ---- */

enum problem record_intend(struct exchange *x)
{
    (void)x;
    slot.intended = slot.sent;
    return PROBLEM_NONE;
}

void record_settle(struct exchange *x, enum problem problem)
{
    (void)x;
    (void)problem;
}

/* ---- the table ---- */

#define NOT_SENT                                                                                             \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_NOT_SENT                                                                      \
    }
#define LOST                                                                                                 \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_LOST                                                                          \
    }
#define LATE                                                                                                 \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_LATE                                                                          \
    }
#define TOO_LARGE                                                                                            \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_TOO_LARGE                                                                     \
    }
#define MEMORY                                                                                               \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_FAILED                                                                        \
    }
#define STATUS(number)                                                                                       \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_ANSWERED, .status = (number), .body = ""                                      \
    }
#define CODE(number)                                                                                         \
    {                                                                                                        \
        .end = UPSTREAM_HEALTH_ANSWERED, .status = 200, .body = "{\"code\":" #number "}"                     \
    }
#define GOOD CODE(0)

/* clang-format off */
static const struct row {
    const char *name;
    bool change;
    bool spare; /* there is a second credential */
    struct step steps[STEPS];
    int sent;
    unsigned credentials; /* 0: the first, each time */
    enum outcome outcome;
    enum problem problem;
} rows[] = {
    {.name = "a read", .steps = {GOOD}, .sent = 1, .outcome = OUTCOME_EXECUTED},
    {.name = "a change", .change = true, .steps = {GOOD}, .sent = 1, .outcome = OUTCOME_EXECUTED},
    {.name = "a change, not sent at first", .change = true, .steps = {NOT_SENT, GOOD}, .sent = 2,
     .outcome = OUTCOME_EXECUTED},
    {.name = "a change, never sent", .change = true, .steps = {NOT_SENT, NOT_SENT, NOT_SENT}, .sent = 3,
     .outcome = OUTCOME_NOT_EXECUTED, .problem = PROBLEM_UPSTREAM_UNREACHABLE},
    {.name = "a change, lost", .change = true, .steps = {LOST}, .sent = 1, .outcome = OUTCOME_UNKNOWN,
     .problem = PROBLEM_UPSTREAM_TIMEOUT},
    {.name = "a change, late", .change = true, .steps = {LATE}, .sent = 1, .outcome = OUTCOME_UNKNOWN,
     .problem = PROBLEM_UPSTREAM_TIMEOUT},
    {.name = "a change, not sent and then lost", .change = true, .steps = {NOT_SENT, LOST}, .sent = 2,
     .outcome = OUTCOME_UNKNOWN, .problem = PROBLEM_UPSTREAM_TIMEOUT},
    {.name = "a read, lost and late", .steps = {LOST, LATE, GOOD}, .sent = 3, .outcome = OUTCOME_EXECUTED},
    {.name = "a read, lost three times", .steps = {LOST, LOST, LOST}, .sent = 3, .outcome = OUTCOME_UNKNOWN,
     .problem = PROBLEM_UPSTREAM_TIMEOUT},
    {.name = "a change, too large", .change = true, .steps = {TOO_LARGE}, .sent = 1,
     .outcome = OUTCOME_UNKNOWN, .problem = PROBLEM_UPSTREAM_INVALID_ANSWER},
    {.name = "a read, too large", .steps = {TOO_LARGE}, .sent = 1, .outcome = OUTCOME_UNKNOWN,
     .problem = PROBLEM_UPSTREAM_INVALID_ANSWER},
    {.name = "memory is out", .change = true, .steps = {MEMORY}, .sent = 1, .outcome = OUTCOME_NOT_EXECUTED,
     .problem = PROBLEM_INTERNAL},
    {.name = "a change, throttled", .change = true, .steps = {CODE(4400), GOOD}, .sent = 2,
     .outcome = OUTCOME_EXECUTED},
    {.name = "a change, HTTP 429", .change = true, .steps = {STATUS(429), GOOD}, .sent = 2,
     .outcome = OUTCOME_EXECUTED},
    {.name = "a change, HTTP 502", .change = true, .steps = {STATUS(502)}, .sent = 1,
     .outcome = OUTCOME_UNKNOWN, .problem = PROBLEM_UPSTREAM_INVALID_ANSWER},
    {.name = "a read, HTTP 503", .steps = {STATUS(503), GOOD}, .sent = 2, .outcome = OUTCOME_EXECUTED},
    {.name = "a change, 4500", .change = true, .steps = {CODE(4500), GOOD}, .sent = 2,
     .outcome = OUTCOME_EXECUTED},
    {.name = "a change, 4500 twice", .change = true, .steps = {CODE(4500), CODE(4500)}, .sent = 2,
     .outcome = OUTCOME_NOT_EXECUTED, .problem = PROBLEM_UPSTREAM_CLOCK},
    {.name = "4100 without a spare", .change = true, .steps = {CODE(4100)}, .sent = 1,
     .outcome = OUTCOME_NOT_EXECUTED, .problem = PROBLEM_UPSTREAM_CREDENTIAL},
    {.name = "4100 with a spare", .change = true, .spare = true, .steps = {CODE(4100), GOOD}, .sent = 2,
     .credentials = 12, .outcome = OUTCOME_EXECUTED},
    {.name = "4104 of both", .spare = true, .steps = {CODE(4104), CODE(4104)}, .sent = 2, .credentials = 12,
     .outcome = OUTCOME_NOT_EXECUTED, .problem = PROBLEM_UPSTREAM_CREDENTIAL},
};
/* clang-format on */

static struct config_upstream upstream = {.name = "vpc",
                                          .credential = &credentials[0],
                                          .timeout = DEADLINE_MS,
                                          .deadline = DEADLINE_MS,
                                          .slots = 4};
static struct config_route route = {.action = "Action"};
static const struct config_client client = {.name = "a"};
static struct shared gateway;

/* Sends the exchange's call: as that, or as a further one that is on its way with others. */
typedef enum problem send_by(struct exchange *x);

static enum problem start_and_finish(struct exchange *x)
{
    struct answer answer;
    struct forward *started = forward_start(x, x->call, INT64_MAX);
    if (started == NULL)
        return PROBLEM_BUSY;
    assert_true(slot.lent && slot.written);
    return forward_finish(started, INT64_MAX, &answer);
}

static enum problem start_and_drop(struct exchange *x)
{
    struct forward *started = forward_start(x, x->call, INT64_MAX);
    assert_non_null(started);
    forward_drop(started);
    return PROBLEM_NONE;
}

static enum problem forward(const struct row *row, send_by *way, struct exchange *x)
{
    const struct config_route *routes = &route;
    const struct config config = {
        .routes = &route, .route_count = 1, .action_count = 1, .upstreams = &upstream, .upstream_count = 1};
    struct snapshot snapshot = {.quotas = quotas_new(&config, NULL)};
    struct call call = {.route = routes, .upstream = &upstream, .sealed = true};
    assert_non_null(snapshot.quotas);
    slot.steps = row->steps;
    retry_budget_set(&slot.health.budget, upstream.slots);
    route.effect = row->change ? CONFIG_CHANGE : CONFIG_READ;
    upstream.fallback = row->spare ? &credentials[1] : NULL;
    x->gateway = &gateway;
    x->snapshot = &snapshot;
    x->arena = arena_new(64 * 1024);
    x->client = &client;
    x->route = routes;
    x->call = &call;
    enum problem problem = way(x);
    assert_false(slot.lent || slot.resting);
    arena_free(x->arena);
    quotas_free(snapshot.quotas);
    return problem;
}

static void begin(void)
{
    slot = (struct upstream_pool_slot){.intended = -1};
    signed_request_init(&slot.request);
}

static int check(const struct row *row)
{
    static const unsigned first[] = {0, 1, 11, 111};
    struct exchange x = {0};
    begin();
    enum problem problem = forward(row, forward_call, &x);
    unsigned by = row->credentials == 0 ? first[row->sent] : row->credentials;
    int wrong = unit_wrong(row->name, problem == row->problem) +
                unit_wrong(row->name, x.outcome == row->outcome) +
                unit_wrong(row->name, slot.sent == row->sent && x.attempts == (unsigned)row->sent) +
                unit_wrong(row->name, slot.credentials == by) + unit_wrong(row->name, slot.intended == 0);
    signed_request_done(&slot.request);
    return wrong;
}

static void table(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        wrong += check(&rows[i]);
    assert_int_equal(wrong, 0);
}

/* A call that was started with others has the same attempts. */
static void started(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct exchange x = {0};
        const struct row *row = &rows[i];
        if (row->change)
            continue;
        begin();
        bool as_ever = forward(row, start_and_finish, &x) == row->problem;
        wrong += unit_wrong(row->name, as_ever) + unit_wrong(row->name, slot.sent == row->sent) +
                 unit_wrong(row->name, x.extra_calls == (unsigned)row->sent && x.attempts == 0);
        signed_request_done(&slot.request);
    }
    assert_int_equal(wrong, 0);
}

static void started_and_dropped(void **state)
{
    const struct row row = {.steps = {GOOD}};
    struct exchange x = {0};
    (void)state;
    begin();
    assert_int_equal(forward(&row, start_and_drop, &x), PROBLEM_NONE);
    assert_int_equal(slot.sent, 0);
    assert_int_equal(x.extra_calls, 1);
    signed_request_done(&slot.request);
}

/* It waits for nothing, and leaves the sentence to whoever waits. */
static void not_started(void **state)
{
    const struct row row = {.steps = {GOOD}};
    (void)state;
    for (int is_taken = 0; is_taken < 2; is_taken++) {
        struct exchange x = {0};
        begin();
        slot.is_taken = is_taken;
        slot.refuses = !is_taken;
        assert_int_equal(forward(&row, start_and_finish, &x), PROBLEM_BUSY);
        assert_int_equal(x.err.kind, ERR_NONE);
        assert_int_equal(x.extra_calls + x.wait_us, 0);
        signed_request_done(&slot.request);
    }
}

/* A gateway that drains sends what it has begun, and begins no retry. */
static void no_retry_while_it_drains(void **state)
{
    const struct row row = {.steps = {NOT_SENT, GOOD}};
    struct exchange x = {0};
    (void)state;
    begin();
    atomic_store(&gateway.draining, true);
    assert_int_equal(forward(&row, forward_call, &x), PROBLEM_UPSTREAM_UNREACHABLE);
    atomic_store(&gateway.draining, false);
    assert_int_equal(slot.sent, 1);
    signed_request_done(&slot.request);
}

/* An open breaker: nothing is announced and nothing sent. */
static void nothing_is_sent_to_an_open_breaker(void **state)
{
    const struct row row = {.change = true, .steps = {GOOD}};
    struct exchange x = {0};
    (void)state;
    begin();
    slot.refuses = true;
    assert_int_equal(forward(&row, forward_call, &x), PROBLEM_UPSTREAM_UNAVAILABLE);
    assert_int_equal(slot.sent, 0);
    assert_int_equal(slot.intended, -1);
    assert_int_equal(x.outcome, OUTCOME_NOT_EXECUTED);
    signed_request_done(&slot.request);
}

/* Refused for its time, a call is signed by the upstream's clock: an hour ahead of the one that sent it. */
static void the_second_attempt_has_the_upstreams_time(void **state)
{
    const struct row row = {.change = true,
                            .steps = {{.status = 200, .body = "{\"code\":4500}", .date = 1 + 3600}, GOOD}};
    struct exchange x = {0};
    (void)state;
    begin();
    assert_int_equal(forward(&row, forward_call, &x), PROBLEM_NONE);
    assert_int_equal(slot.sent, 2);
    assert_true(slot.signed_at[1] - slot.signed_at[0] > 3500);
    signed_request_done(&slot.request);
}

static int open_gateway(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(credentials); i++) {
        credentials[i].id = secret_new("AKIDEXAMPLE0000", 15);
        credentials[i].key = secret_new("keyOfTheExample0", 16);
    }
    return log_init(&gateway.notices, fileno(stderr));
}

static int close_gateway(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(credentials); i++) {
        secret_free(credentials[i].id);
        secret_free(credentials[i].key);
    }
    log_done(&gateway.notices);
    return 0;
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(started),
        cmocka_unit_test(started_and_dropped),
        cmocka_unit_test(not_started),
        cmocka_unit_test(no_retry_while_it_drains),
        cmocka_unit_test(nothing_is_sent_to_an_open_breaker),
        cmocka_unit_test(the_second_attempt_has_the_upstreams_time),
    };
    /* clang-format on */
    return cmocka_run_group_tests(tests, open_gateway, close_gateway);
}
