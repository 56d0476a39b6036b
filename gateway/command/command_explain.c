#include "base/clock.h"
#include "base/timestamp.h"
#include "gateway/command/command.h"
#include "gateway/dryrun/explain.h"
#include "gateway/dryrun/offline.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign explain [-c FILE] --client NAME [--from ADDRESS] [--at TIME] [--own] [--json] METHOD "
    "PATH [BODY]\n"
    "\n"
    "Decides about a request as the gateway would, by the same code, without sending anything: the route, "
    "the call\n"
    "that would be signed, each rule that matches or nearly matches with its line and the first thing that "
    "failed, and\n"
    "the verdict.\n"
    "\n"
    "  -c, --config FILE   default " COMMAND_CONFIG_FILE "\n"
    "      --client NAME   who asks\n"
    "      --from ADDRESS  from where; default 127.0.0.1\n"
    "      --at TIME       when, such as 2026-12-24T18:00:00Z; default: now\n"
    "      --own           NAME began the task that is asked about; default: unknown\n"
    "      --json          for scripts\n"
    "\n"
    "Example:  countersign explain --client network-console \\\n"
    "            DELETE /vpcs/vpc-2ari9m7h/classiclinks '{\"instanceIds\":[\"ins-df454d\"]}'\n"
    "\n"
    "Exit: 0 allowed, 1 denied or no such call, 2 wrong usage, 78 bad configuration.\n";

enum { EXPLAIN_ARENA = 4 * 1024 * 1024, EXPLAIN_MAX = 16 * 1024 * 1024 };

struct explain_options {
    const char *path;
    const char *client;
    struct network from;
    int64_t at;
    enum policy_owner owner;
    bool json;
};

static int read_options(int argc, char **argv, struct explain_options *out)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"client", required_argument, NULL, 'n'},
        {"from", required_argument, NULL, 'f'},   {"at", required_argument, NULL, 'a'},
        {"own", no_argument, NULL, 'o'},          {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        if (option == 'c')
            out->path = optarg;
        else if (option == 'n')
            out->client = optarg;
        else if (option == 'j')
            out->json = true;
        else if (option == 'o')
            out->owner = POLICY_OWNER_CALLER;
        else if (option == 'f' && !network_parse_address(optarg, &out->from))
            return command_usage("explain", "--from must be an address, such as 10.1.2.3");
        else if (option == 'a' && !timestamp_parse(optarg, &out->at))
            return command_usage("explain", "--at must be a time, such as 2026-12-24T18:00:00Z");
        else if (option == ':')
            return command_usage("explain", "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            return command_usage("explain", "there is no option %s", argv[optind - 1]);
        else if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
    }
    if (out->client == NULL)
        return command_usage("explain", "it needs --client NAME");
    if (argc - optind < 2 || argc - optind > 3)
        return command_usage("explain", "it needs METHOD PATH [BODY]");
    return COMMAND_GOOD;
}

static int print_decision(struct exchange *x, const struct explain_options *options,
                          const struct config_client *client)
{
    struct buf out;
    const struct policy_question question = {.client = client,
                                             .call = x->call,
                                             .source = options->from,
                                             .now = options->at,
                                             .owner = options->owner};
    struct policy_verdict verdict = policy_decide(&question);
    buf_init(&out, EXPLAIN_MAX);
    (options->json ? explain_json : explain_text)(&out, x->config, &question, &verdict);
    int result = verdict.allowed ? COMMAND_GOOD : COMMAND_FAILED;
    if (out.failed || fputs(buf_text(&out), stdout) == EOF) {
        fputs("countersign explain: out of memory, or nobody reads\n", stderr);
        result = COMMAND_FAILED;
    }
    buf_done(&out);
    return result;
}

static int explain(const struct config *config, const struct explain_options *options, char **operands,
                   int count)
{
    int result = COMMAND_FAILED;
    struct config_client *client = NULL;
    struct exchange x = {.config = config, .arena = arena_new(EXPLAIN_ARENA)};
    HASH_FIND_STR(config->clients, options->client, client);
    if (client == NULL)
        fprintf(stderr, "countersign explain: there is no client '%s'\n", options->client);
    else if (x.arena == NULL)
        fputs("countersign explain: out of memory\n", stderr);
    else if (offline_translate(&x, operands[0], operands[1], count == 3 ? operands[2] : NULL) != 0)
        fprintf(stderr, "countersign explain: %s\n", x.err.text);
    else
        result = print_decision(&x, options, client);
    arena_free(x.arena);
    return result;
}

int command_explain(int argc, char **argv)
{
    struct explain_options options = {.path = COMMAND_CONFIG_FILE, .at = clock_wall_ms() / 1000};
    if (!network_parse_address("127.0.0.1", &options.from))
        return COMMAND_FAILED; /* cannot happen */
    int parsed = read_options(argc, argv, &options);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = command_load(options.path);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = explain(config, &options, argv + optind, argc - optind);
    config_release(config);
    return result;
}
