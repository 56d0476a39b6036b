#include "gateway/chain/audit_reader.h"

#include "base/buf.h"
#include "base/json/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    TORN_MAX = 1024 * 1024 + 1, /* what a writer goes on behind, gateway/audit/audit_resume.h */
    BLOCK_SIZE = 512 * 1024,    /* read at a time: more than any record has (HASH_CHAIN_LINE_MAX) */
    RECORD_DEPTH = 8,
};

struct audit_reader {
    const char *name;
    FILE *file;
    unsigned long long number; /* of the line read last */
    unsigned long long start;  /* where it begins, */
    unsigned long long offset; /* and ends */
    bool begun;                /* a record was seen: the next has to fit it */
    struct audit_reader_sum sum;
    struct buf torn;               /* lines that are no records, until one explains them */
    unsigned long long torn_start; /* the first of them */
    unsigned long long torn_end;   /* offset */
    char *block;                   /* of BLOCK_SIZE bytes, and a NUL */
    size_t filled;                 /* bytes that it holds */
    size_t taken;                  /* of them, by lines */
    char *line;                    /* within it */
    size_t held;                   /* a line that was read, and is to be looked at again */
};

struct audit_reader *audit_reader_new(const struct secret *key, enum seals_scope scope)
{
    struct audit_reader *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return NULL;
    ledger->block = malloc(BLOCK_SIZE + 1);
    if (ledger->block == NULL) {
        free(ledger);
        return NULL;
    }
    seals_init(&ledger->sum.seals, key, scope);
    buf_init(&ledger->torn, TORN_MAX);
    hash_chain_begin(&ledger->sum.head);
    return ledger;
}

void audit_reader_free(struct audit_reader *ledger)
{
    if (ledger == NULL)
        return;
    buf_done(&ledger->torn);
    free(ledger->block);
    free(ledger);
}

void audit_reader_take(struct audit_reader *ledger, const char *name, FILE *file)
{
    ledger->name = name;
    ledger->file = file;
    ledger->number = 0;
    ledger->start = 0;
    ledger->offset = 0;
    ledger->filled = 0;
    ledger->taken = 0;
    seals_take_file(&ledger->sum.seals);
}

struct audit_reader_sum audit_reader_sum(const struct audit_reader *ledger)
{
    return ledger->sum;
}

unsigned long long audit_reader_offset(const struct audit_reader *ledger)
{
    return ledger->held > 0 ? ledger->start : ledger->offset;
}

PRINTF_LIKE(4, 5)
static enum audit_reader_find tell(struct audit_reader_line *out, const char *name, unsigned long long number,
                                   const char *format, ...)
{
    va_list arguments;
    int used = snprintf(out->text, sizeof out->text, "%.160s:%llu: ", name, number);
    size_t start = used < 0 || (size_t)used >= sizeof out->text ? 0 : (size_t)used;
    va_start(arguments, format);
    (void)vsnprintf(out->text + start, sizeof out->text - start, format, arguments);
    va_end(arguments);
    return AUDIT_READER_BROKEN;
}

/* ---- torn lines ---- */

static void keep_torn(struct audit_reader *ledger, size_t length)
{
    if (ledger->torn.length == 0 && !ledger->torn.failed)
        ledger->torn_start = ledger->number;
    buf_put_bytes(&ledger->torn, ledger->line, length);
    ledger->torn_end = ledger->offset;
}

static bool has_torn(const struct audit_reader *ledger)
{
    return ledger->torn.length > 0 || ledger->torn.failed;
}

/* Does the record say how many bytes before it are torn, and their hash? */
static bool explains(const struct audit_reader *ledger, const char *bytes, size_t length, bool *claims)
{
    char hex[HASH_CHAIN_HEX + 1];
    *claims = false;
    if (!hash_chain_is(bytes, length, "open") || json_depth(bytes, length, RECORD_DEPTH) > RECORD_DEPTH)
        return false;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *torn = json_object_get(root, "torn");
    const char *said = json_string_value(json_object_get(torn, "sha256"));
    *claims = torn != NULL;
    bool same = said != NULL && !ledger->torn.failed &&
                json_integer_value(json_object_get(torn, "bytes")) == (json_int_t)ledger->torn.length &&
                hash_chain_hash(buf_text(&ledger->torn), ledger->torn.length, hex) == 0 &&
                strcmp(hex, said) == 0;
    json_decref(root);
    return same;
}

/* The torn lines before this record, if any: PRECISELY what it says of them, or the chain is broken there. */
static enum audit_reader_find settle_torn(struct audit_reader *ledger, size_t length,
                                          struct audit_reader_line *out)
{
    bool claims = false;
    bool same = explains(ledger, ledger->line, length, &claims);
    size_t bytes = ledger->torn.length;
    bool torn = has_torn(ledger);
    buf_reset(&ledger->torn);
    if (!torn && !claims)
        return AUDIT_READER_RECORD;
    if (!ledger->begun && ledger->sum.seals.scope == SEALS_FROM_LINE)
        return AUDIT_READER_RECORD; /* of what stands before it the beginning is not read */
    if (torn && same) {
        (void)tell(out, ledger->name, ledger->torn_start,
                   "torn: %zu bytes, up to byte %llu; the writer was killed, and went on behind them", bytes,
                   ledger->torn_end);
        return AUDIT_READER_TORN;
    }
    if (torn)
        return tell(out, ledger->name, ledger->torn_start, "is no record, and none explains it: altered");
    return tell(out, ledger->name, ledger->number, "the torn line that this record names is gone");
}

/* ---- the chain ---- */

static enum audit_reader_find check_fit(struct audit_reader *ledger, enum hash_chain_fit fit,
                                        const struct hash_chain_line *line, struct audit_reader_line *out)
{
    const struct hash_chain_head *head = &ledger->sum.head;
    if (ledger->begun && strcmp(line->prev, head->hash) != 0) {
        if (line->head.seq > head->seq + 1)
            return tell(out, ledger->name, ledger->number,
                        "does not follow the record before it: %llu to %llu are missing", head->seq + 1,
                        line->head.seq - 1);
        return tell(out, ledger->name, ledger->number,
                    "does not follow the record before it: %llu comes after %llu", line->head.seq, head->seq);
    }
    if (fit == HASH_CHAIN_ALTERED)
        return tell(out, ledger->name, ledger->number, "record %llu was altered: its hash is another",
                    line->head.seq);
    if (ledger->begun && line->head.seq != head->seq + 1)
        return tell(out, ledger->name, ledger->number, "record %llu comes after %llu", line->head.seq,
                    head->seq);
    return AUDIT_READER_RECORD;
}

/* Of a record that fits, or of which it was said already that it does not. */
static enum audit_reader_find check_seal(struct audit_reader *ledger, enum audit_reader_find find,
                                         const struct hash_chain_line *line, size_t length,
                                         struct audit_reader_line *out)
{
    char text[SEALS_TEXT] = "";
    enum seals_find seal = seals_take(&ledger->sum.seals, ledger->line, length, line->head.seq, text);
    if (find != AUDIT_READER_RECORD || seal == SEALS_GOOD)
        return find;
    (void)tell(out, ledger->name, ledger->number, "%s", text);
    return seal == SEALS_NOTE ? AUDIT_READER_NOTE : AUDIT_READER_BROKEN;
}

/* Does another chain begin?  Its first record has the number 1, and follows nothing. */
static bool is_anew(const struct audit_reader *ledger, const struct hash_chain_line *line)
{
    struct hash_chain_head none;
    hash_chain_begin(&none);
    return ledger->begun && line->head.seq == 1 && strcmp(line->prev, none.hash) == 0;
}

/* Kinds that were added later mean nothing here, and are counted; a format that is too new is told. */
static enum audit_reader_find check_format(struct audit_reader *ledger, size_t length,
                                           struct audit_reader_line *out)
{
    struct audit_reader_sum *sum = &ledger->sum;
    enum audit_reader_find find = AUDIT_READER_RECORD;
    if (!hash_chain_is_known(ledger->line, length, sum->strange == 0 ? sum->kind : NULL, sizeof sum->kind))
        sum->strange++;
    if (!hash_chain_is(ledger->line, length, "open") ||
        json_depth(ledger->line, length, RECORD_DEPTH) > RECORD_DEPTH)
        return find;
    json_t *open = json_loadb(ledger->line, length, JSON_REJECT_DUPLICATES, NULL);
    json_int_t format = json_integer_value(json_object_get(open, "format"));
    const char *version = json_string_value(json_object_get(open, "version"));
    if (format > HASH_CHAIN_FORMAT) {
        (void)tell(out, ledger->name, ledger->number,
                   "countersign %.32s wrote what follows, in format %" JSON_INTEGER_FORMAT
                   ": this release knows the formats up to %d, take that one to read it",
                   version == NULL ? "of another version" : version, format, HASH_CHAIN_FORMAT);
        find = AUDIT_READER_NEWER;
    }
    json_decref(open);
    return find;
}

static enum audit_reader_find judge(struct audit_reader *ledger, enum hash_chain_fit fit,
                                    const struct hash_chain_line *line, size_t length,
                                    struct audit_reader_line *out)
{
    struct audit_reader_sum *sum = &ledger->sum;
    bool anew = is_anew(ledger, line);
    if (anew) {
        (void)tell(
            out, ledger->name, ledger->number,
            "another chain begins; the one before it ended with record %llu (of two gateways each needs an "
            "instance of its own)",
            sum->head.seq);
        seals_take_chain(&sum->seals);
        ledger->begun = false;
    }
    if (!ledger->begun && sum->records == 0) {
        sum->before.seq = line->head.seq - 1;
        memcpy(sum->before.hash, line->prev, sizeof sum->before.hash);
    }
    out->follows = !anew && (!ledger->begun || strcmp(line->prev, sum->head.hash) == 0);
    enum audit_reader_find find = check_seal(ledger, check_fit(ledger, fit, line, out), line, length, out);
    if (find == AUDIT_READER_RECORD)
        find = check_format(ledger, length, out);
    ledger->begun = true;
    sum->head = line->head; /* what it claims to be: one alteration is one finding */
    sum->records++;
    out->bytes = ledger->line;
    out->length = length;
    return anew && find != AUDIT_READER_BROKEN && find != AUDIT_READER_NEWER ? AUDIT_READER_ANEW : find;
}

/* ---- reading ---- */

static enum audit_reader_find end_of_file(struct audit_reader *ledger, struct audit_reader_line *out)
{
    size_t bytes = ledger->torn.length;
    bool torn = has_torn(ledger);
    buf_reset(&ledger->torn);
    if (ferror(ledger->file) != 0) {
        (void)tell(out, ledger->name, ledger->number, "cannot be read on: %s", strerror(errno));
        return AUDIT_READER_FAILED;
    }
    if (!torn)
        return AUDIT_READER_END;
    (void)tell(out, ledger->name, ledger->torn_start,
               "torn: the last record ends at byte %llu, and %zu bytes of another follow",
               ledger->torn_end - bytes, bytes);
    return AUDIT_READER_TORN;
}

/* False: there is nothing more, or no room. */
static bool read_more(struct audit_reader *ledger)
{
    errno = 0;
    if (ledger->taken > 0) {
        memmove(ledger->block, ledger->block + ledger->taken, ledger->filled - ledger->taken);
        ledger->filled -= ledger->taken;
        ledger->taken = 0;
    }
    size_t got = fread(ledger->block + ledger->filled, 1, BLOCK_SIZE - ledger->filled, ledger->file);
    ledger->filled += got;
    ledger->block[ledger->filled] = '\0';
    return got > 0;
}

/* The next line's length without its line feed, kept in ledger->line; -1: there is none.  What is longer than
 * any record comes in pieces: it is torn, or none of ours. */
static ssize_t read_line(struct audit_reader *ledger, bool *ended)
{
    size_t looked = 0;
    const char *end;
    do {
        const char *from = ledger->block + ledger->taken;
        size_t length = ledger->filled - ledger->taken;
        end = memchr(from + looked, '\n', length - looked);
        looked = length;
    } while (end == NULL && read_more(ledger));
    ledger->line = ledger->block + ledger->taken;
    size_t length = end != NULL ? (size_t)(end - ledger->line) : ledger->filled - ledger->taken;
    *ended = end != NULL;
    if (length == 0 && !*ended)
        return -1;
    ledger->taken += length + *ended;
    ledger->number++;
    ledger->start = ledger->offset;
    ledger->offset += length + *ended;
    return (ssize_t)length;
}

enum audit_reader_find audit_reader_next(struct audit_reader *ledger, struct audit_reader_line *out)
{
    struct hash_chain_line line = {0};
    *out = (struct audit_reader_line){0};
    for (;;) {
        bool ended = true;
        ssize_t got = ledger->held > 0 ? (ssize_t)ledger->held : read_line(ledger, &ended);
        if (got < 0)
            return end_of_file(ledger, out);
        size_t length = (size_t)got;
        bool looked_at = ledger->held > 0;
        ledger->held = 0;
        out->number = ledger->number;
        enum hash_chain_fit fit = hash_chain_read(ledger->line, length, &line);
        if (fit == HASH_CHAIN_FOREIGN) {
            keep_torn(ledger, length + ended);
            continue;
        }
        enum audit_reader_find find = looked_at ? AUDIT_READER_RECORD : settle_torn(ledger, length, out);
        if (find == AUDIT_READER_RECORD)
            return judge(ledger, fit, &line, length, out);
        ledger->held = length;
        return find;
    }
}
