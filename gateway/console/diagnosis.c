#include "gateway/console/diagnosis.h"

#include "gateway/metrics/metrics_text.h"

#include <stdio.h>
#include <string.h>

enum {
    DIAGNOSIS_WHAT_MAX = 512,
    DIAGNOSIS_CERTIFICATE_DAYS = 14, /* as the alert CountersignCertificateEnds has it */
};

int diagnosis_init(struct diagnosis *found)
{
    *found = (struct diagnosis){json_array(), json_array()};
    return found->wrong == NULL || found->notes == NULL ? -1 : 0;
}

void diagnosis_done(struct diagnosis *found)
{
    json_decref(found->wrong);
    json_decref(found->notes);
}

void diagnosis_add(struct diagnosis *found, const char *what, const char *detail, const char *advice,
                   json_t *lines)
{
    json_t *one =
        json_pack("{s:s, s:s*, s:s, s:O*}", "what", what, "detail", detail, "do", advice, "lines", lines);
    (void)json_array_append_new(found->wrong, one); /* without memory there is one less */
}

static void look_at_service(struct diagnosis *found, const json_t *ready)
{
    const char *status = json_string_value(json_object_get(ready, "status"));
    json_t *errors = json_object_get(ready, "errors");
    json_t *tests = json_object_get(ready, "failedTests");
    if (status == NULL || strcmp(status, "ready") != 0)
        diagnosis_add(found, "it takes no requests now", status,
                      "`starting` and `draining` pass by themselves; if not, read its standard error", NULL);
    if (json_object_get(ready, "lastReload") != NULL)
        diagnosis_add(found, "the last reload failed, and the configuration before it stays in force", NULL,
                      "correct these lines, run `countersign check`, and reload again", errors);
    if (json_array_size(tests) > 0) {
        diagnosis_add(found, "tests of the policy in force fail", NULL,
                      "correct the rules or the tests, run `countersign check`, and reload", tests);
    }
}

static void look_at_files(struct diagnosis *found, const json_t *ready)
{
    const json_t *state = json_object_get(ready, "state");
    const char *audit = json_string_value(json_object_get(ready, "audit"));
    const char *witness = json_string_value(json_object_get(ready, "auditWitness"));
    if (audit != NULL)
        diagnosis_add(found, "the audit file", audit,
                      "look at its disk and rights, and run `countersign audit verify` (docs/audit.md)",
                      NULL);
    if (witness != NULL)
        diagnosis_add(found, "the witness of the audit file", witness,
                      "look whether its file or service can be reached (docs/audit.md)", NULL);
    if (json_is_true(json_object_get(state, "away")))
        diagnosis_add(found, "the store does not answer", json_string_value(json_object_get(state, "store")),
                      "look at the store; until then limits are local, and an Idempotency-Key is refused",
                      NULL);
}

static void look_at_upstream(struct diagnosis *found, const char *name, const json_t *upstream)
{
    char what[DIAGNOSIS_WHAT_MAX];
    const char *breaker = json_string_value(json_object_get(upstream, "breaker"));
    const char *refused = json_string_value(json_object_get(upstream, "refusedCredential"));
    const char *used = json_string_value(json_object_get(upstream, "credential"));
    json_int_t ahead = json_integer_value(json_object_get(upstream, "clockAheadSeconds"));
    (void)snprintf(what, sizeof what, "upstream %.100s", name);
    if (breaker != NULL)
        diagnosis_add(found, what,
                      strcmp(breaker, "open") == 0 ? "its breaker is open: it failed again and again"
                                                   : "its breaker tries whether it is back",
                      "look whether it can be reached from here; the log's upstream lines say how it failed",
                      NULL);
    if (refused != NULL) {
        diagnosis_add(found, what,
                      used != NULL ? "the cloud refuses one of its credentials, another is used"
                                   : "the cloud refuses its credential",
                      "renew the credential at the cloud, and reload (docs/credentials.md)", NULL);
    }
    if (ahead != 0) {
        char detail[DIAGNOSIS_WHAT_MAX];
        (void)snprintf(detail, sizeof detail, "its clock is %lld s %s ours",
                       (long long)(ahead < 0 ? -ahead : ahead), ahead < 0 ? "behind" : "ahead of");
        diagnosis_add(found, what, detail,
                      "set this machine's clock (NTP); calls are signed with the cloud's", NULL);
    }
}

static void look_at_upstreams(struct diagnosis *found, json_t *ready)
{
    const char *name;
    json_t *item;
    json_object_foreach(json_object_get(ready, "upstreams"), name, item)
    {
        look_at_upstream(found, name, item);
    }
    json_object_foreach(json_object_get(ready, "credentials"), name, item)
    {
        char what[DIAGNOSIS_WHAT_MAX];
        const char *error = json_string_value(json_object_get(item, "error"));
        (void)snprintf(what, sizeof what, "credential %.100s ends in %lld s", name,
                       (long long)json_integer_value(json_object_get(item, "secondsLeft")));
        diagnosis_add(found, what, error,
                      "look at its source, from which it is renewed (docs/credentials.md)", NULL);
    }
}

static void look_at_certificates(struct diagnosis *found, const json_t *ready)
{
    const json_t *list = json_object_get(ready, "certificates");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *file = json_string_value(json_object_get(item, "file"));
        json_int_t days = json_integer_value(json_object_get(item, "daysLeft"));
        char detail[DIAGNOSIS_WHAT_MAX];
        if (days >= DIAGNOSIS_CERTIFICATE_DAYS)
            continue;
        (void)snprintf(detail, sizeof detail, "%.300s %s", file == NULL ? "?" : file,
                       days < 0 ? "has expired" : "ends within two weeks");
        diagnosis_add(found, "a certificate of a listener", detail,
                      "put the new one in its place, and reload (docs/operations.md)", NULL);
    }
}

static void note(struct diagnosis *found, double count, const char *text)
{
    if (count > 0)
        (void)json_array_append_new(found->notes,
                                    json_pack("{s:o}", "what", json_sprintf("%.0f %s", count, text)));
}

static void look_at_metrics(struct diagnosis *found, const char *metrics)
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

void diagnosis_look(struct diagnosis *found, json_t *ready, const char *metrics)
{
    look_at_service(found, ready);
    look_at_files(found, ready);
    look_at_upstreams(found, ready);
    look_at_certificates(found, ready);
    look_at_metrics(found, metrics);
}
