/* Good answers and what callers see of them: tests/vectors/view has a catalog, and rows of route, generation,
 * answer and view.  Compared as text: the order of members is part of it. */
#include "gateway/call/caller_view.h"

#include "config/catalog/catalog.h"
#include "config/model/config.h"
#include "config/reader/keyword.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, COLUMNS = 4 };

/* Columns of a row. */
enum { ACTION, API, ANSWER, VIEW };

static struct config config;

static int enter(void **state)
{
    struct report report;
    char *text = unit_vector("view", "catalog.yaml");
    (void)state;
    config = (struct config){.arena = arena_new(CEILING)};
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
    return 0;
}

static const struct config_route *find(const char *action)
{
    for (size_t i = 0; i < config.route_count; i++)
        if (strcmp(config.routes[i].action, action) == 0)
            return &config.routes[i];
    fail_msg("there is no action %s", action);
    return NULL;
}

/* The view's text, or "! sentence". */
static int run_row(char *columns[COLUMNS])
{
    struct err err = {0};
    struct answer answer = {0};
    const struct config_route *route = find(columns[ACTION]);
    int api = strcmp(columns[API], "3") == 0 ? CONFIG_API3 : CONFIG_API2;
    char got[512];
    assert_int_equal(
        answer_read(columns[ANSWER], strlen(columns[ANSWER]), route, api, config.arena, &answer, &err), 0);
    assert_true(answer_is_good(&answer));
    const struct answer page = answer;
    const struct caller_view view = {.route = route, .api = api, .pages = &page, .page_count = 1};
    if (caller_view_write(&view, config.arena, &answer, &err) != 0)
        (void)snprintf(got, sizeof got, "! %s", err.text);
    else
        (void)snprintf(got, sizeof got, "%.*s", (int)answer.length, answer.bytes);
    return unit_differs(columns[ANSWER], columns[VIEW], got);
}

static void every_answer(void **state)
{
    char *text = unit_vector("view", "answers.tsv");
    char *rest = text;
    int wrong = 0;
    (void)state;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *columns[COLUMNS] = {NULL};
        if (line[0] == '#' || line[0] == '\0')
            continue;
        for (size_t i = 0; i < COLUMNS; i++)
            columns[i] = strsep(&line, "\t");
        if (columns[VIEW] == NULL || line != NULL)
            fail_msg("a row has %d columns: %s", COLUMNS, columns[ACTION]);
        wrong += run_row(columns);
    }
    free(text);
    assert_int_equal(wrong, 0);
}

/* API 2.0's bytes are left alone unless a task's status is told. */
static void what_is_written_anew(void **state)
{
    (void)state;
    assert_false(caller_view_differs(find("List"), CONFIG_API2));
    assert_false(caller_view_differs(find("Change"), CONFIG_API2));
    assert_true(caller_view_differs(find("Ask"), CONFIG_API2));
    assert_true(caller_view_differs(find("List"), CONFIG_API3));
    assert_true(caller_view_differs(find("Change"), CONFIG_API3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer),
        cmocka_unit_test(what_is_written_anew),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
