#include "gateway/console_past/usage_page.h"

#include "base/time/timestamp.h"
#include "gateway/console/past.h"
#include "gateway/dryrun/suggestions.h"
#include "gateway/known/usage.h"
#include "gateway/web/html.h"

#include <stdlib.h>
#include <string.h>

enum { USAGE_ROWS = 1000, USAGE_MAX = 4 * 1024 * 1024, USAGE_LINES = 2000 };

/* ---- since when it has had no hit ---- */

enum quiet { QUIET_90, QUIET_30, QUIET_YOUNG, QUIETS, USED };

static const char *const quiet_titles[QUIETS] = {
    [QUIET_90] = "without a hit for 90 days",
    [QUIET_30] = "without a hit for 30 days",
    [QUIET_YOUNG] = "without a hit so far, and counted for less than 30 days",
};

/* Rows of one kind, by how long there was no hit. */
struct usage_rows {
    const struct page *page;
    const struct usage_report *report;
    struct buf rows[QUIETS];
    size_t counts[QUIETS];
    size_t all, unknown; /* looked at; of which the store knows nothing */
};

/* What was counted for less than that cannot be called unused for so long. */
static enum quiet quiet_of(const struct usage_of *of, int64_t now_ms)
{
    int64_t quiet_ms = now_ms - (of->last_ms > 0 ? of->last_ms : of->since_ms);
    if (quiet_ms >= 90 * USAGE_DAY_MS)
        return QUIET_90;
    if (quiet_ms >= 30 * USAGE_DAY_MS)
        return QUIET_30;
    return of->last_ms > 0 ? USED : QUIET_YOUNG;
}

/* Counts it, and says where its row goes; NULL: it is used, or there are enough rows. */
static struct buf *row_of(struct usage_rows *rows, enum use_kind kind, const char *one, const char *other,
                          struct usage_of *of)
{
    rows->all++;
    if (!usage_report_find(rows->report, kind, one, other, of)) {
        rows->unknown++;
        return NULL;
    }
    enum quiet quiet = quiet_of(of, rows->page->now * 1000);
    return quiet == USED || rows->counts[quiet]++ >= USAGE_ROWS ? NULL : &rows->rows[quiet];
}

/* The last two columns. */
static void put_hits(struct buf *out, const struct usage_of *of)
{
    char time[TIMESTAMP_SIZE];
    timestamp_format(of->last_ms > 0 ? of->last_ms : of->since_ms, time);
    html_put(out, of->last_ms > 0 ? "<td>%s</td>" : "<td>none since %s</td>", time);
    html_put(out, "<td class=\"number\">%lld</td></tr>\n", (long long)of->hits);
}

static void begin_rows(struct usage_rows *rows, const struct page *page, const struct usage_report *report)
{
    *rows = (struct usage_rows){.page = page, .report = report};
    for (size_t i = 0; i < QUIETS; i++)
        buf_init(&rows->rows[i], USAGE_MAX);
}

/* `what` is "Rules", `heads` are the columns before the last two. */
static void put_rows(struct buf *out, struct usage_rows *rows, const char *what, const char *heads)
{
    size_t found = 0;
    for (size_t i = 0; i < QUIETS; i++) {
        char title[128];
        found += rows->counts[i];
        (void)snprintf(title, sizeof title, "%s %s", what, quiet_titles[i]);
        if (rows->counts[i] > 0) {
            html_put(out, "<h3>%s: %lld</h3>\n", title, (long long)rows->counts[i]);
            page_begin_table(out, title);
            buf_put(out, "<thead><tr>");
            buf_put(out, heads);
            buf_put(out, "<th scope=\"col\">Last hit</th><th scope=\"col\" class=\"number\">Hits</th></tr>"
                         "</thead><tbody>\n");
            buf_put(out, buf_text(&rows->rows[i]));
            page_end_table(out);
        }
        if (rows->counts[i] > USAGE_ROWS)
            html_put(out, "<p>These are the first %lld.</p>\n", (long long)USAGE_ROWS);
        out->failed = out->failed || rows->rows[i].failed;
        buf_done(&rows->rows[i]);
    }
    html_put(out, "<p>%lld of %lld.", (long long)found, (long long)rows->all);
    if (rows->unknown > 0)
        html_put(out, " %lld of them are not counted yet, or there are too many.", (long long)rows->unknown);
    buf_put(out, "</p>\n");
}

/* ---- rules, tokens, grants ---- */

static void put_where(struct buf *out, const struct mark *mark)
{
    html_put(out, "<td class=\"quiet\">%s:%lld</td>", mark->file, (long long)mark->line);
}

static void put_rules(struct buf *out, const struct page *page, const struct usage_report *report)
{
    struct usage_rows rows;
    struct usage_of of;
    begin_rows(&rows, page, report);
    for (size_t i = 0; i < page->config->rule_count; i++) {
        const struct config_rule *rule = page->config->rules[i];
        struct buf *row = row_of(&rows, USE_RULE, rule->id, "", &of);
        if (row == NULL)
            continue;
        html_put(row, "<tr><td>%s</td>", rule->id);
        put_where(row, &rule->mark);
        html_put(row, "<td>%s</td><td>%s</td>",
                 rule->expires <= page->now ? "expired" : (rule->audit ? "audit mode" : "in force"),
                 rule->owner);
        put_hits(row, &of);
    }
    buf_put(out,
            "<h2>Rules</h2>\n<p>A hit is a request that the rule decided, or would have in audit mode. A "
            "rule behind another that decides the same has none.</p>\n");
    put_rows(out, &rows, "Rules",
             "<th scope=\"col\">Rule</th><th scope=\"col\">Where</th><th scope=\"col\">State</th>"
             "<th scope=\"col\">Owner</th>");
}

static void put_tokens(struct buf *out, const struct page *page, const struct usage_report *report)
{
    struct usage_rows rows;
    struct usage_of of;
    begin_rows(&rows, page, report);
    for (size_t i = 0; i < page->config->tokens.count; i++) {
        const struct config_token *token = &page->config->tokens.items[i];
        struct buf *row = row_of(&rows, USE_TOKEN, token->client->name, token->id, &of);
        if (row == NULL)
            continue;
        html_put(row, "<tr><td>%s</td><td>%s</td>", token->client->name, token->id);
        put_where(row, &token->mark);
        html_put(row, "<td>%s</td>", token->client->owner);
        put_hits(row, &of);
    }
    buf_put(out, "<h2>Tokens</h2>\n<p>A hit is a request that signed in with it.</p>\n");
    put_rows(out, &rows, "Tokens",
             "<th scope=\"col\">Client</th><th scope=\"col\">Token</th><th scope=\"col\">Where</th>"
             "<th scope=\"col\">Owner</th>");
}

static void put_grant(void *context, const struct usage_grant *grant)
{
    struct usage_of of;
    struct buf *row = row_of(context, USE_GRANT, grant->client, grant->action, &of);
    if (row == NULL)
        return;
    html_put(row, "<tr><td>%s</td><td>%s</td><td>%s</td>", grant->client, grant->said, grant->rule->id);
    put_where(row, &grant->rule->mark);
    put_hits(row, &of);
}

/* Of rules that have had hits: what nobody used is said of the whole rule. */
static void put_grants(struct buf *out, const struct page *page, const struct usage_report *report)
{
    struct usage_rows rows;
    struct usage_of of;
    int64_t now_ms = page->now * 1000;
    begin_rows(&rows, page, report);
    for (size_t i = 0; i < page->config->rule_count; i++) {
        const struct config_rule *rule = page->config->rules[i];
        if (usage_is_divided(rule) && usage_report_find(report, USE_RULE, rule->id, "", &of) &&
            quiet_of(&of, now_ms) == USED)
            usage_each_grant(page->config, rule, put_grant, &rows);
    }
    buf_put(out,
            "<h2>Grants</h2>\n<p>Of the rules that had hits, and allow several clients or actions by name: "
            "which client did not use which action. A hit is a request that was allowed, by this rule or "
            "another.</p>\n");
    put_rows(out, &rows, "Grants",
             "<th scope=\"col\">Client</th><th scope=\"col\">Action</th><th scope=\"col\">Rule</th>"
             "<th scope=\"col\">Where</th>");
}

/* ---- since when ---- */

static void put_since(struct buf *out, const struct page *page, const struct usage_report *report)
{
    char since[TIMESTAMP_SIZE];
    struct state_look store = state_look(page->gateway->state);
    int64_t since_ms = usage_report_since(report);
    timestamp_format(since_ms > 0 ? since_ms : page->now * 1000, since);
    html_put(out, "<p>Counted since %s, ", since);
    if (strcmp(store.store, "memory") == 0)
        buf_put(out, "in this gateway's memory: <strong>a restart begins anew</strong>. With "
                     "<code>state: { sqlite: FILE }</code> or <code>redis</code> it survives restarts.");
    else
        html_put(out,
                 "in the store (%s), by all gateways that share it and have the console on. It survives "
                 "restarts.",
                 store.store);
    buf_put(out,
            " The time of a hit is told to the minute. What is new is not called unused before its time. "
            "For the time before ask the log: <code>countersign replay --unused --since 90d --policy "
            "policy.yaml --log access.log</code>.</p>\n");
}

static void put_uses(struct buf *out, const struct page *page)
{
    struct usage *usage = atomic_load_explicit(&page->gateway->usage, memory_order_acquire);
    struct usage_report *report = usage == NULL ? NULL : usage_ask(usage, page->now * 1000);
    if (report == NULL) {
        buf_put(out,
                "<p class=\"bad\">The store does not answer: what is unused cannot be told now. What was "
                "counted is told to it later.</p>\n");
        return;
    }
    put_since(out, page, report);
    put_rules(out, page, report);
    put_tokens(out, page, report);
    put_grants(out, page, report);
    usage_report_free(report);
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
            "allowed three times or more. Compare with the rules that are there. For more than these: "
            "<code>countersign suggest --log access.log</code>.</p>\n");
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
    put_uses(out, page);
    if (lines == NULL)
        out->failed = true;
    else
        put_suggestions(out, lines);
    page_end(out);
    line_ring_free(lines);
}
