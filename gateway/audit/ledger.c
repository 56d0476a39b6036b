#include "gateway/audit/ledger.h"

#include "base/buf.h"
#include "base/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
    TORN_MAX = 1024 * 1024 + 1, /* what a writer goes on behind, gateway/audit/tail.h */
    RECORD_DEPTH = 8,
};

struct ledger {
    const struct secret *key;
    const char *name;
    FILE *file;
    unsigned long long number; /* of the line read last */
    unsigned long long offset; /* of its end */
    bool begun;                /* a record was seen: the next has to fit it */
    struct ledger_sum sum;
    struct buf torn;               /* lines that are no records, until one explains them */
    unsigned long long torn_start; /* the first of them */
    unsigned long long torn_end;   /* offset */
    char *line;
    size_t room;
    size_t held; /* a line that was read, and is to be looked at again */
};

struct ledger *ledger_new(const struct secret *key)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return NULL;
    ledger->key = key;
    buf_init(&ledger->torn, TORN_MAX);
    chain_begin(&ledger->sum.head);
    return ledger;
}

void ledger_free(struct ledger *ledger)
{
    if (ledger == NULL)
        return;
    buf_done(&ledger->torn);
    free(ledger->line);
    free(ledger);
}

void ledger_take(struct ledger *ledger, const char *name, FILE *file)
{
    ledger->name = name;
    ledger->file = file;
    ledger->number = 0;
    ledger->offset = 0;
}

struct ledger_sum ledger_sum(const struct ledger *ledger)
{
    return ledger->sum;
}

PRINTF_LIKE(4, 5)
static enum ledger_find tell(struct ledger_line *out, const char *name, unsigned long long number,
                             const char *format, ...)
{
    va_list arguments;
    int used = snprintf(out->text, sizeof out->text, "%.120s:%llu: ", name, number);
    size_t start = used < 0 || (size_t)used >= sizeof out->text ? 0 : (size_t)used;
    va_start(arguments, format);
    (void)vsnprintf(out->text + start, sizeof out->text - start, format, arguments);
    va_end(arguments);
    return LEDGER_BROKEN;
}

/* ---- torn lines ---- */

static void keep_torn(struct ledger *ledger, size_t length)
{
    if (ledger->torn.length == 0 && !ledger->torn.failed)
        ledger->torn_start = ledger->number;
    buf_put_bytes(&ledger->torn, ledger->line, length);
    ledger->torn_end = ledger->offset;
}

static bool has_torn(const struct ledger *ledger)
{
    return ledger->torn.length > 0 || ledger->torn.failed;
}

/* Does the record say how many bytes before it are torn, and their hash? */
static bool explains(const struct ledger *ledger, const char *bytes, size_t length, bool *claims)
{
    char hex[CHAIN_HEX + 1];
    *claims = false;
    if (!chain_is(bytes, length, "open") || json_depth(bytes, length, RECORD_DEPTH) > RECORD_DEPTH)
        return false;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL);
    const json_t *torn = json_object_get(root, "torn");
    const char *said = json_string_value(json_object_get(torn, "sha256"));
    *claims = torn != NULL;
    bool same = said != NULL && !ledger->torn.failed &&
                json_integer_value(json_object_get(torn, "bytes")) == (json_int_t)ledger->torn.length &&
                chain_hash(buf_text(&ledger->torn), ledger->torn.length, hex) == 0 && strcmp(hex, said) == 0;
    json_decref(root);
    return same;
}

/* The torn lines before this record, if any: PRECISELY what it says of them, or the chain is broken there. */
static enum ledger_find settle_torn(struct ledger *ledger, size_t length, struct ledger_line *out)
{
    bool claims = false;
    bool same = explains(ledger, ledger->line, length, &claims);
    size_t bytes = ledger->torn.length;
    bool torn = has_torn(ledger);
    buf_reset(&ledger->torn);
    if (!torn && !claims)
        return LEDGER_RECORD;
    if (torn && same) {
        (void)tell(out, ledger->name, ledger->torn_start,
                   "torn: %zu bytes, up to byte %llu; the writer was killed, and went on behind them", bytes,
                   ledger->torn_end);
        return LEDGER_TORN;
    }
    if (torn)
        return tell(out, ledger->name, ledger->torn_start, "is no record, and none explains it: altered");
    return tell(out, ledger->name, ledger->number, "the torn line that this record speaks of is gone");
}

/* ---- the chain ---- */

static enum ledger_find check_fit(struct ledger *ledger, enum chain_fit fit, const struct chain_line *line,
                                  struct ledger_line *out)
{
    const struct chain_head *head = &ledger->sum.head;
    if (ledger->begun && strcmp(line->prev, head->hash) != 0) {
        if (line->head.seq > head->seq + 1)
            return tell(out, ledger->name, ledger->number,
                        "does not follow the record before it: %llu to %llu are missing", head->seq + 1,
                        line->head.seq - 1);
        return tell(out, ledger->name, ledger->number,
                    "does not follow the record before it: %llu comes after %llu", line->head.seq, head->seq);
    }
    if (fit == CHAIN_ALTERED)
        return tell(out, ledger->name, ledger->number, "record %llu was altered: its hash is another",
                    line->head.seq);
    if (ledger->begun && line->head.seq != head->seq + 1)
        return tell(out, ledger->name, ledger->number, "record %llu comes after %llu", line->head.seq,
                    head->seq);
    return LEDGER_RECORD;
}

/* Of the seal in ledger->line, which is ours: its key has proven it. */
static void note_time(struct ledger *ledger, size_t length)
{
    json_t *seal = json_loadb(ledger->line, length, 0, NULL);
    const char *time = json_string_value(json_object_get(seal, "time"));
    (void)snprintf(ledger->sum.sealed_at, sizeof ledger->sum.sealed_at, "%s", time == NULL ? "" : time);
    json_decref(seal);
}

static enum ledger_find check_seal(struct ledger *ledger, const struct chain_line *line, size_t length,
                                   struct ledger_line *out)
{
    if (!chain_is(ledger->line, length, "seal"))
        return LEDGER_RECORD;
    ledger->sum.seals++;
    if (ledger->key == NULL)
        return LEDGER_RECORD;
    if (!chain_is_sealed(ledger->line, length, ledger->key))
        return tell(out, ledger->name, ledger->number, "the seal was not made with this key");
    ledger->sum.sealed = line->head.seq;
    note_time(ledger, length);
    return LEDGER_RECORD;
}

static enum ledger_find judge(struct ledger *ledger, enum chain_fit fit, const struct chain_line *line,
                              size_t length, struct ledger_line *out)
{
    enum ledger_find find = check_fit(ledger, fit, line, out);
    if (find == LEDGER_RECORD)
        find = check_seal(ledger, line, length, out);
    ledger->begun = true;
    ledger->sum.head = line->head; /* what it claims to be: one alteration is one finding */
    ledger->sum.records++;
    out->bytes = ledger->line;
    out->length = length;
    return find;
}

/* ---- reading ---- */

static enum ledger_find end_of_file(struct ledger *ledger, struct ledger_line *out)
{
    size_t bytes = ledger->torn.length;
    bool torn = has_torn(ledger);
    buf_reset(&ledger->torn);
    if (ferror(ledger->file) != 0) {
        (void)tell(out, ledger->name, ledger->number, "cannot be read on: %s", strerror(errno));
        return LEDGER_FAILED;
    }
    if (!torn)
        return LEDGER_END;
    (void)tell(out, ledger->name, ledger->torn_start,
               "torn: the last record ends at byte %llu, and %zu bytes of another follow",
               ledger->torn_end - bytes, bytes);
    return LEDGER_TORN;
}

/* The next line's length without its line feed, kept in ledger->line; -1: there is none. */
static ssize_t read_line(struct ledger *ledger, bool *ended)
{
    errno = 0;
    ssize_t got = getline(&ledger->line, &ledger->room, ledger->file);
    if (got <= 0)
        return -1;
    *ended = ledger->line[got - 1] == '\n';
    ledger->number++;
    ledger->offset += (unsigned long long)got;
    return *ended ? got - 1 : got;
}

enum ledger_find ledger_next(struct ledger *ledger, struct ledger_line *out)
{
    struct chain_line line = {0};
    *out = (struct ledger_line){0};
    for (;;) {
        bool ended = true;
        ssize_t got = ledger->held > 0 ? (ssize_t)ledger->held : read_line(ledger, &ended);
        if (got < 0)
            return end_of_file(ledger, out);
        size_t length = (size_t)got;
        bool looked_at = ledger->held > 0;
        ledger->held = 0;
        out->number = ledger->number;
        enum chain_fit fit = chain_read(ledger->line, length, &line);
        if (fit == CHAIN_FOREIGN) {
            keep_torn(ledger, length + ended);
            continue;
        }
        enum ledger_find find = looked_at ? LEDGER_RECORD : settle_torn(ledger, length, out);
        if (find == LEDGER_RECORD)
            return judge(ledger, fit, &line, length, out);
        ledger->held = length;
        return find;
    }
}
