/* From the cloud's own trail back to the caller.  An outcome names no client, and an intent not what the
 * cloud said: both have the id of the request, so files are read twice.  Nothing is proven here: see
 * verify. */
#include "base/json/json.h"
#include "base/time/timestamp.h"
#include "gateway/audit/audit_changes.h"
#include "gateway/options/command.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign audit whois [-c FILE] [--json] ID [FILE...]\n"
    "       countersign audit whois [-c FILE] [--json] --at TIME [--action NAME] [FILE...]\n"
    "\n"
    "Says which client was behind something in the cloud's own trail.  ID is the SecretId of a temporary\n"
    "credential, a RequestId of the cloud, or an X-Request-Id of the gateway.  FILEs are audit files or "
    "access\n"
    "logs; lines that are none are passed over.  Without one, it is the audit file of the configuration.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 found, 1 not found, or a file cannot be read, 2 wrong usage, 78 bad configuration.\n";

enum { WHOIS_NEAR_S = 60, WHOIS_DEPTH = 8, WHOIS_LINE_MAX = 1024 * 1024 };

struct whois {
    const char *config;
    const char *id;     /* NULL: by time */
    const char *action; /* NULL: any */
    int64_t at;         /* -1: by id */
    bool json;
    json_t *requests; /* by requestId: what is asked for */
    json_t *shown;    /* likewise: an audit file and an access log may have the same */
    size_t found;
};

/* ---- options ---- */

static int take_time(void *place, const char *text, struct err *err)
{
    int64_t *at = place;
    return timestamp_parse(text, at) ? 0 : err_set(err, ERR_INPUT, "--at is a time (2026-11-25T18:00:00Z)");
}

static const struct command_line_option options[] = {
    {.name = "at",
     .value = "TIME",
     .help = "2026-11-25T18:00:00Z: asked within a minute of it",
     .at = offsetof(struct whois, at),
     .take = take_time},
    {.name = "action",
     .value = "NAME",
     .help = "with --at: DetachClassicLinkVpc",
     .at = offsetof(struct whois, action)},
    {.name = "json", .help = "the records themselves, one a line", .at = offsetof(struct whois, json)},
    {.name = "config",
     .letter = 'c',
     .value = "FILE",
     .help = "default " COMMAND_CONFIG_FILE,
     .at = offsetof(struct whois, config)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes, .part = "whois"};

/* The id is the first operand, and cut off from the files. */
static int read_options(int argc, char **argv, struct whois *whois, struct command_line_operands *operands)
{
    int result = command_options("audit", &command_line, argc, argv, whois, operands);
    if (result != COMMAND_GOOD)
        return result;
    if (whois->at < 0 && whois->action != NULL)
        return command_usage("audit", "--action goes with --at");
    if (whois->at < 0 && operands->count == 0)
        return command_usage("audit", "whois needs an id, or --at");
    if (whois->at < 0) {
        whois->id = *operands->items++;
        operands->count--;
    }
    return COMMAND_GOOD;
}

/* ---- one record ---- */

static bool has_id(const struct whois *whois, const json_t *record)
{
    static const char *const keys[] = {"requestId", "upstreamRequestId", "tmpSecretId"};
    for (size_t i = 0; i < COUNT(keys); i++)
        if (strcmp(audit_changes_text(record, keys[i]), whois->id) == 0)
            return true;
    return false;
}

static bool is_near(const struct whois *whois, const json_t *record)
{
    int64_t time = 0;
    if (whois->action != NULL && strcmp(audit_changes_text(record, "action"), whois->action) != 0)
        return false;
    return timestamp_parse(audit_changes_text(record, "time"), &time) && time >= whois->at - WHOIS_NEAR_S &&
           time <= whois->at + WHOIS_NEAR_S;
}

/* Without one, it is no request's. */
static int note(struct whois *whois, const json_t *record)
{
    const char *request = audit_changes_text(record, "requestId");
    bool wanted = whois->id != NULL ? has_id(whois, record) : is_near(whois, record);
    if (!wanted || request[0] == '\0')
        return 0;
    return json_object_set_new(whois->requests, request, json_true());
}

/* What others wrote, as a terminal may see it. */
static void put_word(struct buf *line, const char *before, const char *text)
{
    if (text[0] == '\0')
        return;
    buf_put(line, before);
    json_put_inside(line, text, strlen(text));
}

/* -1: memory is out. */
static int print_text(const json_t *record)
{
    static const struct {
        const char *before;
        const char *key;
    } words[] = {{"", "time"},          {"  ", "client"},           {" token ", "token"},
                 {" for ", "subject"},  {"  ", "action"},           {" ", "region"},
                 {"  from ", "source"}, {" request ", "requestId"}, {" by ", "tmpSecretId"}};
    struct buf line;
    buf_init(&line, WHOIS_LINE_MAX);
    for (size_t i = 0; i < COUNT(words); i++)
        put_word(&line, words[i].before, audit_changes_text(record, words[i].key));
    int result = line.failed ? -1 : 0;
    if (result == 0)
        puts(buf_text(&line));
    buf_done(&line);
    return result;
}

static int show(struct whois *whois, const json_t *record)
{
    const char *request = audit_changes_text(record, "requestId");
    if (audit_changes_text(record, "client")[0] == '\0' ||
        json_object_get(whois->requests, request) == NULL || json_object_get(whois->shown, request) != NULL)
        return 0;
    whois->found++;
    if (!whois->json) {
        if (print_text(record) != 0)
            return -1;
    } else {
        (void)json_dumpf(record, stdout, JSON_COMPACT); /* main() looks whether all of it arrived */
        putchar('\n');
    }
    return json_object_set_new(whois->shown, request, json_true());
}

/* ---- files ---- */

/* -1: the file could not be read, or memory is out; what is no JSON is nobody's record. */
static int each_line(struct whois *whois, FILE *file, int (*take)(struct whois *, const json_t *))
{
    char *bytes = NULL;
    size_t size = 0;
    ssize_t length;
    int result = 0;
    while (result == 0 && (length = getline(&bytes, &size, file)) > 0) {
        if (bytes[0] != '{' || json_depth(bytes, (size_t)length, WHOIS_DEPTH) > WHOIS_DEPTH)
            continue;
        json_error_t why;
        json_t *record = json_loadb(bytes, (size_t)length, JSON_REJECT_DUPLICATES, &why);
        if (record != NULL)
            result = take(whois, record);
        else if (json_error_code(&why) == json_error_out_of_memory)
            result = -1;
        json_decref(record);
    }
    free(bytes);
    return result == 0 && feof(file) == 0 ? -1
                                          : result; /* a line for which there is no memory, or an error */
}

static int read_file(struct whois *whois, const char *name, int (*take)(struct whois *, const json_t *))
{
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        fprintf(stderr, "countersign audit: cannot read '%s': %s\n", name, strerror(errno));
        return -1;
    }
    int result = each_line(whois, file, take);
    if (result != 0)
        fprintf(stderr, "countersign audit: cannot read '%s' to its end, or memory is out\n", name);
    (void)fclose(file); /* only read from */
    return result;
}

static int read_all(struct whois *whois, char **files, int (*take)(struct whois *, const json_t *))
{
    for (; *files != NULL; files++)
        if (read_file(whois, *files, take) != 0)
            return -1;
    return 0;
}

static int find(struct whois *whois, char **files)
{
    whois->requests = json_object();
    whois->shown = json_object();
    int result = whois->requests == NULL || whois->shown == NULL ? -1 : 0;
    if (result != 0)
        fputs("countersign audit: out of memory\n", stderr);
    if (result == 0)
        result = read_all(whois, files, note);
    if (result == 0)
        result = read_all(whois, files, show);
    json_decref(whois->requests);
    json_decref(whois->shown);
    if (result == 0 && whois->found == 0)
        fputs("countersign audit: nothing is recorded of it in these files\n", stderr);
    return result == 0 && whois->found > 0 ? COMMAND_GOOD : COMMAND_FAILED;
}

static int find_in_configured(struct whois *whois)
{
    struct config *config = command_load(whois->config);
    int result = COMMAND_FAILED;
    if (config == NULL)
        return COMMAND_BAD_CONFIG;
    if (config->audit.file == NULL)
        fputs("countersign audit: the configuration keeps no audit file: name a file\n", stderr);
    else
        result = find(whois, (char *[]){(char *)(uintptr_t)config->audit.file, NULL});
    config_release(config);
    return result;
}

int command_audit_whois(int argc, char **argv)
{
    struct whois whois = {.config = COMMAND_CONFIG_FILE, .at = -1};
    struct command_line_operands operands;
    int parsed = read_options(argc, argv, &whois, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed < 0 ? COMMAND_GOOD : parsed;
    return operands.count > 0 ? find(&whois, operands.items) : find_in_configured(&whois);
}
