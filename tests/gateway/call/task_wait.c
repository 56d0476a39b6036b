/* Waiting for a task within the request that began it, against a cloud, a client and a clock that are scripts
 * in this file: how often the cloud is asked and when (docs/answers.md, "Tasks"), and what ends the wait. */
#include "gateway/call/task_wait.h"

#include "base/time/clock.h"
#include "gateway/call/authorize.h"
#include "gateway/call/caller_view.h"
#include "gateway/call/forward.h"
#include "gateway/exchange/shared.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

enum { LOOKS = 32, BEGAN_US = 5000000 };

/* ---- the cloud, the client and the clock ---- */

static struct world {
    int64_t now_us;
    int running;       /* so many looks find it running; then it is over */
    bool failing;      /* each look fails */
    bool denied;       /* a rule denies looking */
    int64_t gone_us;   /* when the client goes; 0: never */
    int64_t drains_us; /* when the gateway begins to drain; 0: never */
    int looks;
    int64_t looked_us[LOOKS];
} world;

static struct shared gateway;

int64_t clock_monotonic_us(void)
{
    return world.now_us;
}

int64_t clock_wall_ms(void)
{
    return world.now_us / 1000;
}

void clock_sleep_us(int64_t micros)
{
    world.now_us += micros;
}

static bool has_come(int64_t time_us)
{
    return time_us != 0 && world.now_us >= time_us;
}

/* Nothing sleeps here: the worker is for others. */
static bool gone(void *connection, int millis)
{
    (void)connection;
    assert_int_equal(millis, 0);
    return has_come(world.gone_us);
}

/* As the server does it: the stage is run again at its time, or as soon as there is nobody to wait for. */
static void pass_time(int64_t until_us)
{
    assert_true(until_us > world.now_us);
    for (; world.now_us < until_us && !has_come(world.gone_us) && !has_come(world.drains_us);)
        world.now_us += 1000;
    world.now_us = world.now_us > until_us ? until_us : world.now_us;
    atomic_store(&gateway.draining, has_come(world.drains_us));
}

enum problem forward_read(struct exchange *x, const struct call *call, int64_t until_us,
                          struct answer *answer)
{
    (void)x;
    assert_in_range(world.looks, 0, LOOKS - 1);
    assert_int_equal(call->param_count, 1);
    assert_string_equal(call->params[0].values[0], "135254");
    assert_string_equal(call->region, "ap-guangzhou");
    assert_true(call->sealed && until_us >= world.now_us);
    world.looked_us[world.looks++] = world.now_us;
    *answer = (struct answer){.code = world.looks};
    world.now_us += 30000; /* what it takes */
    return world.failing ? PROBLEM_UPSTREAM_TIMEOUT : PROBLEM_NONE;
}

bool authorize_further(const struct exchange *x, const struct call *call, bool granted)
{
    (void)x;
    (void)call;
    assert_true(granted);
    return !world.denied;
}

const char *caller_view_state(const struct config_route *route, int api, const struct answer *answer)
{
    (void)route;
    (void)api;
    return answer->code <= world.running ? "running" : "done";
}

int caller_view_write(const struct caller_view *view, struct arena *arena, struct answer *answer,
                      struct err *err)
{
    (void)arena;
    (void)err;
    assert_string_equal(view->task_name, "taskId");
    answer->code = view->pages[0].code;
    return 0;
}

/* ---- what is asked for ---- */

/* RFC 7240: the first `wait` counts, names are without case, values can be quoted. */
static void preferences(void **state)
{
    /* clang-format off */
    static const struct {
        const char *first, *second; /* Prefer fields; NULL: none */
        int seconds;
    } rows[] = {
        {NULL, NULL, 0}, {"", NULL, 0}, {"wait=30", NULL, 30}, {"WAIT=30", NULL, 30},
        {"wait=\"30\"", NULL, 30},
        {"wait = 30", NULL, 30}, {"wait=0", NULL, 0}, {"wait=-1", NULL, 0}, {"wait=1.5", NULL, 0},
        {"wait=x", NULL, 0}, {"wait", NULL, 0}, {"wait=", NULL, 0}, {"wait=\"30", NULL, 0},
        {"waits=30", NULL, 0},
        {"wait=60", NULL, 60}, {"wait=61", NULL, 60}, {"wait=999999999", NULL, 60},
        {"wait=9999999999", NULL, 0}, {"wait=99999999999999999999", NULL, 0},
        {"respond-async, wait=10", NULL, 10}, {"respond-async,wait=10;x=y", NULL, 10},
        {"respond-async; wait=10", NULL, 0}, {"wait=10, wait=20", NULL, 10}, {"wait=10", "wait=20", 10},
        {"return=minimal", "wait=20", 20}, {",,wait=5,,", NULL, 5}, {" \twait=5\t ", NULL, 5},
    };
    /* clang-format on */
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct request_head head = {0};
        const char *const values[] = {rows[i].first, rows[i].second};
        for (size_t j = 0; j < COUNT(values) && values[j] != NULL; j++) {
            head.fields[head.field_count].name = "prefer";
            head.fields[head.field_count++].value = values[j];
        }
        wrong += unit_wrong(rows[i].first == NULL ? "none" : rows[i].first,
                            task_wait_preferred_wait(&head) == rows[i].seconds);
    }
    assert_int_equal(wrong, 0);
}

/* ---- the table ---- */

static struct config_param task_param = {
    .name = "taskId", .capture = "taskId", .sources = CONFIG_IN_PATH, .type = CONFIG_STRING, .length = 64};
static struct config_segment segments[] = {{.text = "tasks"}, {.text = "taskId", .capture = true}};
static struct config_route status_route = {.service = "vpc",
                                           .action = "DescribeTask",
                                           .params = &task_param,
                                           .param_count = 1,
                                           .segments = segments,
                                           .segment_count = 2};
static struct config_route change_route = {
    .service = "vpc", .action = "Change", .effect = CONFIG_CHANGE, .task = "taskId"};
static struct config_upstream upstream = {.name = "vpc", .region = "ap-guangzhou", .api = CONFIG_API2};

enum end { NOT_WAITED, OVER, GIVEN_UP }; /* what the caller is told */

/* clang-format off */
static const struct row {
    const char *name;
    const char *prefer;
    const char *task;      /* NULL: the answer names none */
    bool no_route;         /* none that tells how a task is */
    int others;            /* wait already, where eight connections may be open */
    bool last;             /* the server lets nothing wait */
    struct world world;
    enum end end;
    int looks;
} rows[] = {
    {.name = "no preference", .task = "135254"},
    {.name = "no task", .prefer = "wait=10"},
    {.name = "no route", .prefer = "wait=10", .task = "135254", .no_route = true},
    {.name = "a rule denies it", .prefer = "wait=10", .task = "135254", .world = {.denied = true}},
    {.name = "half of the connections wait", .prefer = "wait=10", .task = "135254", .others = 4},
    {.name = "it cannot wait", .prefer = "wait=10", .task = "135254", .last = true, .end = GIVEN_UP},
    {.name = "one less", .prefer = "wait=10", .task = "135254", .others = 3, .end = OVER, .looks = 1},
    {.name = "over at once", .prefer = "wait=10", .task = "135254", .end = OVER, .looks = 1},
    {.name = "over at the third look", .prefer = "wait=10", .task = "135254", .world = {.running = 2},
     .end = OVER, .looks = 3},
    {.name = "longer than the time", .prefer = "wait=2", .task = "135254", .world = {.running = LOOKS},
     .end = GIVEN_UP, .looks = 3},
    {.name = "each look fails", .prefer = "wait=2", .task = "135254", .world = {.failing = true},
     .end = GIVEN_UP, .looks = 3},
    {.name = "the client goes", .prefer = "wait=60", .task = "135254",
     .world = {.running = LOOKS, .gone_us = BEGAN_US + 1000000}, .end = GIVEN_UP, .looks = 2},
    {.name = "the gateway drains", .prefer = "wait=60", .task = "135254",
     .world = {.running = LOOKS, .drains_us = BEGAN_US + 300000}, .end = GIVEN_UP, .looks = 1},
};
/* clang-format on */

/* Is there more to wait for? */
static bool run(struct exchange *x)
{
    x->again_us = 0;
    assert_int_equal(task_wait_look(x), PROBLEM_NONE);
    return x->again_us != 0;
}

static int check(const struct row *row)
{
    static const struct peer peer = {.gone = gone};
    struct config_route routes[] = {change_route, status_route};
    struct config config = {.routes = routes, .route_count = row->no_route ? 1 : 2, .connections = 8};
    struct call call = {.route = &routes[0], .upstream = &upstream, .region = "ap-guangzhou", .sealed = true};
    struct request_head head = {0};
    struct exchange x = {
        .gateway = &gateway, .config = &config, .peer = &peer, .head = &head, .last = row->last};
    if (row->prefer != NULL) {
        head.fields[0].name = "Prefer";
        head.fields[0].value = row->prefer;
        head.field_count = 1;
    }
    world = row->world;
    world.now_us = BEGAN_US;
    atomic_store(&gateway.draining, false);
    atomic_store(&gateway.waiting, (unsigned)row->others);
    x.arena = arena_new(64 * 1024);
    x.route = &routes[0];
    x.call = &call;
    x.answer.task = row->task;
    task_wait_begin(&x);
    while (run(&x))
        pass_time(x.again_us);
    enum end end = x.finished ? OVER : x.waited_s > 0 ? GIVEN_UP : NOT_WAITED;
    bool told = end != OVER || x.answer.code == world.looks; /* the last look's */
    bool quiet = x.err.kind == ERR_NONE && x.wait_us == 0;   /* a look that fails is nobody's problem */
    int wrong = unit_wrong(row->name, end == row->end && world.looks == row->looks) +
                unit_wrong(row->name, told && quiet) +
                unit_wrong(row->name, atomic_load(&gateway.waiting) == (unsigned)row->others);
    arena_free(x.arena);
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

/* 0.2 s before the first look, twice as long before each further one, 5 s at most. */
static void pauses(void **state)
{
    static const int64_t pauses_ms[] = {200, 400, 800, 1600, 3200, 5000, 5000};
    const struct row row = {.name = "pauses",
                            .prefer = "wait=60",
                            .task = "135254",
                            .world = {.running = COUNT(pauses_ms) - 1},
                            .end = OVER,
                            .looks = COUNT(pauses_ms)};
    int64_t before_us = BEGAN_US;
    (void)state;
    assert_int_equal(check(&row), 0);
    for (size_t i = 0; i < COUNT(pauses_ms); i++) {
        int64_t pause_us = world.looked_us[i] - before_us;
        assert_in_range(pause_us, pauses_ms[i] * 1000, pauses_ms[i] * 1000 + 1000); /* whole milliseconds */
        before_us = world.looked_us[i] + 30000;
    }
}

/* ---- where to ask ---- */

static void locations(void **state)
{
    static const struct {
        const char *task, *prefix, *region;
        const char *line;
    } location_rows[] = {
        {NULL, NULL, "ap-guangzhou", ""},
        {"135254", NULL, "ap-guangzhou", "Location: /tasks/135254\r\n"},
        {"135254", "/cs", "ap-guangzhou", "Location: /cs/tasks/135254\r\n"},
        {"1e2c8a6b-7a49", NULL, "ap-beijing", "Location: /tasks/1e2c8a6b-7a49?region=ap-beijing\r\n"},
    };
    const struct config config = {.routes = &status_route, .route_count = 1};
    (void)state;
    for (size_t i = 0; i < COUNT(location_rows); i++) {
        struct buf out;
        struct call call = {.route = &change_route, .upstream = &upstream, .region = location_rows[i].region};
        struct exchange x = {.config = &config, .call = &call, .prefix = location_rows[i].prefix};
        x.answer.task = location_rows[i].task;
        buf_init(&out, 1024);
        task_wait_put_location(&out, &x);
        assert_string_equal(buf_text(&out), location_rows[i].line);
        buf_done(&out);
    }
}

static int enter(void **state)
{
    (void)state;
    status_route.dialects[CONFIG_API2].supported = true;
    status_route.dialects[CONFIG_API2].status.from = "data.status";
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preferences),
        cmocka_unit_test(table),
        cmocka_unit_test(pauses),
        cmocka_unit_test(locations),
    };
    return cmocka_run_group_tests(tests, enter, NULL);
}
