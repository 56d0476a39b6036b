/* Requests from tests/vectors/translate/requests.tsv and the calls that they become, or the sentence that
 * their callers get.  Offline: the same stages as on the way of a real request. */
#include "gateway/dryrun/dry_run.h"

#include "base/text.h"
#include "config/catalog/catalog.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 16 * 1024 * 1024, COLUMNS = 4 };

/* Columns of a row. */
enum { METHOD, PATH, BODY, EXPECTED };

static struct config config;
static struct config_upstream upstream = {.name = "vpc", .region = "ap-guangzhou"};
static struct arena *arena; /* of one request */

static int enter(void **state)
{
    struct report report;
    char *text = unit_vector("translate", "catalog.yaml");
    (void)state;
    arena = arena_new(CEILING);
    config = (struct config){.arena = arena_new(CEILING), .upstreams = &upstream, .upstream_count = 1};
    report_init(&report);
    struct loader loader = {.arena = config.arena, .report = &report, .config = &config};
    const struct yaml_node *root = yaml_parse(text, strlen(text), "catalog.yaml", config.arena, &report);
    int result = root == NULL ? -1 : catalog_read(&loader, root);
    (void)fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    free(text);
    return result;
}

static int leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < config.route_count; i++)
        config_route_done(&config.routes[i]);
    arena_free(config.arena);
    arena_free(arena);
    return 0;
}

static void put_param(FILE *out, const struct call_param *param)
{
    (void)fprintf(out, " %s=", param->name);
    for (size_t i = 0; i < param->count; i++)
        (void)fprintf(out, "%s%s", i == 0 ? "" : ",", param->values[i]);
}

/* "= Action region name=value name=value,value" or "! sentence"; the caller frees it. */
static char *describe(const char *method, const char *path, const char *body)
{
    struct exchange x = {.config = &config, .arena = arena};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    arena_reset(arena);
    if (dry_run_translate(&x, method, path, body) != 0) {
        (void)fprintf(out, "! %s", x.err.text);
    } else {
        assert_true(x.call->sealed);
        assert_ptr_equal(x.call->upstream, &upstream);
        (void)fprintf(out, "= %s %s", x.call->route->action, x.call->region);
        for (size_t i = 0; i < x.call->param_count; i++)
            put_param(out, &x.call->params[i]);
    }
    (void)fclose(out);
    return text;
}

static int run_row(char *columns[COLUMNS])
{
    char row[600];
    const char *body = strcmp(columns[BODY], "-") == 0 ? NULL : columns[BODY];
    char *got = describe(columns[METHOD], columns[PATH], body);
    (void)snprintf(row, sizeof row, "%s %s %s", columns[METHOD], columns[PATH], columns[BODY]);
    bool open_ended = columns[EXPECTED][0] == '!' && strchr(columns[EXPECTED], '*') != NULL;
    int wrong =
        open_ended && text_matches(columns[EXPECTED], got) ? 0 : unit_differs(row, columns[EXPECTED], got);
    free(got);
    return wrong;
}

static void every_request(void **state)
{
    char *text = unit_vector("translate", "requests.tsv");
    char *rest = text;
    int wrong = 0;
    (void)state;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *columns[COLUMNS] = {NULL};
        for (size_t i = 0; i < COLUMNS; i++)
            columns[i] = strsep(&line, "\t");
        if (columns[EXPECTED] == NULL || line != NULL)
            fail_msg("a row has %d columns: %s", COLUMNS, columns[METHOD]);
        wrong += run_row(columns);
    }
    free(text);
    assert_int_equal(wrong, 0);
}

/* ---- bodies that no file should hold ---- */

static const char path[] = "/vpcs/vpc-2ari9m7h/classiclinks";

static void expect(const char *body, const char *sentence)
{
    char *got = describe("DELETE", path, body);
    assert_string_equal(got, sentence);
    free(got);
}

static char *repeated(const char *head, const char *middle, size_t times, const char *tail)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs(head, out);
    for (size_t i = 0; i < times; i++)
        (void)fputs(middle, out);
    (void)fputs(tail, out);
    (void)fclose(out);
    return text;
}

/* Deeper than a worker's stack could follow. */
static void depth(void **state)
{
    char *just = repeated("{\"a\":", "[", 31, "");
    char *deep = repeated("{\"a\":", "[", 32, "");
    char *deepest = repeated("", "[", 64 * 1024, "");
    (void)state;
    expect(just, "! the body cannot be read as JSON: line 1, column 37: a value is missing");
    expect(deep, "! the body cannot be read as JSON: line 1, column 37: nested deeper than 32 levels");
    expect(deepest, "! the body cannot be read as JSON: line 1, column 33: nested deeper than 32 levels");
    free(deepest);
    free(deep);
    free(just);
}

static void size(void **state)
{
    char *largest = repeated("{", " ", REQUEST_BODY_MAX - 2, "}");
    char *larger = repeated("{", " ", REQUEST_BODY_MAX - 1, "}");
    (void)state;
    expect(largest, "! instanceIds is missing");
    expect(larger, "! the body may have at most 65536 bytes");
    free(larger);
    free(largest);
}

static void ten_thousand_items(void **state)
{
    char *many = repeated("{\"instanceIds\":[\"ins-a\"", ",\"i\"", 10000, "]}");
    (void)state;
    expect(many, "! instanceIds may have at most 4 items");
    free(many);
}

static void bytes_that_are_no_text(void **state)
{
    (void)state;
    expect("{\"instanceIds\":[\"ins-\xFF\"]}",
           "! the body cannot be read as JSON: line 1, column 22: a byte that is not UTF-8");
    expect("{\"instanceIds\":[\"ins-\xC0\xAF\"]}",
           "! the body cannot be read as JSON: line 1, column 22: a byte that is not UTF-8");
    expect("{\"instanceIds\":[\"ins-\n\"]}",
           "! the body cannot be read as JSON: line 1, column 22: a control character in a string");
}

/* What was sent may be a secret in the wrong place: a sentence names fields, never values. */
static void values_are_not_repeated(void **state)
{
    static const char *const bodies[] = {
        "{\"instanceIds\":\"hunter2\"}",
        "{\"instanceIds\":[\"hunter2\"]}",
        "{\"instanceIds\":[\"ins-a\"]}hunter2",
        "{\"instanceIds\":[\"ins-a\"],\"key\":\"hunter2\"}",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        char *got = describe("DELETE", path, bodies[i]);
        assert_null(strstr(got, "hunter2"));
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request),
        cmocka_unit_test(depth),
        cmocka_unit_test(size),
        cmocka_unit_test(ten_thousand_items),
        cmocka_unit_test(bytes_that_are_no_text),
        cmocka_unit_test(values_are_not_repeated),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
