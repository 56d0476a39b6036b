#include "base/clock.h"
#include "base/json.h"
#include "gateway/command/command.h"
#include "gateway/dryrun/trial.h"
#include "gateway/upstream/back.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign check [-c FILE] [--strict] [--json]\n"
    "       countersign check --policy FILE [--catalog FILE]... [--region NAME] [--strict] [--json]\n"
    "\n"
    "Reads the configuration, the policy that it names and the secrets, and says everything that is wrong, "
    "each\n"
    "with its file, line and column; then runs the policy's own tests.  With --policy it needs no secret.\n"
    "Starts nothing, connects to nothing.  A security warning tells where more may happen than was meant, a\n"
    "suggestion what could be tidier; neither is an error.\n"
    "\n" COMMAND_SOURCE_HELP "      --strict        security warnings and suggestions count like errors\n"
    "      --json          one JSON object on standard output: good, findings\n"
    "\n"
    "Exit: 0 good, 78 bad configuration, 2 wrong usage.\n";

struct check {
    struct command_source source;
    bool strict;
    bool json;
};

static int read_options(int argc, char **argv, struct check *check)
{
    static const struct option options[] = {COMMAND_SOURCE_OPTIONS,
                                            {"strict", no_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+:c:h", options, NULL)) != -1) {
        int taken = command_source_option("check", &check->source, option, optarg);
        if (taken == COMMAND_USAGE)
            return taken;
        if (option == 's')
            check->strict = true;
        else if (option == 'j')
            check->json = true;
        else if (option == ':')
            return command_usage("check", "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            return command_usage("check", "there is no option %s", argv[optind - 1]);
        else if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
    }
    if (optind != argc)
        return command_usage("check", "it takes no operand");
    if (check->source.policy == NULL && check->source.catalog_count > 0)
        return command_usage("check", "--catalog goes with --policy");
    return COMMAND_GOOD;
}

/* What only an attempt tells: the CA files. */
static int try_upstreams(struct config *config, const struct check *check, struct report *report)
{
    struct err err = {0};
    const atomic_bool abandoned = false;
    if (check->source.policy != NULL)
        return 0; /* they go nowhere */
    struct back *back = back_new(config, NULL, SIZE_MAX, &abandoned, &err);
    if (back == NULL)
        return report_error(report, NULL, "%s", err.text);
    back_free(back);
    return 0;
}

static void print_json(const struct check *check, const struct report *report, bool good)
{
    struct buf out;
    buf_init(&out, report->json.length + 4096);
    json_open(&out);
    json_member(&out, "file", check->source.policy != NULL ? check->source.policy : check->source.config);
    json_member_bool(&out, "good", good);
    json_open_array(&out, "findings");
    buf_put(&out, buf_text(&report->json));
    json_close_array(&out);
    json_close(&out);
    puts(buf_text(&out));
    buf_done(&out);
}

static void print_text(const struct check *check, const struct config *config, const struct report *report,
                       bool good)
{
    const char *file = check->source.policy != NULL ? check->source.policy : check->source.config;
    fputs(buf_text(&report->errors), stderr);
    fputs(buf_text(&report->warnings), stderr);
    if (good)
        printf("%s: good (clients %u, tokens %zu, rules %zu, tests passed %zu, routes %zu, upstreams %zu)\n",
               file, HASH_COUNT(config->clients), config->tokens.count, config->rule_count,
               config->trial_count, config->route_count,
               check->source.policy != NULL ? 0 : config->upstream_count);
    else if (report->error_count == 0)
        fprintf(stderr, "countersign check: %u findings count, with --strict\n", report->warning_count);
}

int command_check(int argc, char **argv)
{
    struct check check = {.source = {.config = COMMAND_CONFIG_FILE, .region = COMMAND_REGION}};
    struct report report;
    int parsed = read_options(argc, argv, &check);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    report_init(&report);
    struct config *config = command_load_source(&check.source, &report);
    bool good = config != NULL && trial_run(config, clock_wall_ms() / 1000, REPORT_ERROR, &report) == 0 &&
                try_upstreams(config, &check, &report) == 0 && (!check.strict || report.warning_count == 0);
    if (check.json)
        print_json(&check, &report, good);
    else
        print_text(&check, config, &report, good);
    config_release(config);
    report_done(&report);
    return good ? COMMAND_GOOD : COMMAND_BAD_CONFIG;
}
