#include "base/time/clock.h"
#include "base/text.h"
#include "base/time/timestamp.h"
#include "gateway/options/command.h"
#include "gateway/dryrun/dry_run.h"
#include "gateway/dryrun/explain.h"
#include "gateway/dryrun/overview.h"

#include <stdio.h>

static const char usage[] =
    "Usage: countersign explain --client NAME [--from ADDRESS] [--at TIME] [OPTION...] METHOD PATH [BODY]\n"
    "       countersign explain [--client NAME] [--action NAME] [--value TEXT] [--at TIME] [OPTION...]\n"
    "\n"
    "With a request: decides about it as the gateway would, by the same code, without sending anything: the "
    "route,\n"
    "the call that would be signed, each rule that matches or nearly matches with its line and the first "
    "thing "
    "that\n"
    "failed, and the verdict.\n"
    "Without one: who may do what, a line for each rule that allows or denies: of one client, of one action, "
    "or\n"
    "of those by which a value can be reached.\n"
    "\n";

static const char notes[] =
    "\n"
    "Example:  countersign explain --client network-console \\\n"
    "            DELETE /vpcs/vpc-2ari9m7h/classiclinks '{\"instanceIds\":[\"ins-df454d\"]}'\n"
    "          countersign explain --value vpc-2ari9m7h\n"
    "\n"
    "Exit: 0 allowed, or somebody may; 1 denied, nobody may, or no such call; 2 wrong usage, 78 bad "
    "configuration.\n";

enum { EXPLAIN_ARENA = 4 * 1024 * 1024, EXPLAIN_MAX = 16 * 1024 * 1024 };

struct explain_options {
    struct command_source source;
    const char *client;
    const char *action;
    const char *value;
    const char *subject;
    struct network from;
    int64_t at;
    enum policy_owner owner;
    bool json;
};

static int take_address(void *place, const char *text, struct err *err)
{
    struct network *from = place;
    return network_parse_peer(text, from)
               ? 0
               : err_set(err, ERR_INPUT, "--from must be an address, such as 10.1.2.3");
}

static int take_time(void *place, const char *text, struct err *err)
{
    int64_t *at = place;
    return timestamp_parse(text, at)
               ? 0
               : err_set(err, ERR_INPUT, "--at must be a time, such as 2026-12-24T18:00:00Z");
}

static int take_own(void *place, const char *none, struct err *err)
{
    enum policy_owner *owner = place;
    (void)none;
    (void)err;
    *owner = POLICY_OWNER_CALLER;
    return 0;
}

static const struct command_line_option options[] = {
    COMMAND_SOURCE_OPTIONS(struct explain_options, source),
    {.name = "client",
     .value = "NAME",
     .help = "who asks, or about whom",
     .at = offsetof(struct explain_options, client)},
    {.name = "action",
     .value = "NAME",
     .help = "about which action; '*' stands for any run of characters",
     .at = offsetof(struct explain_options, action)},
    {.name = "value",
     .value = "TEXT",
     .help = "about what: an id, such as vpc-prod1, or a region",
     .at = offsetof(struct explain_options, value)},
    {.name = "from",
     .value = "ADDRESS",
     .help = "from where; default 127.0.0.1",
     .at = offsetof(struct explain_options, from),
     .take = take_address},
    {.name = "subject",
     .value = "NAME",
     .help = "for whom, as the client says",
     .at = offsetof(struct explain_options, subject)},
    {.name = "at",
     .value = "TIME",
     .help = "when, such as 2026-12-24T18:00:00Z; default: now",
     .at = offsetof(struct explain_options, at),
     .take = take_time},
    {.name = "own",
     .help = "NAME began the task that is asked about; default: unknown",
     .at = offsetof(struct explain_options, owner),
     .take = take_own},
    {.name = "json", .help = "for scripts", .at = offsetof(struct explain_options, json)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int check_options(const struct explain_options *given, int operands)
{
    if (given->source.policy == NULL && given->source.catalog_count > 0)
        return command_usage("explain", "--catalog goes with --policy");
    if (operands == 0 && (given->client != NULL || given->action != NULL || given->value != NULL))
        return COMMAND_GOOD;
    if (given->client == NULL)
        return command_usage("explain", "it needs --client NAME");
    if (given->action != NULL || given->value != NULL)
        return command_usage("explain", "--action and --value are for questions without a request");
    if (operands < 2 || operands > 3)
        return command_usage("explain", "it needs METHOD PATH [BODY]");
    return COMMAND_GOOD;
}

static int print(struct buf *out, int result)
{
    if (!out->failed && fputs(buf_text(out), stdout) != EOF)
        return result;
    fputs("countersign explain: out of memory, or nobody reads\n", stderr);
    return COMMAND_FAILED;
}

static int print_decision(struct exchange *x, const struct explain_options *given,
                          const struct config_client *client)
{
    struct buf out;
    const struct policy_question question = {.client = client,
                                             .call = x->call,
                                             .source = given->from,
                                             .subject = given->subject,
                                             .now = given->at,
                                             .owner = given->owner};
    struct policy_verdict verdict = policy_decide(&question);
    buf_init(&out, EXPLAIN_MAX);
    (given->json ? explain_json : explain_text)(&out, x->config, &question, &verdict);
    int result = print(&out, verdict.allowed ? COMMAND_GOOD : COMMAND_FAILED);
    buf_done(&out);
    return result;
}

static int explain_request(const struct config *config, const struct explain_options *given, char **operands,
                           int count)
{
    int result = COMMAND_FAILED;
    const struct config_client *client = config_client(config, given->client);
    struct exchange x = {
        .config = config, .client = client /* it has an account */, .arena = arena_new(EXPLAIN_ARENA)};
    if (x.arena == NULL)
        fputs("countersign explain: out of memory\n", stderr);
    else if (dry_run_translate(&x, operands[0], operands[1], count == 3 ? operands[2] : NULL) != 0)
        fprintf(stderr, "countersign explain: %s\n", x.err.text);
    else
        result = print_decision(&x, given, client);
    arena_free(x.arena);
    return result;
}

static int explain_all(const struct config *config, const struct explain_options *given)
{
    struct buf out;
    const struct overview_question question = {.config = config,
                                               .client = given->client,
                                               .action = given->action,
                                               .value = given->value,
                                               .now = given->at};
    buf_init(&out, EXPLAIN_MAX);
    long count = overview_put(&out, &question, given->json);
    out.failed = out.failed || count < 0;
    if (count == 0)
        fputs("countersign explain: nobody may, by no rule\n", stderr);
    int result = print(&out, count > 0 ? COMMAND_GOOD : COMMAND_FAILED);
    buf_done(&out);
    return result;
}

static int explain(const struct config *config, const struct explain_options *given, char **operands,
                   int count)
{
    const struct config_client *client = given->client == NULL ? NULL : config_client(config, given->client);
    bool known = given->action == NULL;
    for (size_t i = 0; i < config->route_count && !known; i++)
        known = text_matches(given->action, config->routes[i].action);
    if (given->client != NULL && client == NULL)
        fprintf(stderr, "countersign explain: there is no client '%s'\n", given->client);
    else if (!known)
        fprintf(stderr, "countersign explain: no route leads to an action '%s'\n", given->action);
    else
        return count == 0 ? explain_all(config, given) : explain_request(config, given, operands, count);
    return COMMAND_FAILED;
}

int command_explain(int argc, char **argv)
{
    struct explain_options given = {.source = {.config = COMMAND_CONFIG_FILE, .region = COMMAND_REGION},
                                    .at = clock_wall_ms() / 1000};
    if (!network_parse_peer("127.0.0.1", &given.from))
        return COMMAND_FAILED; /* cannot happen */
    struct command_line_operands operands;
    int parsed = command_options("explain", &command_line, argc, argv, &given, &operands);
    if (parsed == COMMAND_GOOD)
        parsed = check_options(&given, operands.count);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = command_load_from(&given.source);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = explain(config, &given, operands.items, operands.count);
    config_release(config);
    return result;
}
