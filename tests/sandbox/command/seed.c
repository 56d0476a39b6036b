#include "tests/unit.h"

#include "base/file.h"
#include "sandbox/command/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A part of a case, byte for byte; "" when there is none. */
static void read_part(struct buf *out, const char *name, const char *file)
{
    char folder[256];
    (void)snprintf(folder, sizeof folder, "sandbox-state/%.200s", name);
    char *path = unit_path(folder, file);
    buf_init(out, 64 * 1024);
    if (access(path, F_OK) == 0)
        assert_int_equal(file_read(path, FILE_PLAIN, out, NULL), 0);
    free(path);
}

/* A folder is a case: state.yaml, and `error`, all that the report must say; without it the state must
 * load. */
static int check_case(const char *name)
{
    struct buf yaml;
    struct buf error;
    struct report report;
    read_part(&yaml, name, "state.yaml");
    read_part(&error, name, "error");
    report_init(&report);
    struct state *state = seed_parse(buf_text(&yaml), yaml.length, "state.yaml", 0, &report);
    int wrong = unit_differs(name, buf_text(&error), buf_text(&report.errors));
    wrong += unit_wrong(name, (state != NULL) == (error.length == 0));
    state_free(state);
    report_done(&report);
    buf_done(&error);
    buf_done(&yaml);
    return wrong;
}

static void cases(void **state)
{
    (void)state;
    assert_int_equal(unit_each_folder("sandbox-state", check_case), 0);
}

static void built_in(void **unused)
{
    (void)unused;
    struct report report;
    report_init(&report);
    struct state *state = seed_load(NULL, 1000, &report);
    assert_string_equal(buf_text(&report.errors), "");
    assert_non_null(state);
    const struct state_account *account = state_account(state, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA");
    assert_non_null(account);
    assert_null(account->token);
    assert_null(state_account(state, "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhES"));
    assert_ptr_equal(state_region(state, "gz"), state_region(state, "ap-guangzhou"));
    assert_ptr_equal(state_vpc(state, "gz_vpc_245"), state_vpc(state, "vpc-2ari9m7h"));
    const struct state_instance *instance = state_instance(state, "ins-df454d");
    assert_ptr_equal(instance->vpc, state_vpc(state, "vpc-2ari9m7h"));
    assert_string_equal(instance->link_id, "vcx-opgnzgo9");
    state_free(state);
    report_done(&report);
}

static void whole(void **unused)
{
    (void)unused;
    struct buf yaml;
    struct report report;
    report_init(&report);
    read_part(&yaml, "good-whole", "state.yaml");
    struct state *state = seed_parse(buf_text(&yaml), yaml.length, "state.yaml", 0, &report);
    assert_non_null(state);
    assert_int_equal(state->task_duration, 1500);
    assert_int_equal(state->fault_count, 1);
    assert_string_equal(state->faults[0], "*:delay=5:every=2");
    assert_int_equal(state->vpcs[0].link_count, 1);
    state_free(state);
    buf_done(&yaml);
    report_done(&report);
}

static void not_there(void **unused)
{
    (void)unused;
    struct report report;
    report_init(&report);
    assert_null(seed_load("no-such-file.yaml", 0, &report));
    assert_int_equal(report.error_count, 1);
    report_done(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases), cmocka_unit_test(built_in),
                                       cmocka_unit_test(whole), cmocka_unit_test(not_there)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
