#include "base/clock.h"
#include "config/load/config_load.h"
#include "gateway/command/command.h"
#include "gateway/openapi/openapi.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign openapi [-c FILE | [--policy FILE] [--catalog FILE]...] [--client NAME]\n"
    "\n"
    "Prints the routes as an OpenAPI 3.1 document: with a configuration those that this gateway serves, "
    "without\n"
    "one all that ship and those of the catalogs, in both generations of the API.  A running gateway gives "
    "each\n"
    "caller its own at /openapi.json: only what the token may call.\n"
    "\n"
    "  -c, --config FILE   the configuration, with the catalogs that it names\n"
    "      --policy FILE   instead: a policy alone; no countersign.yaml, no secret\n"
    "      --catalog FILE  routes of your own, as in countersign.yaml\n"
    "      --client NAME   only what that client of the policy may call\n"
    "\n"
    "Example:  countersign openapi -c /etc/countersign/countersign.yaml > openapi.json\n"
    "\n"
    "Exit: 0 good, 1 failed, 2 wrong usage, 78 bad configuration.\n";

enum { SHOWN_MAX = 1024 * 1024 }; /* a byte for each route */

static int read_options(int argc, char **argv, struct command_source *source, const char **client)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"policy", required_argument, NULL, 'p'},
        {"catalog", required_argument, NULL, 'k'}, {"client", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        if (command_source_option("openapi", source, option, optarg) == COMMAND_USAGE)
            return COMMAND_USAGE;
        if (option == 'n')
            *client = optarg;
        else if (option == ':')
            return command_usage("openapi", "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            return command_usage("openapi", "there is no option %s", argv[optind - 1]);
        else if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
    }
    if (optind != argc)
        return command_usage("openapi", "it takes no operand");
    if (source->config != NULL && (source->policy != NULL || source->catalog_count > 0))
        return command_usage("openapi", "-c names its policy and catalogs itself");
    if (*client != NULL && source->config == NULL && source->policy == NULL)
        return command_usage("openapi", "--client needs a policy");
    return COMMAND_GOOD;
}

static struct config *load(const struct command_source *source)
{
    struct report report;
    if (source->config != NULL)
        return command_load_from(source);
    report_init(&report);
    struct config *config = config_load_policy(source->policy, source->catalogs, source->catalog_count, NULL,
                                               NULL, clock_wall_ms() / 1000, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
}

/* `client` NULL: everything. */
static int put(struct buf *out, const struct openapi *openapi, const struct config_client *client,
               const char *prefix, struct arena *arena)
{
    struct network source;
    const bool *shown = NULL;
    if (client != NULL && network_parse_address("127.0.0.1", &source))
        shown = openapi_shown(openapi, client, &source, clock_wall_ms() / 1000, arena);
    if (client != NULL && shown == NULL)
        return -1;
    (void)openapi_put(out, openapi, shown, client, prefix);
    return out->failed ? -1 : 0;
}

static int print(const struct config *config, const char *name)
{
    struct buf out;
    struct err err = {0};
    struct config_client *client = NULL;
    struct arena *arena = arena_new(SHOWN_MAX);
    if (name != NULL)
        HASH_FIND_STR(config->clients, name, client);
    struct openapi *openapi = openapi_new(config, &err);
    buf_init(&out, OPENAPI_MAX);
    if (name != NULL && client == NULL)
        err_set(&err, ERR_INPUT, "there is no client '%s'", name);
    else if (openapi != NULL && (arena == NULL || put(&out, openapi, client, config->prefix, arena) != 0))
        err_memory(&err);
    bool good = err.kind == ERR_NONE;
    if (good)
        fwrite(out.bytes, 1, out.length, stdout); /* main() looks whether it arrived */
    else
        fprintf(stderr, "countersign openapi: %s\n", err.text);
    buf_done(&out);
    openapi_free(openapi);
    arena_free(arena);
    return good ? COMMAND_GOOD : COMMAND_FAILED;
}

int command_openapi(int argc, char **argv)
{
    struct command_source source = {0};
    const char *client = NULL;
    int parsed = read_options(argc, argv, &source, &client);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = load(&source);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = print(config, client);
    config_release(config);
    return result;
}
