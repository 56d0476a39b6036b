#include "gateway/console/now_page.h"

#include "base/time/timestamp.h"
#include "base/version.h"
#include "gateway/console/diagnosis.h"
#include "gateway/web/html.h"
#include "gateway/console/plots.h"
#include "gateway/metrics/metrics_text.h"
#include "gateway/upstream/upstream_pool.h"

#include <string.h>

enum { NOW_LABEL = 128 };

static void put_member(struct buf *out, const json_t *object, const char *key)
{
    html_put(out, "%s", json_string_value(json_object_get(object, key)));
}

static void put_wrong(struct buf *out, const json_t *list)
{
    buf_put(out, "<h2>What is wrong</h2><ol>");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const json_t *lines = json_object_get(item, "lines");
        buf_put(out, "<li><strong class=\"bad\">");
        put_member(out, item, "what");
        if (json_object_get(item, "detail") != NULL) {
            buf_put(out, ": ");
            put_member(out, item, "detail");
        }
        buf_put(out, "</strong><br>Do: ");
        put_member(out, item, "do");
        if (json_array_size(lines) > 0)
            buf_put(out, "<pre tabindex=\"0\">");
        for (size_t j = 0; j < json_array_size(lines); j++)
            html_put(out, "%s\n", json_string_value(json_array_get(lines, j)));
        buf_put(out, json_array_size(lines) > 0 ? "</pre></li>" : "</li>");
    }
    buf_put(out, "</ol>\n");
}

/* The same diagnosis as `countersign status`. */
static void put_diagnosis(struct buf *out, const struct page *page)
{
    struct diagnosis found;
    json_t *ready = json_loads(page->ready, 0, NULL);
    if (diagnosis_init(&found) == 0 && ready != NULL) {
        diagnosis_look(&found, ready, page->metrics);
        if (json_array_size(found.wrong) == 0)
            buf_put(out, "<p class=\"good\"><strong>Healthy.</strong></p>\n");
        else
            put_wrong(out, found.wrong);
        if (json_array_size(found.notes) > 0)
            buf_put(out, "<h2>Worth a look</h2><ul>");
        for (size_t i = 0; i < json_array_size(found.notes); i++) {
            buf_put(out, "<li>");
            put_member(out, json_array_get(found.notes, i), "what");
            buf_put(out, "</li>");
        }
        buf_put(out, json_array_size(found.notes) > 0 ? "</ul>\n" : "");
    }
    json_decref(ready);
    diagnosis_done(&found);
}

static long long sum(const struct page *page, const char *name)
{
    return (long long)metrics_text_sum(page->metrics, name, NULL, NULL);
}

static void put_figures(struct buf *out, const struct page *page)
{
    char since[TIMESTAMP_SIZE];
    char began[TIMESTAMP_SIZE];
    timestamp_format(sum(page, "countersign_reload_last_good_timestamp_seconds") * 1000, since);
    timestamp_format(page->gateway->began_ms, began);
    buf_put(out, "<h2>In force</h2>");
    page_begin_table(out, "In force");
    buf_put(out, "<tbody>");
    html_put(out, "<tr><th scope=\"row\">Configuration</th><td><code>%s</code>, in force since %s</td></tr>",
             page->config->short_hash, since);
    html_put(out, "<tr><th scope=\"row\">Version</th><td>%s, running since %s</td></tr>", VERSION_TEXT,
             began);
    html_put(out,
             "<tr><th scope=\"row\">Requests</th><td>%lld answered, %lld in flight, %lld workers</td></tr>",
             sum(page, "countersign_requests_total"), sum(page, "countersign_requests_in_flight"),
             sum(page, "countersign_workers"));
    html_put(out, "<tr><th scope=\"row\">Connections</th><td>%lld of %lld</td></tr>",
             sum(page, "countersign_connections"), sum(page, "countersign_connections_limit"));
    html_put(out, "<tr><th scope=\"row\">Gateways in the store</th><td>%lld</td></tr>",
             sum(page, "countersign_state_gateways"));
    html_put(out, "<tr><th scope=\"row\">Audit file</th><td>%s</td></tr>",
             page->config->audit.file == NULL ? "none is kept" : page->config->audit.file);
    page_end_table(out);
}

static void put_upstreams(struct buf *out, const struct page *page)
{
    static const char *const breakers[] = {
        [BREAKER_CLOSED] = "closed", [BREAKER_HALF_OPEN] = "half-open", [BREAKER_OPEN] = "open"};
    struct snapshot *snapshot = shared_take(page->gateway);
    buf_put(out, "<h2>Upstreams</h2>");
    page_begin_table(out, "Upstreams");
    buf_put(
        out,
        "<thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Breaker</th>"
        "<th scope=\"col\" class=\"number\">Slots in use</th><th scope=\"col\" class=\"number\">Waiting</th>"
        "<th scope=\"col\" class=\"number\">Clock ahead, s</th><th scope=\"col\">Credential</th>"
        "</tr></thead><tbody>");
    for (size_t i = 0; i < snapshot->config->upstream_count; i++) {
        struct upstream_pool_state state;
        upstream_pool_look(snapshot->back, i, &state);
        html_put(
            out,
            "<tr><th scope=\"row\">%s</th><td class=\"%s\">%s</td><td class=\"number\">%lld of %lld</td>",
            state.title, state.breaker == BREAKER_CLOSED ? "good" : "bad", breakers[state.breaker],
            (long long)state.used, (long long)state.slots);
        html_put(out, "<td class=\"number\">%lld</td><td class=\"number\">%lld</td><td>%s%s</td></tr>",
                 (long long)state.waiting, (long long)state.skew_s, state.credential,
                 state.not_credential == NULL ? "" : ": the cloud refuses one");
    }
    page_end_table(out);
    shared_release(snapshot);
}

static void put_outcomes(struct buf *out, const struct page *page)
{
    const char *at = page->metrics;
    struct metrics_text_sample sample;
    char action[NOW_LABEL];
    char outcome[NOW_LABEL];
    buf_put(out, "<h2>Changes since the start</h2>");
    page_begin_table(out, "Changes since the start");
    buf_put(out, "<thead><tr><th scope=\"col\">Action</th><th scope=\"col\">Outcome</th>"
                 "<th scope=\"col\" class=\"number\">Count</th></tr></thead><tbody>");
    while (metrics_text_next(&at, &sample)) {
        if (!metrics_text_is(&sample, "countersign_changes_total") || sample.value == 0)
            continue;
        (void)metrics_text_label(&sample, "action", action, sizeof action);
        (void)metrics_text_label(&sample, "outcome", outcome, sizeof outcome);
        html_put(out, "<tr><td>%s</td><td>%s</td><td class=\"number\">%lld</td></tr>", action, outcome,
                 (long long)sample.value);
    }
    page_end_table(out);
}

void now_page_put(struct buf *out, const struct page *page)
{
    page_begin(out, page, "Now");
    put_diagnosis(out, page);
    plots_put(out, page);
    plots_put_shares(out, page);
    put_figures(out, page);
    put_upstreams(out, page);
    put_outcomes(out, page);
    page_end(out);
}
