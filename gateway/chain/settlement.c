#include "gateway/chain/settlement.h"

#include "base/json/json.h"
#include "base/text.h"
#include "gateway/chain/audit_reader.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { RECORD_DEPTH = 8, NEEDLE_SIZE = 40, OUTCOME_SIZE = 24 };

/* What the files say of the change that is looked for. */
struct search {
    unsigned long long seq;
    struct settlement *found;        /* of 0: not met yet */
    bool met;                        /* a record of that number, whatever it is */
    bool ended;                      /* the gateway that sent it has ended since */
    char outcome[OUTCOME_SIZE];      /* "": none */
    char settled[SETTLEMENT_BY + 1]; /* by whom it was settled already */
};

static void copy(char *out, size_t size, const json_t *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record, key));
    (void)snprintf(out, size, "%s", text == NULL ? "" : text);
}

/* The record that was asked for: a change's intent, or its outcome. */
static void take_asked(struct search *search, const json_t *record, const char *kind)
{
    search->met = true;
    if (strcmp(kind, "intent") == 0)
        search->found->of = search->seq;
    else if (strcmp(kind, "outcome") == 0)
        search->found->of = (unsigned long long)json_integer_value(json_object_get(record, "of"));
    else
        return;
    copy(search->found->request, sizeof search->found->request, record, "requestId");
}

/* What is said of it, there or later. */
static void take_said(struct search *search, const json_t *record, const char *kind)
{
    const char *request = json_string_value(json_object_get(record, "requestId"));
    if (request == NULL || strcmp(request, search->found->request) != 0 ||
        (unsigned long long)json_integer_value(json_object_get(record, "of")) != search->found->of)
        return;
    if (strcmp(kind, "outcome") == 0)
        copy(search->outcome, sizeof search->outcome, record, "outcome");
    if (strcmp(kind, "settle") == 0)
        copy(search->settled, sizeof search->settled, record, "by");
}

/* Does the line concern the change?  Most do not, and are not parsed. */
static bool concerns(const struct search *search, const struct audit_reader_line *line,
                     unsigned long long seq)
{
    char needle[NEEDLE_SIZE];
    if (seq == search->seq)
        return true;
    if (search->found->of == 0)
        return false;
    if (hash_chain_is(line->bytes, line->length, "open"))
        return true;
    (void)snprintf(needle, sizeof needle, ",\"of\":%llu,", search->found->of);
    return memmem(line->bytes, line->length, needle, strlen(needle)) != NULL;
}

static void take_line(struct search *search, const struct audit_reader_line *line, unsigned long long seq)
{
    if (!concerns(search, line, seq) || json_depth(line->bytes, line->length, RECORD_DEPTH) > RECORD_DEPTH)
        return;
    json_t *record = json_loadb(line->bytes, line->length, JSON_REJECT_DUPLICATES, NULL);
    const char *kind = json_string_value(json_object_get(record, "audit"));
    if (kind != NULL && seq == search->seq)
        take_asked(search, record, kind);
    if (kind != NULL && search->found->of != 0)
        take_said(search, record, kind);
    /* the `open` of a start says which configuration is in force */
    if (kind != NULL && strcmp(kind, "open") == 0 && json_object_get(record, "config") != NULL)
        search->ended = search->found->of != 0;
    json_decref(record);
}

static int read_file(struct search *search, struct audit_reader *reader, const char *name, struct err *err)
{
    struct audit_reader_line line;
    enum audit_reader_find find = AUDIT_READER_RECORD;
    FILE *file = fopen(name, "re");
    if (file == NULL)
        return err_set(err, ERR_SYSTEM, "cannot read '%.200s': %s", name, strerror(errno));
    audit_reader_take(reader, name, file);
    while (find != AUDIT_READER_END && find != AUDIT_READER_FAILED && find != AUDIT_READER_BROKEN) {
        find = audit_reader_next(reader, &line);
        if (line.bytes != NULL)
            take_line(search, &line, audit_reader_sum(reader).head.seq);
        if (find == AUDIT_READER_ANEW)
            break;
    }
    (void)fclose(file); /* only read from */
    return find == AUDIT_READER_END ? 0 : err_set(err, ERR_INPUT, "%.300s", line.text);
}

static int judge(const struct search *search, bool running, struct err *err)
{
    unsigned long long seq = search->seq;
    if (!search->met)
        return err_set(err, ERR_INPUT, "there is no record %llu in these files", seq);
    if (search->found->of == 0)
        return err_set(err, ERR_INPUT, "record %llu is neither a change nor its outcome", seq);
    if (search->settled[0] != '\0')
        return err_set(err, ERR_INPUT, "%.128s has settled record %llu already", search->settled, seq);
    if (search->outcome[0] != '\0' && strcmp(search->outcome, "unknown") != 0)
        return err_set(err, ERR_INPUT, "the outcome of record %llu is not unknown, it is: %s", seq,
                       search->outcome);
    if (search->outcome[0] == '\0' && running && !search->ended)
        return err_set(err, ERR_INPUT, "record %llu may still be under way: it has no outcome yet", seq);
    return 0;
}

int settlement_find(const char *const *files, unsigned long long seq, bool running, struct settlement *found,
                    struct err *err)
{
    struct search search = {.seq = seq, .found = found};
    struct audit_reader *reader = audit_reader_new(NULL, SEALS_FROM_LINE);
    int result = reader == NULL ? err_memory(err) : 0;
    found->of = 0;
    for (; *files != NULL && result == 0; files++)
        result = read_file(&search, reader, *files, err);
    audit_reader_free(reader);
    return result != 0 ? -1 : judge(&search, running, err);
}

static bool is_text(const char *text, size_t max)
{
    size_t length = strlen(text);
    return length > 0 && length <= max && text_is_utf8(text, length) && !text_has_control(text, length);
}

int settlement_check(const struct settlement *settlement, struct err *err)
{
    if (strcmp(settlement->outcome, "executed") != 0 && strcmp(settlement->outcome, "not-executed") != 0)
        return err_set(err, ERR_INPUT, "a change was executed, or not-executed");
    if (!is_text(settlement->by, SETTLEMENT_BY))
        return err_set(err, ERR_INPUT, "who settles it is a text of 1 to %d bytes without control characters",
                       SETTLEMENT_BY);
    if (!is_text(settlement->note, SETTLEMENT_NOTE))
        return err_set(err, ERR_INPUT, "the note is a text of 1 to %d bytes without control characters",
                       SETTLEMENT_NOTE);
    return 0;
}

void settlement_put(struct buf *members, const struct settlement *settlement)
{
    json_member_int(members, "of", (long long)settlement->of);
    json_member(members, "requestId", settlement->request);
    json_member(members, "outcome", settlement->outcome);
    json_member(members, "by", settlement->by);
    json_member(members, "operator", settlement->operator_name);
    json_member(members, "note", settlement->note);
}
