#include "base/clock.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "gateway/command/command.h"
#include "gateway/dryrun/dry_run.h"
#include "gateway/dryrun/explain.h"
#include "gateway/dryrun/overview.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
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
    "\n" COMMAND_SOURCE_HELP "      --client NAME   who asks, or about whom\n"
    "      --action NAME   about which action; '*' stands for any run of characters\n"
    "      --value TEXT    about what: an id, such as vpc-prod1, or a region\n"
    "      --from ADDRESS  from where; default 127.0.0.1\n"
    "      --subject NAME  for whom, as the client says\n"
    "      --at TIME       when, such as 2026-12-24T18:00:00Z; default: now\n"
    "      --own           NAME began the task that is asked about; default: unknown\n"
    "      --json          for scripts\n"
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

/* Those that are not of the source. */
static int read_option(int option, const char *value, struct explain_options *out)
{
    switch (option) {
    case 'n':
        out->client = value;
        break;
    case 'o':
        out->action = value;
        break;
    case 'v':
        out->value = value;
        break;
    case 's':
        out->subject = value;
        break;
    case 'w':
        out->owner = POLICY_OWNER_CALLER;
        break;
    case 'j':
        out->json = true;
        break;
    case 'f':
        if (!network_parse_peer(value, &out->from))
            return command_usage("explain", "--from must be an address, such as 10.1.2.3");
        break;
    case 'a':
        if (!timestamp_parse(value, &out->at))
            return command_usage("explain", "--at must be a time, such as 2026-12-24T18:00:00Z");
        break;
    default:
        break;
    }
    return COMMAND_GOOD;
}

static int check_options(const struct explain_options *options, int operands)
{
    if (options->source.policy == NULL && options->source.catalog_count > 0)
        return command_usage("explain", "--catalog goes with --policy");
    if (operands == 0 && (options->client != NULL || options->action != NULL || options->value != NULL))
        return COMMAND_GOOD;
    if (options->client == NULL)
        return command_usage("explain", "it needs --client NAME");
    if (options->action != NULL || options->value != NULL)
        return command_usage("explain", "--action and --value are for questions without a request");
    if (operands < 2 || operands > 3)
        return command_usage("explain", "it needs METHOD PATH [BODY]");
    return COMMAND_GOOD;
}

static int read_options(int argc, char **argv, struct explain_options *out)
{
    static const struct option options[] = {COMMAND_SOURCE_OPTIONS,
                                            {"client", required_argument, NULL, 'n'},
                                            {"action", required_argument, NULL, 'o'},
                                            {"value", required_argument, NULL, 'v'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"subject", required_argument, NULL, 's'},
                                            {"at", required_argument, NULL, 'a'},
                                            {"own", no_argument, NULL, 'w'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        if (option == ':')
            return command_usage("explain", "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return command_usage("explain", "there is no option %s", argv[optind - 1]);
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        int taken = command_source_option("explain", &out->source, option, optarg);
        if (taken == COMMAND_USAGE || read_option(option, optarg, out) != COMMAND_GOOD)
            return COMMAND_USAGE;
    }
    return check_options(out, argc - optind);
}

static int print(struct buf *out, int result)
{
    if (!out->failed && fputs(buf_text(out), stdout) != EOF)
        return result;
    fputs("countersign explain: out of memory, or nobody reads\n", stderr);
    return COMMAND_FAILED;
}

static int print_decision(struct exchange *x, const struct explain_options *options,
                          const struct config_client *client)
{
    struct buf out;
    const struct policy_question question = {.client = client,
                                             .call = x->call,
                                             .source = options->from,
                                             .subject = options->subject,
                                             .now = options->at,
                                             .owner = options->owner};
    struct policy_verdict verdict = policy_decide(&question);
    buf_init(&out, EXPLAIN_MAX);
    (options->json ? explain_json : explain_text)(&out, x->config, &question, &verdict);
    int result = print(&out, verdict.allowed ? COMMAND_GOOD : COMMAND_FAILED);
    buf_done(&out);
    return result;
}

static int explain_request(const struct config *config, const struct explain_options *options,
                           char **operands, int count)
{
    int result = COMMAND_FAILED;
    struct config_client *client = NULL;
    struct exchange x = {.config = config, .arena = arena_new(EXPLAIN_ARENA)};
    HASH_FIND_STR(config->clients, options->client, client);
    if (x.arena == NULL)
        fputs("countersign explain: out of memory\n", stderr);
    else if (dry_run_translate(&x, operands[0], operands[1], count == 3 ? operands[2] : NULL) != 0)
        fprintf(stderr, "countersign explain: %s\n", x.err.text);
    else
        result = print_decision(&x, options, client);
    arena_free(x.arena);
    return result;
}

static int explain_all(const struct config *config, const struct explain_options *options)
{
    struct buf out;
    const struct overview_question question = {.config = config,
                                               .client = options->client,
                                               .action = options->action,
                                               .value = options->value,
                                               .now = options->at};
    buf_init(&out, EXPLAIN_MAX);
    long count = overview_put(&out, &question, options->json);
    if (count == 0)
        fputs("countersign explain: nobody may, by no rule\n", stderr);
    int result = print(&out, count > 0 ? COMMAND_GOOD : COMMAND_FAILED);
    buf_done(&out);
    return result;
}

static int explain(const struct config *config, const struct explain_options *options, char **operands,
                   int count)
{
    struct config_client *client = NULL;
    bool known = options->action == NULL;
    if (options->client != NULL)
        HASH_FIND_STR(config->clients, options->client, client);
    for (size_t i = 0; i < config->route_count && !known; i++)
        known = text_matches(options->action, config->routes[i].action);
    if (options->client != NULL && client == NULL)
        fprintf(stderr, "countersign explain: there is no client '%s'\n", options->client);
    else if (!known)
        fprintf(stderr, "countersign explain: no route leads to an action '%s'\n", options->action);
    else
        return count == 0 ? explain_all(config, options) : explain_request(config, options, operands, count);
    return COMMAND_FAILED;
}

int command_explain(int argc, char **argv)
{
    struct explain_options options = {.source = {.config = COMMAND_CONFIG_FILE, .region = COMMAND_REGION},
                                      .at = clock_wall_ms() / 1000};
    if (!network_parse_peer("127.0.0.1", &options.from))
        return COMMAND_FAILED; /* cannot happen */
    int parsed = read_options(argc, argv, &options);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = command_load_from(&options.source);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = explain(config, &options, argv + optind, argc - optind);
    config_release(config);
    return result;
}
