#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "config/load/config_load.h"
#include "gateway/audit/audit_reader.h"
#include "gateway/command/command.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: countersign audit show [OPTION...] FILE...\n"
    "\n"
    "Prints each change with what became of it, oldest file first.  Options narrow it down; all must hold.\n"
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
    "\n"
    "Exit: 0 shown, 1 a file cannot be read or its chain does not hold (see: countersign audit verify),\n"
    "2 wrong usage, 78 the policy is bad.\n";

enum { SHOW_CATALOGS = 16, SHOW_DEPTH = 8, SHOW_LINE_MAX = 1024 * 1024, SHOW_KEY = 160 };

/* The texts of the filter, in the order of the options. */
enum { CLIENT, ACTION, OUTCOME, VALUE, REQUEST, FILTERS };

struct show {
    const char *want[FILTERS];
    int64_t since, until; /* seconds since 1970 */
    const char *policy;
    const char *catalogs[SHOW_CATALOGS];
    size_t catalog_count;
    const struct config *config; /* the policy, or NULL */
    bool json;
    json_t *open; /* changes of this chain whose outcome was not seen yet: an object by put_key(), in order */
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
    static const struct option options[] = {{"client", required_argument, NULL, CLIENT},
                                            {"action", required_argument, NULL, ACTION},
                                            {"outcome", required_argument, NULL, OUTCOME},
                                            {"value", required_argument, NULL, VALUE},
                                            {"request", required_argument, NULL, REQUEST},
                                            {"policy", required_argument, NULL, 'p'},
                                            {"catalog", required_argument, NULL, 'k'},
                                            {"since", required_argument, NULL, 's'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"json", no_argument, NULL, 'j'},
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
            show->json = true;
        else if (option == 'p')
            show->policy = optarg;
        else if (option == 'k' && show->catalog_count == SHOW_CATALOGS)
            return command_usage("audit", "at most %d catalogs", SHOW_CATALOGS);
        else if (option == 'k')
            show->catalogs[show->catalog_count++] = optarg;
        else if (option == 's')
            result = read_time("since", optarg, &show->since);
        else if (option == 'u')
            result = read_time("until", optarg, &show->until);
        else
            show->want[option] = optarg;
    }
    if (result == COMMAND_GOOD && optind == argc)
        return command_usage("audit", "show needs a file");
    return result;
}

/* ---- one change ---- */

static const char *text_of(const json_t *change, const char *key)
{
    const char *text = json_string_value(json_object_get(change, key));
    return text == NULL ? "" : text;
}

/* By its very text, or by another name of the same thing, as far as the policy knows. */
static bool is_value(const struct show *show, const char *text)
{
    const char *value = show->want[VALUE];
    const char *current = show->config == NULL || text == NULL ? NULL : config_current_id(show->config, text);
    const char *wanted = show->config == NULL ? NULL : config_current_id(show->config, value);
    if (text == NULL)
        return false;
    return strcmp(text, value) == 0 ||
           strcmp(current == NULL ? text : current, wanted == NULL ? value : wanted) == 0;
}

/* A text, or one of an array. */
static bool has_text(const struct show *show, const json_t *texts)
{
    bool found = is_value(show, json_string_value(texts));
    for (size_t i = 0; i < json_array_size(texts) && !found; i++)
        found = is_value(show, json_string_value(json_array_get(texts, i)));
    return found;
}

static bool has_value(const struct show *show, const json_t *change)
{
    const char *name;
    json_t *param;
    json_t *params = json_object_get(change, "params");
    json_object_foreach(params, name, param)
    {
        if (has_text(show, param))
            return true;
    }
    return has_text(show, json_object_get(change, "formerIds")); /* what the caller said */
}

/* "2026-11-25T18:00:00.000Z", the form of every record, without its milliseconds. */
static bool is_between(const struct show *show, const char *time)
{
    char plain[sizeof "2026-11-25T18:00:00Z"];
    int64_t seconds = 0;
    (void)snprintf(plain, sizeof plain, "%.19sZ", time);
    return timestamp_parse(plain, &seconds) && seconds >= show->since && seconds < show->until;
}

static bool is_wanted(const struct show *show, const json_t *change)
{
    static const char *const keys[FILTERS] = {
        [CLIENT] = "client", [ACTION] = "action", [OUTCOME] = "outcome", [REQUEST] = "requestId"};
    for (size_t i = 0; i < FILTERS; i++)
        if (show->want[i] != NULL && keys[i] != NULL && strcmp(show->want[i], text_of(change, keys[i])) != 0)
            return false;
    if (show->want[VALUE] != NULL && !has_value(show, change))
        return false;
    return is_between(show, text_of(change, "time"));
}

/* Blank, then a text as a terminal may see it: controls and bidirectional marks are escaped. */
static void put_word(struct buf *line, const char *before, const char *text)
{
    buf_put(line, before);
    json_put_inside(line, text, strlen(text));
}

static void put_params(struct buf *line, const json_t *change)
{
    const char *name;
    json_t *param;
    json_t *params = json_object_get(change, "params");
    json_object_foreach(params, name, param)
    {
        put_word(line, " ", name);
        if (json_is_string(param))
            put_word(line, "=", json_string_value(param));
        for (size_t i = 0; i < json_array_size(param); i++) {
            const char *text = json_string_value(json_array_get(param, i));
            put_word(line, i == 0 ? "=" : ",", text == NULL ? "" : text);
        }
    }
}

static void print_text(const json_t *change)
{
    struct buf line;
    buf_init(&line, SHOW_LINE_MAX);
    put_word(&line, "", text_of(change, "time"));
    put_word(&line, "  ", text_of(change, "client"));
    put_word(&line, "  ", text_of(change, "action"));
    put_word(&line, " ", text_of(change, "region"));
    put_params(&line, change);
    put_word(&line, "  ", text_of(change, "outcome"));
    if (json_integer_value(json_object_get(change, "status")) != 0)
        buf_put_format(&line, " %" JSON_INTEGER_FORMAT,
                       json_integer_value(json_object_get(change, "status")));
    put_word(&line, " ", text_of(change, "type"));
    put_word(&line, "  rule ", text_of(change, "rule"));
    put_word(&line, " from ", text_of(change, "source"));
    put_word(&line, " request ", text_of(change, "requestId"));
    puts(buf_text(&line));
    buf_done(&line);
}

static void print_change(const struct show *show, const json_t *change)
{
    if (!is_wanted(show, change))
        return;
    if (!show->json) {
        print_text(change);
        return;
    }
    (void)json_dumpf(change, stdout, JSON_COMPACT); /* main() looks whether all of it arrived */
    putchar('\n');
}

/* ---- all of them ---- */

/* Those whose outcome is not in their chain: the gateway ended before it knew, or the line is gone. */
static void show_open(struct show *show)
{
    const char *key;
    json_t *change;
    json_object_foreach(show->open, key, change)
    {
        if (json_object_set_new(change, "outcome", json_string("unrecorded")) == 0)
            print_change(show, change);
    }
    (void)json_object_clear(show->open); /* it is an object */
}

/* By what an intent and its outcome belong together, within a chain: its number, and the request's id, which
 * callers may choose and use twice. */
static void put_key(char key[SHOW_KEY], const json_t *record, bool intent)
{
    (void)snprintf(key, SHOW_KEY, "%" JSON_INTEGER_FORMAT " %.128s",
                   json_integer_value(json_object_get(record, intent ? "seq" : "of")),
                   text_of(record, "requestId"));
}

/* An outcome finds its intent and both are printed; else it is printed with what it has: its intent is in an
 * older file. */
static void settle(struct show *show, const char *key, json_t *outcome)
{
    json_t *change = json_incref(json_object_get(show->open, key));
    if (change != NULL && json_object_update_missing(change, outcome) == 0)
        print_change(show, change);
    else
        print_change(show, outcome);
    (void)json_object_del(show->open, key); /* -1: it was not there */
    json_decref(change);
}

static void take_record(struct show *show, const struct audit_reader_line *line)
{
    static const char *const chain[] = {"audit", "prev", "hash", "of"};
    char key[SHOW_KEY];
    if (!line->follows)
        show_open(show); /* another chain, or records are missing: nothing here belongs to them */
    if (json_depth(line->bytes, line->length, SHOW_DEPTH) > SHOW_DEPTH)
        return;
    json_t *record = json_loadb(line->bytes, line->length, JSON_REJECT_DUPLICATES, NULL);
    bool outcome = strcmp(text_of(record, "audit"), "outcome") == 0;
    bool intent = strcmp(text_of(record, "audit"), "intent") == 0;
    put_key(key, record, intent);
    for (size_t i = 0; i < COUNT(chain) && record != NULL; i++)
        (void)json_object_del(record, chain[i]); /* -1: it was not there */
    if (intent && json_object_set(show->open, key, record) != 0)
        fputs("countersign audit: out of memory\n", stderr);
    if (outcome)
        settle(show, key, record);
    json_decref(record);
}

static bool show_file(struct show *show, struct audit_reader *ledger, const char *name)
{
    struct audit_reader_line line;
    enum audit_reader_find find;
    bool broken = false;
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
    if (file == NULL) {
        fprintf(stderr, "countersign audit: cannot read '%s': %s\n", name, strerror(errno));
        return false;
    }
    audit_reader_take(ledger, name, file);
    while ((find = audit_reader_next(ledger, &line)) != AUDIT_READER_END && find != AUDIT_READER_FAILED) {
        broken = broken || find == AUDIT_READER_BROKEN;
        if (find == AUDIT_READER_ANEW)
            fprintf(stderr, "countersign audit: %s\n", line.text);
        if (line.bytes != NULL)
            take_record(show, &line);
    }
    if (broken)
        fprintf(stderr,
                "countersign audit: the chain of '%s' does not hold: run `countersign audit verify`\n", name);
    if (find == AUDIT_READER_FAILED)
        fprintf(stderr, "countersign audit: %s\n", line.text);
    if (file != stdin)
        (void)fclose(file); /* only read from */
    return find == AUDIT_READER_END && !broken;
}

static struct config *load_policy(const struct show *show)
{
    struct report report;
    report_init(&report);
    struct config *config = config_load_policy(show->policy, show->catalogs, show->catalog_count, NULL,
                                               clock_wall_ms() / 1000, &report);
    fputs(buf_text(&report.errors), stderr);
    report_done(&report);
    return config;
}

static int show_all(struct show *show, char **files)
{
    bool good = true;
    struct audit_reader *ledger = audit_reader_new(NULL, SEALS_FROM_FIRST);
    show->open = json_object();
    if (ledger == NULL || show->open == NULL) {
        fputs("countersign audit: out of memory\n", stderr);
        good = false;
    }
    for (char **file = files; good && *file != NULL; file++)
        good = show_file(show, ledger, *file) && good;
    show_open(show);
    json_decref(show->open);
    audit_reader_free(ledger);
    return good ? COMMAND_GOOD : COMMAND_FAILED;
}

int command_audit_show(int argc, char **argv)
{
    struct show show = {.until = INT64_MAX};
    struct config *config = NULL;
    int parsed = read_options(argc, argv, &show);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    if (show.policy != NULL && (config = load_policy(&show)) == NULL)
        return COMMAND_BAD_CONFIG;
    show.config = config;
    int result = show_all(&show, argv + optind);
    config_release(config);
    return result;
}
