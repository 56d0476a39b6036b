#include "gateway/command/status_findings.h"

#include "base/json.h"
#include "client/metrics_text.h"
#include "client/terminal.h"

#include <stdio.h>
#include <string.h>

enum {
    STATUS_TEXT_MAX = 1024 * 1024,
    STATUS_LINES_MAX = 10, /* of a refused configuration: one screen; `check` says them all */
    STATUS_WHAT_MAX = 512,
    STATUS_CERTIFICATE_DAYS = 14, /* as the alert CountersignCertificateEnds has it */
};

void status_findings_init(struct status_findings *found)
{
    *found = (struct status_findings){0};
    buf_init(&found->wrong, STATUS_TEXT_MAX);
    buf_init(&found->notes, STATUS_TEXT_MAX);
    buf_init(&found->json, STATUS_TEXT_MAX);
}

void status_findings_done(struct status_findings *found)
{
    buf_done(&found->wrong);
    buf_done(&found->notes);
    buf_done(&found->json);
}

void status_findings_add(struct status_findings *found, const char *what, const char *detail,
                         const char *advice)
{
    buf_put_format(&found->wrong, "  %u. ", ++found->count);
    terminal_put_plain(&found->wrong, what);
    if (detail != NULL) {
        buf_put(&found->wrong, ": ");
        terminal_put_plain(&found->wrong, detail);
    }
    buf_put_format(&found->wrong, "\n     Do: %s\n", advice);
    json_open(&found->json);
    json_member(&found->json, "what", what);
    json_member(&found->json, "detail", detail);
    json_member(&found->json, "do", advice);
    json_close(&found->json);
}

static void put_lines(struct status_findings *found, const json_t *lines)
{
    size_t count = json_array_size(lines);
    for (size_t i = 0; i < count && i < STATUS_LINES_MAX; i++) {
        const char *line = json_string_value(json_array_get(lines, i));
        buf_put(&found->wrong, "       ");
        terminal_put_plain(&found->wrong, line == NULL ? "" : line);
        buf_put_char(&found->wrong, '\n');
    }
    if (count > STATUS_LINES_MAX)
        buf_put_format(&found->wrong, "       ... and %zu more\n", count - STATUS_LINES_MAX);
}

static void look_at_service(struct status_findings *found, const json_t *ready)
{
    const char *status = json_string_value(json_object_get(ready, "status"));
    const json_t *errors = json_object_get(ready, "errors");
    const json_t *tests = json_object_get(ready, "failedTests");
    if (status == NULL || strcmp(status, "ready") != 0)
        status_findings_add(found, "it takes no requests now", status,
                            "`starting` and `draining` pass by themselves; if not, read its standard error");
    if (json_object_get(ready, "lastReload") != NULL) {
        status_findings_add(found, "the last reload failed, and the configuration before it stays in force",
                            NULL, "correct these lines, run `countersign check`, and reload again");
        put_lines(found, errors);
    }
    if (json_array_size(tests) > 0) {
        status_findings_add(found, "tests of the policy in force fail", NULL,
                            "correct the rules or the tests, run `countersign check`, and reload");
        put_lines(found, tests);
    }
}

static void look_at_files(struct status_findings *found, const json_t *ready)
{
    const json_t *state = json_object_get(ready, "state");
    const char *audit = json_string_value(json_object_get(ready, "audit"));
    const char *witness = json_string_value(json_object_get(ready, "auditWitness"));
    if (audit != NULL)
        status_findings_add(
            found, "the audit file", audit,
            "look at its disk and rights, and run `countersign audit verify` (docs/audit.md)");
    if (witness != NULL)
        status_findings_add(found, "the witness of the audit file", witness,
                            "look whether its file or service can be reached (docs/audit.md)");
    if (json_is_true(json_object_get(state, "away")))
        status_findings_add(
            found, "the store does not answer", json_string_value(json_object_get(state, "store")),
            "look at the store; until then limits are local, and an Idempotency-Key is refused");
}

static void look_at_upstream(struct status_findings *found, const char *name, const json_t *upstream)
{
    char what[STATUS_WHAT_MAX];
    const char *breaker = json_string_value(json_object_get(upstream, "breaker"));
    const char *refused = json_string_value(json_object_get(upstream, "refusedCredential"));
    const char *used = json_string_value(json_object_get(upstream, "credential"));
    json_int_t ahead = json_integer_value(json_object_get(upstream, "clockAheadSeconds"));
    (void)snprintf(what, sizeof what, "upstream %.100s", name);
    if (breaker != NULL)
        status_findings_add(
            found, what,
            strcmp(breaker, "open") == 0 ? "its breaker is open: it failed again and again"
                                         : "its breaker tries whether it is back",
            "look whether it can be reached from here; the log's upstream lines say how it failed");
    if (refused != NULL) {
        status_findings_add(found, what,
                            used != NULL ? "the cloud refuses one of its credentials, another is used"
                                         : "the cloud refuses its credential",
                            "renew the credential at the cloud, and reload (docs/credentials.md)");
        buf_put(&found->wrong, "       credential ");
        terminal_put_plain(&found->wrong, refused);
        buf_put_char(&found->wrong, '\n');
    }
    if (ahead != 0) {
        char detail[STATUS_WHAT_MAX];
        (void)snprintf(detail, sizeof detail, "its clock is %lld s %s ours",
                       (long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
        status_findings_add(found, what, detail,
                            "set this machine's clock (NTP); calls are signed with the cloud's");
    }
}

static void look_at_upstreams(struct status_findings *found, json_t *ready)
{
    const char *name;
    json_t *item;
    json_object_foreach(json_object_get(ready, "upstreams"), name, item) look_at_upstream(found, name, item);
    json_object_foreach(json_object_get(ready, "credentials"), name, item)
    {
        char what[STATUS_WHAT_MAX];
        const char *error = json_string_value(json_object_get(item, "error"));
        (void)snprintf(what, sizeof what, "credential %.100s ends in %lld s", name,
                       (long long)json_integer_value(json_object_get(item, "secondsLeft")));
        status_findings_add(found, what, error,
                            "look at its source, from which it is renewed (docs/credentials.md)");
    }
}

static void look_at_certificates(struct status_findings *found, const json_t *ready)
{
    const json_t *list = json_object_get(ready, "certificates");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *file = json_string_value(json_object_get(item, "file"));
        json_int_t days = json_integer_value(json_object_get(item, "daysLeft"));
        char detail[STATUS_WHAT_MAX];
        if (days >= STATUS_CERTIFICATE_DAYS)
            continue;
        (void)snprintf(detail, sizeof detail, "%.300s %s", file == NULL ? "?" : file,
                       days < 0 ? "has expired" : "ends within two weeks");
        status_findings_add(found, "a certificate of a listener", detail,
                            "put the new one in its place, and reload (docs/operations.md)");
    }
}

static void note(struct status_findings *found, double count, const char *text)
{
    if (count > 0)
        buf_put_format(&found->notes, "  - %.0f %s\n", count, text);
}

static void look_at_metrics(struct status_findings *found, const char *metrics)
{
    double soon = metrics_text_sum(metrics, "countersign_tokens", "expires", "1d") +
                  metrics_text_sum(metrics, "countersign_tokens", "expires", "7d");
    note(found, soon, "tokens end within 7 days: give their callers new ones");
    note(found, metrics_text_sum(metrics, "countersign_freezes", NULL, NULL),
         "clients or tokens are frozen: `countersign freezes` lists them");
    note(found, metrics_text_sum(metrics, "countersign_changes_total", "outcome", "unknown"),
         "changes had the outcome unknown since the start: `countersign audit show --outcome unknown` lists "
         "them");
    note(found, metrics_text_sum(metrics, "countersign_log_lines_dropped_total", NULL, NULL),
         "access lines were lost: standard output did not take them");
}

void status_findings_look(struct status_findings *found, json_t *ready, const char *metrics)
{
    look_at_service(found, ready);
    look_at_files(found, ready);
    look_at_upstreams(found, ready);
    look_at_certificates(found, ready);
    look_at_metrics(found, metrics);
}
