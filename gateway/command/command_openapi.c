#include "base/time/clock.h"
#include "gateway/options/command.h"
#include "gateway/openapi/openapi.h"

#include <stdio.h>

static const char usage[] =
    "Usage: countersign openapi [-c FILE | [--policy FILE] [--catalog FILE]...] [--client NAME]\n"
    "\n"
    "Prints the routes as an OpenAPI 3.1 document: with a configuration those that this gateway serves, "
    "without\n"
    "one all that ship and those of the catalogs, in both generations of the API.  Where doors: { actions: "
    "true }\n"
    "is said, the cloud's own actions are behind them.  A running gateway gives each caller its own at\n"
    "/openapi.json: only what the token may call.\n"
    "\n";

static const char notes[] =
    "\n"
    "Actions of more than 1 MiB are left out: --service has those of one service.\n"
    "\n"
    "Example:  countersign openapi -c /etc/countersign/countersign.yaml > openapi.json\n"
    "\n"
    "Exit: 0 good, 1 failed, 2 wrong usage, 78 bad configuration.\n";

enum { VIEW_MAX = 8 * 1024 * 1024 }; /* a byte for each route, and what is said of actions */

struct openapi_options {
    struct command_source source;
    const char *client, *service; /* or NULL */
};

static const struct command_line_option options[] = {
    {.name = "config",
     .letter = 'c',
     .value = "FILE",
     .help = "the configuration, with the catalogs that it names",
     .at = offsetof(struct openapi_options, source.config)},
    {.name = "policy",
     .value = "FILE",
     .help = "instead: a policy alone; no countersign.yaml, no secret",
     .at = offsetof(struct openapi_options, source.policy)},
    {.name = "catalog",
     .value = "FILE",
     .help = "routes of your own, as in countersign.yaml",
     .at = offsetof(struct openapi_options, source),
     .take = command_take_catalog},
    {.name = "client",
     .value = "NAME",
     .help = "only what that client of the policy may call",
     .at = offsetof(struct openapi_options, client)},
    {.name = "service",
     .value = "NAME",
     .help = "only routes and actions of that service",
     .at = offsetof(struct openapi_options, service)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(int argc, char **argv, struct openapi_options *given)
{
    struct command_line_operands operands;
    const struct command_source *source = &given->source;
    int parsed = command_options("openapi", &command_line, argc, argv, given, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    if (operands.count > 0)
        return command_usage("openapi", "it takes no operand");
    if (source->config != NULL && (source->policy != NULL || source->catalog_count > 0))
        return command_usage("openapi", "-c names its policy and catalogs itself");
    if (given->client != NULL && source->config == NULL && source->policy == NULL)
        return command_usage("openapi", "--client needs a policy");
    return COMMAND_GOOD;
}

static int put(struct buf *out, const struct openapi *openapi, const struct action_operations_query *query,
               const char *prefix, struct arena *arena)
{
    struct network source;
    struct openapi_view view;
    struct action_operations_query here = *query;
    if (!network_parse_address("127.0.0.1", &source))
        return -1;
    here.source = &source;
    here.now = clock_wall_ms() / 1000;
    if (openapi_look(openapi, &here, arena, &view) != 0)
        return -1;
    view.prefix = prefix;
    (void)openapi_put(out, openapi, &view);
    return out->failed ? -1 : 0;
}

/* A service that has neither a route nor a definition here would print an empty document. */
static bool has_service(const struct config *config, const char *service)
{
    for (size_t i = 0; i < config->route_count; i++)
        if (strcmp(config->routes[i].service, service) == 0)
            return true;
    return config_upstream(config, service) != NULL;
}

static int find(const struct config *config, const struct openapi_options *given,
                struct action_operations_query *query, struct err *err)
{
    const struct config_client *client = given->client == NULL ? NULL : config_client(config, given->client);
    if (given->client != NULL && client == NULL)
        return err_set(err, ERR_INPUT, "there is no client '%s'", given->client);
    if (given->service != NULL && !has_service(config, given->service))
        return err_set(err, ERR_INPUT, "there is no service '%s'", given->service);
    query->client = client;
    query->service = given->service;
    return 0;
}

static int print(const struct config *config, const struct openapi_options *given)
{
    struct buf out;
    struct err err = {0};
    struct action_operations_query query = {0};
    struct arena *arena = arena_new(VIEW_MAX);
    struct openapi *openapi = openapi_new(config, &err);
    buf_init(&out, OPENAPI_MAX + ACTION_OPERATIONS_MAX);
    if (openapi != NULL && find(config, given, &query, &err) == 0 &&
        (arena == NULL || put(&out, openapi, &query, config->prefix, arena) != 0))
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
    struct openapi_options given = {0};
    int parsed = read_options(argc, argv, &given);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config =
        given.source.config != NULL ? command_load_from(&given.source) : command_load_policy(&given.source);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = print(config, &given);
    config_release(config);
    return result;
}
