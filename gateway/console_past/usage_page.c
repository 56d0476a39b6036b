#include "gateway/console_past/usage_page.h"

#include "base/time/timestamp.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"
#include "gateway/dryrun/suggestions.h"
#include "gateway/metrics/metrics_text.h"

#include <string.h>

enum { USAGE_ROWS = 1000, USAGE_LABEL = 256, USAGE_MAX = 4 * 1024 * 1024, USAGE_LINES = 2000 };

/* ---- rules ---- */

/* {rule: how often it decided, or would have in audit mode} since the start. */
static json_t *hits_of(const char *metrics)
{
    struct metrics_text_sample sample;
    char rule[USAGE_LABEL];
    json_t *hits = json_object();
    while (metrics_text_next(&metrics, &sample))
        if (sample.value > 0 &&
            (metrics_text_is(&sample, "countersign_policy_decisions_total") ||
             metrics_text_is(&sample, "countersign_policy_audit_mode_total")) &&
            metrics_text_label(&sample, "rule", rule, sizeof rule))
            (void)json_object_set_new(hits, rule, json_integer((json_int_t)sample.value));
    return hits;
}

static void put_rules(struct buf *out, const struct page *page)
{
    size_t count = 0;
    char since[TIMESTAMP_SIZE];
    json_t *hits = hits_of(page->metrics);
    timestamp_format(page->gateway->began_ms, since);
    html_put(out, "<h2>Rules that have decided nothing since the start (%s)</h2>\n", since);
    page_begin_table(out, "Unused rules");
    buf_put(out,
            "<thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">Where</th><th scope=\"col\">State</th>"
            "<th scope=\"col\">Owner</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < page->config->rule_count; i++) {
        const struct config_rule *rule = page->config->rules[i];
        if (json_object_get(hits, rule->id) != NULL || count++ >= USAGE_ROWS)
            continue;
        html_put(out, "<tr><td>%s</td><td class=\"quiet\">%s:%lld</td><td>%s</td><td>%s</td></tr>\n",
                 rule->id, rule->mark.file, (long long)rule->mark.line,
                 rule->expires <= page->now ? "expired" : (rule->audit ? "audit mode" : "in force"),
                 rule->owner);
    }
    page_end_table(out);
    html_put(
        out,
        "<p>%lld of %lld rules. One that stands behind another that decides the same is among them.</p>\n",
        (long long)count, (long long)page->config->rule_count);
    json_decref(hits);
}

/* ---- tokens ---- */

static void put_tokens(struct buf *out, const struct page *page, const struct line_ring *lines)
{
    const struct token_index *tokens = &page->config->tokens;
    size_t count = 0;
    json_t *uses = past_tokens(lines);
    buf_put(out, "<h2>Tokens that none of the last requests had</h2>\n");
    page_begin_table(out, "Unused tokens");
    buf_put(out,
            "<thead><tr><th scope=\"col\">Client</th><th scope=\"col\">Token</th><th scope=\"col\">Where</th>"
            "</tr></thead><tbody>\n");
    for (size_t i = 0; i < tokens->count; i++) {
        const struct config_token *token = &tokens->items[i];
        if (past_token(uses, token->client->name, token->id) != NULL || count++ >= USAGE_ROWS)
            continue;
        html_put(out, "<tr><td>%s</td><td>%s</td><td class=\"quiet\">%s:%lld</td></tr>\n",
                 token->client->name, token->id, token->mark.file, (long long)token->mark.line);
    }
    page_end_table(out);
    html_put(out, "<p>%lld of %lld tokens, by the last %lld requests.</p>\n", (long long)count,
             (long long)tokens->count, (long long)line_ring_count(lines));
    json_decref(uses);
}

/* ---- too wide ---- */

static void put_suggestions(struct buf *out, const struct line_ring *lines)
{
    struct buf text;
    struct suggestions *suggestions = suggestions_new();
    buf_init(&text, USAGE_MAX);
    for (size_t i = 0; i < USAGE_LINES && suggestions != NULL; i++) {
        size_t length;
        const char *line = line_ring_at(lines, i, &length);
        if (line == NULL)
            break;
        (void)suggestions_see(suggestions, line, length); /* those that were not judged say nothing */
    }
    if (suggestions != NULL)
        (void)suggestions_put(suggestions, SUGGESTIONS_TIMES, &text);
    buf_put(out,
            "<h2>The narrowest rules for the last 2,000 requests</h2>\n<p>What they used, and what no rule "
            "allowed three "
            "times or more. Compare with the rules that are there.</p>\n");
    html_put(out, "<pre tabindex=\"0\" class=\"plain\">%s</pre>\n",
             text.failed ? "There are too many." : buf_text(&text));
    out->failed = out->failed || suggestions == NULL || suggestions_failed(suggestions);
    suggestions_free(suggestions);
    buf_done(&text);
}

void usage_page_put(struct buf *out, const struct page *page)
{
    struct line_ring *lines = past_lines(page);
    page_begin(out, page, "Unused and too wide");
    buf_put(
        out,
        "<p>The gateway counts since its start, and keeps the last 10,000 requests. For 30 or 90 days ask "
        "the "
        "log: <code>countersign replay --unused --since 90d --policy policy.yaml --log access.log</code> and "
        "<code>countersign suggest --log access.log</code>.</p>\n");
    put_rules(out, page);
    if (lines == NULL) {
        out->failed = true;
    } else {
        put_tokens(out, page, lines);
        put_suggestions(out, lines);
    }
    page_end(out);
    line_ring_free(lines);
}
