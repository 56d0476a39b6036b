/* policy.yaml, `tests`: requests and the verdicts that they must get.  They are read here and run where
 * requests are understood (gateway/dryrun/policy_test_run.c). */
#include "config/policy/policy_tests.h"

#include "base/buf.h"
#include "base/json/json.h"
#include "config/model/config.h"
#include "config/rules/rules.h"
#include "config/reader/keyword.h"

#include <stdio.h>
#include <string.h>

enum { TRIAL_BODY_MAX = 64 * 1024 };

static const char *const expect_names[] = {"deny", "allow", NULL};

/* ---- a YAML body as JSON ---- */

/* RFC 8259 section 6: no zero in front of other digits.  Else it is text, as YAML's own readers differ about
 * 007. */
static bool is_json_number(const char *text)
{
    long long number;
    const char *digits = text[0] == '-' ? text + 1 : text;
    return keyword_parse_number(text, &number) && (digits[0] != '0' || digits[1] == '\0');
}

static bool is_plain_json(const struct yaml_node *node)
{
    return !node->quoted && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0 ||
                             strcmp(node->text, "null") == 0 || is_json_number(node->text));
}

/* Recursion is bounded by YAML_DEPTH_MAX. */
static void put_json(struct buf *out, const struct yaml_node *node)
{
    if (node->kind == YAML_SCALAR) {
        if (is_plain_json(node))
            buf_put(out, node->text);
        else
            json_put_string(out, node->text, strlen(node->text));
        return;
    }
    buf_put_char(out, node->kind == YAML_LIST ? '[' : '{');
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        if (child != node->children)
            buf_put_char(out, ',');
        if (child->key != NULL) {
            json_put_string(out, child->key, strlen(child->key));
            buf_put_char(out, ':');
        }
        put_json(out, child);
    }
    buf_put_char(out, node->kind == YAML_LIST ? ']' : '}');
}

static int read_body(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                     void *field)
{
    struct buf json;
    buf_init(&json, TRIAL_BODY_MAX);
    put_json(&json, node);
    const char *text = json.failed ? NULL : arena_strdup(loader->arena, buf_text(&json));
    buf_done(&json);
    if (text == NULL)
        return report_error(loader->report, &node->mark,
                            "%s has more than %d bytes as JSON, or memory is out", keyword->name,
                            TRIAL_BODY_MAX);
    *(const char **)field = text;
    return 0;
}

/* ---- a test ---- */

/* "DELETE /vpcs/vpc-2ari9m7h/classiclinks" */
static int read_request(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                        void *field)
{
    struct config_trial *trial = (struct config_trial *)(void *)((char *)field - keyword->offset);
    const char *text = NULL;
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    const char *blank = strstr(text, " /");
    if (blank == NULL || blank == text)
        return report_error(loader->report, &node->mark,
                            "request must be a method and a path, such as DELETE /vpcs/vpc-1/classiclinks");
    trial->method = arena_copy(loader->arena, text, (size_t)(blank - text));
    trial->path = blank + 1;
    return trial->method == NULL ? keyword_out_of_memory(loader) : 0;
}

/* "vpc:DeleteVpc", as POST /actions/vpc/DeleteVpc */
static int read_action(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct config_trial *trial = (struct config_trial *)(void *)((char *)field - keyword->offset);
    const char *text = NULL;
    char path[sizeof "/actions/" + 2 * CONFIG_ID_MAX];
    if (keyword_text(loader, node, keyword, &text) != 0)
        return -1;
    const char *colon = strchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0' || strchr(text, '*') != NULL ||
        strlen(text) > CONFIG_ID_MAX)
        return report_error(loader->report, &node->mark,
                            "action must be a service and an action, such as vpc:DeleteVpc");
    if (!config_takes_documents(loader->config))
        return report_error(
            loader->report, &node->mark,
            loader->config->policy_alone
                ? "action needs the definitions of its service: there are none in %.200s"
                : "action needs doors: { actions: true } or { sdk: true } in countersign.yaml",
            loader->config->definitions_folder);
    (void)snprintf(path, sizeof path, "/actions/%.*s/%s", (int)(colon - text), text, colon + 1);
    trial->action = arena_strdup(loader->arena, path);
    return trial->action == NULL ? keyword_out_of_memory(loader) : 0;
}

/* Either a request and its body, or an action and its document, which are those of a request. */
static int choose_request(struct loader *loader, const struct yaml_node *node, struct config_trial *trial)
{
    if ((trial->method == NULL) == (trial->action == NULL) ||
        (trial->action == NULL ? trial->document : trial->body) != NULL)
        return report_error(loader->report, &node->mark,
                            "a test has a request, and perhaps a body; or an action, and perhaps a document");
    if (trial->action == NULL)
        return 0;
    trial->method = "POST";
    trial->path = trial->action;
    trial->body = trial->document;
    return 0;
}

static int read_client_name(struct loader *loader, const struct yaml_node *node,
                            const struct keyword *keyword, void *field)
{
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    const struct config_client *client = config_client(loader->config, node->text);
    if (client == NULL)
        return report_error(loader->report, &node->mark, "there is no client '%.64s'", node->text);
    *(const struct config_client **)field = client;
    return 0;
}

static int read_source(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    struct network address;
    if (!keyword_expect(loader, node, YAML_SCALAR, keyword->name))
        return -1;
    if (!network_parse_peer(node->text, &address))
        return report_error(loader->report, &node->mark, "from must be an address, such as 10.1.2.3");
    return keyword_text(loader, node, keyword, field);
}

static int read_expect(struct loader *loader, const struct yaml_node *node, const struct keyword *keyword,
                       void *field)
{
    int choice = 0;
    if (keyword_choice(loader, node, keyword, &choice) != 0)
        return -1;
    *(bool *)field = choice == 1;
    return 0;
}

#define TRIAL(field) offsetof(struct config_trial, field)
static const struct keyword trial_keywords[] = {
    {"client", read_client_name, TRIAL(client), REQUIRED, 0, 0, NULL},
    {"request", read_request, TRIAL(method), OPTIONAL, 0, 0, NULL},
    {"body", read_body, TRIAL(body), OPTIONAL, 0, 0, NULL},
    {"action", read_action, TRIAL(action), OPTIONAL, 0, 0, NULL},
    {"document", read_body, TRIAL(document), OPTIONAL, 0, 0, NULL},
    {"from", read_source, TRIAL(from), OPTIONAL, 0, 0, NULL},
    {"subject", keyword_text, TRIAL(subject), OPTIONAL, 0, 0, NULL},
    {"at", keyword_time, TRIAL(at), OPTIONAL, 0, 0, NULL},
    {"own", rules_read_own, TRIAL(own), OPTIONAL, 0, 0, NULL},
    {"expect", read_expect, TRIAL(expect_allow), REQUIRED, 0, 0, expect_names},
    {"by", keyword_name, TRIAL(by), OPTIONAL, 0, 0, NULL},
};

int policy_tests_read(struct loader *loader, const struct yaml_node *node, const struct rules *rules)
{
    int result = 0;
    struct config *config = loader->config;
    if (!keyword_expect(loader, node, YAML_LIST, "tests"))
        return -1;
    config->trials = arena_array(loader->arena, node->count, sizeof *config->trials);
    if (config->trials == NULL)
        return keyword_out_of_memory(loader);
    for (const struct yaml_node *child = node->children; child != NULL; child = child->next) {
        struct config_trial *trial = &config->trials[config->trial_count++];
        *trial = (struct config_trial){.mark = child->mark, .at = CONFIG_NEVER};
        if (keyword_read_map(loader, child, "test", trial_keywords, COUNT(trial_keywords), trial) != 0 ||
            choose_request(loader, child, trial) != 0)
            result = -1;
        if (trial->by != NULL && !rules_know(rules, trial->by))
            result = report_error(loader->report, &child->mark, "there is no rule '%.64s'", trial->by);
    }
    return result;
}
