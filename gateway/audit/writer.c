#include "gateway/audit/writer.h"

#include "base/time/clock.h"
#include "base/json/json.h"
#include "base/log/operator_log.h"
#include "base/time/timestamp.h"
#include "base/version.h"
#include "gateway/audit/audit_file.h"
#include "gateway/audit/audit_resume.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot_write(const struct writer *writer, struct err *err)
{
    return err_set(err, ERR_SYSTEM, "the audit file '%s' cannot be written to: %s", writer->what->file,
                   strerror(errno));
}

/* ---- one record ---- */

/* What is on its way to the file, and what holds once all of it is there. */
struct record {
    struct buf line;
    struct hash_chain_head head;
    bool sealed;
    struct seal seal;
};

static void note_seal(struct writer *writer, const struct record *record)
{
    writer->seal = record->seal;
    writer->sealed = record->head.seq;
    writer->since = 0;
    writer->bytes = 0;
    if (writer->tell != NULL)
        writer->tell(writer->context, buf_text(&record->line), record->line.length);
}

static int put_line(struct writer *writer, const struct record *record, int64_t now, struct err *err)
{
    errno = 0;
    writer->ready =
        audit_file_write(writer->fd, buf_text(&record->line), record->line.length) == record->line.length;
    if (!writer->ready)
        return cannot_write(writer, err);
    writer->head = record->head;
    atomic_fetch_add_explicit(&writer->records, 1, memory_order_relaxed);
    if (record->sealed) {
        note_seal(writer, record);
        return 0;
    }
    if (writer->since == 0)
        writer->since = now;
    writer->bytes += record->line.length;
    return 0;
}

static void begin_line(const struct writer *writer, struct record *record, const char *kind, int64_t time)
{
    char text[TIMESTAMP_SIZE];
    *record = (struct record){.head = writer->head};
    buf_init(&record->line, HASH_CHAIN_LINE_MAX);
    hash_chain_open(&record->line, &record->head);
    json_member(&record->line, "audit", kind);
    timestamp_format(time, text);
    json_member(&record->line, "time", text);
    json_member(&record->line, "instance", writer->what->instance);
}

static int seal_line(const struct writer *writer, struct record *record, bool last, struct err *err)
{
    record->sealed = true;
    record->seal.every = writer->what->seal_every;
    record->seal.last = last;
    record->seal.refusing = atomic_load(&writer->refusing);
    seal_put(&record->line, &writer->seal, &record->seal);
    return hash_chain_seal(&record->line, writer->what->key, record->seal.mac, err);
}

/* Takes the record. */
static int end_line(struct writer *writer, struct record *record, int64_t now, struct err *err)
{
    int result = hash_chain_close(&record->line, &record->head, err);
    if (result == 0)
        result = put_line(writer, record, now, err);
    buf_done(&record->line);
    return result;
}

static int put_seal(struct writer *writer, bool last, int64_t now, struct err *err)
{
    struct record record;
    begin_line(writer, &record, "seal", now);
    if (seal_line(writer, &record, last, err) == 0)
        return end_line(writer, &record, now, err);
    buf_done(&record.line);
    return -1;
}

/* ---- where a file is gone on with ---- */

static void put_torn(struct buf *members, const struct audit_resume *tail)
{
    if (tail->torn == 0)
        return;
    json_open_member(members, "torn");
    json_member_int(members, "bytes", (long long)tail->torn);
    json_member(members, "sha256", tail->torn_hash);
    json_close(members);
}

/* What the start knows of the records before it. */
static void put_found(struct buf *members, const struct inspect *found)
{
    if (found->records == 0)
        return;
    json_open_member(members, "found");
    json_member_int(members, "from", (long long)found->from);
    json_member_int(members, "sealed", (long long)found->sealed);
    json_member_int(members, "unsealed", (long long)found->unsealed);
    if (found->seal.number == 0)
        json_member_int(members, "format", 1);
    json_member_bool(members, "last", found->seal.last);
    if (found->seal.refusing)
        json_member_bool(members, "refusing", true);
    json_close(members);
}

static void put_broken(struct buf *members, const char *kept, const char *why)
{
    if (kept == NULL)
        return;
    const char *slash = strrchr(kept, '/');
    json_open_member(members, "broken");
    json_member(members, "file", slash == NULL ? kept : slash + 1);
    json_member(members, "why", why);
    json_close(members);
}

static void forget_news(struct writer *writer)
{
    free(writer->news.kept);
    writer->news = (struct writer_news){0};
}

/* The record that says: from here on, this process. */
static int put_open(struct writer *writer, const struct audit_resume *tail, struct err *err)
{
    struct record record;
    int64_t now = clock_wall_ms();
    begin_line(writer, &record, "open", now);
    json_member(&record.line, "version", VERSION_TEXT);
    json_member_int(&record.line, "format", HASH_CHAIN_FORMAT);
    if (!writer->begun) /* later a reload may have changed it, and has its own record */
        json_member(&record.line, "config", writer->what->in_force);
    put_torn(&record.line, tail);
    put_found(&record.line, &writer->news.found);
    put_broken(&record.line, writer->news.kept, writer->news.why);
    if (writer->what->key != NULL && seal_line(writer, &record, false, err) != 0) {
        buf_done(&record.line);
        return -1;
    }
    return end_line(writer, &record, now, err);
}

/* Finds where the open file can go on, and says so in it. */
static int continue_file(struct writer *writer, struct err *err)
{
    struct stat status;
    struct audit_resume tail = {0};
    struct err reason = {0};
    if (fstat(writer->fd, &status) != 0)
        return cannot_write(writer, err);
    hash_chain_begin(&tail.head);
    if (S_ISREG(status.st_mode) && audit_resume_read(writer->fd, (size_t)status.st_size, &tail, &reason) != 0)
        return err_set(err, reason.kind, "the audit file '%s': %.200s", writer->what->file, reason.text);
    if (tail.unended && audit_file_write(writer->fd, "\n", 1) != 1)
        return cannot_write(writer, err);
    if (!writer->begun)
        writer->head = tail.head; /* else our own: if somebody else wrote meanwhile, it shall not fit */
    if (put_open(writer, &tail, err) != 0)
        return -1;
    writer->begun = true;
    forget_news(writer);
    if (tail.torn > 0)
        operator_log_warn(writer->notices,
                          "the audit file '%s' had a torn line of %zu bytes; it goes on behind it",
                          writer->what->file, tail.torn);
    return 0;
}

/* `last`: the old file gets a seal that ends it.  Where that cannot be written the new file's first record
 * vouches for the old one. */
static int replace_file(struct writer *writer, bool last, struct err *err)
{
    int fd = audit_file_open(writer->what, err);
    if (fd < 0)
        return -1;
    if (writer->what->sync && fdatasync(writer->fd) != 0) { /* those who still wait for it are told so */
        atomic_store(&writer->lost, writer->head.seq);
        (void)close(fd);
        return cannot_write(writer, err);
    }
    if (last && writer->what->key != NULL && writer->ready)
        (void)put_seal(writer, true, clock_wall_ms(), NULL);
    (void)close(writer->fd); /* every write() to it was looked at */
    writer->fd = fd;
    writer->ready = false;
    return 0;
}

/* The open file is one to write to. */
static int make_ready(struct writer *writer, struct err *err)
{
    if (audit_file_is_removed(writer->fd)) {
        if (replace_file(writer, false, err) != 0)
            return -1;
        operator_log_warn(writer->notices, "the audit file '%s' was removed; it goes on in a new one",
                          writer->what->file);
    }
    return writer->ready ? 0 : continue_file(writer, err);
}

/* ---- from outside ---- */

/* Seals what is there before it is too old, or too much to be read by a start: mostly the sealer was
 * sooner. */
static bool is_seal_due(const struct writer *writer, int64_t now)
{
    return writer->what->key != NULL && writer->since != 0 &&
           (now - writer->since > writer->what->seal_every || writer->bytes > SEAL_BYTES_MAX);
}

int writer_put(struct writer *writer, const char *kind, int64_t time, const struct buf *members,
               struct err *err)
{
    struct record record;
    if (make_ready(writer, err) != 0)
        return -1;
    int64_t now = clock_wall_ms();
    if (is_seal_due(writer, now) && put_seal(writer, false, now, err) != 0)
        return -1;
    begin_line(writer, &record, kind, time == WRITER_NOW ? now : time);
    if (members->length > 0) {
        buf_put_char(&record.line, ',');
        buf_put_bytes(&record.line, buf_text(members), members->length);
    }
    return end_line(writer, &record, now, err);
}

int writer_seal(struct writer *writer, bool last, struct err *err)
{
    if (writer->head.seq == writer->sealed && !last)
        return 0;
    return make_ready(writer, err) != 0 ? -1 : put_seal(writer, last, clock_wall_ms(), err);
}

int writer_reopen(struct writer *writer, struct err *err)
{
    if (audit_file_is_at(writer->fd, writer->what->file))
        return 0;
    return replace_file(writer, true, err) != 0 ? -1 : continue_file(writer, err);
}

int writer_begin_anew(struct writer *writer, const char *why, struct err *err)
{
    atomic_store(&writer->broken, true);
    atomic_store(&writer->refusing, writer->what->on_broken == CONFIG_REFUSE);
    char *kept = audit_file_set_aside(writer->what->file, clock_wall_ms(), err);
    if (kept == NULL)
        return -1;
    forget_news(writer);
    writer->news.kept = kept;
    (void)snprintf(writer->news.why, sizeof writer->news.why, "%s", why);
    operator_log_warn(writer->notices, "the audit file does not hold and is kept as '%s'%s: %s", kept,
                      atomic_load(&writer->refusing) ? "; changes are refused" : "", why);
    struct err reason = {0};
    if (replace_file(writer, false, &reason) != 0 || seal_begin(&writer->seal, &reason) != 0)
        return err_set(err, ERR_INPUT, "%s", reason.text);
    hash_chain_begin(&writer->head);
    writer->begun = false;
    writer->sealed = 0;
    writer->since = 0;
    writer->bytes = 0;
    return continue_file(writer, err);
}

/* The file holds: its last seal is the one to go on from. */
static int go_on(struct writer *writer, struct err *err)
{
    const struct inspect *found = &writer->news.found;
    bool refusing = found->seal.refusing && writer->what->on_broken == CONFIG_REFUSE;
    atomic_store(&writer->broken, refusing);
    atomic_store(&writer->refusing, refusing);
    if (found->seal.number > 0)
        writer->seal = found->seal;
    if (refusing)
        operator_log_warn(
            writer->notices,
            "the audit file '%s' says that one before it did not hold: changes are refused until a start "
            "with on_broken: continue",
            writer->what->file);
    if (found->unsealed > 0 || (found->seal.number > 0 && !found->seal.last))
        operator_log_warn(
            writer->notices,
            "the audit file '%s' does not end in order: %llu records behind its last seal have none; the "
            "gateway was killed, or somebody cut the end off or wrote it",
            writer->what->file, found->unsealed);
    return continue_file(writer, err);
}

int writer_open(struct writer *writer, struct err *err)
{
    struct inspect *found = &writer->news.found;
    writer->fd = audit_file_open(writer->what, err);
    if (writer->fd < 0)
        return -1;
    if (writer->what->key != NULL && inspect_end(writer->what, writer->fd, found, err) != 0)
        return -1;
    if (found->broken[0] == '\0')
        return go_on(writer, err);
    char why[INSPECT_TEXT];
    memcpy(why, found->broken, sizeof why);
    return writer_begin_anew(writer, why, err);
}

int writer_init(struct writer *writer, const struct config_audit *what, struct log *notices, struct err *err)
{
    *writer = (struct writer){.what = what, .notices = notices, .fd = -1};
    atomic_init(&writer->records, 0);
    atomic_init(&writer->lost, 0);
    atomic_init(&writer->broken, false);
    atomic_init(&writer->refusing, false);
    hash_chain_begin(&writer->head);
    return seal_begin(&writer->seal, err);
}

void writer_done(struct writer *writer)
{
    forget_news(writer);
    if (writer->fd >= 0)
        (void)close(writer->fd); /* every write() to it was looked at */
}
