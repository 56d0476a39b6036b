#include "base/clock.h"
#include "base/json.h"
#include "base/timestamp.h"
#include "config/load/config_load.h"
#include "gateway/audit/audit_chains.h"
#include "gateway/audit/audit_reader.h"
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

enum { SHOW_CATALOGS = 16, SHOW_DEPTH = 8, SHOW_KEY = 160 };

struct show {
    struct audit_filter filter;
    const char *policy;
    const char *catalogs[SHOW_CATALOGS];
    size_t catalog_count;
    struct audit_list list;
    struct audit_chains files;
    json_t *settled; /* what operators said of changes that were unknown: an object by put_key() */
    bool failed;     /* something could not be shown, and was told */
};

/* The files of one gateway, and how far they are read. */
struct stream {
    size_t chain;
    size_t next; /* of show->files */
    const struct audit_chains_file *file;
    bool told;  /* that it does not hold */
    FILE *from; /* NULL: the next file is to be opened */
    struct audit_reader *reader;
    unsigned begun;                /* chains that began in it; see put_key() */
    struct audit_reader_line line; /* the next record; without bytes: there is none */
    int64_t time;                  /* of it, ms */
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

static const char *text_of(const json_t *change, const char *key)
{
    const char *text = json_string_value(json_object_get(change, key));
    return text == NULL ? "" : text;
}

static void fail(struct show *show, const char *sentence)
{
    if (sentence[0] != '\0')
        fprintf(stderr, "countersign audit: %s\n", sentence);
    show->failed = true;
}

/* ---- what operators have settled ---- */

/* By what an intent and what came of it belong together: the chain, the intent's number, and the request's
 * id, which callers may choose and use twice. */
static void put_key(char key[SHOW_KEY], const struct stream *stream, const json_t *record, const char *number)
{
    (void)snprintf(key, SHOW_KEY, "%zu.%u %" JSON_INTEGER_FORMAT " %.100s", stream->chain, stream->begun,
                   json_integer_value(json_object_get(record, number)), text_of(record, "requestId"));
}

/* Its outcome is what the operator says, who is named with what was known before. */
static void apply(struct show *show, json_t *change, const char *key)
{
    const json_t *settled = json_object_get(show->settled, key);
    const char *was = text_of(change, "outcome");
    if (settled == NULL || (strcmp(was, "unknown") != 0 && strcmp(was, "unrecorded") != 0))
        return;
    json_t *who = json_pack("{s:s, s:s, s:s, s:s}", "by", text_of(settled, "by"), "note",
                            text_of(settled, "note"), "time", text_of(settled, "time"), "was", was);
    if (json_object_set_new(change, "settled", who) != 0 ||
        json_object_set(change, "outcome", json_object_get(settled, "outcome")) != 0)
        fail(show, "out of memory");
}

static void print_change(struct show *show, json_t *change, const char *key)
{
    apply(show, change, key);
    if (audit_filter_wants(&show->filter, change) && audit_list_put(&show->list, change) != 0)
        fail(show, "out of memory");
}

/* ---- one gateway's records ---- */

/* Those whose outcome is not in their chain: the gateway ended before it knew, or the line is gone. */
static void show_open(struct show *show, struct stream *stream)
{
    const char *key;
    json_t *change;
    json_object_foreach(stream->open, key, change)
    {
        if (json_object_set_new(change, "outcome", json_string("unrecorded")) == 0)
            print_change(show, change, key);
    }
    (void)json_object_clear(stream->open); /* it is an object */
}

/* An outcome finds its intent and both are printed; else it is printed with what it has: its intent is in an
 * older file. */
static void settle(struct show *show, struct stream *stream, const char *key, json_t *outcome)
{
    json_t *change = json_incref(json_object_get(stream->open, key));
    if (change != NULL && json_object_update_missing(change, outcome) == 0)
        print_change(show, change, key);
    else
        print_change(show, outcome, key);
    (void)json_object_del(stream->open, key); /* -1: it was not there */
    json_decref(change);
}

static json_t *parse(const struct audit_reader_line *line)
{
    return json_depth(line->bytes, line->length, SHOW_DEPTH) > SHOW_DEPTH
               ? NULL
               : json_loadb(line->bytes, line->length, JSON_REJECT_DUPLICATES, NULL);
}

static void take_record(struct show *show, struct stream *stream)
{
    static const char *const chain[] = {"audit", "prev", "hash", "of"};
    char key[SHOW_KEY];
    if (!stream->line.follows)
        show_open(show, stream); /* another chain, or records are missing: nothing here belongs to them */
    json_t *record = parse(&stream->line);
    bool outcome = strcmp(text_of(record, "audit"), "outcome") == 0;
    bool intent = strcmp(text_of(record, "audit"), "intent") == 0;
    put_key(key, stream, record, intent ? "seq" : "of");
    for (size_t i = 0; i < COUNT(chain) && record != NULL; i++)
        (void)json_object_del(record, chain[i]); /* -1: it was not there */
    if (intent && json_object_set(stream->open, key, record) != 0)
        fail(show, "out of memory");
    if (outcome)
        settle(show, stream, key, record);
    json_decref(record);
}

static void keep_settled(struct show *show, struct stream *stream)
{
    char key[SHOW_KEY];
    if (!hash_chain_is(stream->line.bytes, stream->line.length, "settle"))
        return;
    json_t *record = parse(&stream->line);
    put_key(key, stream, record, "of");
    if (json_object_set_new(show->settled, key, record) != 0)
        fail(show, "out of memory");
}

/* ---- files ---- */

/* The gateway's next file; false: there is none. */
static bool open_next(struct show *show, struct stream *stream)
{
    struct err err = {0};
    while (stream->next < show->files.file_count && show->files.files[stream->next].chain != stream->chain)
        stream->next++;
    if (stream->next == show->files.file_count)
        return false;
    stream->file = &show->files.files[stream->next++];
    stream->told = false;
    stream->from = audit_chains_read(stream->file, &err);
    if (stream->from == NULL)
        fail(show, err.text);
    else
        audit_reader_take(stream->reader, stream->file->name, stream->from);
    return stream->from != NULL;
}

/* What is to be told of a file, with `aloud`. */
static void tell(struct show *show, enum audit_reader_find find, struct stream *stream, bool aloud)
{
    if (aloud && (find == AUDIT_READER_ANEW || find == AUDIT_READER_NEWER))
        fprintf(stderr, "countersign audit: %s\n", stream->line.text);
    if (find == AUDIT_READER_FAILED)
        fail(show, aloud ? stream->line.text : "");
    if (find == AUDIT_READER_NEWER)
        show->failed = true;
    if (find == AUDIT_READER_BROKEN && aloud && !stream->told)
        fprintf(stderr,
                "countersign audit: the chain of '%s' does not hold: run `countersign audit verify`\n",
                stream->file->name);
    if (find == AUDIT_READER_BROKEN)
        show->failed = stream->told = true;
}

static void close_file(struct stream *stream)
{
    if (stream->from != NULL)
        audit_chains_close(stream->file, stream->from);
    stream->from = NULL;
}

/* The gateway's next record -> stream->line, over the ends of its files.  A file that does not hold is told
 * once. */
static bool read_on(struct show *show, struct stream *stream, bool aloud)
{
    struct hash_chain_line line;
    while (stream->from != NULL || open_next(show, stream)) {
        enum audit_reader_find find = audit_reader_next(stream->reader, &stream->line);
        tell(show, find, stream, aloud);
        if (find == AUDIT_READER_END || find == AUDIT_READER_FAILED)
            close_file(stream);
        if (stream->line.bytes == NULL)
            continue;
        if (hash_chain_read(stream->line.bytes, stream->line.length, &line) != HASH_CHAIN_FOREIGN &&
            line.head.seq == 1)
            stream->begun++;
        if (!hash_chain_time(stream->line.bytes, stream->line.length, &stream->time))
            stream->time = 0; /* of another form: it comes where it stands */
        return true;
    }
    stream->line = (struct audit_reader_line){0};
    return false;
}

static bool begin_stream(struct show *show, struct stream *stream, size_t chain)
{
    *stream = (struct stream){
        .chain = chain, .reader = audit_reader_new(NULL, SEALS_FROM_FIRST), .open = json_object()};
    if (stream->reader != NULL && stream->open != NULL)
        return true;
    fail(show, "out of memory");
    return false;
}

static void end_stream(struct stream *stream)
{
    close_file(stream);
    json_decref(stream->open);
    audit_reader_free(stream->reader);
}

/* A settlement may stand weeks behind what it settles: a first reading finds them all. */
static void read_settled(struct show *show)
{
    for (size_t chain = 0; chain < show->files.count; chain++) {
        struct stream stream;
        if (begin_stream(show, &stream, chain))
            while (read_on(show, &stream, false))
                keep_settled(show, &stream);
        end_stream(&stream);
    }
    show->failed = false; /* the second reading finds it, and tells */
}

/* The gateway whose next record is the oldest; NULL: all are at their end. */
static struct stream *oldest(struct stream *streams, size_t count)
{
    struct stream *found = NULL;
    for (size_t i = 0; i < count; i++)
        if (streams[i].line.bytes != NULL && (found == NULL || streams[i].time < found->time))
            found = &streams[i];
    return found;
}

static void merge(struct show *show, struct stream *streams, size_t count)
{
    struct stream *stream;
    for (size_t i = 0; i < count; i++)
        if (begin_stream(show, &streams[i], i))
            (void)read_on(show, &streams[i], true); /* false: it has no record */
    while ((stream = oldest(streams, count)) != NULL) {
        take_record(show, stream);
        (void)read_on(show, stream, true); /* likewise, no more */
    }
    for (size_t i = 0; i < count; i++) {
        show_open(show, &streams[i]);
        end_stream(&streams[i]);
    }
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

static void show_all(struct show *show, char **files)
{
    struct err err = {0};
    struct stream *streams = NULL;
    if (audit_chains_open(files, &show->files, &err) != 0) {
        fail(show, err.text);
        return;
    }
    streams = calloc(show->files.count + 1, sizeof *streams);
    show->settled = json_object();
    if (streams == NULL || show->settled == NULL || audit_list_begin(&show->list) != 0) {
        fail(show, "out of memory");
    } else {
        read_settled(show);
        merge(show, streams, show->files.count);
        if (audit_list_end(&show->list) != 0)
            fail(show, "out of memory");
    }
    free(streams);
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
    show_all(&show, argv + optind);
    json_decref(show.settled);
    audit_chains_done(&show.files);
    config_release(config);
    return show.failed ? COMMAND_FAILED : COMMAND_GOOD;
}
