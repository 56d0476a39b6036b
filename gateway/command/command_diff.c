#include "base/clock.h"
#include "config/model/rights.h"
#include "gateway/command/command.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
    "Usage: countersign diff OLD NEW [--catalog FILE]... [--old-catalog FILE]... [--new-catalog FILE]...\n"
    "\n"
    "Says who may do more and who less by the policy NEW than by the policy OLD, by client and action: rules "
    "and\n"
    "their conditions, tokens, clients, rates; also where a route that is new widens a rule with '*'.  Needs "
    "no\n"
    "secret and no countersign.yaml.  Rules that have expired, or are in audit mode, give and take nothing.\n"
    "\n"
    "      --catalog FILE      routes of your own, on both sides\n"
    "      --old-catalog FILE  on the old side alone\n"
    "      --new-catalog FILE  on the new side alone\n"
    "\n"
    "Exit: 0 no difference, 1 there are some, 2 wrong usage, 78 one of the files is bad.\n";

struct diff_options {
    struct command_source old, new;
};

static int add_catalog(struct command_source *source, const char *file)
{
    return command_source_option("diff", source, 'k', file);
}

static int read_options(int argc, char **argv, struct diff_options *out)
{
    static const struct option options[] = {{"catalog", required_argument, NULL, 'k'},
                                            {"old-catalog", required_argument, NULL, 'o'},
                                            {"new-catalog", required_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == ':')
            return command_usage("diff", "%s needs a value", argv[optind - 1]);
        if (option == '?')
            return command_usage("diff", "there is no option %s", argv[optind - 1]);
        if (option == 'h') {
            fputs(help, stdout);
            return -1;
        }
        if (option != 'n' && add_catalog(&out->old, optarg) != COMMAND_GOOD)
            return COMMAND_USAGE;
        if (option != 'o' && add_catalog(&out->new, optarg) != COMMAND_GOOD)
            return COMMAND_USAGE;
    }
    if (argc - optind != 2)
        return command_usage("diff", "it needs two policy files, OLD and NEW");
    out->old.policy = argv[optind];
    out->new.policy = argv[optind + 1];
    return COMMAND_GOOD;
}

/* Only what makes it unreadable: its other findings are check's. */
static struct config *load(const struct command_source *source)
{
    struct report report;
    report_init(&report);
    struct config *config = command_load_source(source, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
}

static void print_line(void *context, const char *line)
{
    (void)context;
    puts(line);
}

static int compare(const struct config *old, const struct config *new)
{
    struct rights_counts counts;
    const struct rights_question question = {.now = clock_wall_ms() / 1000, .put = print_line};
    if (rights_diff(old, new, &question, &counts) != 0) {
        fputs("countersign diff: out of memory\n", stderr);
        return COMMAND_FAILED;
    }
    fprintf(stderr, "%zu more, %zu less, %zu other\n", counts.more, counts.less, counts.other);
    return counts.more + counts.less + counts.other > 0 ? COMMAND_FAILED : COMMAND_GOOD;
}

int command_diff(int argc, char **argv)
{
    struct diff_options options = {0};
    int parsed = read_options(argc, argv, &options);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *old = load(&options.old);
    struct config *new = load(&options.new);
    int result = old == NULL || new == NULL ? COMMAND_BAD_CONFIG : compare(old, new);
    config_release(old);
    config_release(new);
    return result;
}
