/* Memory that is out while a configuration is read: the cases of tests/vectors/config again, each as
 * often as there are places in it where an allocation has not failed yet.  Then it is refused with that
 * for a reason, or it is what it always is: nobody may do more by it, or less.
 *
 * COUNTERSIGN_MEMORY=1 tries every place; otherwise one in so many, and others in each run. */
#include "config/load/config_load.h"
#include "config/rights/rights.h"
#include "tests/config/load/cases.h"
#include "tests/shim/places.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EVERY = 4, MOST = 20000 };

static long long every(void)
{
    const char *said = getenv("COUNTERSIGN_MEMORY");
    return said == NULL ? EVERY : strtoll(said, NULL, 10);
}

static void put_difference(void *context, const char *line)
{
    (void)fprintf(stderr, "%s\n", line);
    *(bool *)context = true;
}

static bool has_same_rights(const struct config *one, const struct config *other)
{
    bool differs = false;
    struct rights_counts counts = {0};
    const struct rights_question question = {.now = CASES_TODAY, .put = put_difference, .context = &differs};
    return rights_diff(one, other, &question, &counts) == 0 && !differs;
}

/* What was reported of it when nothing failed. */
struct usual {
    struct config *config;
    struct report report;
};

static struct config *load(struct report *report)
{
    report_init(report);
    return config_load("countersign.yaml", NULL, CASES_TODAY, report);
}

static bool is_refused_for_memory(const struct report *report)
{
    return report->error_count > 0 && strstr(buf_text(&report->errors), "memory") != NULL;
}

static bool is_as_usual(const struct usual *usual, const struct config *config, const struct report *report)
{
    if (strcmp(buf_text(&usual->report.errors), buf_text(&report->errors)) != 0)
        return false;
    return config == NULL ? usual->config == NULL
                          : usual->config != NULL && has_same_rights(usual->config, config);
}

/* 1: nothing failed, all places were visited. */
static int fail_once(const char *name, const struct usual *usual, int *wrong)
{
    struct memory *memory = memory_shared();
    struct report report;
    long long before = atomic_load(&memory->failed);
    atomic_store(&memory->fresh, MEMORY_FRESH);
    struct config *config = load(&report);
    atomic_store(&memory->fresh, 0);
    bool good = is_as_usual(usual, config, &report) || (config == NULL && is_refused_for_memory(&report));
    *wrong += unit_wrong(name, good);
    if (!good)
        (void)fprintf(stderr, "%s: %s\n", config == NULL ? "refused" : "taken", buf_text(&report.errors));
    config_release(config);
    report_done(&report);
    return atomic_load(&memory->failed) == before;
}

static int run_case(const char *name)
{
    char folder[CASES_PATH];
    struct usual usual;
    int wrong = 0;
    int runs = 0;
    (void)snprintf(folder, sizeof folder, "config/%s", name);
    cases_lay_out(folder);
    usual.config = load(&usual.report);
    while (fail_once(name, &usual, &wrong) == 0)
        assert_true(++runs < MOST);
    config_release(usual.config);
    report_done(&usual.report);
    return wrong;
}

static void each_allocation_fails_once(void **state)
{
    struct memory *memory = memory_shared();
    (void)state;
    atomic_store(&memory->every, every());
    atomic_store(&memory->first, getpid());
    assert_int_equal(unit_each_folder("config", run_case), 0);
    assert_true(atomic_load(&memory->failed) > 10);
    print_message("%lld allocations failed\n", atomic_load(&memory->failed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, cases_enter, cases_leave);
}
