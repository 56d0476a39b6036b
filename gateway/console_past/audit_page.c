#include "gateway/console_past/audit_page.h"

#include "base/time/timestamp.h"
#include "gateway/audit/audit_filter.h"
#include "gateway/audit/audit_verify.h"
#include "gateway/console_past/audit_read.h"
#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    AUDIT_FIELD = 128,
    AUDIT_FIELDS = AUDIT_FILTER_TEXTS + 2,
    AUDIT_SINCE = AUDIT_FILTER_TEXTS,
    AUDIT_UNTIL,
    AUDIT_VERIFY_BYTES = 64 * 1024 * 1024, /* at some 100 MB a second */
};

static const struct {
    const char *name, *label;
} fields[AUDIT_FIELDS] = {
    [AUDIT_FILTER_CLIENT] = {"client", "Client"},
    [AUDIT_FILTER_ACTION] = {"action", "Action"},
    [AUDIT_FILTER_OUTCOME] = {"outcome", "Outcome (executed, not-executed, unknown, unrecorded)"},
    [AUDIT_FILTER_VALUE] = {"value", "An id in its parameters"},
    [AUDIT_FILTER_REQUEST] = {"request", "Request id"},
    [AUDIT_SINCE] = {"since", "Since (2026-11-25 or 2026-11-25T18:00:00Z)"},
    [AUDIT_UNTIL] = {"until", "Until"},
};

struct search {
    char text[AUDIT_FIELDS][AUDIT_FIELD];
    struct audit_filter filter;
    const char *wrong; /* a sentence, or NULL */
};

static void read_search(const struct page *page, struct search *search)
{
    search->filter = (struct audit_filter){.until = INT64_MAX, .config = page->config};
    for (size_t i = 0; i < AUDIT_FIELDS; i++) {
        bool given = form_value(page->query, fields[i].name, search->text[i], AUDIT_FIELD);
        if (i < AUDIT_FILTER_TEXTS && given && search->text[i][0] != '\0')
            search->filter.want[i] = search->text[i];
    }
    if ((search->text[AUDIT_SINCE][0] != '\0' &&
         !timestamp_parse(search->text[AUDIT_SINCE], &search->filter.since)) ||
        (search->text[AUDIT_UNTIL][0] != '\0' &&
         !timestamp_parse(search->text[AUDIT_UNTIL], &search->filter.until)))
        search->wrong = "Since and until are a date (2026-11-25) or a time (2026-11-25T18:00:00Z).";
}

static void put_form(struct buf *out, const struct search *search)
{
    buf_put(out, "<form method=\"get\" action=\"/console/audit\"><div class=\"fields\">");
    for (size_t i = 0; i < AUDIT_FIELDS; i++)
        html_put(out, "<p><label for=\"%s\">%s</label><input id=\"%s\" name=\"%s\" value=\"%s\"></p>",
                 fields[i].name, fields[i].label, fields[i].name, fields[i].name, search->text[i]);
    buf_put(out,
            "</div><p><button>Search</button> <button name=\"verify\" value=\"1\">Verify the file</button>"
            "</p></form>\n");
}

/* ---- the changes ---- */

static bool wants(const void *context, const json_t *change)
{
    return audit_filter_wants(context, change);
}

static void put_row(struct buf *out, const json_t *change)
{
    const char *outcome = past_text(change, "outcome");
    const json_t *settled = json_object_get(change, "settled");
    bool sure = strcmp(outcome, "executed") == 0 || strcmp(outcome, "not-executed") == 0;
    html_put(out, "<tr><td>%s</td><td>%s</td><td>%s<br><span class=\"quiet\">", past_text(change, "time"),
             past_text(change, "client"), past_text(change, "action"));
    audit_read_put_params(out, change);
    html_put(out, "</span></td><td class=\"%s\">%s", sure ? "good" : "bad", outcome);
    if (settled != NULL)
        html_put(out, "<br><span class=\"quiet\">settled by %s: %s</span>", past_text(settled, "by"),
                 past_text(settled, "note"));
    html_put(out, "</td><td>%s</td><td>%s</td></tr>\n", past_text(change, "rule"),
             past_text(change, "requestId"));
}

static void put_changes(struct buf *out, const struct page *page, const struct search *search)
{
    struct audit_read read = {.wants = wants, .context = &search->filter};
    if (audit_read_init(&read, page) != 0 && read.told.length == 0)
        out->failed = true;
    page_begin_table(out, "Changes");
    buf_put(out,
            "<thead><tr><th scope=\"col\">Time</th><th scope=\"col\">Client</th><th scope=\"col\">Change</th>"
            "<th scope=\"col\">Outcome</th><th scope=\"col\">Rule</th><th scope=\"col\">Request</th></tr>"
            "</thead><tbody>\n");
    for (size_t i = json_array_size(read.found); i-- > 0;)
        put_row(out, json_array_get(read.found, i));
    page_end_table(out);
    audit_read_put_notes(out, page, &read);
    audit_read_done(&read);
}

/* ---- does it hold? ---- */

/* What `countersign audit verify` says, into `to`. */
static int verify_into(FILE *to, const struct page *page)
{
    char *files[] = {(char *)(uintptr_t)page->config->audit.file, NULL};
    struct secret *const keys[] = {page->config->audit.key};
    struct audit_chains chains;
    struct err err = {0};
    bool good = audit_chains_open(files, &chains, &err) == 0;
    if (!good)
        fprintf(to, "%s\n", err.text);
    for (size_t i = 0; i < chains.count; i++) {
        struct audit_verify verify = {.chains = &chains,
                                      .keys = keys,
                                      .key_count = 1,
                                      .bytes = AUDIT_VERIFY_BYTES,
                                      .out = to,
                                      .errors = to};
        good = audit_verify_chain(&verify, i) > 0 && good;
    }
    audit_chains_done(&chains);
    return good ? 0 : -1;
}

static void put_verified(struct buf *out, const struct page *page)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = page->config->audit.file == NULL ? NULL : open_memstream(&text, &length);
    if (to == NULL)
        return;
    bool good = verify_into(to, page) == 0;
    if (fclose(to) != 0 || text == NULL)
        out->failed = true;
    else
        html_put(out,
                 "<h2>Verified: <span class=\"%s\">%s</span></h2><pre tabindex=\"0\">%s</pre>"
                 "<p class=\"quiet\">The last 64 MiB, with the key of the seals if there is one. Those who "
                 "can write the "
                 "file and this gateway can lie to you: verify elsewhere, too (<code>countersign audit "
                 "verify</code>)."
                 "</p>\n",
                 good ? "good" : "bad", good ? "it holds" : "it does not hold", text);
    free(text);
}

void audit_page_put(struct buf *out, const struct page *page)
{
    struct search *search = calloc(1, sizeof *search);
    char verify[2];
    page_begin(out, page, "Audit");
    if (search == NULL) {
        out->failed = true;
    } else {
        read_search(page, search);
        put_form(out, search);
        if (search->wrong != NULL)
            html_put(out, "<p class=\"bad\" role=\"status\">%s</p>", search->wrong);
        else if (form_value(page->query, "verify", verify, sizeof verify))
            put_verified(out, page);
        else
            put_changes(out, page, search);
    }
    page_end(out);
    free(search);
}
