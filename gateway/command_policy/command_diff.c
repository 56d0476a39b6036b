#include "base/time/clock.h"
#include "config/rights/rights.h"
#include "gateway/options/command.h"

#include <stdio.h>

static const char usage[] =
    "Usage: countersign diff OLD NEW [--catalog FILE]... [--old-catalog FILE]... [--new-catalog FILE]...\n"
    "\n"
    "Says who may do more and who less by the policy NEW than by the policy OLD, by client and action: rules "
    "and\n"
    "their conditions, tokens, clients, rates; also where a route that is new widens a rule with '*'.  Needs "
    "no\n"
    "secret and no countersign.yaml.  Rules that have expired, or are in audit mode, give and take nothing.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 no difference, 1 there are some, 2 wrong usage, 78 one of the files is bad.\n";

struct diff_options {
    struct command_source old, new;
};

static int take_catalog(void *place, const char *file, struct err *err)
{
    struct diff_options *both = place;
    return command_take_catalog(&both->old, file, err) == 0 ? command_take_catalog(&both->new, file, err)
                                                            : -1;
}

static const struct command_line_option options[] = {
    {.name = "catalog", .value = "FILE", .help = "routes of your own, on both sides", .take = take_catalog},
    {.name = "old-catalog",
     .value = "FILE",
     .help = "on the old side alone",
     .at = offsetof(struct diff_options, old),
     .take = command_take_catalog},
    {.name = "new-catalog",
     .value = "FILE",
     .help = "on the new side alone",
     .at = offsetof(struct diff_options, new),
     .take = command_take_catalog},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes, .mixed = true};

static int read_options(int argc, char **argv, struct diff_options *out)
{
    struct command_line_operands operands;
    int parsed = command_options("diff", &command_line, argc, argv, out, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    if (operands.count != 2)
        return command_usage("diff", "it needs two policy files, OLD and NEW");
    out->old.policy = operands.items[0];
    out->new.policy = operands.items[1];
    return COMMAND_GOOD;
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
    struct diff_options given = {0};
    int parsed = read_options(argc, argv, &given);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *old = command_load_policy(&given.old);
    struct config *new = command_load_policy(&given.new);
    int result = old == NULL || new == NULL ? COMMAND_BAD_CONFIG : compare(old, new);
    config_release(old);
    config_release(new);
    return result;
}
