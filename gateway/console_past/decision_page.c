#include "gateway/console_past/decision_page.h"

#include "base/arena.h"
#include "config/rights/words.h"
#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"
#include "gateway/console_past/rule_view.h"
#include "gateway/dryrun/explain.h"
#include "gateway/dryrun/overview.h"
#include "gateway/dryrun/policy_replay.h"

#include <stdlib.h>
#include <string.h>

enum {
    DECISION_FIELD = 128,
    DECISION_ARENA = 4 * 1024 * 1024,
    DECISION_MAX = 4 * 1024 * 1024,
    DECISION_ROWS = 50, /* of what would have been allowed */
};

/* The newest line of that request, and how many there are. */
static const char *find_line(const struct line_ring *lines, const char *request, size_t *length,
                             size_t *count)
{
    const char *found = NULL;
    const char *line;
    size_t size;
    for (size_t i = 0; (line = line_ring_at(lines, i, &size)) != NULL; i++) {
        if (!past_has_member(line, size, "requestId", request))
            continue;
        json_t *parsed = past_parse(line, size);
        bool same = strcmp(past_text(parsed, "requestId"), request) == 0;
        json_decref(parsed);
        if (same && (*count)++ == 0) {
            found = line;
            *length = size;
        }
    }
    return found;
}

static void put_members(struct buf *out, const json_t *line)
{
    const char *key;
    json_t *value;
    page_begin_table(out, "The request, as the log has it");
    buf_put(out, "<tbody>");
    json_object_foreach((json_t *)(uintptr_t)line, key, value)
    {
        char *text =
            json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
        html_put(out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", key,
                 text == NULL ? json_string_value(value) : text);
        free(text);
    }
    page_end_table(out);
}

/* ---- why ---- */

static const struct config_rule *find_rule(const struct config *config, const char *id)
{
    for (size_t i = 0; i < config->rule_count && id[0] != '\0'; i++)
        if (strcmp(config->rules[i]->id, id) == 0)
            return config->rules[i];
    return NULL;
}

static void put_rule(struct buf *out, const struct page *page, const char *id)
{
    const struct config_rule *rule = find_rule(page->config, id);
    if (rule != NULL)
        rule_view_put(out, page, rule);
    else if (id[0] != '\0')
        html_put(out, "<p>The policy in force has no rule %s.</p>\n", id);
}

static void put_trace(struct buf *out, const struct page *page, const struct policy_question *question)
{
    struct buf text;
    const struct policy_verdict verdict = policy_decide(question);
    buf_init(&text, DECISION_MAX);
    explain_text(&text, page->config, question, &verdict);
    html_put(out, "<pre tabindex=\"0\">%s</pre>\n", buf_text(&text));
    out->failed = out->failed || text.failed;
    buf_done(&text);
}

/* ---- what would have been allowed ---- */

struct allowed {
    struct buf *out;
    const struct page *page;
    size_t count;
};

static void put_allowed(void *context, const struct overview_row *row)
{
    struct allowed *allowed = context;
    struct buf words;
    if (++allowed->count > DECISION_ROWS)
        return;
    buf_init(&words, 64 * 1024);
    words_put_conditions(&words, allowed->page->config, row->rule, WORDS_VALUES_MAX);
    html_put(allowed->out, "<li>%s%s <span class=\"quiet\">(rule %s, %s:%lld)</span></li>\n",
             words_effect(row->rule), words.length == 0 ? " always" : buf_text(&words), row->rule->id,
             row->rule->mark.file, (long long)row->rule->mark.line);
    allowed->out->failed = allowed->out->failed || words.failed;
    buf_done(&words);
}

static void put_what_is_allowed(struct buf *out, const struct page *page,
                                const struct policy_replay_change *change)
{
    struct allowed allowed = {.out = out, .page = page};
    const struct overview_question question = {
        .config = page->config, .client = change->client, .action = change->action, .now = page->now};
    html_put(out, "<h2>What %s may do with %s</h2>\n<ul>\n", change->client, change->action);
    if (overview_each(&question, put_allowed, &allowed) != 0)
        out->failed = true;
    buf_put(out, allowed.count == 0 ? "<li>Nothing: no rule allows this action.</li></ul>\n" : "</ul>\n");
    if (allowed.count > DECISION_ROWS)
        html_put(out, "<p>And %lld more: see <a href=\"/console/rights\">Who may do what</a>.</p>\n",
                 (long long)(allowed.count - DECISION_ROWS));
}

static void put_why(struct buf *out, const struct page *page, const json_t *line,
                    const struct policy_replay_change *change)
{
    html_put(out, "<h2>Why: <span class=\"%s\">%s</span></h2>\n",
             strcmp(change->before, "allow") == 0 ? "good" : "bad", change->before);
    if (strcmp(past_text(line, "config"), page->config->short_hash) != 0)
        html_put(out,
                 "<p class=\"bad\">The configuration has changed since (it was %s): this is what the one in "
                 "force says.</p>\n",
                 past_text(line, "config"));
    if (change->question.client == NULL) {
        html_put(out, "<p>The policy in force has no client %s any more.</p>\n", change->client);
        return;
    }
    put_trace(out, page, &change->question);
    put_rule(out, page, change->before_rule);
    if (strcmp(change->before_rule, change->after_rule) != 0)
        put_rule(out, page, change->after_rule);
    put_what_is_allowed(out, page, change);
}

static void put_decision(struct buf *out, const struct page *page, const char *bytes, size_t length,
                         const json_t *line)
{
    struct policy_replay_change change = {0};
    struct arena *arena = arena_new(DECISION_ARENA);
    enum policy_replay_end end = arena == NULL
                                     ? POLICY_REPLAY_FAILED
                                     : policy_replay_line(page->config, bytes, length, arena, &change);
    if (end == POLICY_REPLAY_FAILED)
        out->failed = true;
    else if (end == POLICY_REPLAY_SAME || end == POLICY_REPLAY_CHANGED)
        put_why(out, page, line, &change);
    else if (end == POLICY_REPLAY_SKIPPED)
        buf_put(out,
                "<h2>Why</h2><p>The policy was not asked: the request ended before, as its type, its detail "
                "and the stage say below.</p>\n");
    else
        buf_put(out, "<h2>Why</h2><p>The record does not have all that rules can look at (a document of the "
                     "cloud's own has more), or its action is none of the routes in force: ask "
                     "<a href=\"/console/try\">Try</a> with the body.</p>\n");
    if (end == POLICY_REPLAY_UNKNOWN)
        put_rule(out, page, past_text(line, "rule"));
    arena_free(arena);
}

void decision_page_put(struct buf *out, const struct page *page)
{
    char request[DECISION_FIELD];
    size_t length = 0;
    size_t count = 0;
    struct line_ring *lines = past_lines(page);
    (void)form_value(page->query, "request", request, sizeof request);
    const char *bytes = lines == NULL ? NULL : find_line(lines, request, &length, &count);
    json_t *line = bytes == NULL ? NULL : past_parse(bytes, length);
    page_begin(out, page, "Decision");
    buf_put(out, "<p><a href=\"/console/decisions\">All decisions</a></p>\n");
    if (line == NULL) {
        buf_put(out,
                "<p>That request is not among the last that are kept in memory. The log has it, and for a "
                "change the <a href=\"/console/audit\">audit file</a>.</p>\n");
    } else {
        if (count > 1)
            html_put(out, "<p>%lld requests have this id: this is the newest.</p>\n", (long long)count);
        put_decision(out, page, bytes, length, line);
        buf_put(out, "<h2>The request</h2>\n");
        put_members(out, line);
    }
    page_end(out);
    json_decref(line);
    line_ring_free(lines);
}
