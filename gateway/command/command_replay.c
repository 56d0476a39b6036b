#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "config/load/config_load.h"
#include "gateway/command/command.h"
#include "gateway/dryrun/replay.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: countersign replay --policy CANDIDATE --log FILE [--catalog FILE]... [--json]\n"
    "\n"
    "Reads past access lines or an audit file (FILE, or - for standard input) and judges each call again by "
    "another\n"
    "policy: lists every call whose verdict would change, with both rules.  Needs no secret and no "
    "countersign.yaml.\n"
    "\n"
    "      --policy FILE   the candidate\n"
    "      --log FILE      what `countersign serve` wrote\n"
    "      --catalog FILE  routes of your own, as in countersign.yaml\n"
    "      --json          a JSON line per change\n"
    "\n"
    "Exit: 0 nothing would change, 1 something would or cannot be told, 2 wrong usage, 78 the candidate is "
    "bad.\n";

enum {
    REPLAY_ARENA = 1024 * 1024,
    REPLAY_PROGRESS = 8192, /* lines between two looks at the terminal */
    REPLAY_CATALOGS = 16,
};

struct replay_options {
    const char *policy;
    const char *log;
    const char *catalogs[REPLAY_CATALOGS];
    size_t catalog_count;
    bool json;
};

struct replay_counts {
    unsigned long long lines, same, changed, skipped, unknown, broken;
};

static int read_options(int argc, char **argv, struct replay_options *out)
{
    static const struct option options[] = {
        {"policy", required_argument, NULL, 'p'},  {"log", required_argument, NULL, 'l'},
        {"catalog", required_argument, NULL, 'k'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
        if (option == 'p')
            out->policy = optarg;
        else if (option == 'l')
            out->log = optarg;
        else if (option == 'k' && out->catalog_count == REPLAY_CATALOGS)
            return command_usage("replay", "at most %d catalogs", REPLAY_CATALOGS);
        else if (option == 'k')
            out->catalogs[out->catalog_count++] = optarg;
        else if (option == 'j')
            out->json = true;
        else if (option == ':')
            return command_usage("replay", "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            return command_usage("replay", "there is no option %s", argv[optind - 1]);
        else {
            fputs(help, stdout);
            return -1;
        }
    }
    if (out->policy == NULL || out->log == NULL || optind != argc)
        return command_usage("replay", "it needs --policy FILE and --log FILE");
    return COMMAND_GOOD;
}

static void print_json(const struct replay_change *change)
{
    struct buf line;
    buf_init(&line, 16 * 1024);
    json_open(&line);
    json_member(&line, "requestId", change->request_id);
    json_member(&line, "client", change->client);
    json_member(&line, "action", change->action);
    json_member(&line, "before", change->before);
    json_member(&line, "beforeRule", change->before_rule);
    json_member(&line, "after", change->after);
    json_member(&line, "afterRule", change->after_rule);
    json_close(&line);
    puts(buf_text(&line));
    buf_done(&line);
}

static const char *rule_name(const char *id)
{
    return id[0] == '\0' ? "no rule" : id;
}

static void print_change(const struct replay_change *change, bool json)
{
    if (json)
        print_json(change);
    else
        printf("%s %s %s: %s by %s, would be %s by %s\n", change->request_id, change->client, change->action,
               change->before, rule_name(change->before_rule), change->after, rule_name(change->after_rule));
}

static void show_progress(const struct replay_counts *counts, bool last)
{
    if (!isatty(STDERR_FILENO) || (!last && counts->lines % REPLAY_PROGRESS != 0))
        return;
    fprintf(stderr, "\r%llu lines, %llu would change%s", counts->lines, counts->changed, last ? "\n" : "");
}

static void replay_all(const struct config *config, FILE *log, bool json, struct arena *arena,
                       struct replay_counts *counts)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, log)) > 0) {
        struct replay_change change;
        enum replay_end end = replay_line(config, line, (size_t)length, arena, &change);
        counts->lines++;
        counts->same += end == REPLAY_SAME;
        counts->changed += end == REPLAY_CHANGED;
        counts->skipped += end == REPLAY_SKIPPED;
        counts->unknown += end == REPLAY_UNKNOWN;
        counts->broken += end == REPLAY_BROKEN;
        if (end == REPLAY_CHANGED)
            print_change(&change, json);
        arena_reset(arena);
        show_progress(counts, false);
    }
    show_progress(counts, true);
    free(line);
}

static int replay(const struct config *config, const struct replay_options *options)
{
    struct replay_counts counts = {0};
    bool standard_input = strcmp(options->log, "-") == 0;
    struct arena *arena = arena_new(REPLAY_ARENA);
    FILE *log = standard_input ? stdin : fopen(options->log, "re");
    if (arena == NULL || log == NULL) {
        fprintf(stderr, "countersign replay: cannot read '%s': %s\n", options->log, strerror(errno));
        arena_free(arena);
        return COMMAND_FAILED;
    }
    replay_all(config, log, options->json, arena, &counts);
    bool unread = ferror(log) != 0;
    if (!standard_input)
        (void)fclose(log); /* only read from */
    arena_free(arena);
    fprintf(stderr, "%llu lines: %llu would change, %llu stay, %llu were not judged, %llu are not ours\n",
            counts.lines, counts.changed, counts.same, counts.skipped, counts.broken);
    if (counts.unknown > 0)
        fprintf(stderr, "%llu are of actions or parameters that no route has: name your own with --catalog\n",
                counts.unknown);
    if (unread)
        fprintf(stderr, "countersign replay: '%s' could not be read to its end\n", options->log);
    return unread || counts.changed + counts.unknown > 0 ? COMMAND_FAILED : COMMAND_GOOD;
}

int command_replay(int argc, char **argv)
{
    struct replay_options options = {0};
    struct report report;
    int parsed = read_options(argc, argv, &options);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    report_init(&report);
    struct config *config = config_load_policy(options.policy, options.catalogs, options.catalog_count,
                                               clock_wall_ms() / 1000, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    int result = replay(config, &options);
    config_release(config);
    return result;
}
