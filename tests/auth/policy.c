/* The questions of tests/vectors/policy/NAME.tsv to NAME.yaml and the catalog beside it. */
#include "auth/policy.h"
#include "config/catalog/catalog.h"
#include "config/model/config.h"
#include "config/policy/policy_file.h"
#include "config/reader/keyword.h"

#include "base/time/timestamp.h"

#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CEILING = 4 * 1024 * 1024, COLUMNS = 7, VALUES_MAX = 16 };

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

static void load(const char *name)
{
    struct report report;
    config = (struct config){.arena = arena_new(CEILING)};
    assert_non_null(config.arena);
    report_init(&report);
    struct loader loader = {
        .arena = config.arena, .scratch = config.arena, .report = &report, .config = &config};
    const struct yaml_node *catalog = read_yaml("catalog.yaml", &report);
    const struct yaml_node *policy = read_yaml(name, &report);
    bool good = catalog != NULL && policy != NULL && catalog_read(&loader, catalog) == 0 &&
                policy_file_read(&loader, policy) == 0;
    (void)fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    assert_true(good);
}

static void unload(void)
{
    HASH_CLEAR(hh, config.clients);
    for (size_t i = 0; i < config.route_count; i++)
        config_route_done(&config.routes[i]);
    arena_free(config.arena);
}

/* ---- a question ---- */

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
    const char **said = arena_array(config.arena, VALUES_MAX, sizeof *said);
    size_t count = 0;
    char *list = strchr(text, '=');
    assert_non_null(said);
    assert_non_null(values);
    assert_non_null(list);
    *list++ = '\0';
    for (char *value; (value = strsep(&list, ",")) != NULL;) {
        assert_true(count < VALUES_MAX);
        const char *current = config_current_id(&config, value); /* as gateway/translate.c does it */
        said[count] = current == NULL ? NULL : value;
        values[count++] = current == NULL ? value : current;
    }
    if (call_add(call, param_of(call->route, text), values, count, &err) != 0)
        fail_msg("%s", err.text);
    call_note_said(call, said);
}

/* Parameters, and among them "@2026-11-24T12:00:00Z" for the time, "<10.1.2.3" for the source, "^alice" for
 * the subject, and "!caller" or "!other" for who began the task. */
static struct policy_question read_question(char *columns[COLUMNS], bool sealed)
{
    static const struct config_upstream upstream = {.name = "vpc"};
    struct err err = {0};
    const struct config_client *client = NULL;
    struct call *call = call_new(route_of(columns[ACTION]), &upstream, config.arena);
    struct policy_question question = {.call = call};
    char *rest =
        strcmp(columns[PARAMETERS], "-") == 0 ? NULL : arena_strdup(config.arena, columns[PARAMETERS]);
    assert_non_null(call);
    assert_true(timestamp_parse("2026-11-24T12:00:00Z", &question.now));
    assert_true(network_parse_address("127.0.0.1", &question.source));
    for (char *word; rest != NULL && (word = strsep(&rest, " ")) != NULL;)
        if (word[0] == '@')
            assert_true(timestamp_parse(word + 1, &question.now));
        else if (word[0] == '<')
            assert_true(network_parse_address(word + 1, &question.source));
        else if (word[0] == '!')
            question.owner = strcmp(word, "!caller") == 0 ? POLICY_OWNER_CALLER : POLICY_OWNER_OTHER;
        else if (word[0] == '^')
            question.subject = word + 1;
        else
            add_parameter(call, word);
    /* what a request says becomes the region's one name, as gateway/translate.c does it; what is none is
     * judged as it is, though no request with it gets so far */
    const struct config_region *region = config_region(&config, columns[REGION]);
    if (call_set_region(call, region == NULL ? columns[REGION] : region->name, &err) != 0)
        fail_msg("%s", err.text);
    if (sealed)
        call_seal(call);
    client = config_client(&config, columns[CLIENT]);
    if (client == NULL)
        fail_msg("there is no client '%s'", columns[CLIENT]);
    question.client = client;
    return question;
}

static const char *id_of(const struct config_rule *rule)
{
    return rule == NULL ? "-" : rule->id;
}

static int ask(char *columns[COLUMNS])
{
    const struct policy_question question = read_question(columns, true);
    const struct policy_question open = read_question(columns, false);
    struct policy_verdict verdict = policy_decide(&question);
    char *rule = columns[RULE];
    const char *name = strsep(&rule, "~");
    int wrong = unit_differs(columns[WHY], columns[VERDICT], verdict.allowed ? "allow" : "deny");
    wrong += unit_differs(columns[WHY], name, id_of(verdict.because));
    wrong += unit_differs(columns[WHY], rule == NULL ? "-" : rule, id_of(verdict.audit));
    if (verdict.allowed && verdict.because != NULL)
        wrong += unit_wrong(columns[WHY], verdict.because->effect == CONFIG_ALLOW);
    if (verdict.because != NULL) /* found by the index, and by the rule's own patterns */
        wrong += unit_wrong(columns[WHY], policy_try(verdict.because, &question, NULL) == POLICY_MATCHES);
    /* What could still change is never allowed. */
    wrong += unit_wrong(columns[WHY], !policy_decide(&open).allowed);
    return wrong;
}

static void ask_all(const char *policy, const char *questions, int at_least)
{
    char *text = unit_vector("policy", questions);
    char *rest = text;
    int wrong = 0;
    int asked = 0;
    load(policy);
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
    unload();
    assert_true(asked >= at_least);
    assert_int_equal(wrong, 0);
}

static void a_policy_as_people_write_it(void **state)
{
    (void)state;
    ask_all("policy.yaml", "questions.tsv", 80);
}

static void each_part_of_the_language(void **state)
{
    (void)state;
    ask_all("language.yaml", "language.tsv", 400);
}

static void things_by_any_name(void **state)
{
    (void)state;
    ask_all("things.yaml", "things.tsv", 60);
}

static void no_rule_is_no(void **state)
{
    static const struct config_client client = {.name = "web"};
    char *columns[COLUMNS] = {"deny", "-", "web", "DetachClassicLinkVpc", "ap-guangzhou", "-", ""};
    (void)state;
    load("policy.yaml");
    struct policy_question question = read_question(columns, true);
    question.client = &client; /* of a configuration without rules */
    struct policy_verdict verdict = policy_decide(&question);
    assert_false(verdict.allowed);
    assert_null(verdict.because);
    unload();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_as_people_write_it),
        cmocka_unit_test(each_part_of_the_language),
        cmocka_unit_test(things_by_any_name),
        cmocka_unit_test(no_rule_is_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
