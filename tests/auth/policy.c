/* The questions of tests/vectors/policy/questions.tsv to the policy and the catalog beside it. */
#include "auth/policy.h"
#include "config/parts.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, COLUMNS = 7, VALUES_MAX = 16, QUESTIONS_MIN = 60 };

/* Columns of a question. */
enum { VERDICT, RULE, CLIENT, ACTION, REGION, PARAMETERS, WHY };

static struct config config;

static const struct yaml_node *read_yaml(const char *name, struct report *report)
{
    char *text = unit_vector("policy", name);
    assert_non_null(text);
    const struct yaml_node *root = yaml_parse(text, strlen(text), name, config.arena, report);
    free(text);
    return root;
}

static int enter(void **state)
{
    struct report report;
    (void)state;
    config.arena = arena_new(CEILING);
    report_init(&report);
    struct loader loader = {
        .arena = config.arena, .scratch = config.arena, .report = &report, .config = &config};
    const struct yaml_node *catalog = read_yaml("catalog.yaml", &report);
    const struct yaml_node *policy = read_yaml("policy.yaml", &report);
    int result = catalog == NULL || policy == NULL || catalog_read(&loader, catalog) != 0 ||
                         grants_read(&loader, policy) != 0
                     ? -1
                     : 0;
    (void)fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return result;
}

static int leave(void **state)
{
    (void)state;
    HASH_CLEAR(hh, config.clients);
    for (size_t i = 0; i < config.route_count; i++)
        catalog_done(&config.routes[i]);
    arena_free(config.arena);
    return 0;
}

/* ---- a question's call ---- */

static const struct config_route *route_of(const char *action)
{
    size_t i = 0;
    while (i < config.route_count && strcmp(config.routes[i].action, action) != 0)
        i++;
    if (i == config.route_count)
        fail_msg("there is no action '%s'", action);
    return &config.routes[i];
}

static const struct config_param *param_of(const struct config_route *route, const char *name)
{
    size_t i = 0;
    while (i < route->param_count && strcmp(route->params[i].name, name) != 0)
        i++;
    if (i == route->param_count)
        fail_msg("%s has no '%s'", route->action, name);
    return &route->params[i];
}

/* "instanceIds=ins-a,ins-b" */
static void add_parameter(struct call *call, char *text)
{
    struct err err = {0};
    const char **values = arena_array(config.arena, VALUES_MAX, sizeof *values);
    size_t count = 0;
    char *list = strchr(text, '=');
    assert_non_null(values);
    assert_non_null(list);
    *list++ = '\0';
    for (char *value; (value = strsep(&list, ",")) != NULL;) {
        assert_true(count < VALUES_MAX);
        values[count++] = value;
    }
    if (call_add(call, param_of(call->route, text), values, count, &err) != 0)
        fail_msg("%s", err.text);
}

static struct call *make_call(char *columns[COLUMNS], bool sealed)
{
    static const struct config_upstream upstream = {.name = "vpc"};
    struct err err = {0};
    struct call *call = call_new(route_of(columns[ACTION]), &upstream, config.arena);
    char *rest =
        strcmp(columns[PARAMETERS], "-") == 0 ? NULL : arena_strdup(config.arena, columns[PARAMETERS]);
    assert_non_null(call);
    for (char *parameter; rest != NULL && (parameter = strsep(&rest, " ")) != NULL;)
        add_parameter(call, parameter);
    if (call_set_region(call, columns[REGION], &err) != 0)
        fail_msg("%s", err.text);
    if (sealed)
        call_seal(call);
    return call;
}

static int ask(char *columns[COLUMNS])
{
    struct config_client *client = NULL;
    HASH_FIND_STR(config.clients, columns[CLIENT], client);
    if (client == NULL)
        fail_msg("there is no client '%s'", columns[CLIENT]);
    const struct policy_question question = {.client = client, .call = make_call(columns, true)};
    const struct policy_question open = {.client = client, .call = make_call(columns, false)};
    struct policy_verdict verdict = policy_decide(&question);
    int wrong = unit_differs(columns[WHY], columns[VERDICT], verdict.allowed ? "allow" : "deny");
    wrong += unit_differs(columns[WHY], columns[RULE], verdict.because == NULL ? "-" : verdict.because->id);
    if (verdict.allowed && verdict.because != NULL)
        wrong += unit_wrong(columns[WHY], verdict.because->effect == CONFIG_ALLOW);
    /* What could still change is never allowed. */
    wrong += unit_wrong(columns[WHY], !policy_decide(&open).allowed);
    return wrong;
}

static void every_question(void **state)
{
    char *text = unit_vector("policy", "questions.tsv");
    char *rest = text;
    int wrong = 0;
    int asked = 0;
    (void)state;
    assert_non_null(text);
    for (char *line; (line = strsep(&rest, "\n")) != NULL; asked++) {
        char *columns[COLUMNS] = {NULL};
        for (size_t i = 0; i < COLUMNS; i++)
            columns[i] = strsep(&line, "\t");
        if (columns[WHY] == NULL || line != NULL)
            fail_msg("a question has %d columns: %s", COLUMNS, columns[0]);
        wrong += ask(columns);
    }
    free(text);
    assert_true(asked >= QUESTIONS_MIN);
    assert_int_equal(wrong, 0);
}

static void no_rule_is_no(void **state)
{
    static const struct config_client client = {.name = "web"};
    char *columns[COLUMNS] = {"deny", "-", "web", "DetachClassicLinkVpc", "ap-guangzhou", "-", ""};
    (void)state;
    const struct policy_question question = {.client = &client, .call = make_call(columns, true)};
    struct policy_verdict verdict = policy_decide(&question);
    assert_false(verdict.allowed);
    assert_null(verdict.because);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_question),
        cmocka_unit_test(no_rule_is_no),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
