#include "base/clock.h"
#include "base/timestamp.h"
#include "config/load/config_load.h"
#include "gateway/command/audit_changes.h"
#include "gateway/command/audit_filter.h"
#include "gateway/command/audit_list.h"
#include "gateway/command/command.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: countersign audit show [OPTION...] FILE...\n"
    "\n"
    "Prints each change with what became of it.  The files may be of several gateways: they are merged by\n"
    "time; those of one are named oldest first.  Options narrow it down; all must hold.\n"
    "\n"
    "      --client NAME      who\n"
    "      --action NAME      what: DetachClassicLinkVpc\n"
    "      --outcome WORD     executed, not-executed, unknown, or unrecorded: the gateway ended before it "
    "knew\n"
    "      --value TEXT       a parameter has it: an id of a VPC or an instance, also as a former id\n"
    "      --policy FILE      with --value: the ids that its former_ids says to be one thing are one\n"
    "      --catalog FILE     with --policy: routes of your own, as in countersign.yaml\n"
    "      --request ID       the X-Request-Id of the answer\n"
    "      --since TIME       2026-11-25 or 2026-11-25T18:00:00Z: asked at that time or later\n"
    "      --until TIME       asked before\n"
    "      --json             a JSON line per change\n"
    "      --csv              a row of CSV (RFC 4180) per change\n"
    "      --summary FIELDS   how many there were by these fields, as client,action; of them there are\n"
    "                         " AUDIT_LIST_FIELD_NAMES "\n"
    "\n"
    "Exit: 0 shown, 1 a file cannot be read or its chain does not hold (see: countersign audit verify),\n"
    "2 wrong usage, 78 the policy is bad.\n";

enum { SHOW_CATALOGS = 16 };

struct show {
    struct audit_filter filter;
    const char *policy;
    const char *catalogs[SHOW_CATALOGS];
    size_t catalog_count;
    struct audit_list list;
};

/* ---- options ---- */

static int read_time(const char *name, const char *text, int64_t *time)
{
    if (timestamp_parse(text, time))
        return COMMAND_GOOD;
    return command_usage("audit", "--%s is a date (2026-11-25) or a time (2026-11-25T18:00:00Z)", name);
}

static int read_options(int argc, char **argv, struct show *show)
{
    static const struct option options[] = {{"client", required_argument, NULL, AUDIT_FILTER_CLIENT},
                                            {"action", required_argument, NULL, AUDIT_FILTER_ACTION},
                                            {"outcome", required_argument, NULL, AUDIT_FILTER_OUTCOME},
                                            {"value", required_argument, NULL, AUDIT_FILTER_VALUE},
                                            {"request", required_argument, NULL, AUDIT_FILTER_REQUEST},
                                            {"policy", required_argument, NULL, 'p'},
                                            {"catalog", required_argument, NULL, 'k'},
                                            {"since", required_argument, NULL, 's'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"csv", no_argument, NULL, 'c'},
                                            {"summary", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    int result = COMMAND_GOOD;
    opterr = 0;
    optind = 1;
    while (result == COMMAND_GOOD && (option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        if (option == ':')
            return command_usage("audit", "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return command_usage("audit", "show has no option %s", argv[optind - 1]);
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        if (option == 'j')
            show->list.form = AUDIT_LIST_JSON;
        else if (option == 'c')
            show->list.form = AUDIT_LIST_CSV;
        else if (option == 'm' && audit_list_sum(&show->list, optarg) != 0)
            return command_usage("audit", "--summary takes some of these, with commas between them: %s",
                                 AUDIT_LIST_FIELD_NAMES);
        else if (option == 'm')
            continue;
        else if (option == 'p')
            show->policy = optarg;
        else if (option == 'k' && show->catalog_count == SHOW_CATALOGS)
            return command_usage("audit", "at most %d catalogs", SHOW_CATALOGS);
        else if (option == 'k')
            show->catalogs[show->catalog_count++] = optarg;
        else if (option == 's')
            result = read_time("since", optarg, &show->filter.since);
        else if (option == 'u')
            result = read_time("until", optarg, &show->filter.until);
        else
            show->filter.want[option] = optarg;
    }
    if (result == COMMAND_GOOD && optind == argc)
        return command_usage("audit", "show needs a file");
    return result;
}

static struct config *load_policy(const struct show *show)
{
    struct report report;
    report_init(&report);
    struct config *config = config_load_policy(show->policy, show->catalogs, show->catalog_count, NULL, NULL,
                                               clock_wall_ms() / 1000, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
}

static int fail(const char *sentence)
{
    fprintf(stderr, "countersign audit: %s\n", sentence);
    return COMMAND_FAILED;
}

static int take_change(void *context, json_t *change)
{
    struct show *show = context;
    return audit_filter_wants(&show->filter, change) ? audit_list_put(&show->list, change) : 0;
}

static int show_all(struct show *show, char **files)
{
    struct err err = {0};
    struct audit_changes *changes = audit_changes_open(files, &err);
    int result = COMMAND_GOOD;
    if (changes == NULL)
        return fail(err.text);
    if (audit_list_begin(&show->list) != 0) {
        audit_changes_close(changes);
        return fail("out of memory");
    }
    if (audit_changes_each(changes, take_change, show) != 0)
        result = COMMAND_FAILED; /* it was told */
    if (audit_list_end(&show->list) != 0)
        result = fail("out of memory");
    audit_changes_close(changes);
    return result;
}

int command_audit_show(int argc, char **argv)
{
    struct show show = {.filter.until = INT64_MAX};
    struct config *config = NULL;
    int parsed = read_options(argc, argv, &show);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (show.policy != NULL && (config = load_policy(&show)) == NULL)
        return COMMAND_BAD_CONFIG;
    show.filter.config = config;
    int result = show_all(&show, argv + optind);
    config_release(config);
    return result;
}
