/* Catalogs from tests/vectors/catalog: each folder is a case of catalog.yaml, and error with every line that
 * is reported; no such file: none. */
#include "config/catalog/catalog.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, PATH_SIZE = 256 };

extern const char config_catalog_yaml[]; /* the one that ships */
extern const size_t config_catalog_yaml_size;

/* A configuration of which only the routes are there. */
struct fixture {
    struct config config;
    struct report report;
    struct loader loader;
};

static int read_text(struct fixture *fixture, const char *text, size_t length)
{
    *fixture = (struct fixture){.config = {.arena = arena_new(CEILING)}};
    assert_non_null(fixture->config.arena);
    report_init(&fixture->report);
    fixture->loader = (struct loader){
        .arena = fixture->config.arena, .report = &fixture->report, .config = &fixture->config};
    const struct yaml_node *root =
        yaml_parse(text, length, "catalog.yaml", fixture->config.arena, &fixture->report);
    return root == NULL ? -1 : catalog_read(&fixture->loader, root);
}

static void done(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->config.route_count; i++)
        config_route_done(&fixture->config.routes[i]);
    arena_free(fixture->config.arena);
    report_done(&fixture->report);
}

/* The report's lines against those of a file, which need not be there. */
static int differs(const char *folder, const char *file, const struct buf *lines)
{
    char *expected = unit_vector(folder, file);
    char *got = strndup(buf_text(lines), lines->length == 0 ? 0 : lines->length - 1);
    assert_non_null(got);
    int wrong = unit_differs(folder, expected == NULL ? "" : expected, got);
    free(got);
    free(expected);
    return wrong;
}

static int run_case(const char *name)
{
    struct fixture fixture;
    char folder[PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "catalog/%s", name);
    char *text = unit_vector(folder, "catalog.yaml");
    assert_non_null(text);
    int result = read_text(&fixture, text, strlen(text));
    int wrong = differs(folder, "error", &fixture.report.errors);
    wrong += unit_wrong(folder, (result != 0) == (fixture.report.error_count > 0));
    wrong += differs(folder, "warning", &fixture.report.warnings);
    done(&fixture);
    free(text);
    return wrong;
}

static void every_case(void **state)
{
    (void)state;
    assert_int_equal(unit_each_folder("catalog", run_case), 0);
}

static void the_main_job_ships(void **state)
{
    struct fixture fixture;
    (void)state;
    if (read_text(&fixture, config_catalog_yaml, config_catalog_yaml_size) != 0)
        fail_msg("%s", buf_text(&fixture.report.errors));
    const struct config_route *route = &fixture.config.routes[0];
    assert_string_equal(route->method, "DELETE");
    assert_string_equal(route->template, "/vpcs/{vpcId}/classiclinks");
    assert_int_equal(route->segment_count, 3);
    assert_false(route->segments[0].capture);
    assert_string_equal(route->segments[0].text, "vpcs");
    assert_true(route->segments[1].capture);
    assert_string_equal(route->segments[1].text, "vpcId");
    assert_string_equal(route->service, "vpc");
    assert_string_equal(route->action, "DetachClassicLinkVpc");
    assert_int_equal(route->effect, CONFIG_CHANGE);
    assert_int_equal(route->success, 202);
    assert_string_equal(route->task, "taskId");
    assert_int_equal(route->param_count, 2);
    assert_string_equal(route->params[1].name, "instanceIds");
    assert_int_equal(route->params[1].sources, CONFIG_IN_BODY | CONFIG_IN_QUERY);
    assert_int_equal(route->params[1].type, CONFIG_STRINGS);
    assert_int_equal(route->params[1].max_items, 100);
    assert_true(route->params[1].required);
    done(&fixture);
}

static void defaults(void **state)
{
    struct fixture fixture;
    static const char text[] = "version: 1\n"
                               "routes:\n"
                               "  - request: GET /vpcs\n"
                               "    service: vpc\n"
                               "    action: DescribeVpcEx\n"
                               "    effect: read\n"
                               "    parameters:\n"
                               "      limit: { in: [query], type: integer }\n";
    (void)state;
    if (read_text(&fixture, text, sizeof text - 1) != 0)
        fail_msg("%s", buf_text(&fixture.report.errors));
    const struct config_route *route = &fixture.config.routes[0];
    assert_int_equal(route->success, 200);
    assert_int_equal(route->effect, CONFIG_READ);
    assert_null(route->task);
    assert_false(route->params[0].required);
    assert_null(route->params[0].pattern.text);
    assert_int_equal(route->params[0].min, 0);
    assert_int_equal(route->params[0].max, 2147483647);
    done(&fixture);
}

/* The ids of the shipped route, as the cloud's documents show them, and what must never be signed. */
static void patterns_match_whole_values(void **state)
{
    static const struct {
        size_t param; /* 0 vpcId, 1 instanceIds */
        const char *value;
        bool matches;
    } rows[] = {
        {0, "vpc-2ari9m7h", true},
        {0, "gz_vpc_245", true},
        {0, "vpc-", false},
        {0, "VPC-2ari9m7h", false},
        {0, "vpc-2ARI9M7H", false},
        {0, "xvpc-2ari9m7h", false},
        {0, "vpc-1&Action=x", false},
        {0, "vpc-1\n", false},
        {0, "vpc-1 gz_vpc_2", false},
        {0, "vpc-1gz_vpc_2", false},
        {0, "..", false},
        {0, "vpc-\xC3\xA9", false},
        {1, "ins-df454d", true},
        {1, "qcvm12345", true},
        {1, "ins-df454d,ins-2", false},
        {1, "ins-", false},
        {1, "*", false},
        {1, "ins-0\nqcvm1", false},
        {1, "ins-123456789012345678901234567890123", false},
    };
    struct fixture fixture;
    int wrong = 0;
    (void)state;
    assert_int_equal(read_text(&fixture, config_catalog_yaml, config_catalog_yaml_size), 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct config_param *param = &fixture.config.routes[0].params[rows[i].param];
        bool matches = config_match(&param->pattern, rows[i].value) == PATTERN_FITS ||
                       config_match(&param->former, rows[i].value) == PATTERN_FITS;
        wrong += unit_wrong(rows[i].value, matches == rows[i].matches);
    }
    done(&fixture);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case),
        cmocka_unit_test(the_main_job_ships),
        cmocka_unit_test(defaults),
        cmocka_unit_test(patterns_match_whole_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
