#include "gateway/console_past/policy_page.h"

#include "base/arena.h"
#include "config/load/config_load.h"
#include "config/rights/rights.h"
#include "gateway/web/form.h"
#include "gateway/web/html.h"
#include "gateway/console/past.h"
#include "gateway/dryrun/policy_replay.h"
#include "gateway/dryrun/policy_test_run.h"

#include <stdlib.h>
#include <string.h>

enum {
    POLICY_PAGE_ROWS = 1000,      /* of each list; further ones are counted */
    POLICY_PAGE_BUDGET = 2000000, /* comparisons of two rules: a second or so */
    POLICY_PAGE_ARENA = 1024 * 1024,
};

static void put_form(struct buf *out, const struct page *page, const char *text)
{
    page_begin_form(out, page, "/console/policy");
    html_put(
        out,
        "<p><label for=\"policy\">A policy.yaml</label><textarea id=\"policy\" name=\"policy\" rows=\"16\" "
        "spellcheck=\"false\" required>%s</textarea></p><p id=\"upload\" hidden><label for=\"file\">Or a file"
        "</label> <input id=\"file\" type=\"file\" accept=\".yaml,.yml\"></p>"
        "<p><button>Test it</button> Nothing is put in force.</p></form>\n",
        text);
}

/* ---- what check says ---- */

static void put_finding(struct buf *out, const json_t *finding)
{
    const json_t *line = json_object_get(finding, "line");
    html_put(out,
             "<li class=\"%s\">%s: ", strcmp(past_text(finding, "severity"), "error") == 0 ? "bad" : "plain",
             past_text(finding, "severity"));
    if (line != NULL)
        html_put(out, "line %lld: ", (long long)json_integer_value(line));
    html_put(out, "%s", past_text(finding, "text"));
    if (json_object_get(finding, "advice") != NULL)
        html_put(out, " (%s)", past_text(finding, "advice"));
    buf_put(out, "</li>\n");
}

static void put_findings(struct buf *out, const struct report *report, const struct config *config,
                         bool passed)
{
    struct buf text;
    buf_init(&text, report->json.length + 16);
    buf_put_char(&text, '[');
    buf_put(&text, buf_text(&report->json));
    buf_put_char(&text, ']');
    json_t *findings = json_loadb(buf_text(&text), text.length, 0, NULL);
    buf_done(&text);
    html_put(out, "<h2>Findings: <span class=\"%s\">%s</span></h2>\n",
             report->error_count == 0 ? "good" : "bad",
             report->error_count == 0 ? "it can be loaded" : "it would be refused");
    if (config != NULL)
        html_put(out, "<p>Its own tests: %lld, %s.</p>\n", (long long)config->trial_count,
                 passed ? "all pass" : "not all pass");
    buf_put(out, "<ul>\n");
    for (size_t i = 0; i < json_array_size(findings); i++)
        put_finding(out, json_array_get(findings, i));
    buf_put(out,
            json_array_size(findings) == 0 ? "<li class=\"good\">Nothing was found.</li></ul>\n" : "</ul>\n");
    json_decref(findings);
}

/* ---- what diff says ---- */

struct lines {
    struct buf *out;
    size_t count;
};

static void put_difference(void *context, const char *line)
{
    struct lines *lines = context;
    if (++lines->count <= POLICY_PAGE_ROWS)
        html_put(lines->out, "%s\n", line);
}

static void put_differences(struct buf *out, const struct page *page, const struct config *config)
{
    struct rights_counts counts;
    struct lines lines = {.out = out};
    const struct rights_question question = {
        .now = page->now, .put = put_difference, .context = &lines, .budget = POLICY_PAGE_BUDGET};
    buf_put(out, "<h2>Who may do more, who less</h2>\n<pre tabindex=\"0\">");
    if (rights_diff(page->config, config, &question, &counts) != 0)
        out->failed = true;
    html_put(out, "%lld more, %lld less, %lld other than by the policy in force.</pre>\n",
             (long long)counts.more, (long long)counts.less, (long long)counts.other);
    if (counts.cut || lines.count > POLICY_PAGE_ROWS)
        buf_put(out, "<p>There may be more: <code>countersign diff</code> shows all.</p>\n");
}

/* ---- what replay says ---- */

struct replay {
    struct buf *out;
    unsigned long long changed, same, other;
};

static void put_flip(struct replay *replay, const struct policy_replay_change *change)
{
    struct buf *out = replay->out;
    if (replay->changed > POLICY_PAGE_ROWS)
        return;
    buf_put(out, "<tr><td><a href=\"/console/decision?request=");
    html_put_query(out, change->request_id);
    html_put(out, "\">%s</a></td><td>%s</td><td>%s</td><td>%s by %s</td>", change->request_id, change->client,
             change->action, change->before,
             change->before_rule[0] == '\0' ? "no rule" : change->before_rule);
    html_put(out, "<td class=\"%s\">%s by %s</td><td>%s %s</td></tr>\n",
             strcmp(change->after, "allow") == 0 ? "good" : "bad", change->after,
             change->after_rule[0] == '\0' ? "no rule" : change->after_rule, change->param, change->value);
}

static void replay_all(struct replay *replay, const struct config *config, const struct line_ring *lines,
                       struct arena *arena)
{
    size_t length;
    const char *line;
    for (size_t i = 0; (line = line_ring_at(lines, i, &length)) != NULL; i++) {
        struct policy_replay_change change;
        enum policy_replay_end end = policy_replay_line(config, line, length, arena, &change);
        replay->changed += end == POLICY_REPLAY_CHANGED;
        replay->out->failed = replay->out->failed || end == POLICY_REPLAY_FAILED;
        replay->same += end == POLICY_REPLAY_SAME;
        replay->other += end == POLICY_REPLAY_UNKNOWN || end == POLICY_REPLAY_BROKEN;
        if (end == POLICY_REPLAY_CHANGED)
            put_flip(replay, &change);
        arena_reset(arena);
    }
}

static void put_replay(struct buf *out, const struct page *page, const struct config *config)
{
    struct replay replay = {.out = out};
    struct line_ring *lines = past_lines(page);
    struct arena *arena = arena_new(POLICY_PAGE_ARENA);
    buf_put(out, "<h2>The last requests, judged again</h2>\n");
    page_begin_table(out, "Verdicts that would be another");
    buf_put(
        out,
        "<thead><tr><th scope=\"col\">Request</th><th scope=\"col\">Client</th><th scope=\"col\">Action</th>"
        "<th scope=\"col\">Was</th><th scope=\"col\">Would be</th><th scope=\"col\">Decided on</th></tr>"
        "</thead><tbody>\n");
    if (lines == NULL || arena == NULL)
        out->failed = true;
    else
        replay_all(&replay, config, lines, arena);
    page_end_table(out);
    html_put(out,
             "<p><strong>%lld verdicts would be another</strong>, %lld stay; %lld cannot be told from their "
             "record.</p>\n",
             (long long)replay.changed, (long long)replay.same, (long long)replay.other);
    if (replay.changed > POLICY_PAGE_ROWS)
        html_put(out, "<p>The table has the last %lld.</p>\n", (long long)POLICY_PAGE_ROWS);
    arena_free(arena);
    line_ring_free(lines);
}

static void put_test(struct buf *out, const struct page *page, const char *text)
{
    struct report report;
    report_init(&report);
    struct config *config = config_load_policy_text(text, strlen(text), page->config, page->now, &report);
    bool passed = config != NULL && policy_test_run_run(config, page->now, REPORT_ERROR, &report) == 0;
    put_findings(out, &report, config, passed);
    if (config != NULL) {
        put_differences(out, page, config);
        put_replay(out, page, config);
        config_release(config);
    }
    report_done(&report);
}

void policy_page_put(struct buf *out, const struct page *page)
{
    size_t size = page->fields == NULL ? 1 : strlen(page->fields) + 1;
    char *text = calloc(1, size);
    page_begin(out, page, "Test first");
    if (text == NULL) {
        out->failed = true;
    } else {
        bool given = form_value(page->fields, "policy", text, size);
        put_form(out, page, text);
        if (given)
            put_test(out, page, text);
        else if (page->fields != NULL)
            buf_put(out, "<p class=\"bad\" role=\"status\">That is no text.</p>\n");
    }
    page_end(out);
    free(text);
}
