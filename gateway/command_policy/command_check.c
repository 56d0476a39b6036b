#include "base/time/clock.h"
#include "base/json/json.h"
#include "gateway/audit/audit.h"
#include "gateway/options/command.h"
#include "gateway/command_policy/files_watch.h"
#include "gateway/command_policy/findings.h"
#include "gateway/dryrun/policy_test_run.h"
#include "gateway/openapi/openapi.h"
#include "gateway/reload/certificates.h"
#include "gateway/upstream/upstream_pool.h"

#include <stdio.h>

static const char usage[] =
    "Usage: countersign check [-c FILE] [--running FILE] [--strict] [--watch] [--json]\n"
    "       countersign check --policy FILE [--catalog FILE]... [--definitions FOLDER] [--region NAME]\n"
    "                         [--strict] [--watch] [--json]\n"
    "\n"
    "Reads the configuration, the policy that it names and the secrets, and says everything that is wrong, "
    "each\n"
    "with its file, line and column; then runs the policy's own tests.  With --policy it needs no secret.\n"
    "Starts nothing, connects to nothing.  A security warning tells where more may happen than was meant, a\n"
    "suggestion what could be tidier; neither is an error.  Below a finding stands its line, with a caret "
    "under\n"
    "the column; what looks like a token in it is covered.  On a terminal it is coloured, unless NO_COLOR is "
    "set.\n"
    "\n";

static const char notes[] = "\n"
                            "Exit: 0 good, 78 bad configuration, 2 wrong usage.\n";

struct check {
    struct command_source source;
    const char *running; /* or NULL */
    bool strict;
    bool watch;
    bool json;
};

static const struct command_line_option options[] = {
    COMMAND_SOURCE_OPTIONS(struct check, source),
    {.name = "running",
     .value = "FILE",
     .help = "what the gateway runs with: says which changes a reload would leave for a restart",
     .at = offsetof(struct check, running)},
    {.name = "strict",
     .help = "security warnings and suggestions count like errors",
     .at = offsetof(struct check, strict)},
    {.name = "watch",
     .help = "check again whenever one of the files has changed, until it is interrupted",
     .at = offsetof(struct check, watch)},
    {.name = "json",
     .help = "one JSON object on standard output: good, findings",
     .at = offsetof(struct check, json)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(int argc, char **argv, struct check *check)
{
    struct command_line_operands operands;
    int parsed = command_options("check", &command_line, argc, argv, check, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    if (operands.count > 0)
        return command_usage("check", "it takes no operand");
    if (check->source.policy == NULL && check->source.catalog_count > 0)
        return command_usage("check", "--catalog goes with --policy");
    if (check->source.policy != NULL && check->running != NULL)
        return command_usage("check", "--running goes with a whole configuration");
    return COMMAND_GOOD;
}

/* A path that can never work is an error; a folder that the first start makes is not. */
static void try_audit(const struct config_audit *audit, struct report *report)
{
    struct err err = {0};
    if (audit->file == NULL)
        return;
    if (audit_check(audit, &err) != 0)
        report_error(report, &audit->mark, "%s", err.text);
    else if (audit_lacks_folder(audit))
        report_find(report,
                    &(struct report_kind){.severity = REPORT_SUGGESTION,
                                          .mark = &audit->mark,
                                          .advice = "make it, or leave it to systemd's StateDirectory="},
                    "the folder of the audit file '%s' is not there yet: no start without it", audit->file);
}

/* What only an attempt tells: the CA files, our certificates, the document of the routes, the audit file. */
static int try_parts(struct config *config, const struct check *check, struct report *report)
{
    struct err of_back = {0};
    struct err of_openapi = {0};
    struct certificates certificates;
    const atomic_bool abandoned = false;
    unsigned errors = report->error_count;
    if (check->source.policy != NULL)
        return 0; /* upstreams go nowhere */
    struct upstream_pool *back = upstream_pool_new(config->upstreams, config->upstream_count, NULL, NULL,
                                                   SIZE_MAX, &abandoned, &of_back);
    struct openapi *openapi = openapi_new(config, &of_openapi);
    if (back == NULL)
        report_error(report, NULL, "%s", of_back.text);
    if (openapi == NULL)
        report_error(report, NULL, "%s", of_openapi.text);
    if (certificates_read(config, clock_wall_ms() / 1000, report, &certificates) == 0)
        certificates_release(&certificates);
    try_audit(&config->audit, report);
    openapi_free(openapi);
    upstream_pool_free(back);
    return report->error_count == errors ? 0 : -1;
}

/* What is wrong with the one that runs is none of this one's findings, but for telling that it is. */
static struct config *load(struct check *check, struct report *report)
{
    struct config *running = NULL;
    if (check->running != NULL) {
        running = command_load(check->running);
        if (running == NULL) {
            report_error(report, NULL, "'%s' is no configuration that could be running", check->running);
            return NULL;
        }
    }
    check->source.running = running;
    struct config *config = command_load_source(&check->source, report);
    config_release(running);
    return config;
}

/* False: there is no memory for it. */
static bool print_json(const struct check *check, const struct report *report, bool good)
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
    bool told = !out.failed && !report->json.failed;
    if (told)
        puts(buf_text(&out));
    else
        fputs("countersign check: out of memory\n", stderr);
    buf_done(&out);
    return told;
}

static void print_text(const struct check *check, const struct config *config, const struct report *report,
                       bool good)
{
    const char *file = check->source.policy != NULL ? check->source.policy : check->source.config;
    findings_print(report, stderr);
    if (good)
        printf("%s: good (clients %u, tokens %zu, rules %zu, tests passed %zu, routes %zu, upstreams %zu)\n",
               file, HASH_COUNT(config->clients), config->tokens.count, config->rule_count,
               config->trial_count, config->route_count,
               check->source.policy != NULL ? 0 : config->upstream_count);
    else if (report->error_count == 0)
        fprintf(stderr, "countersign check: %u findings count, with --strict\n", report->warning_count);
}

static void add_file(void *context, const char *file)
{
    files_watch_add(context, file);
}

/* What was read, as far as it is known: a configuration that cannot be read names no policy, but its error
 * names the file. */
static void add_files(const struct check *check, const struct config *config, const struct report *report,
                      struct files_watch *watch)
{
    const struct command_source *source = &check->source;
    files_watch_add(watch, source->policy != NULL ? source->policy : source->config);
    for (size_t i = 0; i < source->catalog_count; i++)
        files_watch_add(watch, source->catalogs[i]);
    if (check->running != NULL)
        files_watch_add(watch, check->running);
    if (config != NULL && config->policy_file != NULL)
        files_watch_add(watch, config->policy_file);
    for (size_t i = 0; config != NULL && i < config->catalog_file_count; i++)
        files_watch_add(watch, config->catalog_files[i]);
    findings_files(report, add_file, watch);
}

/* `watch` learns of the files; NULL: nobody watches. */
static bool check_once(struct check *check, struct files_watch *watch)
{
    struct report report;
    report_init(&report);
    struct config *config = load(check, &report);
    bool good = config != NULL &&
                policy_test_run_run(config, clock_wall_ms() / 1000, REPORT_ERROR, &report) == 0 &&
                try_parts(config, check, &report) == 0 && (!check->strict || report.warning_count == 0);
    if (check->json)
        good = print_json(check, &report, good) && good;
    else
        print_text(check, config, &report, good);
    if (watch != NULL)
        add_files(check, config, &report, watch);
    config_release(config);
    report_done(&report);
    return good;
}

/* Until it is interrupted: then what the last check said. */
static int check_again_and_again(struct check *check)
{
    struct files_watch watch;
    struct err err = {0};
    bool good = false;
    const char *changed = NULL;
    if (files_watch_init(&watch, &err) != 0) {
        files_watch_done(&watch);
        fprintf(stderr, "countersign check: %s\n", err.text);
        return COMMAND_FAILED;
    }
    files_watch_add(&watch, check->source.policy != NULL ? check->source.policy : check->source.config);
    do {
        if (changed != NULL && !check->json)
            fprintf(stderr, "\n%s has changed\n", changed);
        good = check_once(check, &watch);
        (void)fflush(stdout);
    } while ((changed = files_watch_wait(&watch)) != NULL);
    files_watch_done(&watch);
    return good ? COMMAND_GOOD : COMMAND_BAD_CONFIG;
}

int command_check(int argc, char **argv)
{
    struct check check = {.source = {.config = COMMAND_CONFIG_FILE, .region = COMMAND_REGION}};
    int parsed = read_options(argc, argv, &check);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (check.watch)
        return check_again_and_again(&check);
    return check_once(&check, NULL) ? COMMAND_GOOD : COMMAND_BAD_CONFIG;
}
