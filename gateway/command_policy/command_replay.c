#include "base/buf.h"
#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "gateway/options/command.h"
#include "gateway/dryrun/policy_replay.h"
#include "gateway/dryrun/replay_groups.h"
#include "gateway/dryrun/replay_unused.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "Usage: countersign replay --policy CANDIDATE --log FILE [--catalog FILE]... [--since TIME] [--unused | "
    "--json]\n"
    "\n"
    "Reads past access lines or an audit file (FILE, or - for standard input) and judges each call again by "
    "another\n"
    "policy: says whose verdicts would change, by client, action, both rules and parameter.  Needs no secret "
    "and no\n"
    "countersign.yaml.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 nothing would change (or is unused), 1 something would or cannot be told, or no call was "
    "judged,\n"
    "2 wrong usage, 78 the candidate is bad.\n";

enum {
    REPLAY_ARENA = 1024 * 1024,
    REPLAY_PROGRESS = 8192,     /* lines between two looks at the terminal */
    REPLAY_SINCE_MAX = 1000000, /* days or hours */
};

struct replay_options {
    struct command_source source;
    const char *log;
    int64_t since; /* seconds since 1970 */
    bool unused;
    bool json;
};

/* Where changes go: one of them. */
struct replay_sinks {
    struct replay_groups *groups;
    struct replay_unused *unused; /* NULL: not asked for */
    bool json;
};

struct replay_counts {
    unsigned long long lines, same, changed, skipped, unknown, broken;
};

/* A time, or so many days or hours ago. */
static bool read_since(const char *text, int64_t *since)
{
    char *end = NULL;
    if (timestamp_parse(text, since))
        return true;
    long long count = text[0] >= '0' && text[0] <= '9' ? strtoll(text, &end, 10) : -1;
    int64_t unit = end != NULL && strcmp(end, "d") == 0   ? 86400
                   : end != NULL && strcmp(end, "h") == 0 ? 3600
                                                          : 0;
    if (count < 0 || count > REPLAY_SINCE_MAX || unit == 0)
        return false;
    *since = clock_wall_ms() / 1000 - count * unit;
    return true;
}

static int take_since(void *place, const char *text, struct err *err)
{
    int64_t *since = place;
    return read_since(text, since)
               ? 0
               : err_set(err, ERR_INPUT, "--since must be a time, such as 2026-09-01, or 90d or 12h");
}

static const struct command_line_option options[] = {
    {.name = "policy",
     .value = "FILE",
     .help = "the candidate",
     .at = offsetof(struct replay_options, source.policy)},
    {.name = "log",
     .value = "FILE",
     .help = "what `countersign serve` wrote",
     .at = offsetof(struct replay_options, log)},
    {.name = "catalog",
     .value = "FILE",
     .help = "routes of your own, as in countersign.yaml",
     .at = offsetof(struct replay_options, source),
     .take = command_take_catalog},
    {.name = "definitions",
     .value = "FOLDER",
     .help = "of the cloud's actions, for calls of /actions; default: as installed",
     .at = offsetof(struct replay_options, source.definitions)},
    {.name = "since",
     .value = "TIME",
     .help = "only lines from then on: 2026-09-01, 2026-09-01T18:00:00Z, or 90d, 12h ago",
     .at = offsetof(struct replay_options, since),
     .take = take_since},
    {.name = "unused",
     .help = "instead: the rules, values and tokens of the policy that no line used",
     .at = offsetof(struct replay_options, unused)},
    {.name = "json", .help = "a JSON line per change", .at = offsetof(struct replay_options, json)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(int argc, char **argv, struct replay_options *out)
{
    struct command_line_operands operands;
    int parsed = command_options("replay", &command_line, argc, argv, out, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    if (out->json && out->unused)
        return command_usage("replay", "--unused and --json do not go together");
    if (out->source.policy == NULL || out->log == NULL || operands.count > 0)
        return command_usage("replay", "it needs --policy FILE and --log FILE");
    return COMMAND_GOOD;
}

static void print_json(const struct policy_replay_change *change)
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

static void take(const struct replay_sinks *sinks, enum policy_replay_end end,
                 const struct policy_replay_change *change)
{
    if (sinks->unused != NULL)
        replay_unused_see(sinks->unused, change);
    else if (end == POLICY_REPLAY_CHANGED && sinks->json)
        print_json(change);
    else if (end == POLICY_REPLAY_CHANGED)
        replay_groups_add(sinks->groups, change);
}

static void show_progress(const struct replay_counts *counts, bool last)
{
    if (!isatty(STDERR_FILENO) || (!last && counts->lines % REPLAY_PROGRESS != 0))
        return;
    fprintf(stderr, "\r%llu lines, %llu would change%s", counts->lines, counts->changed, last ? "\n" : "");
}

/* False: a line could not be read, or not be judged. */
static bool replay_all(const struct config *config, FILE *log, int64_t since,
                       const struct replay_sinks *sinks, struct arena *arena, struct replay_counts *counts)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    bool judged = true;
    while (judged && (length = getline(&line, &room, log)) > 0) {
        struct policy_replay_change change;
        enum policy_replay_end end = policy_replay_line(config, line, (size_t)length, arena, &change);
        if ((end == POLICY_REPLAY_SAME || end == POLICY_REPLAY_CHANGED) && change.question.now < since)
            end = POLICY_REPLAY_SKIPPED;
        judged = end != POLICY_REPLAY_FAILED;
        counts->lines++;
        counts->same += end == POLICY_REPLAY_SAME;
        counts->changed += end == POLICY_REPLAY_CHANGED;
        counts->skipped += end == POLICY_REPLAY_SKIPPED;
        counts->unknown += end == POLICY_REPLAY_UNKNOWN;
        counts->broken += end == POLICY_REPLAY_BROKEN;
        if (end == POLICY_REPLAY_SAME || end == POLICY_REPLAY_CHANGED)
            take(sinks, end, &change);
        arena_reset(arena);
        show_progress(counts, false);
    }
    show_progress(counts, true);
    free(line);
    return judged && feof(log) != 0; /* else an error, or a line for which there is no memory */
}

/* What the sinks have gathered; how much of it counts as a difference. */
static unsigned long long print_gathered(const struct replay_sinks *sinks, const struct replay_counts *counts)
{
    if (sinks->unused != NULL)
        return replay_unused_put(sinks->unused, stdout);
    replay_groups_put(sinks->groups, stdout);
    return counts->changed;
}

static int replay(const struct config *config, const struct replay_options *given, struct replay_sinks *sinks)
{
    struct replay_counts counts = {0};
    bool standard_input = strcmp(given->log, "-") == 0;
    struct arena *arena = arena_new(REPLAY_ARENA);
    FILE *log = standard_input ? stdin : fopen(given->log, "re");
    if (arena == NULL || log == NULL) {
        fprintf(stderr, "countersign replay: cannot read '%s': %s\n", given->log, strerror(errno));
        arena_free(arena);
        return COMMAND_FAILED;
    }
    bool unread = !replay_all(config, log, given->since, sinks, arena, &counts);
    if (!standard_input)
        (void)fclose(log); /* only read from */
    arena_free(arena);
    unsigned long long differences = print_gathered(sinks, &counts);
    fprintf(stderr, "%llu lines: %llu would change, %llu stay, %llu were not judged, %llu are not ours\n",
            counts.lines, counts.changed, counts.same, counts.skipped, counts.broken);
    if (counts.unknown > 0)
        fprintf(stderr,
                "%llu are of actions or parameters that no route has: name your own with --catalog, and the "
                "cloud's "
                "definitions with --definitions; or of documents whose records do not have what the "
                "candidate asks "
                "about\n",
                counts.unknown);
    bool nothing = counts.same + counts.changed == 0;
    if (nothing)
        fputs(
            "countersign replay: not one call was judged: is it what `countersign serve` wrote, or an audit "
            "file?\n",
            stderr);
    if (unread)
        fprintf(stderr, "countersign replay: '%s' could not be read to its end, or memory is out\n",
                given->log);
    return unread || nothing || differences + counts.unknown > 0 ? COMMAND_FAILED : COMMAND_GOOD;
}

int command_replay(int argc, char **argv)
{
    struct replay_options given = {.source = {.region = COMMAND_REGION}, .since = INT64_MIN};
    int parsed = read_options(argc, argv, &given);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    struct config *config = command_load_policy(&given.source);
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    struct replay_sinks sinks = {.json = given.json, .groups = replay_groups_new()};
    if (given.unused)
        sinks.unused = replay_unused_new(config);
    int result = COMMAND_FAILED;
    if (sinks.groups == NULL || (given.unused && sinks.unused == NULL))
        fputs("countersign replay: out of memory\n", stderr);
    else
        result = replay(config, &given, &sinks);
    replay_groups_free(sinks.groups);
    replay_unused_free(sinks.unused);
    config_release(config);
    return result;
}
