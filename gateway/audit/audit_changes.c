/* The records of each gateway are read in their order, and the gateways' merged by time.  A change is
 * held back until its outcome comes, or its chain ends without one. */
#include "gateway/audit/audit_changes.h"

#include "base/json/json.h"
#include "gateway/chain/audit_chains.h"
#include "gateway/chain/audit_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGES_DEPTH = 8, CHANGES_KEY = 160 };

struct audit_changes {
    struct audit_chains files;
    struct stream *streams; /* as many as there are chains */
    json_t *settled;        /* what operators said of changes that were unknown: an object by put_key() */
    bool failed;            /* something could not be read, and was told */
    const struct audit_changes_use *use;
};

/* The files of one gateway, and how far they are read. */
struct stream {
    size_t chain;
    size_t next; /* of changes->files */
    const struct audit_chains_file *file;
    bool told;  /* that it does not hold */
    FILE *from; /* NULL: the next file is to be opened */
    struct audit_reader *reader;
    unsigned begun;                /* chains that began in it; see put_key() */
    struct audit_reader_line line; /* the next record; without bytes: there is none */
    int64_t time;                  /* of it, ms */
    json_t *open; /* changes of this chain whose outcome was not seen yet: an object by put_key(), in order */
};

const char *audit_changes_text(const json_t *change, const char *key)
{
    const char *text = json_string_value(json_object_get(change, key));
    return text == NULL ? "" : text;
}

static void fail(struct audit_changes *changes, const char *sentence)
{
    if (sentence[0] != '\0')
        changes->use->tell(changes->use->context, sentence);
    changes->failed = true;
}

static void fail_for_memory(struct audit_changes *changes)
{
    fail(changes, "out of memory");
}

/* ---- what operators have settled ---- */

/* By what an intent and what came of it belong together: the chain, the intent's number, and the request's
 * id, which callers may choose and use twice. */
static void put_key(char key[CHANGES_KEY], const struct stream *stream, const json_t *record,
                    const char *number)
{
    (void)snprintf(key, CHANGES_KEY, "%zu.%u %" JSON_INTEGER_FORMAT " %.100s", stream->chain, stream->begun,
                   json_integer_value(json_object_get(record, number)),
                   audit_changes_text(record, "requestId"));
}

/* Its outcome is what the operator says, who is named with what was known before. */
static void apply(struct audit_changes *changes, json_t *change, const char *key)
{
    const json_t *settled = json_object_get(changes->settled, key);
    const char *was = audit_changes_text(change, "outcome");
    if (settled == NULL || (strcmp(was, "unknown") != 0 && strcmp(was, "unrecorded") != 0))
        return;
    json_t *who = json_pack("{s:s, s:s, s:s, s:s}", "by", audit_changes_text(settled, "by"), "note",
                            audit_changes_text(settled, "note"), "time", audit_changes_text(settled, "time"),
                            "was", was);
    if (json_object_set_new(change, "settled", who) != 0 ||
        json_object_set(change, "outcome", json_object_get(settled, "outcome")) != 0)
        fail_for_memory(changes);
}

static void take_change(struct audit_changes *changes, json_t *change, const char *key)
{
    apply(changes, change, key);
    if (changes->use->take(changes->use->context, change) != 0)
        fail_for_memory(changes);
}

/* ---- one gateway's records ---- */

/* Those whose outcome is not in their chain: the gateway ended before it knew, or the line is gone. */
static void take_open(struct audit_changes *changes, struct stream *stream)
{
    const char *key;
    json_t *change;
    json_object_foreach(stream->open, key, change)
    {
        if (json_object_set_new(change, "outcome", json_string("unrecorded")) == 0)
            take_change(changes, change, key);
        else
            fail_for_memory(changes);
    }
    (void)json_object_clear(stream->open); /* it is an object */
}

/* An outcome finds its intent and both are printed; else it is printed with what it has: its intent is in an
 * older file. */
static void settle(struct audit_changes *changes, struct stream *stream, const char *key, json_t *outcome)
{
    json_t *change = json_incref(json_object_get(stream->open, key));
    if (change != NULL && json_object_update_missing(change, outcome) == 0)
        take_change(changes, change, key);
    else
        take_change(changes, outcome, key);
    (void)json_object_del(stream->open, key); /* -1: it was not there */
    json_decref(change);
}

static json_t *parse(struct audit_changes *changes, const struct audit_reader_line *line)
{
    json_error_t why;
    if (json_depth(line->bytes, line->length, CHANGES_DEPTH) > CHANGES_DEPTH)
        return NULL;
    json_t *record = json_loadb(line->bytes, line->length, JSON_REJECT_DUPLICATES, &why);
    if (record == NULL && json_error_code(&why) == json_error_out_of_memory)
        fail_for_memory(changes);
    return record;
}

static void take_record(struct audit_changes *changes, struct stream *stream)
{
    static const char *const chain[] = {"audit", "prev", "hash", "of"};
    char key[CHANGES_KEY];
    if (!stream->line.follows)
        take_open(changes, stream); /* another chain, or records are missing: nothing here belongs to them */
    json_t *record = parse(changes, &stream->line);
    bool outcome = strcmp(audit_changes_text(record, "audit"), "outcome") == 0;
    bool intent = strcmp(audit_changes_text(record, "audit"), "intent") == 0;
    put_key(key, stream, record, intent ? "seq" : "of");
    for (size_t i = 0; i < COUNT(chain) && record != NULL; i++)
        (void)json_object_del(record, chain[i]); /* -1: it was not there */
    if (intent && json_object_set(stream->open, key, record) != 0)
        fail_for_memory(changes);
    if (outcome)
        settle(changes, stream, key, record);
    json_decref(record);
}

static void keep_settled(struct audit_changes *changes, struct stream *stream)
{
    char key[CHANGES_KEY];
    if (!hash_chain_is(stream->line.bytes, stream->line.length, "settle"))
        return;
    json_t *record = parse(changes, &stream->line);
    put_key(key, stream, record, "of");
    if (json_object_set_new(changes->settled, key, record) != 0)
        fail_for_memory(changes);
}

/* ---- files ---- */

static void close_file(struct stream *stream)
{
    if (stream->from != NULL)
        audit_chains_close(stream->file, stream->from);
    stream->from = NULL;
}

/* The gateway's next file; false: there is none. */
static bool open_next(struct audit_changes *changes, struct stream *stream)
{
    struct err err = {0};
    while (stream->next < changes->files.file_count &&
           changes->files.files[stream->next].chain != stream->chain)
        stream->next++;
    if (stream->next == changes->files.file_count)
        return false;
    stream->file = &changes->files.files[stream->next++];
    stream->told = false;
    stream->from = audit_chains_read(stream->file, &err);
    if (stream->from == NULL)
        fail(changes, err.text);
    else if (changes->use->bytes > 0 && audit_chains_skip(stream->from, changes->use->bytes) != 0) {
        fail(changes, "the file cannot be read from its middle");
        close_file(stream);
    } else
        audit_reader_take(stream->reader, stream->file->name, stream->from);
    return stream->from != NULL;
}

/* What is to be told of a file, with `aloud`. */
static void tell(struct audit_changes *changes, enum audit_reader_find find, struct stream *stream,
                 bool aloud)
{
    struct err err = {0};
    if (aloud && (find == AUDIT_READER_ANEW || find == AUDIT_READER_NEWER))
        changes->use->tell(changes->use->context, stream->line.text);
    if (find == AUDIT_READER_FAILED)
        fail(changes, aloud ? stream->line.text : "");
    if (find == AUDIT_READER_NEWER)
        changes->failed = true;
    if (find == AUDIT_READER_BROKEN && aloud && !stream->told) {
        (void)err_set(&err, ERR_INPUT, "the chain of '%s' does not hold: run `countersign audit verify`",
                      stream->file->name);
        changes->use->tell(changes->use->context, err.text);
    }
    if (find == AUDIT_READER_BROKEN)
        changes->failed = stream->told = true;
}

/* The gateway's next record -> stream->line, over the ends of its files.  A file that does not hold is told
 * once. */
static bool read_on(struct audit_changes *changes, struct stream *stream, bool aloud)
{
    struct hash_chain_line line;
    while (stream->from != NULL || open_next(changes, stream)) {
        enum audit_reader_find find = audit_reader_next(stream->reader, &stream->line);
        tell(changes, find, stream, aloud);
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

static bool begin_stream(struct audit_changes *changes, struct stream *stream, size_t chain)
{
    *stream = (struct stream){
        .chain = chain, .reader = audit_reader_new(NULL, SEALS_FROM_FIRST), .open = json_object()};
    if (stream->reader != NULL && stream->open != NULL)
        return true;
    fail_for_memory(changes);
    return false;
}

static void end_stream(struct stream *stream)
{
    close_file(stream);
    json_decref(stream->open);
    audit_reader_free(stream->reader);
}

/* A settlement may stand weeks behind what it settles: a first reading finds them all. */
static void read_settled(struct audit_changes *changes)
{
    for (size_t chain = 0; chain < changes->files.count; chain++) {
        struct stream stream;
        if (begin_stream(changes, &stream, chain))
            while (read_on(changes, &stream, false))
                keep_settled(changes, &stream);
        end_stream(&stream);
    }
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

static void merge(struct audit_changes *changes, struct stream *streams, size_t count)
{
    struct stream *stream;
    for (size_t i = 0; i < count; i++)
        if (begin_stream(changes, &streams[i], i))
            (void)read_on(changes, &streams[i], true); /* false: it has no record */
    while ((stream = oldest(streams, count)) != NULL) {
        take_record(changes, stream);
        (void)read_on(changes, stream, true); /* likewise, no more */
    }
    for (size_t i = 0; i < count; i++) {
        take_open(changes, &streams[i]);
        end_stream(&streams[i]);
    }
}

/* ---- all of them ---- */

struct audit_changes *audit_changes_open(char **files, struct err *err)
{
    struct audit_changes *changes = calloc(1, sizeof *changes);
    if (changes == NULL) {
        (void)err_memory(err);
        return NULL;
    }
    if (audit_chains_open(files, &changes->files, err) != 0) {
        audit_changes_close(changes);
        return NULL;
    }
    changes->streams = calloc(changes->files.count + 1, sizeof *changes->streams);
    changes->settled = json_object();
    if (changes->streams != NULL && changes->settled != NULL)
        return changes;
    audit_changes_close(changes);
    (void)err_memory(err);
    return NULL;
}

void audit_changes_close(struct audit_changes *changes)
{
    if (changes == NULL)
        return;
    json_decref(changes->settled);
    free(changes->streams);
    audit_chains_done(&changes->files);
    free(changes);
}

int audit_changes_each(struct audit_changes *changes, const struct audit_changes_use *use)
{
    changes->use = use;
    read_settled(changes);
    merge(changes, changes->streams, changes->files.count);
    return changes->failed ? -1 : 0;
}
