/* `countersign status`: one screen about a gateway, from its admin listener. */
#include "base/time/timestamp.h"
#include "client/admin_call.h"
#include "gateway/metrics/metrics_text.h"
#include "client/terminal.h"
#include "gateway/options/command.h"
#include "gateway/console/diagnosis.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "Usage: countersign status [OPTION...]\n"
    "\n"
    "Says on one screen whether a gateway is healthy, what is wrong, and what to do.  It asks the admin\n"
    "listener, and needs no token.\n"
    "\n";

static const char notes[] =
    "\n"
    "Exit: 0 healthy; 1 it serves, but something is wrong; 3 it does not serve, or was not reached; 2 wrong\n"
    "usage.\n";

enum { STATUS_GOOD = 0, STATUS_WRONG = 1, STATUS_DOWN = 3 };
enum {
    STATUS_READY_MAX = 1024 * 1024,
    STATUS_PAGE_MAX = 4 * 1024 * 1024,
    STATUS_LABEL = 128,
    STATUS_LINES_MAX = 10
};
/* of a refused configuration: one screen; `check` says them all */

struct status {
    struct admin_call call;
    bool json;
    json_t *ready;      /* what /readyz said; NULL: it was not reached, or is no gateway */
    struct buf metrics; /* what /metrics said */
    struct diagnosis found;
};

static const struct command_line_option options[] = {
    {.name = "url",
     .value = "URL",
     .help = "the admin listener (COUNTERSIGN_ADMIN_URL, or " ADMIN_CALL_URL ")",
     .at = offsetof(struct status, call.url)},
    {.name = "ca-file",
     .value = "FILE",
     .help = "the only CAs that are trusted (PEM); default: the system's",
     .at = offsetof(struct status, call.ca_file)},
    {.name = "json",
     .help = "one JSON object: healthy, serving, config, wrong",
     .at = offsetof(struct status, json)},
};

static const struct command_line command_line = {
    .usage = usage, .options = options, .count = COUNT(options), .notes = notes};

static int read_options(struct status *status, int argc, char **argv)
{
    struct command_line_operands operands;
    int parsed = command_options("status", &command_line, argc, argv, status, &operands);
    if (parsed != COMMAND_GOOD)
        return parsed;
    return operands.count == 0 ? COMMAND_GOOD : command_usage("status", "it takes no operand");
}

/* The metrics are a second question: without them the screen says less, and is no less true. */
static void ask(struct status *status)
{
    struct buf answer;
    struct err err = {0};
    long code = 0;
    buf_init(&answer, STATUS_READY_MAX);
    if (admin_call_look(&status->call, "/readyz", &code, &answer, &err) == 0)
        status->ready = json_loadb(buf_text(&answer), answer.length, JSON_REJECT_DUPLICATES, NULL);
    else
        diagnosis_add(&status->found, "the gateway was not reached", err.text,
                      "is it running, and is this its admin listener? (systemctl status countersign; --url)",
                      NULL);
    if (err.text[0] == '\0' && json_object_get(status->ready, "status") == NULL)
        diagnosis_add(&status->found, "what answered is no admin listener of Countersign", NULL,
                      "give its address by --url; `admin` in countersign.yaml has it", NULL);
    else if (status->ready != NULL &&
             (admin_call_look(&status->call, "/metrics", &code, &status->metrics, &err) != 0 || code != 200))
        buf_reset(&status->metrics);
    buf_done(&answer);
}

static bool serves(const struct status *status)
{
    const char *word = json_string_value(json_object_get(status->ready, "status"));
    return word != NULL && strcmp(word, "ready") == 0;
}

static void put_row(struct buf *out, const char *name, const char *text)
{
    buf_put_format(out, "  %-14s ", name);
    terminal_put_plain(out, text);
    buf_put_char(out, '\n');
}

/* The value of a label of the first sample of that name; "?" where there is none. */
static void find_label(const struct status *status, const char *name, const char *label, char *value,
                       size_t size)
{
    const char *at = buf_text(&status->metrics);
    struct metrics_text_sample sample;
    while (metrics_text_next(&at, &sample))
        if (metrics_text_is(&sample, name) && metrics_text_label(&sample, label, value, size))
            return;
    (void)snprintf(value, size, "?");
}

static double sum(const struct status *status, const char *name)
{
    return metrics_text_sum(buf_text(&status->metrics), name, NULL, NULL);
}

static void put_upstreams(const struct status *status, struct buf *out)
{
    const char *at = buf_text(&status->metrics);
    struct metrics_text_sample sample;
    char name[STATUS_LABEL];
    char state[STATUS_LABEL];
    bool any = false;
    while (metrics_text_next(&at, &sample)) {
        if (!metrics_text_is(&sample, "countersign_upstream_breaker") || sample.value == 0)
            continue;
        (void)metrics_text_label(&sample, "upstream", name, sizeof name);
        (void)metrics_text_label(&sample, "state", state, sizeof state);
        buf_put_format(out, "%s", any ? ", " : "  upstreams      ");
        terminal_put_plain(out, name);
        buf_put(out, strcmp(state, "closed") == 0 ? " good" : " breaker ");
        buf_put(out, strcmp(state, "closed") == 0 ? "" : state);
        any = true;
    }
    if (any)
        buf_put_char(out, '\n');
}

static void put_figures(const struct status *status, struct buf *out)
{
    char text[4 * STATUS_LABEL];
    char version[STATUS_LABEL];
    char store[STATUS_LABEL];
    char since[TIMESTAMP_SIZE];
    const char *config = json_string_value(json_object_get(status->ready, "config"));
    double good_at = sum(status, "countersign_reload_last_good_timestamp_seconds");
    if (status->metrics.length == 0)
        return;
    find_label(status, "countersign_build_info", "version", version, sizeof version);
    find_label(status, "countersign_state_info", "store", store, sizeof store);
    timestamp_format((int64_t)good_at * 1000, since);
    put_row(out, "version", version);
    (void)snprintf(text, sizeof text, "%.40s, in force since %s", config == NULL ? "?" : config, since);
    put_row(out, "configuration", text);
    (void)snprintf(text, sizeof text, "%.0f answered, %.0f in flight, %.0f workers",
                   sum(status, "countersign_requests_total"), sum(status, "countersign_requests_in_flight"),
                   sum(status, "countersign_workers"));
    put_row(out, "requests", text);
    (void)snprintf(text, sizeof text, "%.0f of %.0f", sum(status, "countersign_connections"),
                   sum(status, "countersign_connections_limit"));
    put_row(out, "connections", text);
    (void)snprintf(text, sizeof text, "%.100s, %.0f gateways", store,
                   sum(status, "countersign_state_gateways"));
    put_row(out, "store", text);
    put_row(out, "audit file", sum(status, "countersign_audit_enabled") > 0 ? "kept" : "none is kept");
    put_upstreams(status, out);
}

static void put_member(struct buf *out, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    terminal_put_plain(out, text == NULL ? "" : text);
}

static void put_lines(struct buf *out, const json_t *lines)
{
    size_t count = json_array_size(lines);
    for (size_t i = 0; i < count && i < STATUS_LINES_MAX; i++) {
        const char *line = json_string_value(json_array_get(lines, i));
        buf_put(out, "       ");
        terminal_put_plain(out, line == NULL ? "" : line);
        buf_put_char(out, '\n');
    }
    if (count > STATUS_LINES_MAX)
        buf_put_format(out, "       ... and %zu more\n", count - STATUS_LINES_MAX);
}

static void put_wrong(const struct status *status, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(status->found.wrong); i++) {
        const json_t *item = json_array_get(status->found.wrong, i);
        buf_put_format(out, "  %zu. ", i + 1);
        put_member(out, item, "what");
        if (json_object_get(item, "detail") != NULL)
            buf_put(out, ": ");
        put_member(out, item, "detail");
        buf_put(out, "\n     Do: ");
        put_member(out, item, "do");
        buf_put_char(out, '\n');
        put_lines(out, json_object_get(item, "lines"));
    }
}

static void print_text(const struct status *status)
{
    const char *word = json_array_size(status->found.wrong) == 0 ? "healthy"
                       : serves(status)                          ? "serves, but something is wrong"
                                                                 : "does not serve";
    struct buf out;
    buf_init(&out, STATUS_PAGE_MAX);
    buf_put_format(&out, "Countersign: %s\n", word);
    put_figures(status, &out);
    if (json_array_size(status->found.wrong) > 0) {
        buf_put(&out, "\nWhat is wrong\n");
        put_wrong(status, &out);
    }
    if (json_array_size(status->found.notes) > 0)
        buf_put(&out, "\nWorth a look\n");
    for (size_t i = 0; i < json_array_size(status->found.notes); i++) {
        buf_put(&out, "  - ");
        put_member(&out, json_array_get(status->found.notes, i), "what");
        buf_put_char(&out, '\n');
    }
    fputs(buf_text(&out), stdout);
    buf_done(&out);
}

static int print_json(const struct status *status)
{
    json_t *told = json_pack("{s:b, s:b, s:O*, s:O}", "healthy", json_array_size(status->found.wrong) == 0,
                             "serving", serves(status), "config", json_object_get(status->ready, "config"),
                             "wrong", status->found.wrong);
    int result = told == NULL ? -1 : json_dumpf(told, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(told);
    return result;
}

int command_status(int argc, char **argv)
{
    struct status status = {0};
    int result = read_options(&status, argc, argv);
    if (result != COMMAND_GOOD)
        return result < 0 ? COMMAND_GOOD : result;
    buf_init(&status.metrics, STATUS_PAGE_MAX);
    if (diagnosis_init(&status.found) == 0)
        ask(&status);
    if (status.ready != NULL && json_object_get(status.ready, "status") != NULL)
        diagnosis_look(&status.found, status.ready, buf_text(&status.metrics));
    if (!status.json)
        print_text(&status);
    else if (print_json(&status) != 0)
        fputs("countersign status: out of memory\n", stderr);
    result = json_array_size(status.found.wrong) == 0 ? STATUS_GOOD
             : serves(&status)                        ? STATUS_WRONG
                                                      : STATUS_DOWN;
    diagnosis_done(&status.found);
    buf_done(&status.metrics);
    json_decref(status.ready);
    return result;
}
