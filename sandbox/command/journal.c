#include "sandbox/command/journal.h"

#include "base/json/json.h"
#include "base/time/timestamp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    JOURNAL_LINE_MAX = 4096, /* PIPE_BUF: a pipe that polls as writable takes it whole */
    JOURNAL_VALUE_MAX = 128, /* of what a caller sent; escaped, 6 bytes for one        */
    JOURNAL_WAIT_MS = 200,
};

struct journal {
    pthread_mutex_t lock;
    int file;     /* -1: none */
    int standard; /* -1: quiet */
    bool losing;  /* standard output is not read */
};

struct journal *journal_open(const char *path, bool quiet, struct err *err)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL || pthread_mutex_init(&journal->lock, NULL) != 0) {
        free(journal);
        (void)err_memory(err);
        return NULL;
    }
    journal->standard = quiet ? -1 : STDOUT_FILENO;
    journal->file = -1;
    if (path == NULL)
        return journal;
    journal->file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (journal->file >= 0)
        return journal;
    (void)err_set(err, ERR_SYSTEM, "%.160s: %s", path, strerror(errno));
    journal_close(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->file >= 0)
        (void)close(journal->file);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* What a caller sent, cut to a bearable length. */
static void member_cut(struct buf *out, const char *key, const char *value)
{
    char text[JOURNAL_VALUE_MAX + 1];
    if (value == NULL)
        return;
    size_t length = strnlen(value, JOURNAL_VALUE_MAX);
    memcpy(text, value, length);
    text[length] = '\0';
    json_member(out, key, text);
}

/* The kinds that struck, as "delay+code". */
static void member_faults(struct buf *out, const struct fault_strike *strike)
{
    char text[64] = "";
    for (size_t i = 0; i < FAULT_CLASSES; i++) {
        size_t length = strlen(text);
        if (strike->by_class[i].kind != NULL)
            (void)snprintf(text + length, sizeof text - length, "%s%s", length > 0 ? "+" : "",
                           strike->by_class[i].kind->name);
    }
    json_member(out, "fault", text[0] == '\0' ? NULL : text);
}

static void compose(struct buf *out, const struct api_request *exchange)
{
    const struct auth_params *claim = &exchange->claim;
    const struct outcome *outcome = &exchange->outcome;
    char time[TIMESTAMP_SIZE];
    timestamp_format(exchange->received_ms, time);
    json_open(out);
    json_member(out, "time", time);
    member_cut(out, "method", exchange->request->method);
    member_cut(out, "host", exchange->request->host);
    json_member_int(out, "generation", exchange->generation);
    member_cut(out, "action", exchange->action);
    member_cut(out, "region", claim->region);
    member_cut(out, "secretId", claim->secret_id);
    member_cut(out, "timestamp", claim->timestamp);
    member_cut(out, "nonce", claim->nonce);
    json_member_bool(out, "judged", exchange->judged);
    json_member_int(out, "code", outcome->code);
    member_cut(out, exchange->generation == 3 ? "error" : "codeDesc",
               exchange->generation == 3 ? outcome->name : outcome->code_desc);
    member_cut(out, "message", outcome->message);
    if (outcome->task_id != 0)
        json_member_int(out, "taskId", outcome->task_id);
    if (exchange->generation == 3)
        json_member(out, "requestId", outcome->request_id);
    json_member_bool(out, "changed", outcome->changed);
    json_member_int(out, "status", exchange->answer->status);
    member_faults(out, &exchange->strike);
    json_close(out);
    buf_put_char(out, '\n');
}

static void write_file(struct journal *journal, const struct buf *line)
{
    if (journal->file >= 0 && write(journal->file, line->bytes, line->length) != (ssize_t)line->length)
        (void)fprintf(stderr, "sandbox: the journal cannot be written: %s\n", strerror(errno));
}

/* A test that does not read our output must not stop the sandbox. */
static void write_standard(struct journal *journal, const struct buf *line)
{
    struct pollfd out = {.fd = journal->standard, .events = POLLOUT};
    if (journal->standard < 0)
        return;
    if (poll(&out, 1, journal->losing ? 0 : JOURNAL_WAIT_MS) == 1 && (out.revents & POLLOUT) != 0 &&
        write(journal->standard, line->bytes, line->length) > 0) {
        journal->losing = false;
        return;
    }
    if (!journal->losing)
        (void)fprintf(stderr,
                      "sandbox: nobody reads standard output: request lines are lost (see --quiet)\n");
    journal->losing = true;
}

void journal_write(struct journal *journal, const struct api_request *exchange)
{
    struct buf line;
    buf_init(&line, JOURNAL_LINE_MAX);
    compose(&line, exchange);
    if (!line.failed) {
        pthread_mutex_lock(&journal->lock);
        write_file(journal, &line);
        write_standard(journal, &line);
        pthread_mutex_unlock(&journal->lock);
    }
    buf_done(&line);
}
